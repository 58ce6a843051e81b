"""RS5M's smoke corpus from the mirror, with real towers."""

import pytest


@pytest.mark.integration
@pytest.mark.system("rs5m", 2)
def test_the_smoke_corpus_holds_no_false_statement(built) -> None:
    corpus = built("rs5m")
    records = corpus.records
    tally, _ = corpus.checked()
    assert tally.false == []
    assert tally.records >= 40
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
