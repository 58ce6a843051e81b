import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from rsvlm.contrastive.settings import ContrastivePretrainSettings
from rsvlm.files import publish
from rsvlm.records.models import Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.text import text_id
from rsvlm.records.writing import write_shards
from rsvlm.settings import validate

WORDS = ("red", "green", "blue", "field", "a", "is", "here", "large")
COLOURS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}
TINY_VIT = {"kind": "clip-vit", "image_size": 32, "patch": 16, "width": 32, "layers": 2, "heads": 2}
TINY_RESNET = {"kind": "clip-resnet", "image_size": 32, "blocks": [1, 1, 1, 1], "width": 8, "heads": 4, "output": 16}
TINY_TEXT = {"kind": "clip-text", "length": 8, "vocabulary": 12, "width": 16, "layers": 2, "heads": 2, "end_token": 1}
TINY_BERT = {"kind": "minilm", "length": 8, "vocabulary": 12, "positions": 16, "width": 16, "layers": 1, "heads": 2}


def tokenizer(path: Path, end: bool) -> None:
    """Write a word tokenizer; with `end`, texts end in token 1 as CLIP's do."""
    vocabulary = {word: number for number, word in enumerate(("[PAD]", "[END]", "[UNK]", *WORDS))}
    made = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    if end:
        from tokenizers.processors import TemplateProcessing

        made.post_processor = TemplateProcessing(single="$A [END]", special_tokens=[("[END]", 1)])
    made.save(str(path))


def picture(colour: tuple[int, int, int], seed: int) -> bytes:
    noise = np.random.default_rng(seed).integers(-20, 20, (40, 48, 3))
    stream = io.BytesIO()
    Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="session")
def pairs(tmp_path_factory) -> Path:
    """Thirty training scenes of three colours and three test scenes, published."""
    folder = tmp_path_factory.mktemp("pairs") / "pairs"
    samples = []
    for number in range(33):
        name = list(COLOURS)[number % 3]
        record = f"scene-{number:03d}"
        texts = [f"a {name} field", f"here is a {name} field", f"a large {name} field"]
        fields = {
            "captions": texts,
            "caption_ids": [text_id(text) for text in texts],
            "label": name,
            "split": "test" if number >= 30 else "train",
            "scene": record,
            "source": "made",
            "licence": "CC0-1.0",
            "method": "native",
        }
        samples.append(Sample(record, picture(COLOURS[name], number), "png", fields))
    with publish(folder, {}) as partial:
        write_shards(samples, partial, Rejected())
    return folder


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """Acquired sources: two tokenizers."""
    folder = tmp_path_factory.mktemp("raw") / "raw"
    with publish(folder, {}) as partial:
        for source, end in (("words", False), ("clip", True)):
            (partial / source / "files").mkdir(parents=True)
            tokenizer(partial / source / "files/tokenizer.json", end)
    return folder


@pytest.fixture
def settings():
    """Build a checked section of tiny towers."""

    def build(vision=None, text=None, *, frozen=False, heads="linear", **changes) -> ContrastivePretrainSettings:
        text = text or TINY_TEXT
        head = {"kind": heads, "hidden": 16, "dropout": 0.1} if heads == "mlp" else {"kind": heads}
        section = {
            "family": "contrastive",
            "system": "tiny",
            "data": "data/pairs/tiny",
            "model": {
                "vision": {**(vision or TINY_VIT), "trainable": not frozen},
                "text": {**text, "trainable": not frozen},
                "image_head": head,
                "text_head": head,
                "embedding": 8,
            },
            "weights": {"tokenizer": {"source": "clip" if text["kind"] == "clip-text" else "words", "file": "tokenizer.json"}},
            "views": ["identity", "horizontal"],
            "optimisation": {"steps": 12, "batch": 10, "learning_rate": 0.003, "warmup": 2, "checkpoint_every": 4, "log_every": 2},
        }
        return validate(ContrastivePretrainSettings, json.loads(json.dumps({**section, **changes})), "tiny")

    return build
