"""Token by token through a causal language model, each row with its own generator, so that no row sees its companions.

Rows are filled up in front to the same number of positions; filling is masked and takes no position. Arithmetic is float32.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


@torch.inference_mode()
def generate(
    model: Any,
    rows: Sequence[Sequence[int]],
    width: int,
    most: int,
    ends: frozenset[int],
    draws: "Sequence[Draw]",
) -> list[list[int]]:
    """Return the ids that follow each row, the token that ended it included where it came.

    Args:
        model: of transformers' causal kind.
        rows: ids of each prompt.
        width: positions that every prompt is filled up to.
        most: longest answer.
        ends: ids that end an answer.
        draws: how the tokens of each row are chosen.
    """
    ids, mask = _filled(rows, width, model.device)
    answers: list[list[int]] = [[] for _ in rows]
    cache: Any = None
    step = ids
    for _ in range(most):
        positions = (mask.cumsum(1) - 1).clamp_min(0)[:, -step.shape[1] :]
        output = model(input_ids=step, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache, logits = output.past_key_values, output.logits[:, -1].float().cpu()
        open_rows = [row for row, answer in enumerate(answers) if not answer or answer[-1] not in ends]
        for row in open_rows:
            answers[row].append(draws[row].choose(logits[row]))
        if all(answer[-1] in ends for answer in answers):
            break
        step = torch.tensor([[answer[-1]] for answer in answers], device=ids.device)
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], 1)
    return answers


def _filled(rows: Sequence[Sequence[int]], width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return ids and mask (rows, width), filled up in front."""
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, width - len(row) :] = torch.tensor(row, dtype=torch.long)
        mask[place, width - len(row) :] = 1
    return ids.to(device), mask.to(device)


class Draw:
    """Chooses the tokens of one answer."""

    def __init__(self, temperature: float, top_p: float, seed: int, top_k: int | None = None) -> None:
        """Take the likeliest token at temperature 0, else draw by an own generator from the `top_k` likeliest's nucleus of `top_p`."""
        self._temperature, self._top_p, self._top_k = temperature, top_p, top_k
        self._generator = torch.Generator().manual_seed(seed)

    def choose(self, logits: Tensor) -> int:
        """Return the next token for logits (vocabulary,), float32; of equally likely ones the lowest."""
        if self._temperature == 0:
            return int(logits.argmax())
        chances = torch.softmax(logits.double() / self._temperature, 0)
        ordered, tokens = chances.sort(descending=True, stable=True)
        if self._top_k is not None:
            ordered = ordered[: self._top_k] / ordered[: self._top_k].sum()
        before = ordered.cumsum(0) - ordered
        ordered = torch.where(before < self._top_p, ordered, 0.0)
        point = torch.rand((), generator=self._generator, dtype=torch.float64) * ordered.sum()
        place = int(torch.searchsorted(ordered.cumsum(0), point, right=True))
        return int(tokens[min(place, int((ordered > 0).sum()) - 1)])
