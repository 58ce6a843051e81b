"""From a published model to a version with the alias it earned, in a real MLflow database."""

import json
import os

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest

from rsvlm.errors import IntegrityError, RsvlmError
from rsvlm.files import read_manifest
from rsvlm.registry import registration
from rsvlm.registry.database import experiment_of, open_tracking
from rsvlm.registry.promotion import promote, rollback, version_with
from rsvlm.registry.registration import register
from rsvlm.registry.store import list_models, load_evaluation, resolve
from tests.registry.conftest import METRIC, aliases, encoded, make_subject, package_of

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("stand_in")]


@pytest.fixture(autouse=True)
def default_store():
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)


def test_a_life_of_versions(tracking, registry, workspace):
    """First champion, noise, worse, forgetting, better, rollback: each version ends where its numbers put it."""
    first, one = registry(make_subject(workspace, "first", 30))
    assert (first["verdict"], aliases(tracking)) == ("champion", {"champion": one})
    equal, two = registry(make_subject(workspace, "equal", 31))
    assert (equal["verdict"], aliases(tracking)) == ("challenger", {"champion": one, "challenger": two})
    worse, three = registry(make_subject(workspace, "worse", 20))
    assert (worse["verdict"], worse["alias"]) == ("refused", "")
    assert "worse than the champion" in worse["reasons"][0]
    forgets, _ = registry(make_subject(workspace, "forgets", 50, kept=0.1))
    assert forgets["reasons"] == ["retrieval/mean_recall: forgets: 0.1000 against the champion's 0.2000; 0.01 worse is allowed"]
    assert aliases(tracking) == {"champion": one, "challenger": two}
    better, five = registry(make_subject(workspace, "better", 45))
    assert better["verdict"] == "champion"
    assert better["comparison"]["samples"] == 60
    assert aliases(tracking) == {"champion": five, "previous": one, "challenger": two}

    assert tracking.client.get_model_version("tiny", three).tags["reason"].startswith("worse than the champion")
    back = rollback(tracking, "tiny")
    assert (back.version, back.replaced) == (one, five)
    assert aliases(tracking) == {"champion": one, "previous": five, "challenger": two}
    assert rollback(tracking, "tiny").version == five
    with pytest.raises(RsvlmError, match="was refused: worse"):
        promote(tracking, f"tiny/{three}")
    assert promote(tracking, f"tiny/{two}").replaced == five

    rows = list_models(tracking)
    assert [(row["version"], row["verdict"]) for row in rows] == [
        (5, "champion"),
        (4, "refused"),
        (3, "refused"),
        (2, "challenger"),
        (1, "champion"),
    ]
    assert rows[0]["metric"] == METRIC
    assert rows[0]["value"] == 0.75
    assert rows[0]["licence"] == "CC-BY-4.0"
    found = [load_evaluation(tracking, resolve(tracking, reference), None).metrics[METRIC] for reference in ("tiny/1", "tiny/5")]
    assert found == [0.5, 0.75]
    with pytest.raises(RsvlmError, match="no registered model 'tiny@nobody'"):
        resolve(tracking, "tiny@nobody")


def test_the_same_weights_again_reuse_their_version_and_the_same_words(tracking, registry, workspace):
    first, one = registry(make_subject(workspace, "w", 30))
    again, two = registry(make_subject(workspace, "w", 30))
    assert (again, two) == (first, one)
    assert len(tracking.client.search_model_versions("name = 'tiny'")) == 1
    assert len(tracking.client.search_logged_models([experiment_of(tracking, "tiny")])) == 1


def test_a_fresh_registry_gives_the_same_record(tracking, registry, workspace, tmp_path, migrated):
    first, _ = registry(make_subject(workspace, "w", 30))
    other = tmp_path / "other"
    (other / "mlruns").mkdir(parents=True)
    (other / "mlruns/mlflow.db").write_bytes(migrated.read_bytes())
    elsewhere = open_tracking(other, "sqlite:///mlruns/mlflow.db")
    experiment = experiment_of(elsewhere, "tiny")
    run = elsewhere.client.create_run(experiment).info.run_id
    second, _ = register(elsewhere, experiment, run, make_subject(other, "w", 30))
    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert str(tmp_path) not in json.dumps(first)


def test_a_new_measurement_of_the_champion_is_judged_by_its_gates(tracking, registry, workspace):
    _, one = registry(make_subject(workspace, "w", 30))
    again, two = registry(make_subject(workspace, "w", 33))
    assert (two, again["verdict"], again["reasons"]) == (one, "champion", ["is the champion and passes every gate"])
    fallen, _ = registry(make_subject(workspace, "w", 10))
    assert fallen["verdict"] == "refused"
    assert "stays champion" in fallen["reasons"][-1]
    assert aliases(tracking) == {"champion": one}


def test_it_loads_anywhere_and_answers(tracking, registry, workspace, tmp_path, monkeypatch):
    registry(make_subject(workspace, "w", 30))
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(tracking.uri)
    model = mlflow.pyfunc.load_model("models:/tiny@champion")
    found = model.predict(pd.DataFrame({"image": [encoded("a"), None], "text": [None, "a lake"]}))
    assert np.array(found["embedding"].tolist()).shape == (2, 3)
    labels = model.predict(pd.DataFrame({"image": [encoded("a")]}), params={"task": "zero_shot", "labels": ["a", "b"]})
    assert labels["label"][0] in ("a", "b")
    assert {spec.name: spec.required for spec in model.metadata.signature.inputs} == {"image": False, "text": False}


def test_what_travels_with_a_version(tracking, registry, workspace):
    subject = make_subject(workspace, "w", 30)
    _, version = registry(subject)
    package = package_of(tracking, version)
    names = {path.name for path in package.rglob("*")}
    assert not {name for name in names if name.endswith((".pkl", ".pickle", ".pyc"))}
    assert {"MLmodel", "contrastive.py", "input_example.json", "card.md", "predictions-zero_shot.parquet", "rsvlm"} <= names
    requirements = (package / "requirements.txt").read_text().splitlines()
    assert all("==" in line and "+" not in line for line in requirements)
    assert {line.split("==")[0] for line in requirements} >= {"mlflow", "numpy", "pandas", "pillow"}
    assert str(workspace) not in (package / "MLmodel").read_text().replace(package.as_uri(), "")
    weights, published = package / "artifacts/model/model.safetensors", subject.model / "model.safetensors"
    assert os.stat(weights).st_ino == os.stat(published).st_ino
    found = tracking.client.get_model_version("tiny", version)
    assert found.tags["model_sha256"] == subject.model_sha256
    assert found.tags["data_licences"] == "academic | only"
    assert found.tags["manifest.models/tiny/pretrain"] == read_manifest(subject.model).sha256
    card = (package / "evaluation/card.md").read_text()
    assert "A stand-in \\| with \\<b\\>marks\\</b\\>." in card
    assert "| aid | 40 | 0.000 | 20 | academic \\| only |" in card
    assert "0.100 chance" in card
    assert "models:/tiny@champion" in card
    assert found.description.startswith("# Tiny (tiny)")
    assert "Verdict: **champion**" in found.description


def test_no_pickle_is_ever_loaded(tracking, tmp_path, monkeypatch):
    """A pickled model in the registry's place is refused by the setting that every process runs under."""
    import cloudpickle

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")

    class Payload(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input: pd.DataFrame, params=None):
            return model_input

    mlflow.pyfunc.save_model(str(tmp_path / "pickled"), python_model=Payload(), pip_requirements=["mlflow"])
    assert list((tmp_path / "pickled").glob("*.pkl"))
    assert cloudpickle
    with pytest.raises(Exception, match=r"(?i)pickle"):
        mlflow.pyfunc.load_model(str(tmp_path / "pickled"))


@pytest.mark.fault
def test_a_champion_whose_artefacts_are_gone_is_not_served_and_stays(tracking, registry, workspace):
    import shutil

    _, one = registry(make_subject(workspace, "w", 30))
    shutil.rmtree(package_of(tracking, one))
    with pytest.raises(RsvlmError, match=r"tiny version 1: its artefacts are missing.*give the alias champion to another version"):
        registry(make_subject(workspace, "better", 50))
    mlflow.set_tracking_uri(tracking.uri)
    with pytest.raises(Exception, match=r".+"):
        mlflow.pyfunc.load_model("models:/tiny@champion")
    assert version_with(tracking, "tiny", "champion") == one


@pytest.mark.fault
def test_a_byte_flipped_in_registered_weights_refuses_to_load(tracking, registry, workspace):
    _, one = registry(make_subject(workspace, "w", 30))
    weights = package_of(tracking, one) / "artifacts/model/model.safetensors"
    data = bytearray(weights.read_bytes())
    data[10] ^= 1
    weights.write_bytes(data)
    mlflow.set_tracking_uri(tracking.uri)
    with pytest.raises(Exception, match=r"damaged and will not be served"):
        mlflow.pyfunc.load_model("models:/tiny@champion")


@pytest.mark.fault
def test_changed_weights_are_not_registered(registry, workspace):
    subject = make_subject(workspace, "w", 30)
    (subject.model / "model.safetensors").write_bytes((subject.model / "model.safetensors").read_bytes()[:-1] + b"?")
    with pytest.raises(IntegrityError, match=r"model\.safetensors"):
        registry(subject)


@pytest.mark.fault
@pytest.mark.parametrize("point", ["write_package", "describe_version", "give_alias"])
def test_killed_at_any_point_and_run_again_it_ends_the_same(tracking, registry, workspace, monkeypatch, point):
    from rsvlm.registry import store

    def stop(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store if point == "write_package" else registration, point, stop)
        with pytest.raises(KeyboardInterrupt):
            registry(make_subject(workspace, "w", 30))
    record, version = registry(make_subject(workspace, "w", 30))
    assert (record["verdict"], record["reasons"]) == ("champion", ["first version that passes every gate"])
    assert aliases(tracking) == {"champion": version}
    assert [model.status.name for model in tracking.client.search_logged_models([experiment_of(tracking, "tiny")])] == ["READY"]
    assert not list((workspace / "mlruns").rglob(".staging*"))


@pytest.mark.fault
def test_a_champion_set_by_somebody_else_meanwhile_stops_the_promotion(tracking, registry, workspace, monkeypatch):
    _, one = registry(make_subject(workspace, "first", 30))
    _, two = registry(make_subject(workspace, "second", 31))
    give = registration.give_alias

    def raced(found, name, version, alias, expected):
        found.client.set_registered_model_alias(name, "champion", two)
        give(found, name, version, alias, expected)

    monkeypatch.setattr(registration, "give_alias", raced)
    with pytest.raises(RsvlmError, match="the champion changed while this version was judged"):
        registry(make_subject(workspace, "third", 50))
    assert version_with(tracking, "tiny", "champion") == two
    assert one != two


@pytest.mark.fault
def test_two_that_race_are_decided_one_after_the_other(tracking, registry, workspace, tmp_path):
    """Both beat the champion, neither the other: one is promoted, the other is judged again, against it."""
    from concurrent.futures import ThreadPoolExecutor

    registry(make_subject(workspace, "standing", 30))
    subjects = [make_subject(tmp_path / name, name, right) for name, right in (("left", 50), ("right", 51))]
    with ThreadPoolExecutor(2) as pool:
        (left, one), (right, two) = pool.map(registry, subjects)
    winner, loser = (left, right) if left["verdict"] == "champion" else (right, left)
    assert (winner["verdict"], loser["verdict"]) == ("champion", "challenger")
    assert loser["against"] == winner["model_sha256"] != winner["against"]
    assert {one, two} == {aliases(tracking)["champion"], aliases(tracking)["challenger"]}
    decided = [json.loads(version.tags["decision"])["verdict"] for version in tracking.client.search_model_versions("name = 'tiny'")]
    assert sorted(decided) == ["challenger", "champion", "champion"]
