"""What may be packed, and what the package says it needs."""

import os
import pickle

import pytest

from rsvlm.errors import ConfigurationError, IntegrityError
from rsvlm.registry.package import check_weights, link_tree, service_of
from rsvlm.registry.requirements import pinned_requirements
from tests.registry.conftest import make_subject


class Payload:
    def __reduce__(self):
        return os.system, ("touch /tmp/should-not-exist",)


@pytest.mark.fault
@pytest.mark.parametrize("name", ["weights.pt", "weights.bin", "nested/head.pkl"])
def test_a_pickle_is_refused_by_its_name(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps({}))
    with pytest.raises(IntegrityError, match="pickles are not registered"):
        check_weights(tmp_path)


@pytest.mark.fault
@pytest.mark.parametrize(
    "data", [pickle.dumps(Payload()), b"", b"PK\x03\x04 a zip of torch", (2**40).to_bytes(8, "little") + b"{}", bytes(9)]
)
def test_a_pickle_named_safetensors_is_refused(tmp_path, data):
    (tmp_path / "weights.safetensors").write_bytes(data)
    with pytest.raises(IntegrityError, match=r"weights\.safetensors: not a safetensors file"):
        check_weights(tmp_path)


def test_real_safetensors_pass(tmp_path):
    check_weights(make_subject(tmp_path, "w", 40).model)


def test_an_unknown_family_is_refused():
    with pytest.raises(ConfigurationError, match="allowed: contrastive, instruction, generation"):
        service_of("benchmark")


def test_linked_trees_share_their_bytes_and_copies_do_where_links_cannot(tmp_path, monkeypatch):
    model = make_subject(tmp_path, "w", 40).model
    link_tree(model, tmp_path / "linked")
    assert (tmp_path / "linked/model.json").stat().st_ino == (model / "model.json").stat().st_ino

    def refuse(*paths):
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    link_tree(model, tmp_path / "copied")
    assert (tmp_path / "copied/model.json").read_bytes() == (model / "model.json").read_bytes()
    assert (tmp_path / "copied/model.json").stat().st_ino != (model / "model.json").stat().st_ino


def test_requirements_are_pinned_and_only_what_the_service_imports():
    names = {line.split("==")[0] for line in pinned_requirements("rsvlm.registry.code.contrastive")}
    assert {"mlflow", "torch", "safetensors", "tokenizers", "pillow", "pandas"} <= {name.lower() for name in names}
    assert not {"prefect", "dvc", "ray", "matplotlib", "pytest", "rasterio"} & {name.lower() for name in names}
