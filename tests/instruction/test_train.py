import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from rsvlm.conversations import geochat
from rsvlm.errors import ConfigurationError, DataError, IntegrityError
from rsvlm.files import list_files, publish, sha256_file
from rsvlm.instruction import model
from rsvlm.instruction.talks import select
from rsvlm.instruction.train import pretrain, sft
from rsvlm.records.shards import Shards
from rsvlm.training.lora import LoraLayer
from tests.instruction.conftest import COLOURS, MODEL, OPTIMISATION, pretrain_settings, sft_settings

SEED = 7


def train_both(root: Path, conversations: Path, raw: Path, tuning=None) -> tuple[Path, Path]:
    first, second = root / "pretrain", root / "sft"
    with publish(first) as output:
        pretrain(pretrain_settings(), conversations, raw, output, root / "scratch-pretrain", SEED, 1)
    with publish(second) as output:
        sft(tuning or sft_settings(), conversations, first, output, root / "scratch-sft", SEED, 1)
    return first, second


def hashes(folder: Path) -> dict[str, str]:
    return {path.as_posix(): sha256_file(folder / path) for path in list_files(folder)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, conversations, raw):
    return train_both(tmp_path_factory.mktemp("models"), conversations, raw)


def test_a_model_folder_holds_all_that_inference_needs(trained):
    needed = {"model.json", "vision.safetensors", "connector.safetensors", "language/model.safetensors", "language/config.json",
              "language/tokenizer.json", "language/tokenizer_config.json", "history.json", "manifest.json"}  # fmt: skip
    for folder in trained:
        assert needed <= {path.as_posix() for path in list_files(folder)}
    assert {"adapter/adapter_model.safetensors", "adapter/adapter_config.json"} <= {path.as_posix() for path in list_files(trained[1])}


@pytest.mark.system("geochat", 2)
def test_each_phase_trains_what_its_freeze_rules_say(trained, raw):
    first, second = trained
    source = load_file(raw / "smollm2" / "files" / "model.safetensors")
    language = load_file(first / "language" / "model.safetensors")
    assert all(torch.equal(source[name], language[name]) for name in source)  # only the connector learned
    merged = load_file(second / "language" / "model.safetensors")
    changed = {name for name in merged if not torch.equal(merged[name], language[name])}
    assert changed
    assert all("_proj.weight" in name for name in changed)
    assert hashes(first)["vision.safetensors"] == hashes(second)["vision.safetensors"]
    assert hashes(first)["connector.safetensors"] != hashes(second)["connector.safetensors"]


@pytest.mark.system("geochat", 2)
def test_a_frozen_connector_stays_as_it_was(tmp_path, trained, conversations):
    phases = [{"name": "all", "tasks": {"classification": 1}, "optimisation": {**OPTIMISATION, "steps": 2}}]
    with publish(tmp_path / "sft") as output:
        sft(sft_settings(train_connector=False, phases=phases), conversations, trained[0], output, tmp_path / "scratch", SEED, 1)
    assert hashes(trained[0])["connector.safetensors"] == hashes(tmp_path / "sft")["connector.safetensors"]


def test_the_history_counts_steps_over_phases(trained):
    history = json.loads((trained[1] / "history.json").read_text())
    assert [(entry["phase"], entry["step"]) for entry in history] == [("all", 2), ("all", 4), ("all", 6), ("scenes", 8)]
    assert history[-1]["loss"] < history[0]["loss"]


def test_adapters_on_the_base_and_merged_weights_say_the_same(trained):
    first, second = trained
    images = [Image.new("RGB", (48, 48), colour) for colour in COLOURS.values()]
    questions = [geochat.scene_question([])] * 2
    merged = model.load(second)
    beside = model.load(second, base=first)
    assert any(isinstance(module, LoraLayer) for module in beside.chat.modules())
    assert merged.answer(images, questions, 8) == beside.answer(images, questions, 8)


def test_answers_do_not_depend_on_the_batch_and_blank_images_share_theirs(trained):
    chat = model.load(trained[1])
    image = Image.new("RGB", (60, 30), COLOURS["blue lake"])
    question = geochat.scene_question([])
    together = chat.answer([image, None, None, image], [question, question, "Sure?", question], 6)
    assert together[0] == together[3] == chat.answer([image], [question], 6)[0]
    assert together[1] == chat.answer([None], [question], 6)[0]
    with pytest.raises(ValueError, match="2 images and 1 prompts"):
        chat.answer([image, image], [question])


def test_tasks_are_drawn_as_often_as_told(conversations):
    talks = select(Shards(conversations), {"classification": 3, "caption": 1})
    assert len(talks) == 10 * 4
    assert talks.turns(0) == [geochat.scene_question([]), "red field"]
    assert not {row for row, _ in talks.places} & set(Shards(conversations).rows("test"))


@pytest.mark.fault
def test_what_cannot_be_trained_is_refused(tmp_path, conversations, raw, trained):
    shards = Shards(conversations)
    with pytest.raises(DataError, match="no training conversation of the tasks counting"):
        select(shards, {"counting": 1})
    short = pretrain_settings(model={**MODEL, "template": {"longest": 40}})
    with pytest.raises(ConfigurationError, match=r"template.longest: 40 positions hold no question"):
        pretrain(short, conversations, raw, tmp_path, tmp_path / "scratch", SEED, 1)
    other = sft_settings(model={**MODEL, "template": {"longest": 300}})
    with pytest.raises(ConfigurationError, match="another `model`"):
        sft(other, conversations, trained[0], tmp_path, tmp_path / "scratch", SEED, 1)


@pytest.mark.fault
def test_a_model_whose_bytes_changed_is_not_loaded(tmp_path, trained):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(trained[1], folder)
    path = folder / "connector.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match="bytes changed"):
        model.load(folder)


RUN = """
import sys
from pathlib import Path
from components import environment
environment.apply()
from tests.instruction.test_train import train_both
train_both(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
"""


def _progress(root: Path) -> int:
    return len(list(root.glob("scratch-*/**/step-*"))) + len(list(root.glob("scratch-*/features/*"))) + len(list(root.glob("pretrain")))


@pytest.mark.fault
@pytest.mark.integration
def test_a_killed_training_ends_in_the_same_bytes(tmp_path, conversations, raw, trained, root):
    command = [sys.executable, "-c", RUN, str(tmp_path), str(conversations), str(raw)]
    kills, seen = 0, 0
    for _ in range(12):
        process = subprocess.Popen(command, cwd=root, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            if kills < 4 and _progress(tmp_path) > seen:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                kills, seen = kills + 1, _progress(tmp_path)
                break
            time.sleep(0.01)
        else:
            break
    assert process.returncode == 0
    assert kills >= 2
    for done, undisturbed in zip((tmp_path / "pretrain", tmp_path / "sft"), trained, strict=True):
        assert hashes(done) == hashes(undisturbed)
