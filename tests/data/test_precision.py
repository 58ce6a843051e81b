"""The interval that a corpus's precision is told with."""

from collections import Counter
from pathlib import Path

import pytest

from rsvlm.data.checking import Tally
from rsvlm.data.examine import _metrics
from tests.data.corpora import publish_corpus, sample


@pytest.mark.parametrize("held", [0, 1], ids=["none", "all"])
def test_the_interval_holds_the_precision_that_it_is_of(tmp_path: Path, held: int) -> None:
    shards = publish_corpus(tmp_path / "c", [sample("a", 1, ["one"])])
    for count in range(1, 60):
        found = _metrics(shards, Tally(Counter(count=count), Counter(count=held * count)), Tally())
        assert found["facts/precision"] == held
        assert found["facts/precision/low"] <= held <= found["facts/precision/high"], count
