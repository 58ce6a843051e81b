"""What happened to an image: every ending that a record can have."""

from pathlib import Path

import pytest

from rsvlm.captioning.settings import ChipSettings, Subset
from rsvlm.data.explain import Draw, explain
from rsvlm.data.origins import Naming
from rsvlm.errors import ConfigurationError, IntegrityError
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import Shards
from tests.data.corpora import SEED, build, publish_corpus, sample

NAMINGS = (Naming("made", "tiny", ChipSettings(size=64, stride=48)),)
HALF = Subset(train=0.5, evaluation=0.5)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    build(root, subset={"train": 0.5, "evaluation": 0.5})
    return root


def told(root: Path, name: str) -> list[dict]:
    return [fate.as_json() for fate in explain(root / "data/pairs/tiny", root / "data/raw/tiny", name, Draw(HALF, SEED, NAMINGS))]


def kept_ids(root: Path) -> list[str]:
    return Shards(root / "data/pairs/tiny").index.column("id").to_pylist()


def test_a_record_that_was_kept(root: Path) -> None:
    name = next(name for name in kept_ids(root) if name.startswith("tiny-p"))
    (fate,) = told(root, name)
    assert (fate["verdict"], fate["id"], fate["source"], fate["shard"]) == ("kept", name, "made", "pairs-00000.tar")
    assert (fate["split"], fate["licence"], fate["method"], fate["builder"]) == ("train", "CC0", "b2c", "boxes")
    assert len(fate["captions"]) == 5
    assert fate["origin"]["annotation"] == f"labels/{name.removeprefix('tiny-').upper()}.txt"
    assert fate["near_copies"] == []


def test_the_file_of_a_kept_record_tells_the_same(root: Path) -> None:
    name = next(name for name in kept_ids(root) if name.startswith("tiny-p"))
    stem = name.removeprefix("tiny-").upper()
    for given in (f"pictures/{stem}.png", f"{stem}.png", stem):
        assert told(root, given) == told(root, name)


def test_what_the_draw_left_out(root: Path) -> None:
    missing = [f"tiny-p{number:02d}" for number in range(12) if f"tiny-p{number:02d}" not in kept_ids(root)]
    assert 0 < len(missing) < 12
    for given in (missing[0], f"{missing[0].removeprefix('tiny-').upper()}.png"):
        (fate,) = told(root, given)
        assert fate["verdict"] == "outside the drawn subset"
        assert fate["train_share"] == 0.5
        assert fate["not_drawn"][0]["id"] == missing[0]
        assert fate["not_drawn"][0]["draw"] >= 0.5
        assert fate["not_drawn"][0]["splits"] == ["test", "validation", "train"]


def test_a_broken_picture(root: Path) -> None:
    (fate,) = told(root, "broken.png")
    assert (fate["verdict"], fate["id"]) == ("set aside", "pictures/broken.png")
    assert fate["reason"].startswith("picture: ")


def test_a_picture_without_an_object(root: Path) -> None:
    fate = told(root, "empty.png")[0]
    assert fate["verdict"] in ("left out", "outside the drawn subset")
    assert fate["counted_for_its_source"]["chip without an object"] >= 1


def test_objects_set_aside_are_told_with_their_picture(root: Path) -> None:
    verdicts = [fate["verdict"] for fate in told(root, "large.png")]
    assert "object set aside" in verdicts
    assert verdicts[0] in ("kept", "object set aside")


def test_names_that_nobody_knows(root: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'tiny-p99' is no record.*nearest: .*tiny-p0"):
        told(root, "tiny-p99")
    with pytest.raises(ConfigurationError, match=r"'LARG' is no record.*nearest: .*large"):
        told(root, "LARG")  # a part of a name
    with pytest.raises(ConfigurationError, match="is no record"):
        told(root, "tiny-large-7_7")  # no window begins there
    with pytest.raises(ConfigurationError, match="is no record"):
        told(root, "../../etc/passwd")
    with pytest.raises(ConfigurationError, match="is no record"):
        told(root, "")


def test_copies_and_screens(tmp_path: Path) -> None:
    rejected = Rejected()
    rejected.add("a-copy", "made", "near copy of an evaluation picture", "t-1", kind="duplicate")
    rejected.add("a-blank", "made", "picture is blank", "entropy 0.1", kind="screened")
    publish_corpus(tmp_path / "c", [sample("t-1", 1, ["one"], "test"), sample("a-2", 2, ["two"]), sample("a-3", 2, ["three"])], rejected)
    draw = Draw(Subset(), SEED)
    (copy,) = explain(tmp_path / "c", tmp_path / "raw", "a-copy", draw)
    assert (copy.verdict, copy.facts["copy_of"]) == ("copy", "t-1")
    (blank,) = explain(tmp_path / "c", tmp_path / "raw", "a-blank", draw)
    assert (blank.verdict, blank.facts) == ("screened out", {"reason": "picture is blank", "detail": "entropy 0.1"})
    (kept,) = explain(tmp_path / "c", tmp_path / "raw", "a-2", draw)
    assert kept.facts["near_copies"] == ["a-3"]


def test_a_changed_index_is_refused(tmp_path: Path) -> None:
    publish_corpus(tmp_path / "c", [sample("a", 1, ["one"])])
    with (tmp_path / "c/index.parquet").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(IntegrityError, match=r"index\.parquet"):
        explain(tmp_path / "c", tmp_path / "raw", "a", Draw(Subset(), SEED))
