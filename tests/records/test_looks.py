"""Kept looks: a picture that was looked at before is not decoded again, and nothing else changes."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsvlm.records import writing
from rsvlm.records.looks import KeptLooks, kept_looks
from rsvlm.records.models import Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit
from rsvlm.records.writing import write_shards


def sample(number: int) -> Sample:
    pixels = np.random.default_rng(number).integers(0, 255, size=(24, 32, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    fields = {"captions": [f"picture {number}"], "caption_ids": [f"{number:016x}"], "split": "train", "scene": f"s{number}"}
    return Sample(f"s{number}", stream.getvalue(), "png", {**fields, "source": "made", "licence": "", "method": "native", "label": None})


def dark(picture: Image.Image) -> Unfit | None:
    return Unfit("too dark", "no light") if np.asarray(picture)[0, 0, 0] < 128 else None


def written(folder: Path, samples: list[Sample], kept: KeptLooks | None) -> dict[str, str]:
    folder.mkdir()
    write_shards(samples, folder, Rejected(), samples_per_shard=3, screen=dark, kept=kept)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_adding_pictures_looks_at_the_new_ones_only_and_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    decode = writing.decode
    monkeypatch.setattr(writing, "decode", lambda data, name: looked.append(name) or decode(data, name))
    file = tmp_path / "looks.sqlite"
    with kept_looks(file, "q") as kept:
        written(tmp_path / "first", [sample(number) for number in range(8)], kept)
    assert sorted(looked) == [f"s{number}" for number in range(8)]
    looked.clear()
    with kept_looks(file, "q") as kept:
        grown = written(tmp_path / "grown", [sample(number) for number in range(11)], kept)
    assert sorted(looked) == ["s10", "s8", "s9"]
    assert grown == written(tmp_path / "whole", [sample(number) for number in range(11)], None)


def test_another_question_is_asked_again(tmp_path: Path) -> None:
    with kept_looks(tmp_path / "looks.sqlite", "one") as kept:
        kept.put("a" * 64, [1, 2])
        assert kept.get("a" * 64) == [1, 2]
    with kept_looks(tmp_path / "looks.sqlite", "two") as kept:
        assert kept.get("a" * 64) is None


def test_a_spoiled_file_costs_time_only(tmp_path: Path) -> None:
    file = tmp_path / "looks.sqlite"
    file.write_bytes(b"not a database at all" * 100)
    with kept_looks(file, "q") as kept:
        kept.put("b" * 64, 3)
        assert kept.get("b" * 64) == 3
