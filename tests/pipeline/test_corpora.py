"""Every corpus, cut short, from real sources to its card and report; by both ways, twice, and after kills."""

import json
from pathlib import Path

import pytest

from rsvlm.files import sha256_file, verify
from rsvlm.recipes.load import item_of, load_recipe
from rsvlm.recipes.yaml import read_yaml
from tests.pipeline.copies import CORPORA, command, copy_repository

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


def test_a_second_folder_gives_the_same_hashes(root: Path, corpora: Corpora, mirror: Path, tmp_path: Path) -> None:
    """Of every ninth corpus, here made by `dvc repro`: that no absolute path, clock or order of files is in the bytes."""
    folder, _ = corpora
    other = copy_repository(root, tmp_path / "another-folder")
    names = CORPORA[::9]
    outcome = command(other, mirror, "dvc", "repro", *(f"evaluate@{item_of(name, 'smoke')}" for name in names))
    assert outcome.returncode == 0, outcome.stderr[-4000:]
    first, second = (read_yaml(place / "dvc.lock")["stages"] for place in (folder, other))
    for name in names:
        for stage in load_recipe(folder, name).stages("smoke"):
            address = f"{stage}@{item_of(name, 'smoke')}"
            assert [out["md5"] for out in second[address]["outs"]] == [out["md5"] for out in first[address]["outs"]], address
