import pytest

from rsvlm.training import checkpoints


def save(folder, step, keep=2, text="weights"):
    checkpoints.save(folder, step, {"history": [step]}, lambda path: (path / "weights").write_text(f"{text} {step}"), keep)


def test_the_last_few_are_kept_and_the_newest_is_found(tmp_path):
    assert checkpoints.latest(tmp_path) is None
    for step in (5, 10, 15, 1000000000):
        save(tmp_path, step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000000015", "step-1000000000"]
    path, state = checkpoints.latest(tmp_path)
    assert (path / "weights").read_text() == "weights 1000000000"
    assert state == {"step": 1000000000, "history": [1000000000]}


@pytest.mark.fault
@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "manifest", "state"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path, damage):
    save(tmp_path, 5)
    save(tmp_path, 10)
    newest = tmp_path / "step-000000010"
    match damage:
        case "flip":
            (newest / "weights").write_text("weightz 10")
        case "cut":
            (newest / "weights").write_text("weig")
        case "remove":
            (newest / "weights").unlink()
        case "manifest":
            (newest / "manifest.json").unlink()
        case "state":
            (newest / "state.json").write_text("{")
    _, state = checkpoints.latest(tmp_path)
    assert state["step"] == 5


@pytest.mark.fault
def test_what_a_kill_left_half_written_is_ignored_and_cleared(tmp_path):
    save(tmp_path, 5)
    half = tmp_path / ".step-000000010.partial-1"
    half.mkdir()
    (half / "weights").write_text("half")
    assert checkpoints.latest(tmp_path)[1]["step"] == 5
    save(tmp_path, 10)
    assert not half.exists()


@pytest.mark.fault
def test_a_write_that_fails_leaves_the_last_checkpoint(tmp_path):
    save(tmp_path, 5)

    def failing(path):
        (path / "weights").write_text("half")
        raise OSError(5, "broken disk")

    with pytest.raises(OSError, match="broken disk"):
        checkpoints.save(tmp_path, 10, {}, failing, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000005"]
