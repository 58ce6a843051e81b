"""Choices among all records: copies, percentiles and caps, against what a reader works out by hand."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsvlm.data.choosing import choose, chooses, chosen_samples
from rsvlm.data.screening import picture_screen, screened_texts
from rsvlm.quality.settings import QualitySettings
from rsvlm.records.models import Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import Shards
from rsvlm.records.writing import write_shards


def quality(**steps) -> QualitySettings:
    return QualitySettings.model_validate_json(json.dumps(steps))


def png(seed: int, side: int = 40) -> bytes:
    small = np.random.default_rng(seed).integers(0, 255, size=(8, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(stream, "PNG")
    return stream.getvalue()


def sample(name: str, seed: int, **fields) -> Sample:
    common = {"captions": [f"A picture called {name}."], "caption_ids": ["0" * 16], "split": "train", "scene": name}
    common |= {"source": "made", "licence": "", "method": "native", "label": None}
    return Sample(name, png(seed), "png", {**common, **fields})


def shards(folder: Path, samples: list[Sample]) -> Shards:
    folder.mkdir()
    write_shards(samples, folder, Rejected())
    return Shards(folder, check=False)


def test_nothing_is_chosen_where_no_step_needs_all_records() -> None:
    assert not chooses(quality(screens=[{"kind": "blank"}]))
    assert chooses(quality(copies={"steps": [{"kind": "perceptual"}]}))
    assert chooses(quality(percentiles=[{"score": "similarity", "keep": 0.9}]))
    assert chooses(quality(balance={"most_of_class": 2}))


def test_of_copies_the_preferred_source_stays(tmp_path: Path) -> None:
    made = shards(tmp_path / "a", [sample("one", 1), sample("two", 2), sample("three", 1, source="better")])
    drops = choose(made, quality(copies={"steps": [{"kind": "perceptual"}], "prefer": ["better"]}))
    assert drops == {0: ("copy: near by perceptual hash", "three")}


def test_the_best_share_by_score_stays_and_who_has_no_score_goes(tmp_path: Path) -> None:
    scored = [sample(f"s{number}", number, scores={"fit": number / 10}) for number in range(10)]
    made = shards(tmp_path / "a", [*scored, sample("none", 99)])
    drops = choose(made, quality(percentiles=[{"score": "fit", "keep": 0.8}]))
    assert sorted(drops) == [0, 1, 10]
    assert drops[0][0] == "score not in the kept share: fit"
    assert drops[10][0] == "no score: fit"


def test_two_percentiles_are_cut_over_the_same_records(tmp_path: Path) -> None:
    scores = [{"a": number, "b": 10.0 - number} for number in range(10)]
    made = shards(tmp_path / "a", [sample(f"s{number}", number, scores=each) for number, each in enumerate(scores)])
    drops = choose(made, quality(percentiles=[{"score": "a", "keep": 0.9}, {"score": "b", "keep": 0.8}]))
    assert sorted(drops) == [0, 8, 9]


def test_a_class_is_capped(tmp_path: Path) -> None:
    made = shards(tmp_path / "a", [sample(f"s{number}", number, label="pond" if number < 5 else "port") for number in range(7)])
    drops = choose(made, quality(balance={"most_of_class": 3}))
    assert len(drops) == 2
    assert all(row < 5 and reason == "class is full" for row, (reason, _) in drops.items())


def test_texts_of_a_source_are_capped_where_they_train(tmp_path: Path) -> None:
    texts = {name: [f"{name} {number}." for number in range(2 + row % 3)] for row, name in enumerate("abcdefghij")}
    given = [
        sample(name, row, source="many", split="test" if name in "ab" else "train", captions=said, caption_ids=["0" * 16] * len(said))
        for row, (name, said) in enumerate(texts.items())
    ]
    made = shards(tmp_path / "a", [*given, *(sample(f"few{row}", 20 + row, source="few") for row in range(4))])
    assert chooses(quality(balance={"most_texts": {"many": 11}}))
    drops = choose(made, quality(balance={"most_texts": {"many": 11, "few": 4}}))
    kept = [name for row, name in enumerate(texts) if row not in drops]
    assert {"a", "b"} <= set(kept)
    trained = sum(len(texts[name]) for name in kept if name not in "ab")
    assert 11 - max(map(len, texts.values())) < trained <= 11
    assert {reason for reason, _ in drops.values()} == {"source is full"}
    assert max(drops) < len(texts)
    assert not choose(made, quality(balance={"most_texts": {"many": 100}}))


@pytest.mark.parametrize(("dropped", "listed"), [(0, {"later": "without main"}), (1, {"main": "without later"})])
def test_a_sequence_stays_or_goes_as_one_and_what_goes_is_listed(tmp_path: Path, dropped: int, listed: dict[str, str]) -> None:
    later = sample("later", 2, part_of="main", captions=[], caption_ids=[])
    made = shards(tmp_path / "a", [sample("main", 1, frames=["main", "later"]), later, sample("other", 3)])
    rejected = Rejected()
    (tmp_path / "b").mkdir()
    write_shards(chosen_samples(made, {dropped: ("x", "")}), tmp_path / "b", rejected, samples_per_shard=3, same_scene=True)
    kept = Shards(tmp_path / "b", check=False)
    assert [kept.fields(row)["id"] for row in range(len(kept))] == ["other"]
    assert {(entry.id, entry.kind, entry.reason, entry.detail) for entry in rejected} == {
        (name, "screened", "sequence is not whole", detail) for name, detail in listed.items()
    }


def test_chosen_records_keep_their_bytes_and_fields(tmp_path: Path) -> None:
    given = [sample("one", 1, facts={"tags": {"name": "Çay"}}), sample("two", 2)]
    first = shards(tmp_path / "a", given)
    again = shards(tmp_path / "b", list(chosen_samples(first, {})))
    for row in range(2):
        assert again.image(row) == first.image(row)
        assert again.fields(row) == first.fields(row)


def test_screens_say_why(tmp_path: Path) -> None:
    rejected = Rejected()
    screens = quality(screens=[{"kind": "length", "least_words": 4}, {"kind": "size", "least_side": 60}]).screens
    given = [sample("long", 1), sample("short", 2, captions=["Pond."])]
    assert [found.id for found in screened_texts(given, screens, rejected)] == ["long"]
    (entry,) = rejected.entries()
    assert (entry.id, entry.kind) == ("short", "screened")
    screen = picture_screen(screens)
    assert screen is not None
    assert screen(Image.new("RGB", (59, 80))) is not None
    assert screen(Image.new("RGB", (60, 80))) is None
    assert picture_screen(screens[:1]) is None


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({"percentiles": [{"score": "x", "keep": 0}]}, "greater than 0"),
        ({"copies": {"steps": []}}, "at least 1 item"),
        ({"screens": [{"kind": "colour"}]}, "colour"),
    ],
)
def test_wrong_steps_are_refused(steps: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        quality(**steps)


def test_frames_are_not_judged_on_their_own(tmp_path: Path) -> None:
    """The enlarged companion of a tile looks like it; it stays with it, and it has no score of its own."""
    companion = sample("main-enhanced", 1, part_of="main", captions=[], caption_ids=[])
    given = [sample("main", 1, scores={"fit": 1.0}), companion, sample("other", 2, scores={"fit": 0.0})]
    made = shards(tmp_path / "a", given)
    steps = {"steps": [{"kind": "perceptual"}]}
    assert choose(made, quality(copies=steps)) == {}
    drops = choose(made, quality(copies=steps, percentiles=[{"score": "fit", "keep": 0.5}]))
    assert sorted(drops) == [2]


def test_steps_may_be_for_the_records_of_one_builder(tmp_path: Path) -> None:
    given = [sample(f"s{number}", number, builder="web-pairs", scores={"fit": float(number)}) for number in range(4)]
    given += [sample("meta", 3, builder="meta"), sample("twin", 3, builder="meta")]
    made = shards(tmp_path / "a", given)
    steps = {"builder": "web-pairs", "steps": [{"kind": "perceptual"}]}
    drops = choose(made, quality(copies=steps, percentiles=[{"score": "fit", "keep": 0.5, "builder": "web-pairs"}]))
    assert sorted(drops) == [0, 1]


def embedded(rows_of: dict[str, list[float]]):
    """An embedder that knows a vector for each id, and says which rows it was asked for."""
    asked: list[list[int]] = []

    def embed(made: Shards, rows: np.ndarray) -> np.ndarray:
        asked.append(rows.tolist())
        return np.asarray([rows_of[made.fields(row)["id"]] for row in rows.tolist()], dtype=np.float32)

    return embed, asked


def test_pictures_alike_to_an_encoder_are_copies(tmp_path: Path) -> None:
    vectors = {"a": [1.0, 0.0], "b": [0.999, 0.01], "c": [0.0, 1.0], "d": [1.0, 0.0]}
    given = [
        sample(name, number, source="best" if name == "b" else "made", builder="meta" if name == "d" else "web")
        for number, name in enumerate(vectors)
    ]
    made = shards(tmp_path / "a", given)
    embed, asked = embedded(vectors)
    steps = {"builder": "web", "prefer": ["best"], "steps": [{"kind": "embedding", "least_cosine": 0.97, "neighbours": 5}]}
    drops = choose(made, quality(copies=steps), embed)
    assert drops == {0: ("copy: alike by embedding", "b")}
    assert asked == [[0, 1, 2]]


def test_clusters_are_capped(tmp_path: Path) -> None:
    vectors = {f"s{number}": [1.0, number / 100, 0.0] for number in range(5)} | {"t0": [0.0, 0.0, 1.0], "t1": [0.0, 0.1, 1.0]}
    made = shards(tmp_path / "a", [sample(name, number) for number, name in enumerate(vectors)])
    embed, _ = embedded(vectors)
    drops = choose(made, quality(balance={"most_of_cluster": 3, "clusters": 2}), embed)
    assert len(drops) == 2
    assert all(row < 5 and reason == "cluster is full" for row, (reason, _) in drops.items())
