"""What changed between two versions of a corpus, compared with the plain sets."""

from pathlib import Path

import pytest

from rsvlm.data.diff import KINDS, compare
from rsvlm.errors import IntegrityError
from tests.data.corpora import publish_corpus, sample, talk


def test_every_kind_of_change(tmp_path: Path) -> None:
    before = [
        sample("a", 1, ["one"]),
        sample("b", 2, ["two", "deux"]),
        sample("c", 3, ["three"]),
        sample("e", 5, ["five"]),
        sample("f", 6, ["six"]),
        sample("g", 7, [], conversations=[talk("g-0", "presence", "Any ship?", "Yes.")]),
    ]
    after = [
        sample("e", 5, ["five"], "test"),
        sample("a", 1, ["one"]),
        sample("b", 2, ["two", "zwei"]),
        sample("d", 4, ["four"]),
        sample("f", 66, ["six!"]),
        sample("g", 7, [], conversations=[talk("g-0", "presence", "Any ship?", "No.")], licence="MIT"),
        sample("h", 8, ["eight"]),
    ]
    publish_corpus(tmp_path / "before", before)
    publish_corpus(tmp_path / "after", after)
    found = compare(tmp_path / "before", tmp_path / "after").as_json()
    counts = {"added": 2, "removed": 1, "recaptioned": 3, "re-imaged": 1, "moved": 1, "otherwise changed": 0}
    assert found["counts"] == counts
    assert found["same"] == 1
    assert found["examples"]["added"] == [{"id": "d", "split": "train"}, {"id": "h", "split": "train"}]
    assert found["examples"]["removed"] == [{"id": "c", "split": "train"}]
    assert found["examples"]["moved"] == [{"id": "e", "before": "train", "after": "test"}]
    assert found["examples"]["recaptioned"][0] == {"id": "b", "before": "deux", "after": "zwei"}
    assert found["examples"]["recaptioned"][2] == {"id": "g", "before": "Yes.", "after": "No."}


def test_other_fields(tmp_path: Path) -> None:
    publish_corpus(tmp_path / "a", [sample("x", 1, ["one"])])
    publish_corpus(tmp_path / "b", [sample("x", 1, ["one"], licence="MIT", gsd=0.5)])
    found = compare(tmp_path / "a", tmp_path / "b").as_json()
    assert found["counts"]["otherwise changed"] == 1
    assert found["examples"]["otherwise changed"] == [{"id": "x", "fields": ["gsd", "licence"]}]


def test_a_corpus_and_itself_and_few_examples(tmp_path: Path) -> None:
    publish_corpus(tmp_path / "a", [sample(f"x{number:02d}", number, [f"caption {number}"]) for number in range(12)])
    publish_corpus(tmp_path / "b", [sample(f"y{number:02d}", number, [f"caption {number}"]) for number in range(11)])
    same = compare(tmp_path / "a", tmp_path / "a").as_json()
    assert (sum(same["counts"].values()), same["same"], same["examples"]) == (0, 12, {})
    assert tuple(same["counts"]) == KINDS
    found = compare(tmp_path / "a", tmp_path / "b", examples=3).as_json()
    assert (found["counts"]["removed"], found["counts"]["added"], found["same"]) == (12, 11, 0)
    assert [entry["id"] for entry in found["examples"]["removed"]] == ["x00", "x01", "x02"]


def test_damaged_bytes_are_named(tmp_path: Path) -> None:
    publish_corpus(tmp_path / "a", [sample("x", 1, ["one"])])
    shard = tmp_path / "a/pairs-00000.tar"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match=r"pairs-00000\.tar"):
        compare(tmp_path / "a", tmp_path / "a")
