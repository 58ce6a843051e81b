"""Detection of FIT-RS, string by string as the published tool writes it, worked out by hand.

The tool (Luo-Z13/SkySenseGPT, `Tools/process_data_RS_Object_Detection.py`): `[detection]` and one of 13 questions without a space
between; names in lower case with underscores, plural by an s; percent of 512 with two decimals; the angle, in (0, 90], cut to
whole degrees; of more than 20 boxes the first 20 and a sentence that ends with a full stop, otherwise none.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from rsvlm.data.wording import wording
from tests.data.tinyraw import Made, make, png, write_source

BUILDER = {
    "kind": "scene-graphs", "source": "star", "prefix": "star", "annotations": "*.json", "pictures": "{name}",
    "shares": {"test": 0.0, "validation": 0.0}, "rules": {"tasks": ["detection"], "mixed_share": 0.0, "detections": 48},
}  # fmt: skip

QUESTIONS = [
    "[detection]Can you locate all the car_parkings in the image?",
    "[detection]Could you help me find all the car_parkings in the image? Please provide their locations.",
    "[detection]Detect all the car_parkings in the image and output their locations.",
    "[detection]Detect all the car_parkings and output their locations.",
    "[detection]Provide the coordinates of all car_parkings in the image.",
    "[detection]Can you find and mark the positions of all the car_parkings in the given image?",
    "[detection]Please detect all the car_parkings in the image and output their locations.",
    "[detection]Locate and list the positions of all car_parkings that appear in the image.",
    "[detection]Identify and provide the coordinates of all car_parkings in the image.",
    "[detection]Identify all the car_parkings and mark their locations.",
    "[detection]I need you to detect and locate all car_parkings present in the image.",
    "[detection]Detect the locations of all car_parkings objects in the provided image.",
    "[detection]Please locate all the car_parkings in the given image.",
]

NONE = "I'm sorry, I cannot answer as the given image does not contain any given objects."

# Along (4, 3): 100 pixels long, 40 wide, centre 128, 96; 36.87 degrees.
SLANTED = [100, 50, 180, 110, 156, 142, 76, 82]
SLANTED_TEXT = "{<25.00><18.75><19.53><7.81>|<36>}"
# Along (100, 1): 0.57 degrees; 100.005 by 40.002 pixels, centre 149.8, 120.5.
NEARLY_0 = [100, 100, 200, 101, 199.6, 141, 99.6, 140]
NEARLY_0_TEXT = "{<29.26><23.54><19.53><7.81>|<0>}"
# The same along (1, 100): 89.43 degrees, centre 280.5, 150.2.
NEARLY_90 = [300, 100, 301, 200, 261, 200.4, 260, 100.4]
NEARLY_90_TEXT = "{<54.79><29.34><19.53><7.81>|<89>}"
# 80 across, 40 down, centre 60, 40: upright is 90 degrees, so the first side is the one that goes down.
UPRIGHT = [20, 20, 100, 20, 100, 60, 20, 60]
UPRIGHT_TEXT = "{<11.72><7.81><7.81><15.62>|<90>}"


def made(tmp_path: Path, *objects: tuple[str, list[float]]) -> Made:
    entries = [{"category": category, "polygon": polygon} for category, polygon in objects]
    graphs = [{"filename": "0000.png", "width": 512, "height": 512, "objects": entries, "relations": []}]
    write_source(tmp_path, "star", {"graphs.json": json.dumps(graphs).encode(), "0000.png": png(np.zeros((512, 512)))})
    return make(tmp_path, BUILDER)


def pairs(found: Made) -> list[tuple[str, str]]:
    return [(talk["turns"][0]["text"], talk["turns"][1]["text"]) for talk in found.talks]


def about(questions: list[str], name: str) -> list[str]:
    return [question.replace("car_parkings", name) for question in questions]


@pytest.mark.system("fit-rs", 2)
def test_the_questions_are_the_tools() -> None:
    assert [template.format(nouns="car_parkings", noun="car_parking") for template in wording("scene-graphs")["detection"]] == QUESTIONS


@pytest.mark.system("fit-rs", 2)
def test_one_object_and_the_absent_class(tmp_path: Path) -> None:
    found = made(tmp_path, ("Car Parking", SLANTED))
    (question, reply), (other, refusal) = pairs(found)
    assert question in QUESTIONS
    assert reply == f"There is 1 car_parking in the image: <rbox>({SLANTED_TEXT})</rbox>"
    assert refusal == NONE
    assert other.startswith("[detection]")
    assert "car_parkings" not in other
    assert found.false() == []


@pytest.mark.system("fit-rs", 2)
def test_several_objects_of_two_classes(tmp_path: Path) -> None:
    """Each class has its own question; boxes are in the order of the file."""
    found = made(tmp_path, ("ship", NEARLY_90), ("dock", UPRIGHT), ("ship", NEARLY_0), ("ship", SLANTED))
    (dock, one), (ship, three), (_, refusal) = pairs(found)
    assert dock in about(QUESTIONS, "docks")
    assert one == f"There is 1 dock in the image: <rbox>({UPRIGHT_TEXT})</rbox>"
    assert ship in about(QUESTIONS, "ships")
    assert three == f"There are 3 ships in the image: <rbox>({NEARLY_90_TEXT}, {NEARLY_0_TEXT}, {SLANTED_TEXT})</rbox>"
    assert refusal == NONE
    assert found.false() == []


@pytest.mark.system("fit-rs", 2)
@pytest.mark.parametrize(("count", "end"), [(20, ""), (21, ", and due to the context length, the remaining objects are not listed.")])
def test_twenty_boxes_at_most(tmp_path: Path, count: int, end: str) -> None:
    """Squares of 16 pixels (3.125 %, rounded to even) whose centres are 32 pixels (6.25 %) apart, ten a row."""
    corners = [(24 + 32 * (number % 10), 24 + 32 * (number // 10)) for number in range(count)]
    found = made(tmp_path, *(("car", [x, y, x + 16, y, x + 16, y + 16, x, y + 16]) for x, y in corners))
    boxes = [f"{{<{6.25 * (1 + n % 10):.2f}><{6.25 * (1 + n // 10):.2f}><3.12><3.12>|<90>}}" for n in range(20)]
    (question, reply), (_, refusal) = pairs(found)
    assert question in about(QUESTIONS, "cars")
    assert reply == f"There are {count} cars in the image: <rbox>({', '.join(boxes)})</rbox>{end}"
    assert refusal == NONE
    assert found.false() == []


def test_the_checker_asks_for_the_tools_end(tmp_path: Path) -> None:
    found = made(tmp_path, ("dock", UPRIGHT))
    (record,) = found.records
    other = json.loads(json.dumps(record).replace(")</rbox>", ")</rbox>."))
    assert [each.kind for each in found.statements(other) if not each.holds] == ["count"]
