import json
import subprocess
import sys

import pytest

from rsvlm.errors import ConfigurationError
from rsvlm.training.deepspeed_settings import DeepSpeedSettings
from rsvlm.training.launch import _check_resources, _first_line, launch

# Run as a program of its own: Ray then sends what it defines along, and a hang ends with the time-out.
PROGRAM = """
import json, os, signal, sys
from pathlib import Path
from components import environment
environment.apply()
import torch
from torch import nn
from rsvlm.training.deepspeed_engine import DeepSpeedEngine
from rsvlm.training.deepspeed_settings import DeepSpeedSettings
from rsvlm.training.determinism import make_deterministic
from rsvlm.training.distributed import barrier, worker
from rsvlm.training.launch import launch
from rsvlm.training.loop import fit
from rsvlm.training.settings import OptimisationSettings

def work(job):
    make_deterministic(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 1))
    inputs = torch.randn(64, 8, generator=torch.Generator().manual_seed(1))
    settings = OptimisationSettings(steps=8, batch=8, accumulate=2, learning_rate=1e-2, clip=1.0, checkpoint_every=2, log_every=2)
    deepspeed, scratch = DeepSpeedSettings(**job["deepspeed"]), Path(job["scratch"])
    engine = DeepSpeedEngine(model, settings, deepspeed, scratch / "incoming")
    marker = scratch / "killed"

    def objective(module, rows, place):
        if job["kill"] and worker().rank == 1 and place.step == 5 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if job["fail"] and place.step == 3:
            raise ValueError("the third step has a fault of its own")
        return ((module(inputs[rows]) - inputs[rows].sum(1, keepdim=True)) ** 2).mean()

    history = fit(model, objective, lambda rows, place: list(rows), samples=64, settings=settings, seed=1, scratch=scratch, engine=engine)
    if worker().rank == 0:
        weights = {name: value.flatten().tolist() for name, value in engine.trained.items()}
        (scratch / "result.json").write_text(json.dumps({"workers": worker().size, "history": history, "weights": weights}))
    barrier()

if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    Path(job["scratch"]).mkdir(parents=True, exist_ok=True)
    launch(work, job, DeepSpeedSettings(**job["deepspeed"]), Path(job["scratch"]) / "launch")
"""


def run(root, scratch, *, zero, workers, kill=False, fail=False, failures=1):
    job = {"deepspeed": {"zero": zero, "workers": workers, "failures": failures}, "scratch": str(scratch), "kill": kill, "fail": fail}
    program = scratch.parent / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), json.dumps(job)]
    done = subprocess.run(command, cwd=root, env=environment(root), capture_output=True, text=True, timeout=600)
    if fail:
        return done
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((scratch / "result.json").read_text())


def environment(root):
    import os

    return {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}


def test_one_worker_runs_in_this_process(tmp_path):
    calls = []
    launch(calls.append, "job", DeepSpeedSettings(zero=0), tmp_path)
    assert calls == ["job"]


@pytest.mark.integration
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("zero", [0, 2, 3])
def test_two_workers_end_where_one_does(tmp_path, root, zero):
    one = run(root, tmp_path / "one", zero=zero, workers=1)
    two = run(root, tmp_path / "two", zero=zero, workers=2)
    assert (one["workers"], two["workers"]) == (1, 2)
    for alone, together in zip(one["history"], two["history"], strict=True):
        assert together["loss"] == pytest.approx(alone["loss"], rel=1e-5)
        assert together["gradient_norm"] == pytest.approx(alone["gradient_norm"], rel=1e-4)
    for name, values in one["weights"].items():
        assert two["weights"][name] == pytest.approx(values, abs=1e-6)


@pytest.mark.fault
@pytest.mark.integration
@pytest.mark.timeout(1500)
def test_a_group_that_loses_a_worker_goes_on_from_its_checkpoint(tmp_path, root):
    whole = run(root, tmp_path / "whole", zero=2, workers=2)
    broken = run(root, tmp_path / "broken", zero=2, workers=2, kill=True)
    assert (tmp_path / "broken" / "killed").exists()
    assert broken == whole


@pytest.mark.fault
@pytest.mark.integration
@pytest.mark.timeout(1500)
def test_a_workers_own_error_is_what_the_user_reads(tmp_path, root):
    done = run(root, tmp_path / "scratch", zero=2, workers=2, fail=True, failures=0)
    assert done.returncode != 0
    assert "engine.workers: " in done.stderr.splitlines()[-1]
    assert "the third step has a fault of its own" in done.stderr.splitlines()[-1]


@pytest.mark.fault
def test_a_cluster_that_is_too_small_is_refused_before_it_waits_for_ever():
    with pytest.raises(ConfigurationError, match="8 workers need 5 logical CPUs, the cluster has 4"):
        _check_resources(8, 4.0)
    _check_resources(2, 2.0)


def test_a_workers_message_is_the_last_line():
    assert _first_line(RuntimeError("Traceback\n  File x\n\nValueError: wrong\n")) == "ValueError: wrong"
    assert _first_line(KeyError()) == "KeyError"
