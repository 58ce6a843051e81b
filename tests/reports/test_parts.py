"""Parts of a report: text, figures, scores, curves."""

import pytest

from rsvlm.reports.curves import curve, series_of
from rsvlm.reports.pictures import Album
from rsvlm.reports.scores import Score, main_score, scores_of
from rsvlm.reports.text import figure, size, visible
from tests.reports.conftest import METRICS, SUMMARY, picture


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines", "two\nlines"),
        ("a\u202eb\u2066c\u200fd", "a[U+202E]b[U+2066]c[U+200F]d"),
        ("مطار كبير", "مطار كبير"),
        ("飞机场 ✈️ 👩‍🚀", "飞机场 ✈️ 👩‍🚀"),
        ("bell\x07 nul\x00", "bell[U+0007] nul[U+0000]"),
        ("tab\there", "tab here"),
    ],
)
def test_invisible_characters_are_spelled_out(text, shown):
    assert visible(text) == shown


def test_endless_text_is_cut():
    assert visible("x" * 5000).endswith("… (5,000 characters)")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (0.66, "0.660"), (1027, "1,027"), (88.21, "88.2"), (12345.6, "12,346"), (0.0, "0.000"), (-0.5, "-0.500")],
)
def test_figures(value, text):
    assert figure(value) == text


def test_sizes():
    assert [size(n) for n in (5, 1500, 2_000_000, 3_500_000_000)] == ["5 B", "2 kB", "2 MB", "3.5 GB"]


def test_scores_join_numbers_and_words():
    fid, top1 = scores_of(METRICS, SUMMARY)
    assert (top1.key, top1.value, top1.low, top1.high, top1.n) == ("zero_shot/aid/top1", 0.66, 0.63, 0.69, 1027)
    assert (top1.baseline_name, top1.published, top1.published_note) == ("chance", 0.8651, "AID at 600 px")
    assert (fid.task, fid.name, fid.lower_is_better, fid.share) == ("images", "aid · fid", True, False)


def test_numbers_in_keys_are_ordered_by_value():
    assert [score.key for score in scores_of({"a/r10": 1.0, "a/r5": 1.0, "a/r1": 1.0, "a/r5/low": 0.5}, {})] == ["a/r1", "a/r5", "a/r10"]


def test_words_that_are_missing_or_odd_are_left_out():
    (score,) = scores_of({"a/b": 1.0}, {"a": 5})
    assert (score.note, score.baseline_name) == ("", "")


@pytest.mark.parametrize(
    ("score", "better"),
    [
        (Score("a/top1", 0.5, low=0.45, high=0.55, baseline=0.4), True),
        (Score("a/top1", 0.5, low=0.35, high=0.65, baseline=0.4), False),
        (Score("a/fid", 50.0, low=40.0, high=60.0, baseline=100.0), True),
        (Score("a/fid", 50.0, low=40.0, high=160.0, baseline=100.0), False),
        (Score("a/top1", 0.5), None),
    ],
)
def test_better_means_the_whole_interval(score, better):
    assert score.better is better


def test_the_main_score_is_the_named_one_else_one_with_a_baseline():
    scores = [Score("a/x", 1.0), Score("b/y", 2.0, baseline=1.0)]
    assert main_score(scores, "a/x") is scores[0]
    assert main_score(scores, "") is scores[1]
    assert main_score([], "") is None


def test_series_keep_finite_numbers_and_are_thinned():
    history = [
        {"step": step, "loss": 1.0 / (step + 1), "note": "x", "flag": True, "bad": float("nan"), "skipped": 0} for step in range(1000)
    ]
    series = series_of(history)
    assert list(series) == ["loss"]
    steps, values = series["loss"]
    assert (len(steps), len(values), steps[0], steps[-1]) == (300, 300, 0, 999)


def test_a_curve_is_the_same_bytes_and_takes_its_colours_from_the_page():
    first = curve("pretrain loss", [0, 1, 2], [3.0, 2.0, 1.5])
    assert first == curve("pretrain loss", [0, 1, 2], [3.0, 2.0, 1.5])
    assert first.startswith("<svg ")
    assert "var(--accent)" in first
    assert "metadata" not in first
    assert "http" not in first.replace('"http://www.w3.org/', '"').replace('"https://www.w3.org/', '"')


def test_a_curve_of_one_point_or_of_equal_values():
    assert "<svg" in curve("loss", [5], [1.0])
    assert "<svg" in curve("loss", [1, 2], [0.0, 0.0])


def test_the_album_stops_when_the_page_is_full_and_counts_every_use():
    album = Album(budget=100_000)
    first = album.add(picture("a", 200), "a")
    assert first is not None
    assert album.add(picture("a", 200), "again") == first
    assert album.budget == 100_000 - 2 * len(first)
    while album.add(picture("b", 200), "b"):
        pass
    assert album.left_out == 1
    assert 0 <= album.budget < len(first) * 1.1


def test_thumbnails_depend_on_pixels_alone():
    assert Album().add(picture("a", 300), "x", 100) == Album().add(picture("a", 300), "y", 100)
