import shutil

import pytest

from components import pretrain
from components.stage import Stage
from rsvlm.contrastive.model import load
from rsvlm.errors import ConfigurationError, IntegrityError
from rsvlm.files import read_manifest
from rsvlm.recipes.parameters import Parameters, Resources
from rsvlm.recipes.schema import About, Survey
from rsvlm.settings import Section

ABOUT = About(
    family="contrastive",
    system="tiny",
    title="Tiny",
    summary="Tiny towers.",
    survey=Survey(table="I", reference=2, section="III-A"),
    licence="Apache-2.0",
)
BERT = {"kind": "minilm", "length": 8, "vocabulary": 12, "positions": 16, "width": 16, "layers": 1, "heads": 2}


@pytest.fixture
def stage(tmp_path, pairs, raw, settings):
    """The pretrain stage in a workspace of made pairs and sources."""
    shutil.copytree(pairs, tmp_path / "data/pairs/tiny")
    shutil.copytree(raw, tmp_path / "data/raw/tiny")
    section = settings(text=BERT, frozen=True, heads="mlp")
    parameters = Parameters(resources=Resources(threads=1))
    return Stage("pretrain", "tiny", section, ABOUT, parameters, tmp_path, "0" * 64)


def test_the_stage_publishes_a_model_and_clears_its_scratch(stage):
    pretrain.run(stage)
    folder = stage.root / "models/tiny/pretrain"
    manifest = read_manifest(folder)
    assert [entry.path for entry in manifest.files] == ["history.json", "model.json", "tokenizer.json", "weights.safetensors"]
    assert manifest.facts["data"] == read_manifest(stage.root / "data/pairs/tiny").sha256
    assert list((stage.root / ".rsvlm/scratch").iterdir()) == []
    assert load(folder).encode_texts(["a red field"]).shape == (1, 8)
    pretrain.run(stage)
    assert read_manifest(folder).sha256 == manifest.sha256


@pytest.mark.fault
def test_a_changed_shard_stops_it_and_leaves_nothing(stage):
    shard = next((stage.root / "data/pairs/tiny").glob("*.tar"))
    data = bytearray(shard.read_bytes())
    data[600] ^= 1
    shard.write_bytes(data)
    with pytest.raises(IntegrityError, match="its bytes changed"):
        pretrain.run(stage)
    assert not list((stage.root / "models/tiny").iterdir())


def test_a_family_without_pretraining_is_refused():
    with pytest.raises(ConfigurationError, match="family 'data' has no pre-training; allowed: contrastive"):
        pretrain._trainer(Section(family="data", system="x").family)
