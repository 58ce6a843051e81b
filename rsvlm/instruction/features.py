"""Features of a frozen image encoder for the rows of a folder of conversations, computed once and kept, or on the way."""

import functools
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rsvlm.errors import IntegrityError
from rsvlm.files import publish, remove, verify
from rsvlm.imagery.pictures import decode
from rsvlm.instruction.vision import Features, to_pixels
from rsvlm.progress import Progress
from rsvlm.records.shards import Shards
from rsvlm.training.ahead import ahead

_BLOCK = 256
_BATCH = 8  # larger batches leave the processor's caches and cost more an image


class RowFeatures:
    """Image features by row: `rows -> (n, tokens, width)`."""

    def __init__(self, shards: Shards, encoder: Features, kept: dict[int, int] | None = None, table: Tensor | None = None) -> None:
        """Read images through an encoder, unless their features are in a table.

        Args:
            shards: where the images are.
            encoder: computes what the table does not hold.
            kept: row number to place in the table.
            table: (places, tokens, width), raw.
        """
        self._shards, self._encoder, self._kept, self._table = shards, encoder, kept or {}, table

    @property
    def width(self) -> int:
        """Numbers of one token."""
        return self._encoder.width

    @property
    def tokens(self) -> int:
        """Tokens of one image."""
        return self._encoder.tokens

    def all_raw(self) -> Tensor:
        """Return the raw features of the table, float32."""
        if self._table is None:
            raise ValueError("there is no table")
        return self._table.float()

    def of(self, rows: Sequence[int]) -> Tensor:
        """Return float32 features (n, tokens, width) of some rows."""
        if self._table is not None:
            raw = self._table[[self._kept[row] for row in rows]].float()
        else:
            raw = encode_rows(self._shards, self._encoder, rows)
        return self._encoder.scaled(raw)


@torch.inference_mode()
def encode_rows(shards: Shards, encoder: Features, rows: Sequence[int]) -> Tensor:
    """Return raw features (n, tokens, width), float32, of the images of some rows."""
    images = [decode(shards.image(row), f"{shards.folder}, row {row}") for row in rows]
    return encoder.raw(to_pixels(images, encoder))


def cached(shards: Shards, encoder: Features, rows: Sequence[int], folder: Path, threads: int) -> RowFeatures:
    """Compute the raw features of some rows in blocks that survive a kill; they are kept in float16.

    Each thread computes whole batches on its own: no operation waits for another thread, and the numbers do not depend on
    how many threads there are.

    Args:
        shards: where the images are.
        encoder: frozen.
        rows: which images.
        folder: keeps finished blocks; it belongs to exactly this work.
        threads: how many compute.
    """
    progress = Progress("image features", len(rows), "images")
    blocks = []
    for first in range(0, len(rows), _BLOCK):
        part = rows[first : first + _BLOCK]
        blocks.append(_block(shards, encoder, part, folder / f"features-{first:09d}", threads))
        progress.advance(len(part))
    progress.finish()
    return RowFeatures(shards, encoder, {row: place for place, row in enumerate(rows)}, torch.cat(blocks))


def _block(shards: Shards, encoder: Features, rows: Sequence[int], folder: Path, threads: int) -> Tensor:
    """Return one block of float16 features, from disk where it is there and whole."""
    if folder.exists():
        try:
            verify(folder)
            return load_file(folder / "features.safetensors")["features"]
        except IntegrityError:
            remove(folder)
    makers = [functools.partial(encode_rows, shards, encoder, rows[first : first + _BATCH]) for first in range(0, len(rows), _BATCH)]
    parts = ahead(makers, 2 * threads, threads=threads, start=lambda: torch.set_num_threads(1))
    features = torch.cat([part.half() for part in parts])
    torch.set_num_threads(threads)
    with publish(folder, {"rows": list(rows)}) as partial:
        save_file({"features": features}, partial / "features.safetensors")
    return features
