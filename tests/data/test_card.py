"""What a corpus holds, counted, and the card that says so."""

import re
import typing
from pathlib import Path

import pytest

from rsvlm.data.card import METHODS, card, computed_biases, counts_of
from rsvlm.data.counts import gsd_bin, gsd_names
from rsvlm.files import canonical_json
from rsvlm.recipes.load import load_recipe
from rsvlm.records.models import Method
from rsvlm.records.rejected import Rejected
from tests.data.corpora import publish_corpus, sample, settings, talk

METRICS = {
    "records": 6.0,
    "statements": 200.0,
    "checked_records": 5.0,
    "facts/precision": 0.995,
    "facts/precision/low": 0.9722,
    "facts/precision/high": 0.9991,
    "facts/precision/baseline": 0.31,
    "facts/count/precision": 0.99,
    "facts/position/precision": 1.0,
}
BOX = [[1.0, 1.0], [9.0, 1.0], [9.0, 9.0], [1.0, 9.0]]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory):
    ship, plane = {"label": "ship", "polygon": BOX}, {"label": "plane", "polygon": BOX}
    samples = [
        sample(
            "t-1",
            1,
            ["Two ships.", "港口里有两艘船。"],
            "test",
            languages=["en", "zh"],
            objects=[ship, ship],
            sensor="Sentinel-2",
            gsd=10.0,
        ),
        sample(
            "v-1", 2, ["A plane stands here."], "validation", objects=[plane], bounds=[10.2, 50.2, 10.4, 50.4], gsd=0.5, label="Airport"
        ),
        sample("a-1", 3, ["A ship."], licence="", bounds=[10.6, 50.9, 10.8, 50.95], label="Port", builder="boxes"),
        sample("a-2", 3, ["A ship."], source="other", licence="MIT", bounds=[179.5, -10.5, -179.1, -10.1], label="Port", method="model"),
        sample("a-3", 4, ["<b>bold</b> | pipe"], generator={"model": "m", "prompt": "p1"}),
        sample("a-4", 5, [], conversations=[talk("a-4-0", "counting", "How many ships?", "Three.", "And planes?", "None at all.")]),
    ]
    rejected = Rejected()
    rejected.add("bad.png", "made", "picture: truncated", "x")
    rejected.add("bad2.png", "made", "picture: truncated", "y")
    rejected.add("z-9", "made", "blank | picture", "0.99", kind="screened")
    rejected.leave_out("made", "outside the drawn subset", 4)
    return publish_corpus(tmp_path_factory.mktemp("corpus") / "c", samples, rejected)


@pytest.fixture(scope="module")
def counts(shards):
    return counts_of(shards)


def test_counts_by_hand(counts) -> None:
    assert (counts["records"], counts["captions"], counts["conversations"], counts["turns"]) == (6, 6, 1, 4)
    assert counts["splits"] == {"train": 4, "test": 1, "validation": 1}
    assert counts["sources"] == {"made": {"test": 1, "train": 3, "validation": 1}, "other": {"train": 1}}
    assert counts["source_licences"] == {"made": ["CC0", "not stated"], "other": ["MIT"]}
    assert counts["licences"] == {"CC0": 4, "MIT": 1, "not stated": 1}
    assert counts["licence_unknown_share"] == pytest.approx(1 / 6)
    assert counts["labels"] == {"Port": 2, "Airport": 1}
    assert counts["objects"] == {"ship": 2, "plane": 1}
    assert counts["sensors"] == {"not stated": 5, "Sentinel-2": 1}
    assert counts["gsd"] == {"not stated": 4, "0.5 to 1 m": 1, "10 to 30 m": 1}
    assert counts["gsd_range"] == [0.5, 10.0]
    assert counts["methods"] == {"b2c": 5, "model": 1}
    assert counts["builders"] == {"not stated": 5, "boxes": 1}
    assert counts["generators"] == {"model m, prompt p1": 1}
    assert counts["tasks"] == {"counting": 1}
    assert counts["languages"] == {"en": 7, "zh": 1}


def test_lengths_in_words_and_of_chinese_in_characters(counts) -> None:
    chinese = counts["lengths"]["captions"]["zh"]
    assert (chinese["count"], chinese["longest"]) == (1, len("港口里有两艘船"))
    answers = counts["lengths"]["answers"]["en"]
    assert (answers["count"], answers["mean"], answers["longest"]) == (2, 2.0, 3)
    english = counts["lengths"]["captions"]["en"]
    assert (english["count"], english["longest"]) == (5, 4)
    # two ships; a plane stands here; a ship, twice; b bold b pipe; three; none at all
    assert counts["vocabulary"]["en"]["vocabulary"] == 2 + 4 + 1 + 3 + 1 + 3
    assert counts["vocabulary"]["en"]["words"] == 2 + 4 + 2 + 2 + 4 + 1 + 3


def test_places_are_cells_of_one_degree_also_over_the_date_line(counts) -> None:
    places = counts["places"]
    assert places["known"] == 3
    # the third goes from 179.5 east to 179.1 west: its middle is at 179.8 west
    assert places["cells"] == [[-180, -11, 1], [10, 50, 2]]
    assert places["bounds"][1::2] == [-10.5, 50.95]


def test_copies_inside_the_corpus(counts) -> None:
    assert counts["near_copies"] == {"same_bytes": 2, "same_hash": 2, "near": 2}


def test_set_aside_and_left_out(counts) -> None:
    first, second = counts["rejected"]
    assert first == {"kind": "record", "source": "made", "reason": "picture: truncated", "count": 2}
    assert second["kind"] == "screened"
    assert counts["left_out"] == {"made": {"outside the drawn subset": 4}}


@pytest.mark.parametrize(
    ("gsd", "name"),
    [(0.05, "below 0.3 m"), (0.3, "0.3 to 0.5 m"), (0.99, "0.5 to 1 m"), (30.0, "30 to 100 m"), (250.0, "100 m and more")],
)
def test_bins_of_ground_sample_distance(gsd: float, name: str) -> None:
    assert gsd_bin(gsd) == name
    assert name in gsd_names()


def test_every_way_of_making_texts_has_words() -> None:
    assert set(METHODS) == set(typing.get_args(Method))


def test_the_card_says_what_was_counted(counts) -> None:
    text = card(settings(biases=["Ports only."], layouts=["DIOR boxes"]), counts, METRICS)
    assert "6 images from 2 sources" in text
    assert "| made | 3 | 1 | 1 | CC0, not stated |" in text
    assert "Licence unknown: 16.67 % of the images" in text
    assert "99.50 % hold (95 % interval 97.22 % to 99.91 %)" in text
    assert "put under other pictures, 31.00 % hold" in text
    assert "| count | 99.00 % |" in text
    assert "| record | made | picture: truncated | 2 |" in text
    assert "| left out | made | outside the drawn subset | 4 |" in text
    assert "- Ports only." in text
    assert "- DIOR boxes" in text
    assert "model m, prompt p1" in text


def test_hostile_words_mean_nothing_in_markdown(counts) -> None:
    text = card(settings(biases=["<script>x</script> | [a](http://b) \u202e `c`"]), counts, {})
    assert not re.search(r"(?<!\\)<", text)
    assert "\\<script\\>x\\</script\\> \\| \\[a\\](http://b) \\`c\\`" in text
    assert "| screened | made | blank \\| picture | 1 |" in text
    assert "nothing was checked" in text


def test_biases_are_computed(counts) -> None:
    lines = " ".join(computed_biases(counts))
    assert "'Port' is 66.67 % of the 3 labelled images (2 classes)" in lines
    assert "'ship' is 66.67 % of the 3 annotated objects" in lines
    assert "0.5 to 10 m a pixel, known of 33.33 % of the images" in lines
    assert "English 87.50 %, Chinese 12.50 % of the texts" in lines


def test_the_published_size_stands_apart(counts) -> None:
    published = {"images": 123_456, "texts": 654_321, "note": "Table I"}
    text = card(settings(published=published), counts, METRICS)
    before, _, after = text.partition("## The published corpus")
    assert "123,456" not in before
    assert "123,456 images and 654,321 texts (Table I). These are the paper's figures, not ours" in after
    assert "paper" not in card(settings(), counts, METRICS)


def test_a_published_size_without_images_says_so(counts) -> None:
    text = card(settings(published={"texts": 654_321, "note": "Table I"}), counts, METRICS)
    assert "The paper's own corpus holds 654,321 texts, of how many images is not stated (Table I)." in text


@pytest.mark.system("rsicap", 2)
def test_the_mean_length_of_captions_is_stated_beside_the_published_one(tmp_path: Path, root: Path) -> None:
    """RSICap's captions have 60 words on average: the corpus's own mean stands in its card for what it is, next to that figure."""
    shorter, longer = (" ".join(["word"] * count) + "." for count in (50, 73))
    found = counts_of(publish_corpus(tmp_path / "c", [sample("a", 1, [shorter]), sample("b", 2, [longer])]))
    assert found["lengths"]["captions"]["en"]["mean"] == 61.5
    rsicap = load_recipe(root, "rsicap").sections["laptop"]["caption"]
    text = card(rsicap, found, {})
    row = next(line for line in text.splitlines() if line.startswith("| captions, English"))
    assert [cell.strip() for cell in row.strip("|").split("|")][1:] == ["2", "words", "61.5", "50", "73"]
    assert "60 words a caption on average" in text


def test_same_corpus_same_bytes(shards, counts) -> None:
    assert canonical_json(counts_of(shards)) == canonical_json(counts)


def test_a_corpus_of_nothing_known(tmp_path: Path) -> None:
    counts = counts_of(publish_corpus(tmp_path / "c", [sample("a", 1, ["one"])]))
    text = card(settings(), counts, {})
    assert "Nothing was set aside." in text
    assert "Resolution: not known of any image." in text
    assert "Places: not known of any image." in text
    assert counts["near_copies"] == {"same_bytes": 0, "same_hash": 0, "near": 0}
