"""`rsvlm data` and the plan of a data recipe, through the command line."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from flows.cli.data import diff_corpora, explain_record, export_corpus
from flows.versions import corpus
from rsvlm.errors import ConfigurationError
from rsvlm.sources.catalogue import load
from tests.data.corpora import build, publish_corpus, sample
from tests.flows.workspaces import dvc, rsvlm

RECIPE = """
about:
  tiny: {family: data, system: tiny, title: Tiny, summary: s, survey: {table: XII, reference: 1, section: VI-A}, licence: Apache-2.0}
acquire:
  tiny: {family: data, system: tiny, sources: [detection]}
  tiny-full: {family: data, system: tiny, sources: [detection, dior]}
caption:
  tiny: &caption
    family: data
    system: tiny
    builders:
      - kind: boxes
        format: dota
        source: detection
        prefix: tiny
        pictures: "pictures/{stem}.png"
        annotations: labels/*.txt
        shares: {validation: 0.0, test: 0.0}
        chips: {size: 64, stride: 48}
    subset: {train: 0.5, evaluation: 0.5}
    published: {images: 36000, texts: 180000, note: "Table I"}
  tiny-full: *caption
"""
PIPELINE = "  - recipes/contrastive/remoteclip.yaml\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A workspace without a pipeline: parameters, one data recipe and its corpus."""
    tmp_path = tmp_path_factory.mktemp("small")
    (tmp_path / "recipes/data").mkdir(parents=True)
    (tmp_path / "recipes/data/tiny.yaml").write_text(RECIPE)
    shutil.copy(root / "params.yaml", tmp_path / "params.yaml")
    build(tmp_path, subset={"train": 0.5, "evaluation": 0.5})
    return tmp_path


def test_explain(small: Path) -> None:
    outcome = rsvlm(small, "data", "explain", "tiny", "broken.png", "--json")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    (fate,) = json.loads(outcome.stdout)
    assert (fate["id"], fate["verdict"]) == ("pictures/broken.png", "set aside")


def test_explain_for_people(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explain_record(small, "tiny", "tiny-large-0_0", as_json=False)
    explain_record(small, "tiny", "broken.png", as_json=False)
    shown = capsys.readouterr().out.splitlines()
    assert "verdict  set aside" in shown
    assert any(line.startswith(("caption 1 ", "not drawn: tiny-large-0_0 ")) for line in shown)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "tiny", "tiny-p99"], "'tiny-p99' is no record, picture or rejected line"),
        (["explain", "tini", "x"], "no recipe 'tini'; known: tiny (did you mean 'tiny'?)"),
        (["explain", "tiny-smoke", "x"], "no corpus of 'tiny-smoke' here; there are: tiny"),
        (["diff", "tiny", "tiyn"], "no corpus of 'tiyn' here; there are: tiny (did you mean 'tiny'?)"),
        (["explian", "tiny", "x"], "No such command 'explian'. Did you mean 'explain'? Known: explain, diff, export."),
        (["diff", "tiny"], "Missing argument 'B'"),
        (["export", "tiny", "out"], "Missing option '--format'. csv (open_clip), jsonl, llava, teochat, vhm, fit-rs or lhrs-bot."),
        (["export", "tini", "out", "--format", "csv"], "no corpus of 'tini' here; there are: tiny (did you mean 'tiny'?)"),
        (
            ["export", "tiny", "out", "--format", "llav"],
            "no format 'llav'; allowed: csv, jsonl, llava, teochat, vhm, fit-rs, lhrs-bot (did you mean 'llava'?)",
        ),
        (["export", "tiny", "out", "--format", "llava"], "format 'llava' is for conversations, and tiny has none; allowed: csv, jsonl"),
        (["export", "tiny", "out", "--format", "csv", "--licence", "CC1"], "no record has the licence 'CC1'; there are: CC0"),
        (["export", "tiny", "out", "--format", "jsonl", "--boxes", "geochat"], "--boxes 'geochat': two formats with a colon between"),
        (["export", "tiny", "recipes", "--format", "csv"], "recipes: something else is there; name a new folder"),
        (["export", "tiny", "params.yaml/x", "--format", "csv"], "params.yaml/x: no folder can be there (Not a directory); name another"),
        (["export", "tiny", "n" * 300, "--format", "csv"], "n: no folder can be there (File name too long); name another one"),
    ],
)
def test_wrong_calls_are_one_line(small: Path, arguments: list[str], words: str) -> None:
    outcome = rsvlm(small, "data", *arguments)
    assert outcome.returncode == 2
    (line,) = outcome.stderr.strip().splitlines()
    assert line.startswith("rsvlm: error: ")
    assert words in line


def test_help_of_the_group_is_no_error(small: Path) -> None:
    outcome = rsvlm(small, "data")
    assert "explain" in outcome.stdout
    assert outcome.stderr == ""


def test_diff_of_an_item_and_a_folder(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish_corpus(small / "older", [sample("tiny-x", 1, ["one"])])
    found = json.loads(rsvlm(small, "data", "diff", "older", "tiny", "--json").stdout)
    assert found["counts"]["removed"] == 1
    assert found["counts"]["added"] > 0
    assert (found["first"], found["second"]) == ("older", "tiny")
    diff_corpora(small, str(small / "older"), "tiny", as_json=False)
    shown = capsys.readouterr().out
    assert "recaptioned" in shown
    assert "tiny-x (train)" in shown


def test_export_beside_where_one_stands(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = rsvlm(small / "recipes", "data", "export", "tiny", "../exported", "--format", "csv", "--licence", "CC0", "--json")
    assert outcome.returncode == 0, outcome.stderr
    found = json.loads(outcome.stdout)
    rows = [line.split("\t") for line in (small / "exported/train.csv").read_text().splitlines()[1:]]
    assert found["entries"] == {"train": len(rows)}
    assert found["licences"] == {"CC0": {"made": found["pictures"]}}
    assert all((small / "exported" / row[0]).is_file() for row in rows)
    export_corpus(small, "tiny", small / "exported", "jsonl", licences=[], boxes="", as_json=False)
    shown = capsys.readouterr().out
    assert f"licence: CC0    {found['pictures']} pictures" in shown
    assert not (small / "exported/train.csv").exists()


@pytest.mark.fault
@pytest.mark.parametrize("place", ["data/pairs/tiny/x", "data/pairs/copy", "data/pairs/../new", "models/x", "reports/tiny/x"])
def test_nothing_is_exported_among_what_stages_make(small: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.chdir(small)
    before = sorted(small.rglob("*"))
    with pytest.raises(ConfigurationError, match=r"^[^\n]*/ belongs to the pipeline's stages; name a folder outside it$"):
        export_corpus(small, "tiny", Path(place), "csv", licences=[], boxes="", as_json=False)
    assert sorted(small.rglob("*")) == before


def test_pictures_that_may_not_be_passed_on_are_asked_about(small: Path) -> None:
    publish_corpus(small / "found", [sample("a", 1, ["A ship."], source="titanic-fgs")])
    refused = rsvlm(small, "data", "export", "found", "kept", "--format", "csv")
    assert refused.returncode == 2
    (line,) = refused.stderr.strip().splitlines()
    assert "found: the terms of titanic-fgs do not allow its pictures to be passed on" in line
    assert not (small / "kept").exists()
    kept = rsvlm(small, "data", "export", "found", "kept", "--format", "csv", "--private")
    assert kept.returncode == 0, kept.stderr
    assert (small / "kept/images/a.jpg").is_file()


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.mark.integration
def test_a_version_at_a_git_revision_comes_from_the_cache(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    dvc(tmp_path, "init", "--quiet")
    stage = {"foreach": {"tiny": {}}, "do": {"cmd": "true ${key}", "outs": ["data/pairs/${key}"]}}
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": {"caption": stage}}))
    for words in ("one", "two"):
        publish_corpus(tmp_path / "data/pairs/tiny", [sample("a", 1, [words]), sample("b", 2, ["same"])])
        outcome = dvc(tmp_path, "commit", "--force", "--quiet")
        assert outcome.returncode == 0, outcome.stderr
        git(tmp_path, "add", "-A", "-f", "dvc.lock", "dvc.yaml", ".dvc/config")
        git(tmp_path, "commit", "--quiet", "-m", words)
    with corpus(tmp_path, "tiny@HEAD~1") as before, corpus(tmp_path, "tiny") as after:
        from rsvlm.data.diff import compare

        found = compare(before, after).as_json()
    assert (found["counts"]["recaptioned"], found["same"]) == (1, 1)
    assert found["examples"]["recaptioned"] == [{"id": "a", "before": "one", "after": "two"}]

    for name, words in (
        ("tiny@nowhere", "no dvc.lock of that revision"),
        ("tiny@--help", "no dvc.lock of that revision"),
        ("tniy@HEAD", r"no such corpus in that revision; it has: tiny \(did you mean 'tiny'\?\)"),
    ):
        with pytest.raises(ConfigurationError, match=words), corpus(tmp_path, name):
            pass
    shutil.rmtree(tmp_path / ".dvc/cache")
    with pytest.raises(ConfigurationError, match="are not in the DVC cache"), corpus(tmp_path, "tiny@HEAD"):
        pass


@pytest.mark.integration
def test_plan_of_a_data_recipe(workspace: Path) -> None:
    (workspace / "recipes/data/tiny.yaml").write_text(RECIPE)
    pipeline = workspace / "dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace(PIPELINE, f"{PIPELINE}  - recipes/data/tiny.yaml\n"))
    outcome = rsvlm(workspace, "plan", "tiny", "--profile", "full", "--json")
    assert outcome.returncode == 0, outcome.stderr
    found = json.loads(outcome.stdout)["corpus"]
    assert [source["name"] for source in found["sources"]] == ["detection", "dior"]
    assert all(source["licence"] and source["addresses"] for source in found["sources"])
    assert (found["images"], found["hours"]["estimate"]) == (36000, True)
    shown = rsvlm(workspace, "plan", "tiny", "--profile", "full").stdout
    assert "published (the paper's, not ours)  36,000 images, 180,000 texts; Table I" in shown
    assert "hours, estimated" in shown
    assert load("dior").definition.note in shown
    assert "unknown: dior" in shown
    assert "corpus" not in json.loads(rsvlm(workspace, "plan", "remoteclip", "--profile", "smoke", "--json").stdout)
