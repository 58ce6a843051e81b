"""The registered back end on the instruction family's own small model, trained for a few steps."""

import io

import numpy as np
import pytest
from PIL import Image

from rsvlm.chat.answers import Answers
from rsvlm.chat.ask import ask
from rsvlm.chat.exchange import Answer, Message, Request
from rsvlm.chat.models import Places
from rsvlm.chat.settings import RegisteredSettings
from rsvlm.errors import ConfigurationError, IntegrityError
from rsvlm.files import publish, read_manifest
from rsvlm.instruction.model import load
from rsvlm.instruction.train import pretrain
from tests.instruction import conftest as instruction

raw = instruction.raw  # the fixtures of the family's own tests
conversations = instruction.conversations


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, conversations, raw):
    root = tmp_path_factory.mktemp("workspace")
    with publish(root / "models" / "geochat" / "pretrain") as output:
        pretrain(instruction.pretrain_settings(), conversations, raw, output, root / "scratch", 7, 1)
    return root


def picture(red: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((40, 40, 3), (red, 80, 60), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def asked(count=5):
    texts = ("Describe the image.", "What is the scene?")
    return [Request(f"r{n}", (Message("user", texts[n % 2]),), picture(40 * n)) for n in range(count)]


def answered(workspace, requests, tmp_path, name="answers", **change):
    settings = RegisteredSettings(**{"kind": "registered", "model": "models/geochat/pretrain", "most_new_tokens": 6, **change})
    answers = Answers(tmp_path / name)
    return [outcome for _, outcome in ask(requests, settings, Places(workspace=workspace, load=load), answers)]


@pytest.mark.integration
def test_our_own_model_answers_the_same_alone_and_in_company(workspace, tmp_path):
    together = answered(workspace, asked(), tmp_path, "together", batch=3)
    own = load(workspace / "models/geochat/pretrain")
    pictures = [Image.open(io.BytesIO(request.picture)) for request in asked()]
    expected = [own.answer([image], [request.messages[0].text], 6)[0] for image, request in zip(pictures, asked(), strict=True)]
    assert [answer.text for answer in together] == expected
    assert answered(workspace, asked()[::-1], tmp_path, "backwards", batch=1)[::-1] == together
    assert all(isinstance(answer, Answer) and answer.tokens_out <= 6 for answer in together)


@pytest.mark.integration
def test_what_such_a_model_cannot_take(workspace, tmp_path):
    system = Request("r", (Message("system", "s"), Message("user", "u")), picture(1))
    for request in (system, Request("r", (Message("user", "u"),))):
        with pytest.raises(ConfigurationError, match="one question about a picture"):
            answered(workspace, [request], tmp_path)
    broken = Request("r", (Message("user", "u"),), picture(1)[:60])
    good, bad = answered(workspace, [asked(1)[0], broken], tmp_path, "broken")
    assert isinstance(good, Answer)
    assert bad.reason == "picture cannot be decoded"


@pytest.mark.integration
def test_a_recipe_may_name_the_very_model_that_it_asks(workspace, tmp_path):
    """With its hash in the recipe, another model at the same place is no answer, and DVC sees when the recipe names another."""
    hashed = read_manifest(workspace / "models/geochat/pretrain").sha256
    assert answered(workspace, asked(1), tmp_path, sha256=hashed) == answered(workspace, asked(1), tmp_path, "other")
    with pytest.raises(ConfigurationError, match=f"this model is {hashed}, the recipe asks {'0' * 64}"):
        answered(workspace, asked(1), tmp_path, sha256="0" * 64)


def test_places_that_are_missing_are_named(tmp_path):
    settings = RegisteredSettings(kind="registered", model="models/geochat/sft")
    with pytest.raises(ConfigurationError, match="needs the workspace"):
        next(ask(asked(1), settings, Places(), Answers(tmp_path)))
    with pytest.raises(IntegrityError, match="models/geochat/sft"):
        next(ask(asked(1), settings, Places(workspace=tmp_path, load=load), Answers(tmp_path)))
