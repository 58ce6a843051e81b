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
        texts: the distinct captions, sorted; a caption's place here is its id, so equal captions have equal ids.
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
    found = [(row, shards.fields(row)["captions"]) for row in track(shards.rows(split), "captions")]
    found = [(row, captions) for row, captions in found if captions]
    texts = tuple(sorted({caption for _, captions in found for caption in captions}))
    if len(texts) < 2:
        raise DataError(f"{shards.folder}: {len(found)} {split} images with {len(texts)} distinct captions; at least 2 are needed")
    ids = {text: number for number, text in enumerate(texts)}
    return Pairs(tuple(row for row, _ in found), texts, tuple(tuple(ids[caption] for caption in captions) for _, captions in found))
