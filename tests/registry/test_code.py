"""What registered models do with requests, good and bad."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow.exceptions import MlflowException
from PIL import Image

from rsvlm.registry.code import requests
from tests.registry.conftest import encoded, make_subject

IMAGE = encoded("a")


@pytest.fixture
def service(stand_in, workspace):
    from rsvlm.registry.code.contrastive import ContrastiveService

    made = ContrastiveService()
    made.load_context(SimpleNamespace(artifacts={"model": str(make_subject(workspace, "w", 40).model)}))
    return made


def ask(service, rows, **params):
    return service.predict(None, pd.DataFrame(rows), params)


def test_embeddings_of_images_and_texts_keep_their_rows(service):
    found = ask(service, [{"image": None, "text": "one"}, {"image": IMAGE, "text": None}, {"image": math.nan, "text": "two"}])
    vectors = np.array(found["embedding"].tolist())
    assert vectors.shape == (3, 3)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(vectors[0], ask(service, [{"text": "one"}])["embedding"][0], atol=1e-6)
    np.testing.assert_allclose(vectors[1], ask(service, [{"image": "data:image/png;base64," + IMAGE}])["embedding"][0], atol=1e-6)


def test_zero_shot_is_the_softmax_of_scaled_similarities(service):
    found = ask(service, [{"image": IMAGE}], task="zero_shot", labels=["airport", "beach", "forest"], template="a {}.")
    image = np.array(ask(service, [{"image": IMAGE}])["embedding"][0])
    texts = np.array(ask(service, [{"text": f"a {label}."} for label in ("airport", "beach", "forest")])["embedding"].tolist())
    logits = 10.0 * texts @ image
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(found["scores"][0], expected, atol=1e-5)
    assert found["label"][0] == ("airport", "beach", "forest")[int(expected.argmax())]
    assert found["score"][0] == pytest.approx(expected.max(), abs=1e-5)


@pytest.mark.parametrize(
    ("rows", "params", "line"),
    [
        ([{"image": None, "text": None}], {}, "row 0: give an image or a text"),
        ([{"image": IMAGE, "text": "both"}], {}, "row 0: give an image or a text"),
        ([{"text": "  "}], {}, "row 0: text is empty"),
        ([{"text": "x" * 9000}], {}, "9,000 characters; at most 8,000"),
        ([{"image": "***"}], {}, "row 0: image is not base64"),
        ([{"image": "AAAA"}], {}, "row 0.*not a readable picture"),
        ([{"image": "A" * 20_000_004}], {}, "payload too large: image has 20,000,004 base64 characters"),
        ([{"img": IMAGE}], {}, "unknown column 'img'; allowed: image, text"),
        ([{"text": "x"}] * 65, {}, "65 rows; 1 to 64 are allowed"),
        ([{"text": "x"}], {"task": "delete"}, "task 'delete'; allowed: embed, zero_shot"),
        ([{"image": IMAGE}], {"task": "zero_shot"}, "zero_shot needs 2 to 1,000 labels"),
        ([{"image": IMAGE}], {"task": "zero_shot", "labels": ["a", " "]}, "zero_shot needs"),
        ([{"image": IMAGE}], {"task": "zero_shot", "labels": ["a", "b"], "template": "no place"}, "exactly one {}"),
        ([{"text": "x"}], {"task": "zero_shot", "labels": ["a", "b"]}, "row 0: image must be a base64 string"),
    ],
)
def test_bad_requests_end_in_one_line_and_status_400(service, rows, params, line):
    with pytest.raises(MlflowException, match=line) as caught:
        ask(service, rows, **params)
    assert caught.value.get_http_status_code() == 400
    assert "\n" not in caught.value.message


def test_an_empty_table_and_no_table(service):
    for nothing in (pd.DataFrame({"text": []}), {"text": "x"}, None):
        with pytest.raises(MlflowException):
            service.predict(None, nothing, {})


@pytest.mark.fault
def test_changed_weights_are_not_served(stand_in, workspace):
    from rsvlm.registry.code.contrastive import ContrastiveService

    model = make_subject(workspace, "w", 40).model
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[500] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    with pytest.raises(MlflowException, match=r"damaged and will not be served: .*model\.safetensors"):
        ContrastiveService().load_context(SimpleNamespace(artifacts={"model": str(model)}))


class Chat:
    def answer(self, images, prompts, max_new_tokens):
        return [
            f"{prompt}:{'blank' if image is None else image.size[0]}:{max_new_tokens}"
            for image, prompt in zip(images, prompts, strict=True)
        ]


class Painter:
    def generate(self, prompts, seeds, steps=None, guidance=None):
        self.asked = (prompts, seeds, steps, guidance)
        return [Image.new("RGB", (8, 8), (seed % 256, 0, 0)) for seed in seeds]


def test_instruction_answers_with_and_without_image():
    module = pytest.importorskip("rsvlm.registry.code.instruction")
    service = module.InstructionService()
    service.model = Chat()
    rows = [{"image": encoded("b", 30), "prompt": "what"}, {"image": None, "prompt": "who"}]
    assert service.predict(None, pd.DataFrame(rows), {"max_new_tokens": 7})["answer"].tolist() == ["what:30:7", "who:blank:7"]
    for wrong in (0, 513, "many", True):
        with pytest.raises(MlflowException, match="parameter max_new_tokens"):
            service.predict(None, pd.DataFrame(rows), {"max_new_tokens": wrong})


def test_generation_gives_png_by_prompt_and_seed():
    module = pytest.importorskip("rsvlm.registry.code.generation")
    service = module.GenerationService()
    service.model = Painter()
    found = service.predict(None, pd.DataFrame([{"prompt": "a lake", "seed": 7}, {"prompt": "a lake", "seed": math.nan}]), {})
    assert service.model.asked == (["a lake", "a lake"], [7, 0], None, None)
    first = requests.picture_of(found["image"][0], 0)
    assert (first.size, first.getpixel((0, 0))) == ((8, 8), (7, 0, 0))
    service.predict(None, pd.DataFrame([{"prompt": "a lake", "seed": 7}]), {"steps": 5, "guidance": 2.5})
    assert service.model.asked[2:] == (5, 2.5)
    for seed in (-1, 1.5, 2**60):
        with pytest.raises(MlflowException, match="a whole number"):
            service.predict(None, pd.DataFrame([{"prompt": "a lake", "seed": seed}]), {})


def test_the_stand_in_is_normalised(stand_in):
    assert torch.allclose(stand_in().encode_texts(["x"]).norm(dim=1), torch.ones(1))
