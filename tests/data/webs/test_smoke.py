"""RS5M's smoke corpus from the mirror, with real towers."""

from collections import Counter
from pathlib import PurePosixPath

import pytest

from rsvlm.data.checking import statements_of


@pytest.mark.recipe
@pytest.mark.system("rs5m", 2)
def test_the_smoke_corpus_holds_no_false_statement(built) -> None:
    corpus = built("rs5m")
    records = corpus.records
    tally, _ = corpus.checked()
    assert tally.false == []
    assert tally.records == len(records) >= 40
    kinds = {record["builder"] for record in records}
    assert kinds == {"web-pairs", "ranked", "meta"}
    for record in records:
        if record["builder"] == "ranked":
            assert 1 <= len(record["captions"]) <= 3
            assert 0 <= record["facts"]["invariant"] < len(record["captions"])
        if record["builder"] == "web-pairs":
            assert set(record["scores"]) == {"prompts", "detector"}
    dropped = (corpus.folder / "rejected.jsonl").read_text()
    assert "score not in the kept share: prompts" in dropped
    assert "score not in the kept share: detector" in dropped


@pytest.mark.recipe
@pytest.mark.system("rs5m", 2)
def test_texts_under_another_picture_mostly_fail(built) -> None:
    """Ranked captions under a scene of another class: scenes of one class often have the same neighbours, and so the same captions."""
    corpus = built("rs5m")
    for kind, most in (("web-pairs", 0.05), ("ranked", 0.25)):
        records = [record for record in corpus.records if record["builder"] == kind]
        pairs = [(one, two) for one in records for two in records if _folder(one) != _folder(two) and one["captions"] != two["captions"]]
        assert len(pairs) >= 4
        held: Counter[bool] = Counter()
        for record, other in pairs:
            held.update(each.holds for each in statements_of({**record, "captions": other["captions"]}, corpus.evidence))
        assert held[True] <= most * held.total()


def _folder(record: dict) -> str:
    return str(PurePosixPath(record["origin"]["picture"]).parent)
