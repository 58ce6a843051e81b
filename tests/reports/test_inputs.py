"""What went in, as a report shows it."""

from collections import Counter
from dataclasses import replace

import pytest

from rsvlm.files import publish
from rsvlm.records.rejected import Rejected
from rsvlm.records.writing import write_shards
from rsvlm.reports.inputs import read_inputs
from rsvlm.reports.pictures import Album
from tests.reports.conftest import make_samples


@pytest.mark.parametrize(
    ("sources", "shown"),
    [
        ({"one": 1, "two": 2, "many": 9}, {"one": 1, "two": 2, "many": 4}),
        ({"two": 2, "many": 10}, {"two": 2, "many": 6}),
        ({"many": 12}, {"many": 12}),
        ({"two": 2}, {"two": 2}),
    ],
)
def test_no_sample_is_shown_twice_and_sources_are_shown_alike(tmp_path, sources, shown):
    names = [source for source, count in sources.items() for _ in range(count)]
    samples = [
        replace(sample, fields={**sample.fields, "source": name}) for sample, name in zip(make_samples(len(names)), names, strict=True)
    ]
    with publish(tmp_path / "data/pairs/made") as out:
        write_shards(samples, out, Rejected())
    found = read_inputs(tmp_path, "data/pairs/made", Album())
    assert Counter(view.source for view in found.samples) == shown
    assert len({view.lines for view in found.samples}) == len(found.samples)
