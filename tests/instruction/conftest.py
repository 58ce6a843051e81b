"""A tiny language model, encoder weights, and conversations, all made here from fixed seeds."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig

from rsvlm.conversations import geochat
from rsvlm.files import publish
from rsvlm.instruction.language import build_language, save_language
from rsvlm.instruction.settings import InstructionPretrainSettings, InstructionSftSettings
from rsvlm.records.models import Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import facts_of
from rsvlm.records.writing import write_shards
from rsvlm.settings import validate

COLOURS = {"red field": (200, 40, 30), "blue lake": (30, 60, 200)}
OPTIMISATION = {"steps": 6, "batch": 4, "learning_rate": 0.01, "precision": "bfloat16", "checkpoint_every": 2, "log_every": 2, "clip": 1.0}


def byte_tokenizer(folder: Path) -> Path:
    """Write a byte-level tokenizer in SmolLM2's manner: no BOS in texts, `<|im_end|>` ends a turn."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    corpus = [geochat.SYSTEM_V1, "USER: ASSISTANT: a red field", "a blue lake", geochat.scene_question([]), geochat.CAPTION]
    tokenizer.train_from_iterator(corpus, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"bos_token": special[1], "eos_token": special[2], "unk_token": special[0], "tokenizer_class": "TokenizersBackend"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def tiny_config(vocabulary: int = 400, *, tied: bool = True) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=vocabulary, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=512, tie_word_embeddings=tied,
    )  # fmt: skip


def tiny_language(folder: Path) -> Path:
    torch.manual_seed(3)
    byte_tokenizer(folder)
    model = build_language(tiny_config()).to(torch.bfloat16)
    save_language(model.config, model.state_dict(), folder)
    return folder


@pytest.fixture(scope="session")
def words_folder(tmp_path_factory) -> Path:
    return byte_tokenizer(tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """An acquired folder: the encoder's weights in their published layout, and a tiny language model."""
    from efficientnet_lite_pytorch import EfficientNet

    folder = tmp_path_factory.mktemp("raw") / "geochat"
    torch.manual_seed(4)
    with publish(folder) as partial:
        encoder = partial / "efficientnet-lite0" / "files"
        encoder.mkdir(parents=True)
        state = EfficientNet.from_name("efficientnet-lite0").state_dict()
        save_file({name: value.contiguous() for name, value in state.items()}, encoder / "lite0.safetensors")
        tiny_language(partial / "smollm2" / "files")
    return folder


def _samples():
    generator = np.random.default_rng(5)
    for number in range(12):
        label = list(COLOURS)[number % 2]
        pixels = np.clip(np.array(COLOURS[label]) + generator.normal(0, 20, (48, 48, 3)), 0, 255).astype(np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        name = f"scene-{number:02d}"
        split = "test" if number >= 10 else "train"

        def talk(task, question, answer, name=name):
            turns = [{"role": "user", "text": question}, {"role": "assistant", "text": answer}]
            return {"id": f"{name}-{task}-0", "task": task, "turns": turns, "answer": answer, "polygons": None}

        talks = [talk("classification", geochat.scene_question([]), label), talk("caption", geochat.CAPTION, f"a {label} .")]
        fields = {
            "captions": [f"a {label} ."], "caption_ids": ["c"], "label": label, "split": split, "scene": name, "source": "made",
            "licence": "none", "method": "native", "gsd": None, "bounds": None, "conversations": talks,
        }  # fmt: skip
        yield Sample(name, stream.getvalue(), "png", fields)


@pytest.fixture(scope="session")
def conversations(tmp_path_factory) -> Path:
    """Ten training and two test images of two colours, each with a classification and a caption."""
    root = tmp_path_factory.mktemp("conversations")
    facts: dict = {}
    with publish(root / "geochat", facts) as folder:
        samples = sorted(_samples(), key=lambda sample: sample.fields["split"] != "test")
        write_shards(samples, folder, Rejected(), prefix="conversations", scratch=root / "scratch")
        facts.update(facts_of(folder))
    return root / "geochat"


MODEL = {
    "vision": {"kind": "efficientnet-lite0-grid", "source": "efficientnet-lite0", "size": 64},
    "connector": {"kind": "mlp2x-gelu"},
    "language": {"kind": "smollm2-135m", "source": "smollm2", "hub": "HuggingFaceTB/SmolLM2-135M-Instruct"},
    "template": {"longest": 400, "share_system": True},
}


def pretrain_settings(**changes) -> InstructionPretrainSettings:
    given = {
        "family": "instruction", "system": "geochat", "data": "data", "model": MODEL, "tasks": {"caption": 1}, "cache_features": True,
        "optimisation": OPTIMISATION, **changes,
    }  # fmt: skip
    return validate(InstructionPretrainSettings, given, "test")


def sft_settings(**changes) -> InstructionSftSettings:
    phases = [
        {"name": "all", "tasks": {"classification": 2, "caption": 1}, "optimisation": OPTIMISATION},
        {"name": "scenes", "tasks": {"classification": 1}, "optimisation": {**OPTIMISATION, "steps": 2}},
    ]
    given = {
        "family": "instruction", "system": "geochat", "data": "data", "model": MODEL, "lora": {"rank": 4, "alpha": 8.0},
        "train_connector": True, "engine": {"zero": 2}, "cache_features": True, "phases": phases, **changes,
    }  # fmt: skip
    return validate(InstructionSftSettings, given, "test")
