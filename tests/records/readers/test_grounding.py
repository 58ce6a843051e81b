import math

import pytest

from rsvlm.errors import DataError
from rsvlm.records.readers import grounding, voc

DIOR = """<annotation><filename>00001.jpg</filename>
<object><type>robndbox</type><name>ship</name><difficult>0</difficult><robndbox>
<x_left_top>10</x_left_top><y_left_top>20</y_left_top><x_right_top>30</x_right_top><y_right_top>10</y_right_top>
<x_right_bottom>35</x_right_bottom><y_right_bottom>20</y_right_bottom><x_left_bottom>15</x_left_bottom><y_left_bottom>30</y_left_bottom>
</robndbox><angle>0</angle></object>
<object><name>dam</name><robndbox><cx>50</cx><cy>40</cy><w>20</w><h>10</h><angle>{angle}</angle></robndbox></object>
<object><name>ship</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox><rotated_bndbox>
<rotated_bbox_cx>5</rotated_bbox_cx><x1>1</x1><y1>5</y1><x2>5</x2><y2>1</y2><x3>9</x3><y3>5</y3><x4>5</x4><y4>9</y4></rotated_bndbox></object>
<object><name>dam</name><robndbox><x_left_top>1</x_left_top></robndbox></object>
<object><name>dam</name><robndbox><cx>50</cx><cy>40</cy><w>0</w><h>10</h><angle>0</angle></robndbox></object>
</annotation>"""


def put(path, text):
    path.write_text(text)
    return path


def test_oriented_boxes_of_dior_roLabelImg_and_ssdd(tmp_path):
    (annotation,) = voc.read(put(tmp_path / "a.xml", DIOR.format(angle=math.pi / 2)))
    corners, turned, numbered, missing, flat = annotation.objects
    assert corners.corners == ((10, 20), (30, 10), (35, 20), (15, 30))
    # A quarter turn clockwise about (50, 40): 20 x 10 stands upright.
    assert turned.corners == tuple(pytest.approx(point) for point in ((55, 30), (55, 50), (45, 50), (45, 30)))
    assert numbered.corners == ((1, 5), (5, 1), (9, 5), (5, 9))
    assert (missing.where, str(missing.fault)) == ("line 9", "line is not an object: y_left_top is '', not a number")
    assert flat.fault.reason == "box has no area"


RSVG = """<annotation><filename>00002.jpg</filename><size><width>800</width></size>
<object><name>golffield</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>12</ymax></bndbox>
<description>The golffield
 on the left</description><description>A green field</description></object>
<object><name>dam</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>1</xmax><ymax>12</ymax></bndbox>
<description>The dam</description></object>
<object><name>dam</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>12</ymax></bndbox><description> </description></object>
</annotation>"""


def test_every_description_is_a_phrase_with_its_box(tmp_path):
    found = grounding.read(put(tmp_path / "a.xml", RSVG))
    assert found.picture == "00002.jpg"
    assert [phrase.text for phrase in found.phrases] == ["The golffield on the left", "A green field", "The dam", ""]
    assert found.phrases[1].object.corners == ((1, 2), (11, 2), (11, 12), (1, 12))
    assert [phrase.object.fault and phrase.object.fault.reason for phrase in found.phrases] == [
        None,
        None,
        "box is inside out",
        "object has no description",
    ]


def test_xml_with_entities_or_of_another_kind_is_refused(tmp_path):
    with pytest.raises(DataError, match="line 1: document types and entities are refused"):
        grounding.read(put(tmp_path / "a.xml", '<!DOCTYPE a [<!ENTITY x "ha">]><annotation><object>&x;</object></annotation>'))
    with pytest.raises(DataError, match="line 1: <HRSC_Image> instead of <annotation>"):
        grounding.read(put(tmp_path / "a.xml", "<HRSC_Image/>"))
    with pytest.raises(DataError, match="no such file"):
        grounding.read(tmp_path / "none.xml")
