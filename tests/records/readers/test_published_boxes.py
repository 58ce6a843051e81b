"""Box files as FAIR1M, AIR-SARShip and NWPU VHR-10 publish them."""

from pathlib import Path

import pytest

from rsvlm.records.readers import plain_boxes, voc

# Points as FAIR1M has them: the corners, and the first again.
FAIR1M = """<annotation>
<source><filename>12.tif</filename><origin>GF2/GF3</origin></source>
<size><width>1000</width><height>1000</height><depth>3</depth></size>
<objects>
<object><coordinate>pixel</coordinate><type>rectangle</type><description>None</description>
<possibleresult><name>Boeing737</name></possibleresult>
<points><point>10.0, 20.0</point><point>40.5, 20.0</point><point>40.5,60.0</point><point>10.0,60.0</point><point>10.0, 20.0</point></points>
</object>
<object><possibleresult><name>Van</name></possibleresult><points><point>1,2</point><point>3</point></points></object>
<object><possibleresult><name>Van</name></possibleresult></object>
</objects>
</annotation>"""


def test_objects_with_listed_points(tmp_path: Path) -> None:
    path = tmp_path / "12.xml"
    path.write_text(FAIR1M)
    (annotation,) = voc.read(path)
    assert annotation.picture == "12.tif"
    plane, broken, bare = annotation.objects
    assert (plane.label, plane.corners, plane.fault) == ("Boeing737", ((10, 20), (40.5, 20), (40.5, 60), (10, 60)), None)
    assert str(broken.fault) == "line is not an object: y of a <point> is '', not a number"
    assert bare.fault is not None
    assert bare.fault.reason == "object has no box"


def test_an_outline_that_is_not_closed_keeps_all_its_points(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    points = "".join(f"<point>{point}</point>" for point in ("0,0", "9,0", "9,9", "0,9"))
    path.write_text(f"<annotation><objects><object><points>{points}</points></object></objects></annotation>")
    assert voc.read(path)[0].objects[0].corners == ((0, 0), (9, 0), (9, 9), (0, 9))


@pytest.mark.parametrize("line", ["(563,478),(630,573),1 ", "( 563,478),(630,573) ,1", "563,478,630,573,1"])
def test_corners_in_brackets(tmp_path: Path, line: str) -> None:
    path = tmp_path / "001.txt"
    path.write_text(f"{line}\n\n")
    (annotation,) = plain_boxes.read(path, ["x1", "y1", "x2", "y2", "label"])
    assert [(one.label, one.corners) for one in annotation.objects] == [("1", ((563, 478), (630, 478), (630, 573), (563, 573)))]
