"""The command line's words: lists as JSON, one line for an error, exit codes, and what the light commands leave alone."""

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rsvlm.recipes.load import recipe_files
from tests.flows.workspaces import environment, rsvlm

ROOT = Path(__file__).resolve().parents[2]


def refused(folder: Path, *arguments: str, **environment: str) -> str:
    outcome = rsvlm(folder, *arguments, **environment)
    assert outcome.returncode == 2, outcome.stderr
    lines = outcome.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("rsvlm: error: ")
    return lines[0].removeprefix("rsvlm: error: ")


def test_recipes_as_json(root: Path) -> None:
    outcome = rsvlm(root, "recipes", "--json")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    listed = {entry["name"]: entry for entry in json.loads(outcome.stdout)}
    assert list(listed) == list(recipe_files(root))
    entry = listed["remoteclip"]
    assert (entry["family"], entry["title"], entry["survey_table"]) == ("contrastive", "RemoteCLIP", "I")
    assert entry["profiles"] == ["laptop", "full", "smoke"]
    assert all(entry["level"] in (0, 1, 2, 3) for entry in listed.values())


def test_recipes_as_a_table(root: Path) -> None:
    outcome = rsvlm(root, "recipes")
    assert outcome.returncode == 0
    assert all(name in outcome.stdout for name in recipe_files(root))


def test_show(root: Path) -> None:
    shown = json.loads(rsvlm(root, "show", "geochat", "--profile", "smoke", "--json").stdout)
    assert (shown["item"], shown["file"]) == ("geochat-smoke", "recipes/instruction/geochat.yaml")
    assert "sources" in shown["stages"]["acquire"]
    assert "acquire:" in rsvlm(root, "show", "geochat").stdout


def test_light_commands_load_nothing_heavy(root: Path) -> None:
    """A list is answered at once: what takes seconds to import is left to the commands that need it."""
    heavy = {"dvc", "mlflow", "numpy", "pandas", "prefect", "pyarrow", "ray", "rasterio", "torch", "transformers"}
    command = [sys.executable, "-X", "importtime", "-m", "flows.cli.app", "recipes"]
    outcome = subprocess.run(command, cwd=root, env=environment(root), capture_output=True, text=True, timeout=280, check=True)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in outcome.stderr.splitlines()}
    assert {"typer", "pydantic"} <= imported
    assert not heavy & imported


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rn"], "No such command 'rn'. Did you mean 'run'?"),
        (["run"], "Missing argument 'NAME...'."),
        (["run", "remoteclp"], "(did you mean 'remoteclip'?)"),
        (["run", "remoteclip", "geocat"], "(did you mean 'geochat'?)"),
        (["run", "remoteclip", "--profile", "labtop"], "no profile 'labtop'; declared: laptop, full, smoke (did you mean 'laptop'?)"),
        (["run", "remoteclip", "--until", "capton"], "remoteclip has no stage 'capton'; it has: acquire, caption, pretrain"),
        (["run", "remoteclip", "--until", "sft"], "remoteclip has no stage 'sft'"),
        (["run", "remoteclip", "--profil", "smoke"], "No such option: --profil (Possible options: --profile)"),
        (["show", "../remoteclip"], "no recipe '../remoteclip'"),
        (["status", "nothing"], "no recipe 'nothing'"),
        (["plan", "remoteclip", "--profile", "huge"], "no profile 'huge'"),
        (["compare", "remoteclip", "geocat"], "no result of"),
        (["predict", "remoteclip", "--image", "no-such-picture.jpg"], "no-such-picture.jpg: No such file or directory"),
    ],
)
def test_wrong_calls_are_one_line(workspace: Path, arguments: list[str], words: str) -> None:
    assert words in refused(workspace, *arguments)
    assert not (workspace / ".rsvlm").exists(), "nothing is written before the call is right"


@pytest.mark.fault
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no picture at all", "not a readable picture; allowed: JPEG"),
        (b"", "the file has no bytes"),
        (b"\x89PNG\r\n\x1a\n\0\0", "unreadable header|not a readable picture"),
        (None, "more than 15,000,000 bytes"),
    ],
    ids=["text", "empty", "cut", "endless"],
)
def test_an_image_that_is_none_is_refused_before_a_model_is_looked_for(workspace: Path, content: bytes | None, words: str) -> None:
    path = Path("/dev/zero") if content is None else workspace / "text.jpg"
    if content is not None:
        path.write_bytes(content)
    line = refused(workspace, "predict", "remoteclip", "--image", str(path), "--text", "x")
    assert line.startswith(f"{path}: ")
    assert any(each in line for each in words.split("|")), line
    assert not (workspace / ".rsvlm").exists()


@pytest.mark.fault
@pytest.mark.parametrize("where", ["environment", "params.yaml"])
def test_a_mirror_that_is_not_there_stops_before_any_work(workspace: Path, where: str) -> None:
    missing = workspace / "no mirror"
    path = workspace / "params.yaml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("mirror:")]
    path.write_text("\n".join([*lines, f"mirror: {missing}", ""]) if where == "params.yaml" else path.read_text())
    given = {"RSVLM_MIRROR": "" if where == "params.yaml" else str(missing)}
    line = refused(workspace, "run", "remoteclip", "--profile", "smoke", **given)
    assert line.startswith(f"mirror {missing}: no such folder; correct RSVLM_MIRROR")
    assert not (workspace / ".rsvlm").exists()


def printed_to(redirection: str, *arguments: str, unbuffered: str = "", output: int = subprocess.DEVNULL) -> tuple[int, str]:
    """Run a command with its standard output redirected by a shell, or to `output`; return the exit code and standard error."""
    words = ["bash", "-c", f'exec "$@" {redirection}', "bash", sys.executable, "-m", "flows.cli.app", *arguments]
    given = environment(ROOT, PYTHONUNBUFFERED=unbuffered)
    outcome = subprocess.run(words, cwd=ROOT, env=given, stdout=output, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    return outcome.returncode, outcome.stderr


@pytest.mark.fault
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["recipes"], ["recipes", "--json"], ["--help"]])
def test_a_standard_output_that_cannot_be_written(arguments: list[str], unbuffered: str) -> None:
    """F20: full is one line; a reader that wants no more is told nothing, whenever Python happens to write."""
    line = "rsvlm: error: standard output cannot be written ({}); send it elsewhere\n"
    assert printed_to("> /dev/full", *arguments, unbuffered=unbuffered) == (1, line.format("No space left on device"))
    assert printed_to(">&-", *arguments, unbuffered=unbuffered) == (1, line.format("closed"))
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert printed_to("", *arguments, unbuffered=unbuffered, output=writer) == (1, "")
    finally:
        os.close(writer)


@pytest.mark.fault
def test_the_results_of_a_command_that_ends_by_itself_cannot_be_written() -> None:
    """`doctor` and `run` end the process with a code of their own; what they printed is written before that counts."""
    code, said = printed_to("> /dev/full", "doctor", "--json")
    assert (code, said.splitlines()[-1]) == (
        1,
        f"rsvlm: error: standard output cannot be written ({os.strerror(errno.ENOSPC)}); send it elsewhere",
    )
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_outside_a_workspace(tmp_path: Path) -> None:
    assert "no rsvlm workspace here or above" in refused(tmp_path, "recipes")


def test_below_a_workspace(workspace: Path) -> None:
    below = workspace / "recipes" / "contrastive"
    assert rsvlm(below, "recipes", "--json").returncode == 0


def test_a_fault_in_a_recipe_stops_before_any_work(workspace: Path) -> None:
    path = workspace / "recipes/contrastive/remoteclip.yaml"
    path.write_text(path.read_text().replace("    sources: [", "    souces: [", 1))
    words = refused(workspace, "run", "remoteclip")
    assert words.startswith(str(path))
    assert "acquire.remoteclip: souces: unknown key; allowed: family, sources, system (did you mean 'sources'?)" in words
    assert not (workspace / ".rsvlm").exists()


def test_a_recipe_that_dvc_does_not_know(workspace: Path) -> None:
    pipeline = workspace / "dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace("  - recipes/contrastive/remoteclip.yaml\n", ""))
    assert "is the recipe file of 'remoteclip' among its vars?" in refused(workspace, "run", "remoteclip")


@pytest.mark.fault
def test_a_taken_port(workspace: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        outcome = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--until", "acquire", PREFECT_SERVER_API_PORT=port)
    assert outcome.returncode == 2
    assert f"port {port} is taken by another program" in outcome.stderr.splitlines()[-1]
    assert "Traceback" not in outcome.stderr


@pytest.mark.fault
def test_a_prefect_server_that_is_not_there(workspace: Path) -> None:
    address = "http://127.0.0.1:9/api"
    outcome = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--until", "acquire", PREFECT_API_URL=address)
    assert outcome.returncode == 2
    assert f"no Prefect server answers at {address}" in outcome.stderr.splitlines()[-1]


def test_status_and_plan_do_not_write(workspace: Path) -> None:
    status = json.loads(rsvlm(workspace, "status", "--profile", "smoke", "--json").stdout)
    assert status["running"] is None
    states = {entry["name"]: entry["states"] for entry in status["recipes"]}
    assert set(states["remoteclip"].values()) == {"to run"}
    plan = rsvlm(workspace, "plan", "remoteclip", "--profile", "full", "--json")
    assert plan.returncode == 0, plan.stderr
    needs = json.loads(plan.stdout)
    assert needs["stages"][0]["stage"] == "acquire@remoteclip-full"
    assert needs["models"][0]["parameters"] > 100_000_000
    assert {(entry["workers"], entry["zero"]) for entry in needs["models"][0]["memory"]} >= {(1, 0), (8, 3)}
    assert not (workspace / ".rsvlm").exists()
    assert not (workspace / "dvc.lock").exists()
