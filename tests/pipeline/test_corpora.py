"""Every corpus, cut short, from real sources to its card and report, by both ways; test_kills.py builds some again elsewhere."""

import json
from pathlib import Path

import pytest

from rsvlm.files import sha256_file, verify
from rsvlm.recipes.load import item_of, load_recipe
from tests.pipeline.copies import CORPORA, command

pytestmark = [pytest.mark.recipe, pytest.mark.timeout(3600)]
Corpora = tuple[Path, dict[str, dict]]


def data_folder(folder: Path, name: str) -> Path:
    return folder / load_recipe(folder, name).sections["smoke"]["evaluate"].data


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.system(name, 1)) for name in CORPORA])
def test_a_corpus_is_built_and_examined(corpora: Corpora, name: str) -> None:
    folder, results = corpora
    item = item_of(name, "smoke")
    assert set(results[name]["states"].values()) == {"ran"}
    manifest = verify(data_folder(folder, name))
    metrics = json.loads((folder / "reports" / item / "metrics.json").read_bytes())
    assert metrics["records"] == manifest.facts["samples"] > 0
    assert metrics["captions"] + metrics["conversations"] > 0
    evaluate = load_recipe(folder, name).sections["smoke"]["evaluate"]
    if "facts/precision" in metrics:
        assert metrics["facts/precision"] >= evaluate.least_precision
        assert metrics["facts/precision/baseline"] < metrics["facts/precision"], "texts under other pictures must be found out"
    evidence = folder / "reports" / item / "evidence"
    card = (evidence / "card.md").read_text(encoding="utf-8")
    for source in load_recipe(folder, name).sections["smoke"]["acquire"].sources:
        assert source in card or not any(source in line for line in manifest.facts["sources"])
    report = (folder / "reports" / item / "report.html").read_text(encoding="utf-8")
    assert load_recipe(folder, name).about.title in report
    assert str(folder) not in report + card


def test_dvc_finds_nothing_left_to_do(corpora: Corpora, mirror: Path) -> None:
    folder, _ = corpora
    lock = sha256_file(folder / "dvc.lock")
    repro = command(folder, mirror, "dvc", "repro", *(f"evaluate@{item_of(name, 'smoke')}" for name in CORPORA))
    assert repro.returncode == 0, repro.stderr
    assert "Running stage" not in repro.stdout
    assert sha256_file(folder / "dvc.lock") == lock
