import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rsvlm.records.models import Sample
from rsvlm.records.text import text_id


def jpeg(seed: int, side: int = 48) -> bytes:
    """A picture with structure, so that its perceptual hash is its own."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def fields(split: str = "train", scene: str = "s", **more: Any) -> dict[str, Any]:
    captions = more.pop("captions", ["a ship at the quay."])
    return {
        "captions": captions,
        "caption_ids": [text_id(str(caption)) for caption in captions],
        "split": split,
        "scene": scene,
        "source": "made",
        "licence": "CC0",
        "method": "native",
        **more,
    }


def many(count: int, *, test: int = 0) -> Iterator[Sample]:
    """`count` samples, the first `test` of them of the test split."""
    for number in range(count):
        split = "test" if number < test else "train"
        yield Sample(f"p{number:03d}", jpeg(number), "jpg", fields(split, f"scene{number}", captions=[f"caption {number}"]))


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    return jpeg


@pytest.fixture(scope="session")
def make_fields() -> Callable[..., dict[str, Any]]:
    return fields


@pytest.fixture(scope="session")
def make_many() -> Callable[..., Iterator[Sample]]:
    return many
