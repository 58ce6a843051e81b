"""A small workspace with data, a checkpoint and evidence, of pictures made here."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rsvlm.files import publish
from rsvlm.records.models import Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.writing import write_shards
from rsvlm.seeds import numpy_generator
from rsvlm.settings import Section

HOSTILE = "<script>alert('x')</script> \u202egnp.exe <img src=http://evil.example/x onerror=1> \x1b[31m"
SUMMARY = {
    "zero_shot": {
        "aid": {
            "top1": {
                "value": 0.66,
                "n": 1027,
                "baseline": 0.0333,
                "baseline_is": "chance",
                "published": 0.8651,
                "published_for": "AID at 600 px",
                "note": "12 templates",
            }
        }
    },
    "images": {"aid": {"fid": {"value": 88.2, "n": 512, "baseline_is": "untrained", "note": "features efficientnet-lite0"}}},
}
METRICS = {
    "zero_shot/aid/top1": 0.66,
    "zero_shot/aid/top1/low": 0.63,
    "zero_shot/aid/top1/high": 0.69,
    "zero_shot/aid/top1/baseline": 0.0333,
    "zero_shot/aid/top1/published": 0.8651,
    "zero_shot/aid/top1/n": 1027,
    "images/aid/fid": 88.2,
    "images/aid/fid/low": 80.0,
    "images/aid/fid/high": 95.0,
    "images/aid/fid/baseline": 301.2,
    "images/aid/fid/n": 512,
}


class DataSection(Section):
    data: str
    metric: str = "zero_shot/aid/top1"


class About:
    family = "contrastive"
    system = "remoteclip"
    title = "RemoteCLIP"
    summary = "A & B <tag>"
    licence = "Apache-2.0"


def picture(name: str, side: int = 40, kind: str = "PNG") -> bytes:
    """Return a noisy picture that depends on its name."""
    values = numpy_generator("test", name).integers(0, 255, (side, side, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, kind)
    return stream.getvalue()


def make_samples(count: int) -> list[Sample]:
    made = []
    for number in range(count):
        source = "first" if number % 3 else "second"
        fields = {
            "captions": [f"scene number {number}", "a second caption"],
            "caption_ids": ["0", "1"],
            "label": "Airport",
            "split": "test" if number < 4 else "train",
            "scene": f"s{number}",
            "source": source,
            "licence": "CC-BY-4.0" if source == "first" else "academic use <only>",
            "method": "native",
        }
        made.append(Sample(f"x-{number}", picture(f"sample {number}"), "png", fields))
    return made


def write_evidence(root: Path, gallery: Any, pictures: dict[str, bytes]) -> Path:
    folder = root / "reports/remoteclip/evidence"
    with publish(folder) as out:
        (out / "images").mkdir()
        for name, data in pictures.items():
            (out / "images" / name).write_bytes(data)
        (out / "gallery.json").write_text(json.dumps(gallery))
        (out / "summary.json").write_text(json.dumps(SUMMARY))
    return folder


GALLERY = [
    {
        "title": "Chat",
        "kind": "chat",
        "items": [
            {
                "image": "images/a.png",
                "text": HOSTILE,
                "right": False,
                "polygons": [
                    {"points": [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]], "kind": "truth"},
                    {"points": [["nan", 1], [0, 0]], "kind": "answer"},
                ],
                "beside": None,
            }
        ],
    },
    {
        "title": "Made",
        "kind": "grid",
        "items": [{"image": "images/a.png", "text": "made", "right": None, "polygons": None, "beside": "images/b.png"}],
    },
]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    with publish(root / "data/pairs/remoteclip") as out:
        rejected = Rejected()
        rejected.add("bad", "first", "picture: truncated")
        rejected.add("worse", "first", "picture: truncated")
        rejected.add("odd", "second", "caption is empty")
        write_shards(make_samples(20), out, rejected)
    with publish(root / "models/remoteclip/pretrain") as out:
        history = [{"step": step, "loss": 3.0 / (step + 1), "learning_rate": 0.001} for step in range(50)]
        (out / "history.json").write_text(json.dumps(history))
    write_evidence(root, GALLERY, {"a.png": picture("a", 600), "b.png": picture("b")})
    return root


@pytest.fixture
def sections() -> dict[str, Section]:
    section = DataSection(family="contrastive", system="remoteclip", data="data/pairs/remoteclip")
    return {"pretrain": section, "evaluate": section, "register": section}
