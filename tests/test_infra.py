"""Infrastructure files are what their tools expect, as far as that can be seen without them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rsvlm.recipes.load import recipe_files
from rsvlm.recipes.yaml import read_yaml


def test_compose_keeps_servers_on_this_machine_and_secrets_out(root: Path) -> None:
    compose = read_yaml(root / "infra/compose.yaml")
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name}: {port}"
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY", key):
                assert value.startswith("${"), f"{name}: {key}"
    assert (root / "infra/databases.sql").read_text().count("CREATE DATABASE") == 2


def test_compose_accepts_it(root: Path) -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    names = {"POSTGRES_PASSWORD": "a", "S3_ACCESS_KEY": "b", "S3_SECRET_KEY": "c", "PATH": "/usr/bin:/bin:/usr/local/bin"}
    command = ["docker", "compose", "--file", str(root / "infra/compose.yaml"), "config", "--quiet"]
    outcome = subprocess.run(command, env=names, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr


def test_the_deployment_names_what_exists(root: Path) -> None:
    from flows.survey import survey

    for deployment in read_yaml(root / "infra/prefect.yaml")["deployments"]:
        file, _, function = deployment["entrypoint"].partition(":")
        assert (root / file).is_file()
        assert function == "survey"
        survey.validate_parameters(deployment["parameters"])
        assert set(deployment["parameters"]["names"]) <= set(recipe_files(root))


def test_the_ray_job_runs_a_recipe(root: Path) -> None:
    job = read_yaml(root / "infra/kubernetes/rayjob.yaml")
    words = job["spec"]["entrypoint"].split()
    assert words[:2] == ["rsvlm", "run"]
    assert words[2] in recipe_files(root)
    assert job["spec"]["shutdownAfterJobFinishes"] is True
