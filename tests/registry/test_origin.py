"""What a version's tags say of its origin, and whether a workspace still holds it."""

import json
from pathlib import Path

import pytest

from rsvlm.registry.origin import origin_of, parameters_hash
from rsvlm.registry.store import resolve
from tests.registry.conftest import make_subject

LOCK = """
stages:
  acquire@tiny:
    params: {params.yaml: {seed: 7}, code.json: {acquire.contrastive: c1}}
    outs: [{path: data/raw/tiny, md5: aa.dir}]
  pretrain@tiny:
    deps: [{path: data/raw/tiny, md5: aa.dir}, {path: models/judge/pretrain, md5: bb.dir}]
    params: {params.yaml: {seed: 7}, recipes/contrastive/tiny.yaml: {pretrain.tiny: {steps: 10}}, code.json: {pretrain.contrastive: c2}}
    outs: [{path: models/tiny/pretrain, md5: cc.dir}]
  register@tiny:
    deps: [{path: models/tiny/pretrain, md5: before.dir}]
    params: {params.yaml: {tracking: x}}
    outs: [{path: reports/tiny/registration.json, md5: before}]
"""
CODE = {"acquire": "c1", "pretrain": "c2", "sft": "not this item's", "register": "c3"}


def prepare(root: Path) -> None:
    (root / "dvc.lock").write_text(LOCK)
    (root / "code.json").write_text(json.dumps({stage: {"contrastive": digest} for stage, digest in CODE.items()}))


def test_parameters_are_those_of_the_stages_before_registration(tmp_path):
    assert parameters_hash(tmp_path, "tiny") == ""
    prepare(tmp_path)
    first = parameters_hash(tmp_path, "tiny")
    assert len(first) == 64
    for same in (("tracking: x", "tracking: y"), ("pretrain.contrastive: c2", "pretrain.contrastive: c9")):
        (tmp_path / "dvc.lock").write_text(LOCK.replace(*same))
        assert parameters_hash(tmp_path, "tiny") == first
    (tmp_path / "dvc.lock").write_text(LOCK.replace("steps: 10", "steps: 11"))
    assert parameters_hash(tmp_path, "tiny") != first


@pytest.mark.integration
def test_a_version_says_what_made_it(tracking, registry, workspace):
    prepare(workspace)
    _, version = registry(make_subject(workspace, "w", 30))
    found = origin_of(workspace, resolve(tracking, "tiny/1"))
    assert (found["model"], found["version"], found["aliases"], found["item"]) == ("tiny", version, ["champion"], "tiny")
    assert found["dvc"] == {"data/raw/tiny": "aa.dir", "models/judge/pretrain": "bb.dir", "models/tiny/pretrain": "cc.dir"}
    assert found["code"] == {"acquire": "c1", "pretrain": "c2"}
    assert found["parameters"] == parameters_hash(workspace, "tiny")
    assert list(found["manifests"]) == ["models/tiny/pretrain"]
    assert found["git"] == {"commit": "none", "dirty": False, "here": None}
    assert (found["differs"], found["by_hand"]) == ([], {})
    json.dumps(found)

    (workspace / "dvc.lock").write_text(LOCK.replace("steps: 10", "steps: 11").replace("cc.dir", "dd.dir"))
    (workspace / "code.json").write_text("{}")
    now = origin_of(workspace, resolve(tracking, "tiny@champion"))
    assert now["differs"] == ["parameters", "code of acquire", "code of pretrain", "models/tiny/pretrain"]
    assert {**now, "differs": []} == found, "what was recorded stays"


@pytest.mark.integration
def test_a_version_that_was_registered_without_dvc(tracking, registry, workspace):
    registry(make_subject(workspace, "w", 30))
    found = origin_of(workspace, resolve(tracking, "tiny/1"))
    assert (found["dvc"], found["code"], found["parameters"], found["differs"]) == ({}, {}, "", [])
