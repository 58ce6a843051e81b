"""Conversations from files of the layouts of xBD, QFabric and fMoW, which the tests write."""

import json
from pathlib import Path

import pytest
import shapely

from tests.data.tinyraw import Made, make, noise, told, write_source


def wkt(x1: int, y1: int, x2: int, y2: int) -> str:
    return f"POLYGON (({x1} {y1}, {x2} {y1}, {x2} {y2}, {x1} {y2}, {x1} {y1}))"


# -- xBD ----------------------------------------------------------------------------------------------------------

HOUSES = [("a", (10, 10, 30, 30), "no-damage"), ("b", (60, 20, 90, 40), "major-damage"), ("c", (20, 60, 40, 90), "destroyed")]


def picture(name: str, date: str, houses: list, after: bool) -> bytes:
    features = [
        {"properties": {"uid": uid, "feature_type": "building", **({"subtype": damage} if after else {})}, "wkt": wkt(*box)}
        for uid, box, damage in houses
    ]
    about = {
        "img_name": name, "width": 100, "height": 100, "disaster": "guatemala-volcano", "disaster_type": "volcano", "capture_date": date,
    }  # fmt: skip
    return json.dumps({"features": {"xy": features, "lng_lat": []}, "metadata": about}).encode()


def disaster(
    tmp_path: Path, houses: list = HOUSES, dates: tuple[str, str] = ("2018-02-01T00:00:00.000Z", "2018-06-22T00:00:00.000Z")
) -> Made:
    files = {}
    for number, moment in enumerate(("pre", "post")):
        name = f"volcano_0_{moment}_disaster"
        files[f"labels/{name}.json"] = picture(f"{name}.png", dates[number], houses, after=moment == "post")
        files[f"images/{name}.png"] = noise(number, 100, 100)
    write_source(tmp_path, "xbd", files)
    builder = {
        "kind": "damage-sequences", "source": "xbd", "prefix": "xbd", "dataset": "xBD", "annotations": "labels/*_post_disaster.json",
        "pictures": "images/{name}", "shares": {"validation": 0.0}, "regions": 9,
    }  # fmt: skip
    return make(tmp_path, builder)


@pytest.mark.system("teochatlas", 2)
def test_damage_is_asked_and_answered_in_the_published_words(tmp_path: Path) -> None:
    found = disaster(tmp_path)
    questions = {talk["turns"][0]["text"].partition("<video>\n")[2]: talk["turns"][1]["text"] for talk in found.talks}
    ask = "Classify the level of damage experienced by the building at location {} in the second image. Choose from: {}."
    levels = "No damage, Minor Damage, Major Damage, Destroyed"
    assert questions[ask.format("[60, 20, 90, 40]", levels)] == "Major Damage"
    assert questions[ask.format("[10, 10, 30, 30]", levels)] == "No damage"
    assert questions["What disaster has occurred in the area? Answer with one word."] == "Volcano"
    assert questions["Have any buildings in the area been destroyed? Answer with one word."] == "Yes"
    assert found.false() == []


@pytest.mark.system("teochatlas", 2)
def test_the_scorer_of_damage_is_told_which_building_it_paints(tmp_path: Path) -> None:
    main = disaster(tmp_path).records[-1]
    painted = {}
    for talk in main["conversations"]:
        if main["facts"]["tasks"][talk["id"]] == "change_detection_classification":
            (outline,) = talk["polygons"]
            painted[talk["turns"][1]["text"]] = shapely.Polygon(outline).bounds
    assert painted == {"No damage": (10, 10, 30, 30), "Major Damage": (60, 20, 90, 40), "Destroyed": (20, 60, 40, 90)}


@pytest.mark.system("teochatlas", 2)
def test_answers_have_the_letters_of_the_choices(tmp_path: Path) -> None:
    """`Minor Damage`, but `No damage`: an answer is one of the question's own choices."""
    minor = disaster(tmp_path, [("a", (10, 10, 30, 30), "minor-damage")])
    (reply,) = minor.replies("Classify the level")
    assert reply == "Minor Damage"
    lie = told(minor.records[-1], "Minor Damage", "Minor damage")
    assert {each.kind for each in minor.statements(lie) if not each.holds} >= {"format"}


def test_an_unclassified_building_leaves_no_damage_in_doubt(tmp_path: Path) -> None:
    unknown = disaster(tmp_path, [HOUSES[0], ("x", (50, 50, 70, 70), "un-classified")])
    assert not unknown.replies("been destroyed")
    assert not unknown.replies("with the damage level")
    assert len(unknown.replies("Classify the level")) == 1
    assert unknown.false() == []


@pytest.mark.system("teochatlas", 2)
def test_dates_must_be_in_true_order(tmp_path: Path) -> None:
    found = disaster(tmp_path, dates=("2018-06-22T00:00:00Z", "2018-02-01T00:00:00Z"))
    assert not found.records
    assert [entry.reason for entry in found.rejected.entries()] == ["images are not in order of time"]


@pytest.mark.parametrize(("old", "new"), [("Major Damage", "Destroyed"), ("Volcano", "Flood"), ("Yes", "No"), ("[10, 10, 30, 30], ", "")])
def test_the_checker_finds_a_lie_about_damage(tmp_path: Path, old: str, new: str) -> None:
    found = disaster(tmp_path)
    assert any(not each.holds for each in found.statements(told(found.records[-1], old, new)))


# -- QFabric ------------------------------------------------------------------------------------------------------

STATUSES = ["greenland", "land cleared", "construction started", "construction done", "operational"]
DAYS = ["2013-05-01", "2014-06-01", "2015-07-01", "2017-08-01", "2019-09-01"]


def fabric(tmp_path: Path, images: int, statuses: list[str] = STATUSES) -> Made:
    # The file numbers its dates in no order of time, and writes them day first.
    order = [3, 0, 4, 1, 2]
    about = {"change_type": "Residential", "urban_type": "Sparse Urban", "geography_type": "Grass Land"}
    for number, place in enumerate(order):
        year, month, day = DAYS[place].split("-")
        about |= {f"date{number}": f"{day}-{month}-{year}", f"change_status_date{number}": statuses[place].title()}
    ring = [[20, 30], [60, 30], [60, 80], [20, 80], [20, 30]]
    feature = {"type": "Feature", "properties": about, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    files = {"vectors/p1.geojson": json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()}
    files |= {f"images/p1_{day}.png": noise(number, 100, 200) for number, day in enumerate(DAYS)}
    write_source(tmp_path, "qfabric", files)
    builder = {
        "kind": "development-sequences", "source": "qfabric", "prefix": "q", "dataset": "QFabric", "annotations": "vectors/*.geojson",
        "pictures": "images/{stem}_{date}.png", "shares": {"validation": 0.0}, "images": images,
    }  # fmt: skip
    return make(tmp_path, builder)


@pytest.mark.system("teochatlas", 2)
@pytest.mark.parametrize(("images", "words"), [(5, "This is a sequence of satellite images"), (2, "These are two satellite images")])
def test_development_over_five_dates_and_over_two(tmp_path: Path, images: int, words: str) -> None:
    found = fabric(tmp_path, images)
    main = found.records[-1]
    days = DAYS if images == 5 else [DAYS[0], DAYS[-1]]
    assert main["facts"]["timestamps"] == days
    assert len(main["frames"]) == images
    assert [record["date"] for record in found.records] == days
    assert all(talk["turns"][0]["text"].startswith(words) for talk in found.talks)
    assert found.replies("Identify the type of urban development that has occurred in this area [10, 30, 30, 80]") == ["Residential"]
    assert found.replies("In which image was construction first finished") == [f"Image {4 if images == 5 else 2}"]
    assert found.false() == []


@pytest.mark.system("teochatlas", 2)
def test_types_and_statuses_have_the_task_and_the_region_of_their_scorers(tmp_path: Path) -> None:
    """Types are scored under one name and statuses under another, both by painting the region; a yes or no is compared as text."""
    main = fabric(tmp_path, 5).records[-1]
    told = {
        talk["turns"][0]["text"].partition("<video>\n")[2]: (main["facts"]["tasks"][talk["id"]], talk) for talk in main["conversations"]
    }
    for start, name in (
        ("Identify the type of urban development", "region_based_question_answering"),
        ("What is the development status", "region_based_temporal_question_answering"),
    ):
        ((task, talk),) = [each for question, each in told.items() if question.startswith(start)]
        assert task == name
        (outline,) = talk["polygons"]
        assert shapely.Polygon(outline).bounds == (20, 30, 60, 80)
    ((task, talk),) = [each for question, each in told.items() if question.startswith("Is construction finished")]
    assert task == "region_based_temporal_question_answering"
    assert talk.get("polygons") is None


@pytest.mark.system("teochatlas", 2)
def test_qfabric_has_six_types_and_nine_statuses(tmp_path: Path) -> None:
    questions = [talk["turns"][0]["text"].partition("Choose from: ")[2].split(", ") for talk in fabric(tmp_path, 5).talks]
    assert sorted(len(options) for options in questions if len(options) > 1) == [6, 9]


def test_construction_that_was_done_from_the_first_has_no_first_image(tmp_path: Path) -> None:
    assert not fabric(tmp_path, 5, ["operational"] * 5).replies("first finished")


def test_the_checker_finds_a_lie_about_development(tmp_path: Path) -> None:
    found = fabric(tmp_path, 5)
    for old, new in (("Residential", "Road"), ("Image 4", "Image 3")):
        assert any(not each.holds for each in found.statements(told(found.records[-1], old, new)))


# -- fMoW ---------------------------------------------------------------------------------------------------------


def views(tmp_path: Path, count: int, category: str = "lake_or_pond", gsd: float = 0.5, sensor: str = "WORLDVIEW02") -> Made:
    files = {}
    for number in range(count):
        # Names and times run against each other.
        stem = f"train/lake_or_pond/lake_or_pond_3/lake_or_pond_3_{count - number:02d}_rgb"
        about = {
            "img_filename": f"{stem.rpartition('/')[2]}.png", "img_width": 64, "img_height": 48, "gsd": gsd, "sensor_platform_name": sensor,
            "timestamp": f"2016-01-{number + 1:02d}T10:00:00Z", "bounding_boxes": [{"box": [1, 1, 20, 20], "category": category}],
        }  # fmt: skip
        files[f"{stem}.json"], files[f"{stem}.png"] = json.dumps(about).encode(), noise(number, 48, 64)
    write_source(tmp_path, "fmow", files)
    builder = {
        "kind": "place-sequences", "source": "fmow", "prefix": "fmow", "dataset": "fMoW", "annotations": "train/*/*/*_rgb.json",
        "shares": {"validation": 0.0},
    }  # fmt: skip
    return make(tmp_path, builder)


@pytest.mark.system("teochatlas", 2)
def test_places_are_classified_among_the_62_classes_in_order_of_time(tmp_path: Path) -> None:
    found = views(tmp_path, 3)
    (talk,) = found.talks
    opening = "This is a sequence of high-resolution, optical satellite images from WorldView-2 "
    opening += "capturing the same location at different times: <video>\n"
    ask = "Which of the following classes does this sequence of images belong to? Please answer using only one of the following classes: "
    question = talk["turns"][0]["text"]
    assert question.startswith(opening + ask)
    assert len(question.removeprefix(opening + ask).removesuffix(".").split(", ")) == 62
    assert talk["turns"][1]["text"] == "lake or pond"
    assert found.records[-1]["facts"]["timestamps"] == ["2016-01-01", "2016-01-02", "2016-01-03"]
    assert found.false() == []


@pytest.mark.system("teochatlas", 2)
def test_of_more_than_eight_images_eight_are_drawn_and_stay_in_order(tmp_path: Path) -> None:
    found = views(tmp_path, 11)
    stamps = found.records[-1]["facts"]["timestamps"]
    assert len(found.records[-1]["frames"]) == len(stamps) == 8
    assert stamps == sorted(stamps)
    assert found.false() == []


def test_low_resolution_and_unknown_sensors(tmp_path: Path) -> None:
    low = views(tmp_path, 3, gsd=10.0, sensor="SENTINEL2")
    assert "low-resolution, optical satellite images from Sentinel-2" in low.talks[0]["turns"][0]["text"]
    other = views(tmp_path / "b", 3, sensor="QUICKBIRD02")
    assert " from " not in other.talks[0]["turns"][0]["text"].partition("capturing")[0]
    assert low.false() == other.false() == []


def test_a_class_that_is_none_is_set_aside(tmp_path: Path) -> None:
    found = views(tmp_path, 3, category="false_detection")
    assert not found.records
    assert [entry.reason for entry in found.rejected.entries()] == ["class is none of the recipe's"]


def test_the_checker_finds_a_wrong_class(tmp_path: Path) -> None:
    found = views(tmp_path, 3)
    assert any(not each.holds for each in found.statements(told(found.records[-1], "lake or pond", "dam")))
