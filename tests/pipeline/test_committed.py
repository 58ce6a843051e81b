"""What is committed about the recipes' laptop runs: figures that DVC's lock vouches for, above their trivial baselines."""

import hashlib
import json
from pathlib import Path

import pytest

from components.code import main as write_code
from rsvlm.recipes.load import load_recipe
from rsvlm.recipes.yaml import read_yaml
from tests.pipeline.copies import NAMES

ROOT = Path(__file__).resolve().parents[2]


def stages() -> dict:
    lock = ROOT / "dvc.lock"
    if not lock.is_file():
        pytest.skip("no dvc.lock is committed")
    return read_yaml(lock)["stages"]


def test_code_json_is_that_of_the_code(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rsvlm").symlink_to(root / "rsvlm")
    (tmp_path / "components").symlink_to(root / "components")
    monkeypatch.chdir(tmp_path)
    write_code()
    assert (tmp_path / "code.json").read_bytes() == (root / "code.json").read_bytes(), "run: dvc repro code"


@pytest.mark.parametrize("name", NAMES)
def test_committed_figures_are_those_of_the_lock(name: str) -> None:
    outs = {out["path"]: out["md5"] for out in stages()[f"evaluate@{name}"]["outs"]}
    path = f"reports/{name}/metrics.json"
    assert hashlib.md5((ROOT / path).read_bytes()).hexdigest() == outs[path]


@pytest.mark.parametrize("name", NAMES)
def test_the_main_metric_is_above_its_trivial_baseline(name: str) -> None:
    section = load_recipe(ROOT, name).sections["laptop"]["register"]
    metrics = json.loads((ROOT / f"reports/{name}/metrics.json").read_bytes()) if stages() else {}
    baseline = metrics[f"{section.metric}/baseline"]
    if section.better == "higher":
        assert metrics[f"{section.metric}/low"] > baseline
    else:
        assert metrics[f"{section.metric}/high"] < baseline
