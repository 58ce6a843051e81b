"""Scene classification in VHM's words, from class folders."""

from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest

from rsvlm.recipes.load import load_recipe
from rsvlm.records.rejected import Rejected
from rsvlm.sources import catalogue
from tests.data.handmade import corpus, false_ones, finds, made_records, png, turns, write_source

ROOT = Path(__file__).resolve().parents[3]
RULE = {"kind": "scene-classes", "source": "made", "prefix": "tiny", "names": {"RiverLake": "river or lake"}, "shares": {"validation": 0.0}}


def test_the_answer_is_the_folder_and_all_classes_are_named(tmp_path: Path) -> None:
    files = {
        f"{folder}/{number}.png": png(np.full((40, 40, 3), 80)) for folder in ("RiverLake", "Forest", "DenseTown") for number in range(2)
    }
    write_source(tmp_path, "made", files)
    settings = corpus(RULE)
    records = made_records(settings, tmp_path)
    assert len(records) == 6
    for record in records:
        ((question, reply),) = turns(record, "classification")
        assert question == "{CLS} What is the scene in this image? Choose one of these classes: dense town, forest, river or lake"
        assert reply == {"RiverLake": "river or lake", "Forest": "forest", "DenseTown": "dense town"}[record["label"]]
    assert false_ones(records, settings, tmp_path) == []

    def lie(copy: dict) -> None:
        copy["conversations"][0]["turns"][1]["text"] = "forest" if copy["label"] != "Forest" else "dense town"

    assert all(finds(record, settings, tmp_path, lie) for record in records)


@pytest.mark.system("variousrs-instruct", 2)
@pytest.mark.system("multi-task-dataset", 2)
def test_meter_ml_as_it_is_acquired_fits_both_recipes_that_read_it(tmp_path: Path) -> None:
    """Trap: METER-ML has a folder of several bands for every place; the names of the seven classes are those that LHRS-Bot lists."""
    seven = {
        "CAFOs": "concentrated animal feeding operations",
        "Landfills": "landfills",
        "Mines": "coal mines",
        "Negative": "other",
        "ProcessingPlants": "natural gas processing plants",
        "RefineriesAndTerminals": "refineries and petroleum terminals",
        "WWTreatment": "wastewater treatment plants",
    }
    blank = png(np.full((40, 40, 3), 80))
    files = {
        f"{folder}/{number}{place}/{band}.png": blank
        for number, folder in enumerate(seven)
        for place in range(2)
        for band in ("naip", "s2")
    }
    write_source(tmp_path, "meter-ml", files)
    (aerial,) = catalogue.load("meter-ml").definition.attributes
    listed = {file for file in files if fnmatchcase(file, aerial.match)}
    assert len(listed) == 14
    for name in ("variousrs-instruct", "multi-task-dataset"):
        builders = load_recipe(ROOT, name).sections["full"]["instruct"].builders
        (builder,) = (one.model_dump(mode="json") for one in builders if one.source == "meter-ml")
        settings, rejected = corpus(builder), Rejected()
        records = made_records(settings, tmp_path, rejected)
        assert not list(rejected)
        assert {record["origin"]["picture"] for record in records} == listed
        for record in records:
            ((question, reply),) = turns(record, "classification")
            assert reply == seven[record["label"]]
            assert sorted(question.split(": ", 1)[1].split(", ")) == sorted(seven.values())
        assert false_ones(records, settings, tmp_path) == []
