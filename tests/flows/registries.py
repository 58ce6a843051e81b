"""A small workspace with one recipe and a registry of real MLflow, for the commands that ask it."""

import json
import shutil
from pathlib import Path

from rsvlm.registry.database import open_tracking
from tests.registry.conftest import make_subject, registering

RECIPE = """
about:
  tiny:
    {family: contrastive, system: tiny, title: Tiny, summary: A test., survey: {table: I, reference: 1, section: I}, licence: MIT}
register:
  tiny: &register
    family: contrastive
    system: tiny
    model: models/tiny/pretrain
    name: tiny
    licence: CC-BY-4.0
    metric: zero_shot/aid/top1
    gates: [{metric: zero_shot/aid/top1, at_least: 0.5}]
  tiny-smoke: *register
"""
LOCK = """
stages:
  pretrain@tiny:
    deps: [{path: data/pairs/tiny, md5: aa.dir}]
    params: {params.yaml: {seed: 7}, code.json: {pretrain.contrastive: c1}}
    outs: [{path: models/tiny/pretrain, md5: bb.dir}]
"""


def make_registry_workspace(root: Path, database: Path) -> Path:
    """Make a workspace with a champion (version 1), its challenger (2), and a refused version (3), which is the latest."""
    (root / "mlruns").mkdir(parents=True)
    shutil.copyfile(database, root / "mlruns/mlflow.db")
    (root / "recipes/contrastive").mkdir(parents=True)
    (root / "recipes/contrastive/tiny.yaml").write_text(RECIPE)
    (root / "params.yaml").write_text("seed: 7\n")
    (root / "code.json").write_text(json.dumps({"pretrain": {"contrastive": "c1"}}))
    (root / "dvc.lock").write_text(LOCK)
    register = registering(open_tracking(root, "sqlite:///mlruns/mlflow.db"))
    for weights, right in (("first", 30), ("equal", 31), ("worse", 20)):
        record, _ = register(make_subject(root, weights, right))
        (root / "reports/tiny/registration.json").write_text(json.dumps(record))
    return root
