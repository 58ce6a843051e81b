import json

import pytest
import torch

from rsvlm.contrastive.model import load
from rsvlm.contrastive.pairs import read_pairs
from rsvlm.contrastive.train import pretrain
from rsvlm.errors import DataError, IntegrityError
from rsvlm.files import publish
from rsvlm.imagery.pictures import decode
from rsvlm.records.shards import Shards

BERT = {"kind": "minilm", "length": 8, "vocabulary": 12, "positions": 16, "width": 16, "layers": 1, "heads": 2}
RESNET = {"kind": "clip-resnet", "image_size": 32, "blocks": [1, 1, 1, 1], "width": 8, "heads": 4, "output": 8}


def run(settings, pairs, raw, folder, name="model"):
    scratch = folder / f"{name}-scratch"
    scratch.mkdir(exist_ok=True)
    with publish(folder / name, {}) as output:
        pretrain(settings, pairs, raw, output, scratch, 7, 1)
    return folder / name


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.system("remoteclip", 2)
@pytest.mark.parametrize("kind", ["frozen", "clip", "resnet"])
def test_colours_are_learned_and_the_folder_is_self_contained(settings, pairs, raw, tmp_path, kind):
    optimisation = {"steps": 60, "batch": 15, "learning_rate": 0.01, "warmup": 5, "checkpoint_every": 20, "log_every": 5}
    section = {
        "frozen": lambda: settings(text=BERT, frozen=True, heads="mlp", optimisation=optimisation),
        "clip": lambda: settings(crop_share=0.8, optimisation={**optimisation, "learning_rate": 0.003}),
        "resnet": lambda: settings(RESNET, optimisation={**optimisation, "learning_rate": 0.003}),
    }[kind]()
    folder = run(section, pairs, raw, tmp_path)
    history = json.loads((folder / "history.json").read_bytes())
    assert history[-1]["loss"] < history[0]["loss"]
    model = load(folder)
    shards = Shards(pairs)
    test = shards.rows("test")
    images = model.encode_images([decode(shards.image(row), "x") for row in test])
    texts = model.encode_texts([f"a {shards.fields(row)['label']} field" for row in test])
    assert images.shape == texts.shape == (3, 8)
    torch.testing.assert_close(images.norm(dim=1), torch.ones(3))
    assert (images @ texts.T).argmax(dim=1).tolist() == [0, 1, 2]


def test_a_run_stopped_between_features_and_steps_ends_in_the_same_bytes(settings, pairs, raw, tmp_path, monkeypatch):
    section = settings(text=BERT, frozen=True, heads="mlp")
    expected = files(run(section, pairs, raw, tmp_path, "whole"))
    from rsvlm.contrastive import train

    real, calls = train.info_nce, 0

    def failing(*arguments, **named):
        nonlocal calls
        calls += 1
        if calls == 7:
            raise RuntimeError("stopped")
        return real(*arguments, **named)

    monkeypatch.setattr(train, "info_nce", failing)
    with pytest.raises(RuntimeError, match="stopped"):
        run(section, pairs, raw, tmp_path, "again")
    assert files(run(section, pairs, raw, tmp_path, "again")) == expected


def test_features_go_on_where_they_stopped(settings, pairs, raw, tmp_path, monkeypatch):
    from rsvlm.contrastive import features

    section = settings(text=BERT, frozen=True, heads="mlp")
    expected = files(run(section, pairs, raw, tmp_path, "whole"))
    monkeypatch.setattr(features, "_FLUSH", 1)
    real, calls = features.decode, 0

    def failing(*arguments):
        nonlocal calls
        calls += 1
        if calls == 20:
            raise RuntimeError("stopped")
        return real(*arguments)

    monkeypatch.setattr(features, "decode", failing)
    with pytest.raises(RuntimeError, match="stopped"):
        run(section, pairs, raw, tmp_path, "again")
    before = calls
    assert files(run(section, pairs, raw, tmp_path, "again")) == expected
    assert calls - before < 30  # some of the thirty pictures were not decoded again


def test_equal_captions_have_equal_ids(pairs):
    found = read_pairs(Shards(pairs))
    assert len(found.rows) == 30
    assert len(found.texts) == 9
    assert found.captions[0] == found.captions[3]
    drawn = found.draw([0, 1, 2] * 50, torch.Generator().manual_seed(0)).tolist()
    assert set(drawn) == set(range(9))
    assert all(caption in found.captions[number % 3] for number, caption in enumerate(drawn))


def test_no_training_rows_is_a_clear_error(pairs):
    with pytest.raises(DataError, match="0 validation images with 0 distinct captions"):
        read_pairs(Shards(pairs), "validation")


@pytest.mark.fault
def test_a_changed_byte_in_the_weights_is_refused(settings, pairs, raw, tmp_path):
    folder = run(settings(text=BERT, frozen=True, heads="mlp"), pairs, raw, tmp_path)
    path = folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match="its bytes changed"):
        load(folder)
