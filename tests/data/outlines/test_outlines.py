"""Vectorising: polygons of the text against shapes known beforehand, rules that leave shapes out, and lies found."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import shapely

from rsvlm.data.builders.outlines import outline_of
from rsvlm.data.kinds.outlines import OutlineRules
from rsvlm.data.shapes import mask_shapes, tile_mapper
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit
from tests.data.handmade import Record, corpus, false_ones, finds, made_records, png, turns, write_source

SIDE = 100


def rule(**more: object) -> dict:
    return {
        "kind": "object-outlines",
        "source": "made",
        "prefix": "tiny",
        "pictures": "pictures/*.png",
        "annotation": "masks/{stem}.png",
        "reading": "mask",
        "complete": True,
        "shares": {"validation": 0.0},
        **more,
    }


def write(raw: Path, *boxes: tuple[int, int, int, int], width: int = SIDE, copies: int = 4) -> None:
    mask = np.zeros((SIDE, width))
    for x1, y1, x2, y2 in boxes:
        mask[y1:y2, x1:x2] = 255
    files = {f"pictures/P{number}.png": png(np.zeros((SIDE, width, 3))) for number in range(copies)}
    write_source(raw, "made", files | {f"masks/P{number}.png": png(mask) for number in range(copies)})


def numbers(text: str) -> list[list[int]]:
    return [[int(number) for number in match.split(",")] for match in re.findall(r"\[([\d,]+)\]", text)]


@pytest.mark.system("variousrs-instruct", 2)
def test_vertices_are_whole_numbers_from_0_to_1000(tmp_path: Path) -> None:
    """Two buildings of 100 pixels a side: 10..40 x 10..30 and 50..90 x 60..80, in thousandths of the picture."""
    write(tmp_path, (10, 10, 40, 30), (50, 60, 90, 80))
    settings = corpus(rule())
    records = made_records(settings, tmp_path)
    first, second = {(100, 100), (400, 100), (400, 300), (100, 300)}, {(500, 600), (900, 600), (900, 800), (500, 800)}
    for record in records:
        asked = turns(record, "vectorizing")
        assert len(asked) == 3
        for question, reply in asked:
            told = [set(zip(one[::2], one[1::2], strict=True)) for one in numbers(reply)]
            if " at [" in question:
                box = "[100,100,400,300]" if told == [first] else "[500,600,900,800]"
                assert told in ([first], [second])
                assert box in question
            else:
                assert told == [first, second]
            assert question.startswith("{IT} ")
    assert false_ones(records, settings, tmp_path) == []


@pytest.mark.parametrize("change", ["shift", "drop a building", "wrong box", "drop a vertex", "not all"])
def test_lies_are_found(tmp_path: Path, change: str) -> None:
    write(tmp_path, (10, 10, 40, 30), (50, 60, 90, 80), copies=2)
    settings = corpus(rule())
    record = made_records(settings, tmp_path)[0]
    places = {" at [" in talk["turns"][0]["text"]: place for place, talk in reversed(list(enumerate(record["conversations"])))}

    def lie(copy: Record) -> None:
        every, one = copy["conversations"][places[False]]["turns"], copy["conversations"][places[True]]["turns"]
        if change == "shift":
            one[1]["text"] = "[" + ",".join(str(number + 60) for number in numbers(one[1]["text"])[0]) + "]"
        elif change == "drop a building":
            every[1]["text"] = every[1]["text"].split(", ")[0]
        elif change == "wrong box":
            one[0]["text"] = re.sub(r"\[\d+,", "[333,", one[0]["text"])
        elif change == "drop a vertex":
            one[1]["text"] = "[" + ",".join(map(str, numbers(one[1]["text"])[0][2:])) + "]"
        else:
            every[1]["text"] = every[1]["text"] + ", [0,0,50,0,50,50]"

    assert finds(record, settings, tmp_path, lie)


@pytest.mark.system("variousrs-instruct", 2)
def test_only_square_pictures_are_asked_about(tmp_path: Path) -> None:
    """The public scorer multiplies both coordinates with the width."""
    write(tmp_path, (10, 10, 40, 30), width=140)
    rejected = Rejected()
    assert made_records(corpus(rule()), tmp_path, rejected) == []
    assert rejected.facts()["rejected"] == {"screened: picture is not square": 4}
    cut = made_records(corpus(rule(chips={"size": 100, "stride": 100})), tmp_path)
    assert {record["origin"]["window"][2] for record in cut} == {100}


def test_an_incomplete_annotation_is_never_asked_for_all(tmp_path: Path) -> None:
    write(tmp_path, (10, 10, 40, 30))
    records = made_records(corpus(rule(complete=False)), tmp_path)
    assert records
    assert all(" at [" in question for record in records for question, _ in turns(record, "vectorizing"))


def test_a_shape_that_cannot_be_told_keeps_the_whole_picture_from_being_asked(tmp_path: Path) -> None:
    write(tmp_path, (10, 10, 40, 30), (60, 60, 64, 64))  # 16 square pixels, below the least area
    records = made_records(corpus(rule()), tmp_path)
    assert all(" at [" in question for record in records for question, _ in turns(record, "vectorizing"))


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        (shapely.box(10, 10, 40, 40), True),
        (shapely.Polygon([(10, 10), (60, 10), (60, 20), (20, 20), (20, 60), (10, 60)]), False),  # fills too little of its hull
        (shapely.Polygon(shapely.box(10, 10, 50, 50).exterior, [shapely.box(20, 20, 30, 30).exterior]), False),  # a court of 6 %
        (shapely.Point(50, 50).buffer(30, quad_segs=16), False),  # 64 points
        (shapely.box(10, 10, 10.04, 60), False),  # rounding leaves no width
    ],
)
def test_which_shapes_can_be_told(shape: shapely.Polygon, fits: bool) -> None:
    assert (outline_of(shape, SIDE, SIDE, OutlineRules(), simplify=False) is not None) == fits


def test_mask_regions_follow_pixel_edges() -> None:
    mask = np.zeros((5, 6), dtype=bool)
    mask[1:3, 2:5] = True
    (shape,) = mask_shapes(mask)
    assert shape.equals(shapely.box(2, 1, 5, 3))
    mask[3, 5] = True  # touches by a corner only
    assert sorted(shape.area for shape in mask_shapes(mask)) == [1.0, 6.0]


def test_map_tiles_are_placed_by_their_numbers(tmp_path: Path) -> None:
    """Tile 0/0/0 spans the world: 0, 0 degrees is its centre; the corner of tile 1/1/0 is at 0 degrees east, 85.0511 north."""
    assert tile_mapper("a-0-0-0.jpg")("EPSG:4326", [(0.0, 0.0)]) == [(128.0, 128.0)]
    ((x, y),) = tile_mapper("a-1-0-1.jpg")("EPSG:4326", [(0.0, 85.0511287798)])
    assert (x, y) == (pytest.approx(0.0), pytest.approx(0.0, abs=1e-6))
    for name in ("tile.jpg", "a-5-0-1.jpg"):
        with pytest.raises(Unfit, match="map tile"):
            tile_mapper(name)
    with pytest.raises(Unfit, match="no place"):
        tile_mapper("a-0-0-0.jpg")("EPSG:4326", [(0.0, 89.0)])


def test_footprints_on_map_tiles(tmp_path: Path) -> None:
    """Zoom 20, column 619232, row 523260: a tile is 360 / 2^20 degrees wide; a quarter of it from its corner on is a house."""
    step = 360 / 2**20
    west, column, row = 619232 * step - 180, 619232, 523260
    north = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / 2**20))))
    ring = [[west + step * x, north - step * y] for x, y in ((0.25, 0.25), (0.5, 0.25), (0.5, 0.5), (0.25, 0.5), (0.25, 0.25))]
    broken = [[west, north], [west + step, north - step], [west + step, north], [west, north - step], [west, north]]
    features = [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [one]}} for one in (ring, broken)]
    labels = json.dumps({"type": "FeatureCollection", "features": features})
    files = {f"tiles/OAM-{column}-{row}-20.png": png(np.zeros((256, 256, 3))), "labels.geojson": labels.encode()}
    write_source(tmp_path, "made", files)
    rejected = Rejected()
    settings = corpus(rule(pictures="tiles/*.png", annotation="labels.geojson", reading="tiles", complete=False))
    (record,) = made_records(settings, tmp_path, rejected)
    ((question, reply),) = turns(record, "vectorizing")
    assert "[250,250,500,500]" in question
    assert numbers(reply) == [[250, 250, 500, 250, 500, 500, 250, 500]]
    assert false_ones([record], settings, tmp_path) == []
    assert rejected.facts()["rejected"] == {"object: outline crosses or touches itself": 1}
