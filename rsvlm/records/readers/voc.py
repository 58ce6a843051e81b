"""Pascal VOC XML: one file a picture, horizontal boxes, or oriented ones as DIOR, SSDD and roLabelImg write them.

FAIR1M and AIR-SARShip write another tree below the same root: `<objects>`, the class in `<possibleresult>`, corners in
`<points>` of which the last closes the outline. It is read as well.
"""

from pathlib import Path
from xml.etree import ElementTree

from rsvlm.errors import DataError
from rsvlm.records.geometry import corners_of_box
from rsvlm.records.models import Point, Polygon
from rsvlm.records.readers import xml_files
from rsvlm.records.readers.annotation import Annotation, RawObject, difficult_in
from rsvlm.records.readers.lines import number_of
from rsvlm.records.readers.outlines import turned_box
from rsvlm.records.unfit import Unfit

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_CORNERS = tuple(f"{axis}_{corner}" for corner in ("left_top", "right_top", "right_bottom", "left_bottom") for axis in "xy")
_NUMBERED = tuple(f"{axis}{corner}" for corner in range(1, 5) for axis in "xy")
_TURNED = ("cx", "cy", "w", "h", "angle")
_CORNERS_AND_CLOSING = 5


def _values(box: ElementTree.Element, names: tuple[str, ...]) -> list[float]:
    return [number_of((box.findtext(name) or "").strip(), name) for name in names]


def _oriented(box: ElementTree.Element) -> Polygon | tuple[Point, ...]:
    """Return the corners of `<robndbox>` (named corners, or centre, sides and radians) or `<rotated_bndbox>` (x1 ... y4)."""
    if box.find("cx") is not None:
        return turned_box(*_values(box, _TURNED))
    values = _values(box, _NUMBERED if box.tag == "rotated_bndbox" else _CORNERS)
    return tuple(zip(values[0::2], values[1::2], strict=True))


def _listed(points: ElementTree.Element) -> tuple[Point, ...]:
    """Return the corners of `<points>`: `x,y` each; one that closes the outline is left out."""
    found = []
    for point in points.findall("point"):
        x, _, y = (point.text or "").partition(",")
        found.append((number_of(x.strip(), "x of a <point>"), number_of(y.strip(), "y of a <point>")))
    return tuple(found[:-1] if len(found) == _CORNERS_AND_CLOSING and found[0] == found[-1] else found)


def corners_in(element: ElementTree.Element) -> Polygon | tuple[Point, ...]:
    """Return the corners of an `<object>`'s box: the oriented one where it has one, otherwise those of `<bndbox>`.

    DIOR writes an `<angle>` beside `<robndbox>`; the corners say the same, so it is not read. The corners of an oriented box
    are checked with the picture (`geometry.checked_object`).

    Raises:
        Unfit: it has no box, or a side, corner or angle is not a number.
    """
    try:
        for name in ("robndbox", "rotated_bndbox"):
            if (box := element.find(name)) is not None:
                return _oriented(box)
        if (points := element.find("points")) is not None:
            return _listed(points)
        if (box := element.find("bndbox")) is None:
            raise Unfit("object has no box", f"<object> {(element.findtext('name') or '').strip()!r} without <bndbox>")
        return corners_of_box(*_values(box, _SIDES))
    except Unfit:
        raise
    except ValueError as error:
        raise Unfit("line is not an object", str(error)) from None


def object_in(element: ElementTree.Element) -> RawObject:
    """Return an `<object>`, with its fault where it cannot be read."""
    where = f"line {element.get('line')}"
    label = (element.findtext("name") or element.findtext("possibleresult/name") or "").strip()
    try:
        return RawObject(where, label, corners_in(element), difficult=difficult_in(element.findtext("difficult")))
    except Unfit as unfit:
        return RawObject(where, label, fault=unfit)


def root_of(path: Path) -> ElementTree.Element:
    """Return the `<annotation>` element of a VOC file.

    Raises:
        DataError: not XML, or XML with a document type, or another document; file and line are named.
    """
    root = xml_files.parse(path)
    if root.tag != "annotation":
        raise DataError(f"{path}, line {root.get('line')}: <{root.tag}> instead of <annotation>; not Pascal VOC")
    return root


def read(path: Path) -> list[Annotation]:
    """Read one VOC file.

    Raises:
        DataError: not XML, or XML with a document type; file and line are named.
    """
    root = root_of(path)
    picture = (root.findtext("filename") or root.findtext("source/filename") or "").strip()
    return [Annotation(picture, [object_in(element) for element in [*root.findall("object"), *root.findall("objects/object")]])]
