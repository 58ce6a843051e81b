"""Train the small problem in a process of its own, slowly enough to be killed: `killed.py SCRATCH RESULT`."""

import sys
import time
from pathlib import Path

import problem
import torch
from safetensors.torch import save_file

from rsvlm.files import readable_json, write_atomic


def main() -> None:
    """Train, and write history and weights to RESULT."""
    scratch, result = Path(sys.argv[1]), Path(sys.argv[2])

    def slow(module, batch, place):
        time.sleep(0.002)
        noise = 0.01 * torch.randn(batch[0].shape, generator=place.generator)
        return ((module(batch[0] + noise) - batch[1]) ** 2).mean()

    torch.set_num_threads(1)
    print("ready", flush=True)
    history, model = problem.train(scratch, problem.settings(steps=120), objective=slow)
    result.mkdir()
    save_file(model.state_dict(), result / "weights.safetensors")
    write_atomic(result / "history.json", readable_json(history))


if __name__ == "__main__":
    main()
