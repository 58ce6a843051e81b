"""HRSC2016: one XML file a picture, `<HRSC_Object>` elements with a horizontal box (box_) and an oriented one (mbox_).

Every object is a ship; of which type, `<Class_ID>` tells by a number of the data set's own list, which is not read.
"""

import math
from pathlib import Path
from xml.etree import ElementTree

from rsvlm.errors import DataError
from rsvlm.records.readers import xml_files
from rsvlm.records.readers.annotation import Annotation, RawObject, difficult_in
from rsvlm.records.readers.lines import number_of
from rsvlm.records.readers.outlines import turned_box
from rsvlm.records.unfit import Unfit

LABEL = "ship"
_TURNED = ("mbox_cx", "mbox_cy", "mbox_w", "mbox_h", "mbox_ang")


def read(path: Path) -> list[Annotation]:
    """Read one file; its objects have the oriented boxes (angles in radians).

    Raises:
        DataError: not XML, XML with a document type, or another document; file and line are named.
    """
    root = xml_files.parse(path)
    if root.tag != "HRSC_Image":
        raise DataError(f"{path}, line {root.get('line')}: <{root.tag}> instead of <HRSC_Image>; not HRSC2016")
    objects = [_object(element) for element in root.findall("HRSC_Objects/HRSC_Object")]
    return [Annotation((root.findtext("Img_FileName") or "").strip(), objects, _resolution(root))]


def _resolution(root: ElementTree.Element) -> float | None:
    """Return metres a pixel, None where the file tells none that is possible."""
    try:
        value = number_of((root.findtext("Img_Resolution") or "").strip(), "Img_Resolution")
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 < value < 100 else None


def _object(element: ElementTree.Element) -> RawObject:
    where = f"line {element.get('line')}"
    try:
        corners = turned_box(*(number_of((element.findtext(name) or "").strip(), name) for name in _TURNED))
        return RawObject(where, LABEL, corners, difficult=difficult_in(element.findtext("difficult")))
    except Unfit as unfit:
        return RawObject(where, LABEL, fault=unfit)
    except ValueError as error:
        return RawObject(where, LABEL, fault=Unfit("line is not an object", str(error)))
