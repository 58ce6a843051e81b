"""Same inputs, same bits: PyTorch's settings for that."""

import torch


def make_deterministic(threads: int) -> None:
    """Fix the number of threads (sums depend on it) and refuse operations whose result depends on chance."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # That would also fill every new tensor, to show who reads what nobody wrote: a tenth of a training step.
    torch.utils.deterministic.fill_uninitialized_memory = False
