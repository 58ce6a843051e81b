"""What a run leaves in Prefect."""

import pytest

from flows.artifacts import ProgressArtifact, artifact_key, metrics_table


def test_keys_hold_what_prefect_allows() -> None:
    assert artifact_key("progress", "pretrain@rs-sd_smoke.1") == "progress-pretrain-rs-sd-smoke-1"


def test_the_table_puts_interval_baseline_and_published_beside_a_figure() -> None:
    metrics = {
        "a/top1": 0.66,
        "a/top1/low": 0.63,
        "a/top1/high": 0.69,
        "a/top1/baseline": 1 / 30,
        "a/top1/published": 0.879,
        "a/top1/n": 1027,
        "b/fid": 12,
    }
    assert metrics_table(metrics).splitlines()[2:] == [
        "| a/top1 | 0.66 | 0.63 to 0.69 | 0.03333 | 0.879 |",
        "| b/fid | 12 |  |  |  |",
    ]


def test_the_bar_follows_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    moves: list[float] = []
    monkeypatch.setattr("prefect.artifacts.create_progress_artifact", lambda progress, **_: moves.append(progress) or "id")
    monkeypatch.setattr("prefect.artifacts.update_progress_artifact", lambda _, progress, **__: moves.append(progress))
    bar = ProgressArtifact("pretrain@x")
    for line in ("loading", "train: 10 of 100 steps (10%), 5.0/s", "train: 10 of 100 steps (10%)", "train: 50 of 100 steps (50%)"):
        bar.follow(line)
    assert moves == [10.0, 50.0]


def test_a_bar_that_prefect_refuses_does_not_stop_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def refuse(progress: float, **_: object) -> None:
        tries.append(1)
        raise ConnectionError

    monkeypatch.setattr("prefect.artifacts.create_progress_artifact", refuse)
    bar = ProgressArtifact("pretrain@x")
    bar.follow("train: 10 of 100 steps (10%)")
    bar.follow("train: 20 of 100 steps (20%)")
    assert len(tries) == 1
