"""Questions about pictures themselves: only what the index knows, in metres, by the sensor's name."""

from pathlib import Path

import numpy as np
import pytest

from rsvlm.data.properties import metres, modality_of
from tests.data.handmade import corpus, false_ones, finds, made_records, png, turns, write_source

ABOUT = {
    "a/optical.png": {"sensor": "Sentinel-2", "bands": 3, "gsd": 10.0},
    "a/pan.png": {"sensor": "WorldView-3 panchromatic", "bands": 1, "gsd": 0.31},
    "a/sar.png": {"sensor": "Capella SAR", "bands": 1},
    "a/unknown.png": {},
}
RULE = {
    "kind": "picture-properties",
    "source": "made",
    "prefix": "tiny",
    "pictures": "a/*.png",
    "shares": {"validation": 0.0},
    "properties": {"tasks": ["resolution", "sensor", "modality"], "sensors": ["Sentinel-2", "Landsat 5 TM", "Capella SAR"]},
}


@pytest.mark.parametrize(
    ("sensor", "bands", "modality"),
    [
        ("Sentinel-2", 12, "optical"),
        ("WorldView-2 panchromatic", 1, "panchromatic"),
        ("Capella SAR", 4, "radar"),
        ("airborne thermal camera", 1, "infrared"),
        ("NEON airborne camera", 1, None),
        (None, 3, None),
        ("Sargasso camera", 3, "optical"),  # no radar in its name
    ],
)
def test_modality_by_the_sensor(sensor: str | None, bands: int, modality: str | None) -> None:
    assert modality_of(sensor, bands) == modality


def test_metres_have_significant_digits_and_no_exponent() -> None:
    assert [metres(value, 2) for value in (0.2556, 10.0, 30.0, 0.05917, 1234.0, 0.5)] == ["0.26", "10", "30", "0.059", "1200", "0.5"]


@pytest.mark.system("variousrs-instruct", 2)
def test_only_what_the_index_knows_is_asked(tmp_path: Path) -> None:
    write_source(tmp_path, "made", {file: png(np.full((40, 40, 3), 90)) for file in ABOUT}, ABOUT)
    settings = corpus(RULE)
    records = {record["id"]: record for record in made_records(settings, tmp_path)}
    assert set(records) == {"tiny-optical", "tiny-pan", "tiny-sar"}  # of the fourth nothing is known
    assert [reply for _, reply in turns(records["tiny-pan"], "image_property")] == ["0.31 m"]  # its sensor is not to choose from
    assert [reply.split(". ", 1)[1] for _, reply in turns(records["tiny-sar"], "image_property")] == ["Capella SAR"]
    kinds = {name: turns(record, "modality")[0][1].split(". ", 1)[1] for name, record in records.items()}
    assert kinds == {"tiny-optical": "optical colour image", "tiny-pan": "panchromatic image", "tiny-sar": "radar (SAR) image"}
    assert all(question.startswith("{IT} ") for record in records.values() for question, _ in turns(record, "modality"))
    assert false_ones(list(records.values()), settings, tmp_path) == []

    def longer(copy: dict) -> None:
        copy["conversations"][0]["turns"][1]["text"] = "0.62 m"

    assert finds(records["tiny-pan"], settings, tmp_path, longer)

    def other_kind(copy: dict) -> None:
        talk = next(one for one in copy["conversations"] if one["task"] == "modality")
        wrong = next(letter for letter in "ABCD" if letter != talk["answer"])
        text = next(line for line in talk["turns"][0]["text"].split("\n") if line.startswith(wrong))
        talk["answer"], talk["turns"][1]["text"] = wrong, text

    assert all(finds(record, settings, tmp_path, other_kind) for record in records.values())
