"""The training pairs: which rows, which distinct texts, and which texts belong to which row."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from rsvlm.errors import DataError
from rsvlm.progress import track
from rsvlm.records.shards import Shards


@dataclass(frozen=True)
class Pairs:
    """Images with their captions as numbers.

    Attributes:
        rows: rows of the shards.
        texts: the distinct captions; a caption's place here is its id, so equal captions have equal ids. Captions that
            differ in case, spacing or final full stop alone are equal.
        captions: for every row, the ids of its captions, repeated where the data repeats them.
    """

    rows: tuple[int, ...]
    texts: tuple[str, ...]
    captions: tuple[tuple[int, ...], ...]

    def draw(self, samples: Sequence[int], generator: torch.Generator) -> torch.Tensor:
        """Draw one caption id for each sample."""
        shares = torch.rand(len(samples), generator=generator, dtype=torch.float64).tolist()
        own = [self.captions[sample] for sample in samples]
        return torch.tensor([ids[int(share * len(ids))] for ids, share in zip(own, shares, strict=True)])


def read_pairs(shards: Shards, split: str = "train") -> Pairs:
    """Read the captions of a split; rows without caption are left out.

    Raises:
        DataError: nothing is left, or all captions are the same text, which teaches nothing.
    """
    found: list[tuple[int, list[str]]] = []
    said: dict[str, str] = {}
    for row in track(shards.rows(split), "captions"):
        record = shards.fields(row)
        for name, text in zip(record["caption_ids"], record["captions"], strict=True):
            said[name] = min(text, said.get(name, text))
        if record["caption_ids"]:
            found.append((row, record["caption_ids"]))
    if len(said) < 2:
        raise DataError(f"{shards.folder}: {len(found)} {split} images with {len(said)} distinct captions; at least 2 are needed")
    names = sorted(said)
    places = {name: place for place, name in enumerate(names)}
    captions = tuple(tuple(places[name] for name in own) for _, own in found)
    return Pairs(tuple(row for row, _ in found), tuple(said[name] for name in names), captions)
