"""Recipes through Prefect and DVC: one DAG, two ways; kills, stops, two at once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from zc.lockfile import LockFile

from components.guard import processes
from flows.reproduce import RAN, Children, reproduce
from tests.flows.workspaces import dvc, environment, rsvlm, runs

OWN = ["acquire", "caption", "pretrain", "evaluate", "register"]
SMOKE = [f"{stage}@remoteclip-smoke" for stage in OWN]


def hashes(folder: Path) -> dict[str, str]:
    """Every output's hash in dvc.lock, by path."""
    from ruamel.yaml import YAML

    lock = YAML(typ="safe").load((folder / "dvc.lock").read_text())
    return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]}


def start(folder: Path, *names: str, fake: str, api: str = "") -> subprocess.Popen[str]:
    """Start a run that somebody will interrupt; with a Prefect server of its own, or the one at `api`."""
    command = [sys.executable, "-m", "flows.cli.app", "run", *names, "--profile", "smoke"]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder, FAKE=fake, **({"PREFECT_API_URL": api} if api else {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_writer(folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the pretended stage writes."""
    end = time.monotonic() + 120
    while not list((folder / ".rsvlm").glob("writers/*")):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "the stage did not start"
        time.sleep(0.1)


def left_behind(folder: Path) -> list[str]:
    """Processes that still work in a folder."""
    found = []
    for each in processes():
        try:
            inside = Path(os.readlink(f"/proc/{each.pid}/cwd")).is_relative_to(folder)
        except OSError:
            continue
        if inside:
            found.append(" ".join(each.words))
    return found


def wait_until_alone(folder: Path, seconds: float) -> list[str]:
    """Wait until no process works in a folder; return those that still do."""
    end = time.monotonic() + seconds
    while (left := left_behind(folder)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


@pytest.mark.integration
def test_prefect_and_dvc_see_each_others_results(workspace: Path, prefect_api: str) -> None:
    first = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--json", PREFECT_API_URL=prefect_api)
    assert first.returncode == 0, first.stderr
    assert runs(workspace) == SMOKE
    result = json.loads(first.stdout)[0]
    assert result["states"] == dict.fromkeys(OWN, "ran")
    assert (result["alias"], result["report"]) == ("champion", "reports/remoteclip-smoke/report.html")

    again = dvc(workspace, "repro", "register@remoteclip-smoke")
    assert again.returncode == 0, again.stderr
    assert runs(workspace) == SMOKE, "DVC found something to do after Prefect"

    assert dvc(workspace, "repro", "register@rs-sd-smoke").returncode == 0
    done = runs(workspace)
    second = rsvlm(workspace, "run", "remoteclip", "rs-sd", "--profile", "smoke", "--json", PREFECT_API_URL=prefect_api)
    assert second.returncode == 0, second.stderr
    assert runs(workspace) == done, "Prefect found something to do after DVC"
    assert all(set(entry["states"].values()) == {"up to date"} for entry in json.loads(second.stdout))


@pytest.mark.integration
def test_a_recipe_runs_what_it_needs_of_another(workspace: Path, prefect_api: str) -> None:
    outcome = rsvlm(workspace, "run", "rs-sd", "--profile", "smoke", PREFECT_API_URL=prefect_api)
    assert outcome.returncode == 0, outcome.stderr
    done = runs(workspace)
    assert "pretrain@remoteclip-smoke" in done
    assert "evaluate@remoteclip-smoke" not in done
    assert done.index("pretrain@remoteclip-smoke") < done.index("evaluate@rs-sd-smoke")


@pytest.mark.integration
def test_until_force_and_failure(workspace: Path, prefect_api: str) -> None:
    until = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--until", "caption", PREFECT_API_URL=prefect_api)
    assert (until.returncode, runs(workspace)) == (0, SMOKE[:2]), until.stderr

    fault = {"FAKE": "pretrain@remoteclip-smoke:fail:no light in the box", "PREFECT_API_URL": prefect_api}
    failed = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--json", **fault)
    assert failed.returncode == 1
    assert "rsvlm: error: pretrain@remoteclip-smoke: no light in the box" in failed.stderr
    assert "Traceback" not in failed.stderr
    states = json.loads(failed.stdout)[0]["states"]
    assert [states[stage] for stage in OWN] == ["up to date", "up to date", "failed", "skipped", "skipped"]
    assert runs(workspace) == [*SMOKE[:2], SMOKE[2]], "a fault that another try cannot change was tried again"
    said = start(workspace, "remoteclip", fake=fault["FAKE"], api=prefect_api).communicate()[0].splitlines()
    assert any(line.startswith("MLflow ") for line in said)
    assert said[-1] == "rsvlm: error: pretrain@remoteclip-smoke: no light in the box", "the last line is the one that a person sees"

    forced = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--until", "caption", "--force", PREFECT_API_URL=prefect_api)
    assert forced.returncode == 0, forced.stderr
    assert runs(workspace)[-2:] == SMOKE[:2]


@pytest.mark.fault
def test_a_killed_stage_is_tried_again(workspace: Path, prefect_api: str) -> None:
    kill = {"FAKE": "acquire@remoteclip-smoke:kill:", "PREFECT_API_URL": prefect_api}
    outcome = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--until", "acquire", **kill)
    assert outcome.returncode == 0, outcome.stderr
    assert runs(workspace) == [SMOKE[0]] * 2


@pytest.mark.fault
@pytest.mark.parametrize("stage", ["caption", "evaluate"])
def test_a_killed_run_leaves_no_writer_and_goes_on(migrated_workspace: Path, stage: str) -> None:
    """F01, F08: SIGKILL of the flow in the middle; the next run skips what was done and ends in the same hashes."""
    workspace = migrated_workspace
    process = start(workspace, "remoteclip", fake=f"{stage}@remoteclip-smoke:sleep:60")
    wait_for_writer(workspace, process)
    process.kill()
    process.wait()
    assert wait_until_alone(workspace, 5.0) == []
    done = runs(workspace)
    assert done == SMOKE[: OWN.index(stage) + 1]

    outcome = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke")
    assert outcome.returncode == 0, outcome.stderr
    assert runs(workspace) == [*done, *SMOKE[OWN.index(stage) :]]
    killed = hashes(workspace)
    calm = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--force")
    assert calm.returncode == 0, calm.stderr
    assert hashes(workspace) == killed


@pytest.mark.fault
def test_killed_dvc_leaves_no_writer(workspace: Path) -> None:
    """F08: SIGKILL of `dvc repro` itself."""
    command = [sys.executable, "-m", "dvc", "repro", "acquire@remoteclip-smoke"]
    process = subprocess.Popen(command, cwd=workspace, env=environment(workspace, FAKE="acquire@remoteclip-smoke:sleep:60"), text=True)
    wait_for_writer(workspace, process)
    process.kill()
    process.wait()
    assert wait_until_alone(workspace, 5.0) == []
    assert not (workspace / "data/raw/remoteclip-smoke").exists()


@pytest.mark.fault
def test_a_stage_waits_for_another_that_holds_dvcs_lock(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stages that end together on a busy disk: DVC by itself gives up after three seconds."""
    for name, value in environment(workspace).items():
        monkeypatch.setenv(name, value)
    assert dvc(workspace, "repro", "code").returncode == 0
    held = LockFile(str(workspace / ".dvc" / "tmp" / "lock"))
    threading.Timer(15.0, held.close).start()
    lines: list[str] = []
    assert reproduce(workspace, "acquire@remoteclip-smoke", Children(), lines.append).state == RAN, lines
    assert not any("Unable to acquire lock" in line for line in lines)


@pytest.mark.fault
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_how_to_go_on(migrated_workspace: Path, signum: signal.Signals) -> None:
    """F04: Ctrl-C and preemption stop the stage in order."""
    workspace = migrated_workspace
    process = start(workspace, "remoteclip", fake="acquire@remoteclip-smoke:sleep:60")
    wait_for_writer(workspace, process)
    process.send_signal(signum)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "acquire@remoteclip-smoke: interrupted after" in output
    assert "To go on: rsvlm run remoteclip --profile smoke" in output
    assert "Traceback" not in output
    assert wait_until_alone(workspace, 5.0) == []


@pytest.mark.fault
def test_two_identical_runs_do_the_work_once(workspace: Path, prefect_api: str) -> None:
    """F40: the second run waits, and finds everything done."""
    first = start(workspace, "remoteclip", fake="acquire@remoteclip-smoke:sleep:3", api=prefect_api)
    wait_for_writer(workspace, first)
    second = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--json", PREFECT_API_URL=prefect_api)
    assert first.wait(timeout=120) == 0
    assert second.returncode == 0, second.stderr
    assert "another run works in this workspace" in second.stderr
    assert runs(workspace) == SMOKE
    assert set(json.loads(second.stdout)[0]["states"].values()) == {"up to date"}


@pytest.mark.fault
def test_the_prefect_server_may_die(migrated_workspace: Path) -> None:
    """F07: the server is killed in the middle; it is started again, and the run goes on."""
    workspace = migrated_workspace
    process = start(workspace, "remoteclip", fake="acquire@remoteclip-smoke:sleep:4")
    wait_for_writer(workspace, process)
    servers = [each.pid for each in processes() if each.parent == process.pid and "uvicorn" in each.words]
    assert len(servers) == 1
    os.kill(servers[0], signal.SIGKILL)
    output, _ = process.communicate(timeout=250)
    assert process.returncode == 0, output
    assert runs(workspace) == SMOKE
    assert wait_until_alone(workspace, 5.0) == []


@pytest.mark.fault
def test_a_changed_helper_runs_again_and_a_comment_does_not(workspace: Path, prefect_api: str) -> None:
    """F50, F51: what code means counts, three imports away; how it is written does not."""
    assert rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--until", "acquire", PREFECT_API_URL=prefect_api).returncode == 0
    helper = workspace / "rsvlm" / "files.py"
    text = helper.read_text()
    helper.write_text("# A remark.\n" + text)
    recipe = workspace / "recipes/contrastive/remoteclip.yaml"
    recipe.write_text("# A remark.\n" + recipe.read_text())
    commented = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--until", "acquire", PREFECT_API_URL=prefect_api)
    assert (commented.returncode, runs(workspace)) == (0, SMOKE[:1]), commented.stderr
    helper.write_text(text + "\n_ANOTHER = 1\n")
    changed = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--until", "acquire", PREFECT_API_URL=prefect_api)
    assert (changed.returncode, runs(workspace)) == (0, SMOKE[:1] * 2), changed.stderr
