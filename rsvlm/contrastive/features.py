"""Features of frozen towers, computed once and kept in memory-mapped files; a restart goes on where a kill came."""

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rsvlm.contrastive.model import DualEncoder
from rsvlm.contrastive.pairs import Pairs
from rsvlm.contrastive.pixels import centre, to_tensor, turn
from rsvlm.contrastive.settings import View
from rsvlm.files import readable_json, write_atomic
from rsvlm.imagery.pictures import decode
from rsvlm.progress import Progress
from rsvlm.records.shards import Shards
from rsvlm.training.ahead import ahead

Features = NDArray[np.float32]
_IMAGES = 8  # larger batches leave the processor's caches and cost more a picture
_TEXTS = 64
_FLUSH = 16


def image_features(model: DualEncoder, shards: Shards, rows: Sequence[int], views: Sequence[View], scratch: Path, threads: int) -> Features:
    """Return (n, views, width) tower features of training images in each mirrored form."""
    side, vision = model.settings.vision.image_size, model.settings.vision

    @torch.inference_mode()
    def make(first: int) -> Tensor:
        part = rows[first : first + _IMAGES]
        pixels = to_tensor([centre(decode(shards.image(row), f"row {row}"), side) for row in part], vision)
        return torch.stack([model.run_vision(turn(pixels, view)) for view in views], dim=1)

    shape = (len(rows), len(views), int(model.vision.width))
    return _kept(scratch / "images.npy", shape, _IMAGES, make, threads, "image features")


def text_features(model: DualEncoder, pairs: Pairs, scratch: Path, threads: int) -> Features:
    """Return (texts, width) tower features of the distinct captions."""
    order = sorted(range(len(pairs.texts)), key=lambda place: (len(pairs.texts[place]), place))  # so that least is padded

    @torch.inference_mode()
    def make(first: int) -> Tensor:
        return model.run_text([pairs.texts[place] for place in order[first : first + _TEXTS]])

    by_length = _kept(scratch / "texts.npy", (len(order), int(model.text.width)), _TEXTS, make, threads, "text features")
    features = np.empty_like(by_length)
    features[order] = by_length
    return features


def _kept(path: Path, shape: tuple[int, ...], size: int, make: Callable[[int], Tensor], threads: int, what: str) -> Features:
    """Return the array of a file, after filling the rows that it lacks; the count beside it says which are there.

    Each thread computes whole batches on its own: that needs no waiting for each other inside an operation, and the
    numbers do not depend on how many threads there are.
    """
    counter = path.with_suffix(".json")
    done = json.loads(counter.read_bytes())["done"] if counter.is_file() and path.is_file() else 0
    array: Features = np.lib.format.open_memmap(path, mode="r+" if done else "w+", dtype=np.float32, shape=None if done else shape)
    progress = Progress(what, shape[0])
    progress.start_at(done)
    makers = (functools.partial(make, first) for first in range(done, shape[0], size))
    for number, batch in enumerate(ahead(makers, 2 * threads, threads=threads, start=lambda: torch.set_num_threads(1)), 1):
        array[done : done + len(batch)] = batch.float().cpu().numpy()
        done += len(batch)
        progress.advance(len(batch))
        if number % _FLUSH == 0 or done == shape[0]:
            array.flush()  # type: ignore[attr-defined]
            write_atomic(counter, readable_json({"done": done}))
    progress.finish()
    torch.set_num_threads(threads)
    return array
