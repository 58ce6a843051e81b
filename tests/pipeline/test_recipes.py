"""Every recipe, cut short, from real images to a registered model."""

import json
from pathlib import Path

import pytest

from rsvlm.files import sha256_file, verify
from rsvlm.recipes.load import item_of, load_recipe
from rsvlm.recipes.yaml import read_yaml
from tests.pipeline.copies import CORPORA, NAMES, SECRETS, command, files_with

pytestmark = [pytest.mark.recipe, pytest.mark.timeout(3600)]
ROOT = Path(__file__).resolve().parents[2]
Finished = tuple[Path, dict[str, dict], str]


def each_recipe(level: int):
    return pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.system(name, level)) for name in NAMES])


@each_recipe(1)
def test_a_recipe_runs_to_its_end(finished: Finished, name: str) -> None:
    folder, results, _ = finished
    recipe = load_recipe(folder, name)
    item = item_of(name, "smoke")
    assert results[name]["states"] == dict.fromkeys(recipe.stages("smoke"), "ran")
    for path in ("data/raw", "data/pairs", "data/conversations", "models", "reports"):
        for manifest in (folder / path / item).rglob("manifest.json"):
            verify(manifest.parent)
    metrics = json.loads((folder / "reports" / item / "metrics.json").read_bytes())
    main = recipe.sections["smoke"]["register"].metric
    assert {main, f"{main}/baseline", f"{main}/low", f"{main}/high"} <= set(metrics)
    registration = json.loads((folder / "reports" / item / "registration.json").read_bytes())
    assert registration["name"] == recipe.sections["smoke"]["register"].name
    assert results[name]["version"] == "1"
    report = (folder / "reports" / item / "report.html").read_text(encoding="utf-8")
    assert recipe.about.title in report
    assert "http://" not in report.replace("http://www.w3.org", "")


def test_progress_was_shown(finished: Finished) -> None:
    _, _, said = finished
    assert said.count("% ") + said.count("%)") > len(NAMES), "long stages say how far they are"


def test_both_ways_find_nothing_to_do(finished: Finished, mirror: Path) -> None:
    folder, _, _ = finished
    lock = sha256_file(folder / "dvc.lock")
    targets = [f"register@{item_of(name, 'smoke')}" for name in NAMES]
    repro = command(folder, mirror, "dvc", "repro", *targets)
    assert repro.returncode == 0, repro.stderr
    assert "Running stage" not in repro.stdout
    again = command(folder, mirror, "flows.cli.app", "run", *NAMES, "--profile", "smoke", "--json")
    assert again.returncode == 0, again.stderr
    assert all(set(result["states"].values()) == {"up to date"} for result in json.loads(again.stdout))
    assert "Prefect" not in again.stderr, "a run with nothing to do starts no server"
    assert sha256_file(folder / "dvc.lock") == lock


def test_the_commands_that_look(finished: Finished, mirror: Path) -> None:
    folder, _, _ = finished
    for arguments in (["models"], ["status", "--profile", "smoke"], ["plan", NAMES[0], "--profile", "smoke"], ["recipes"], ["doctor"]):
        outcome = command(folder, mirror, "flows.cli.app", *arguments, "--json")
        assert outcome.returncode == 0, (arguments, outcome.stdout, outcome.stderr)
        assert json.loads(outcome.stdout)
    for name in NAMES:
        outcome = command(folder, mirror, "flows.cli.app", "report", name, "--profile", "smoke")
        assert outcome.returncode == 0, outcome.stderr


def test_no_secret_reaches_an_output(finished: Finished) -> None:
    """The runs had secrets in their environment (`command` plants them): no file that they left, and nothing that they said, holds one.

    Nor does a file that is committed or handed on hold a folder of this machine.
    """
    folder, results, said = finished
    assert files_with(folder, SECRETS.values()) == []
    assert not [secret for secret in SECRETS.values() if secret in said or secret in json.dumps(results)]
    for path in [*(folder / "reports").rglob("*.json"), *(folder / "reports").rglob("*.html"), folder / "dvc.lock"]:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert str(folder) not in text, path


def test_data_stages_give_the_committed_hashes(copied: Path, mirror: Path, finished: Finished) -> None:
    """`dvc.lock` is committed: whoever makes the data again, on another machine, finds the same bytes.

    All of a model's recipe, and of every ninth corpus: all 26 take ten minutes.
    """
    committed = ROOT / "dvc.lock"
    if not committed.is_file():
        pytest.skip("no dvc.lock is committed")
    stages = read_yaml(committed)["stages"]
    names = [*NAMES, *CORPORA[1::9]]
    wanted = [f"{stage}@{name}" for name in names for stage in ("acquire", "caption", "instruct") if f"{stage}@{name}" in stages]
    assert len(wanted) == 2 * len(names)
    outcome = command(copied, mirror, "dvc", "repro", *wanted)
    assert outcome.returncode == 0, outcome.stderr[-4000:]
    made = read_yaml(copied / "dvc.lock")["stages"]
    for address in wanted:
        assert [out["md5"] for out in made[address]["outs"]] == [out["md5"] for out in stages[address]["outs"]], address
