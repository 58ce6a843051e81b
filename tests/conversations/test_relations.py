import math

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from rsvlm.captioning.grammar import class_words
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations import boxes, regions
from rsvlm.conversations.relations import RULES, UNRELATED, Relation, gap, overlap, relation_of, relations_in, seen, verdict
from rsvlm.conversations.settings import RegionBuilder, RelationSettings
from rsvlm.records.chips import Window
from rsvlm.records.geometry import area, rectangle
from rsvlm.records.models import LabelledObject
from rsvlm.seeds import numpy_generator

LIMITS = RelationSettings()
WHOLE = Window(0, 0, 200, 200)
# DOTA v2.0: all 18 classes, as its label files spell them.
DOTA = [
    "plane", "ship", "storage-tank", "baseball-diamond", "tennis-court", "basketball-court", "ground-track-field", "harbor",
    "bridge", "large-vehicle", "small-vehicle", "helicopter", "roundabout", "soccer-ball-field", "swimming-pool",
    "container-crane", "airport", "helipad",
]  # fmt: skip


def upright(label, x1, y1, x2, y2):
    return LabelledObject(label, rectangle(x1, y1, x2, y2))


def related(first, *others, wording=0, window=WHOLE):
    """Return the relation of the first object in a picture of 200 x 200 pixels."""
    objects = [seen(one, window, 200, 200) for one in (first, *others)]
    return relation_of(objects[0], objects, LIMITS, wording)


def test_overlaps_are_those_worked_out_by_hand():
    square, diamond = rectangle(0, 0, 10, 10), ((10, 0), (20, 10), (10, 20), (0, 10))
    assert abs(area(overlap(square, rectangle(6, 7, 20, 20)))) == pytest.approx(4 * 3)
    assert abs(area(overlap(square, rectangle(10, 0, 20, 10)))) == 0
    # The diamond takes the corner below the line x + y = 10, half the square.
    assert abs(area(overlap(square, diamond))) == pytest.approx(50)
    assert abs(area(overlap(diamond, square))) == pytest.approx(50)
    assert abs(area(overlap(diamond[::-1], square[::-1]))) == pytest.approx(50)
    assert overlap(square, rectangle(30, 30, 40, 40)) == []


def test_gaps_are_those_worked_out_by_hand():
    square, diamond = rectangle(0, 0, 10, 10), ((30, 0), (40, 10), (30, 20), (20, 10))
    assert gap(square, rectangle(14, 2, 20, 8)) == 4
    assert gap(square, rectangle(13, 14, 20, 20)) == 5  # corner to corner, 3 and 4
    assert gap(square, rectangle(10, 0, 20, 10)) == 0
    assert gap(square, diamond) == 10
    # From (10, 0) to the side from (20, 10) to (30, 0), on x + y = 30: 20 / sqrt 2.
    assert gap(rectangle(0, -10, 10, 0), diamond) == pytest.approx(20 / math.sqrt(2))
    # A bar across, with no corner of either in the other.
    assert gap(square, rectangle(-5, 4, 15, 6)) == 0


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(0, True), (-3, True), (5, True), (5.1, None), (29.9, None), (30, False), (100, False)],
)
def test_beside_is_measured_in_the_first_objects_shorter_sides(distance, expected):
    # The ship is 10 pixels wide: near to 5, far from 30.
    ship = seen(upright("ship", 60, 60, 70, 100), WHOLE, 200, 200)
    pier = seen(upright("harbor", 70 + distance, 20, 180, 180), WHOLE, 200, 200)
    assert verdict("beside", ship, pier, LIMITS) is expected


@pytest.mark.parametrize(("x", "expected"), [(100, True), (99, True), (98, None), (92, None), (91, False), (50, False)])
def test_inside_is_a_share_of_the_first_objects_area(x, expected):
    # Ten pixels long; each pixel before 100 takes a tenth out of the bridge.
    car = seen(upright("small vehicle", x, 50, x + 10, 54), WHOLE, 200, 200)
    bridge = seen(upright("bridge", 100, 40, 160, 60), WHOLE, 200, 200)
    assert verdict("inside", car, bridge, LIMITS) is expected
    assert verdict("holds", bridge, car, LIMITS) is expected


TURNED = LabelledObject("ground track field", ((100, 20), (180, 100), (100, 180), (20, 100)))


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (upright("ship", 60, 60, 70, 100), upright("harbor", 73, 20, 100, 180), "anchored at the harbor"),
        (upright("soccer ball field", 80, 80, 120, 120), TURNED, "surrounded by the ground track field"),
        (upright("large vehicle", 50, 50, 60, 54), upright("bridge", 10, 45, 120, 60), "passing through the bridge"),
        (upright("small vehicle", 50, 50, 60, 54), upright("road", 10, 45, 120, 60), "passing through the road"),
        (upright("small vehicle", 50, 50, 60, 54), upright("building", 10, 56, 120, 90), "parked at the building"),
        (upright("plane", 50, 50, 70, 70), upright("airport", 10, 10, 190, 190), "parked at the airport"),
        (upright("ship", 50, 50, 150, 80), upright("helipad", 60, 55, 75, 70), "containing the helipad"),
    ],
)
def test_every_rule_is_stated_of_its_classes_in_its_direction(first, second, text):
    assert related(first, second) == Relation(text)
    assert related(second, first) == UNRELATED
    assert related(LabelledObject("tennis court", first.polygon), second) == UNRELATED
    assert related(first, LabelledObject("tennis court", second.polygon)) == UNRELATED


def test_a_field_in_the_corner_of_a_turned_tracks_upright_box_is_not_inside_it():
    assert related(upright("soccer ball field", 22, 22, 50, 50), TURNED) == UNRELATED


def test_classes_are_dotas_own_but_for_road_and_building():
    dota = {class_words(name) for name in DOTA}
    for rule in RULES:
        assert rule.first & dota
        assert rule.second & dota or rule.second & {"building"}
    assert {next(iter(sorted(rule.second & dota)), "building") for rule in RULES} == {
        "harbor", "ground track field", "bridge", "building", "airport", "helipad",
    }  # fmt: skip


def test_words_are_those_of_the_rule():
    ship, pier = upright("ship", 60, 60, 70, 100), upright("harbor", 73, 20, 100, 180)
    assert [related(ship, pier, wording=number).text for number in range(3)] == [
        "anchored at the harbor",
        "parked at the harbor",
        "anchored at the harbor",
    ]


def test_of_several_harbors_that_show_it_is_one():
    ship, pier, other = upright("ship", 60, 60, 70, 100), upright("harbor", 73, 20, 100, 180), upright("harbor", 140, 20, 150, 180)
    assert related(ship, pier, other).text == "anchored at a harbor"
    # The other is out of sight.
    assert related(ship, pier, other, window=Window(0, 0, 130, 200)).text == "anchored at the harbor"


def test_two_kinds_at_once_are_a_doubt():
    car = upright("small vehicle", 50, 50, 60, 54)
    road, building = upright("road", 10, 45, 120, 60), upright("building", 10, 56, 120, 90)
    assert related(car, road, building) == Relation(None, doubtful=True)
    # The building is near enough for a doubt, not for a statement.
    assert related(car, road, upright("building", 10, 58, 120, 90)) == Relation(None, doubtful=True)
    assert related(car, road, upright("building", 10, 80, 120, 90)) == Relation("passing through the road")


def test_what_is_not_in_sight_is_not_stated_but_kept_in_doubt():
    ship, pier = upright("ship", 60, 60, 70, 100), upright("harbor", 73, 20, 100, 180)
    assert related(ship, pier, window=Window(0, 0, 73, 200)) == Relation(None, doubtful=True)
    assert related(ship, pier, window=Window(0, 0, 80, 200)) == Relation("anchored at the harbor")


def test_boxes_that_the_pictures_border_made_upright_prove_nothing():
    ship = upright("ship", 60, 60, 70, 100)
    assert related(ship, upright("harbor", 73, 20, 200, 180)) == Relation(None, doubtful=True)
    assert related(ship, upright("harbor", 110, 20, 200, 180)) == UNRELATED
    turned = LabelledObject("harbor", ((71, 80), (135, 0), (200, 80), (135, 160)))
    assert related(ship, turned) == Relation("anchored at the harbor")


def test_a_cut_pier_is_judged_by_its_own_corners():
    # A thin pier from the upper left to the lower right; the chip's border makes it a box that covers half the chip.
    pier = LabelledObject("harbor", ((0, 4), (4, 0), (196, 192), (192, 196)))
    moored, free, window = upright("ship", 33, 20, 43, 30), upright("ship", 70, 5, 76, 11), Window(0, 0, 150, 150)
    found = relations_in(window, [pier, moored, free], 200, 200, 0.6, LIMITS)
    # (33, 30) is 3 from x - y = 0 and so inside of x - y = 4; (70, 11) is 55 / sqrt 2 = 39 pixels off, more than 3 x 6.
    assert found[1:] == [(moored, Relation("anchored at the harbor")), (free, UNRELATED)]
    assert found[0][0].polygon == rectangle(0, 0, 150, 150)


def test_limits_cannot_cross():
    for wrong in ({"inside": 0.4}, {"outside": 0.6}, {"near": 1.2}, {"far": 0.9}):
        with pytest.raises(ValidationError):
            RelationSettings(**wrong)
    assert RelationSettings().stated


BUILDER = RegionBuilder(
    kind="regions", format="dota", source="made", prefix="made", pictures="{stem}.png", annotations="*.txt", refer=20, identify=20
)
MOORED = Relation("anchored at the harbor")
SHIPS = [upright("ship", 40, 40, 50, 60), upright("ship", 60, 40, 70, 60), upright("ship", 150, 150, 160, 170)]
PIER = upright("harbor", 30, 62, 110, 70)


def talks(objects, relations):
    picture = Image.fromarray(np.full((200, 200, 3), 128, dtype=np.uint8))
    chip = Chip("c", "s", "f", b"", "jpg", picture, Window(0, 0, *picture.size), objects, None)
    found = regions.talks_of(chip, {}, BUILDER, numpy_generator(0), relations)
    return {task: [talk for talk in found if talk.task == task] for task in ("grounding", "refer", "identify")}


def asked(found):
    return {talk.question.split("<p> ")[1].split(" </p>")[0]: len(boxes.decode(talk.reply, 200, 200)) for talk in found["refer"]}


def test_conversations_refer_to_relations_and_name_them():
    found = talks([*SHIPS, PIER], [MOORED, MOORED, UNRELATED, UNRELATED])
    assert asked(found) == {
        "ships": 3, "ships at the top left": 2, "ships anchored at the harbor": 2, "ship at the bottom right": 1, "harbor": 1,
    }  # fmt: skip
    assert {talk.reply for talk in found["identify"]} == {
        "A gray ship at the top left anchored at the harbor",
        "A gray ship at the bottom right",
        "A gray harbor at the top",
    }
    assert "anchored" not in found["grounding"][0].reply


def test_a_doubtful_object_takes_back_the_phrases_that_may_name_it():
    found = talks([*SHIPS, PIER], [MOORED, MOORED, Relation(None, doubtful=True), UNRELATED])
    phrases = asked(found)
    assert "ships anchored at the harbor" not in phrases
    # The one in doubt is at the bottom right, so it is none of these.
    assert phrases["ships at the top left anchored at the harbor"] == 2


def test_descriptions_tell_a_relation_that_all_objects_of_a_class_have():
    found = talks([*SHIPS[:2], PIER], [MOORED, MOORED, UNRELATED])
    assert "<p>2 ships anchored at the harbor</p> {" in found["grounding"][0].reply
    assert "<p>a harbor</p> {" in found["grounding"][0].reply
    assert "anchored" not in str(talks([*SHIPS[:2], PIER], []))
