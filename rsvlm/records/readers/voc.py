"""Pascal VOC XML: one file a picture, horizontal boxes."""

from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from rsvlm.errors import DataError
from rsvlm.records.geometry import corners_of_box
from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.readers.lines import number_of
from rsvlm.records.unfit import Unfit

_LARGEST = 64 << 20
_SIDES = ("xmin", "ymin", "xmax", "ymax")


def _parse(path: Path) -> ElementTree.Element:
    """Parse XML without document types: no entities, so nothing to expand and nothing to fetch."""
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate("utf-8")

    def start(tag: str, attributes: dict[str, str]) -> None:
        builder.start(tag, {**attributes, "line": str(parser.CurrentLineNumber)})

    def refuse(*_: object) -> None:
        raise DataError(f"{path}, line {parser.CurrentLineNumber}: document types and entities are refused; remove the DOCTYPE")

    parser.StartElementHandler, parser.EndElementHandler = start, builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path}: {path.stat().st_size:,} bytes; an annotation file may have {_LARGEST:,}")
        parser.Parse(path.read_bytes(), True)
        return builder.close()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; acquire the source again") from None
    except (expat.ExpatError, AssertionError) as error:
        raise DataError(f"{path}, line {parser.CurrentLineNumber}: not valid XML ({error})") from None


def _object(element: ElementTree.Element) -> RawObject:
    where = f"line {element.get('line')}"
    label = (element.findtext("name") or "").strip()
    box = element.find("bndbox")
    if box is None:
        return RawObject(where, fault=Unfit("object has no box", f"<object> {label!r} without <bndbox>"))
    try:
        x1, y1, x2, y2 = (number_of((box.findtext(side) or "").strip(), side) for side in _SIDES)
        corners = corners_of_box(x1, y1, x2, y2)
    except Unfit as unfit:
        return RawObject(where, fault=unfit)
    except ValueError as error:
        return RawObject(where, fault=Unfit("line is not an object", str(error)))
    return RawObject(where, label, corners, difficult=(element.findtext("difficult") or "0").strip() == "1")


def read(path: Path) -> list[Annotation]:
    """Read one VOC file.

    Raises:
        DataError: not XML, or XML with a document type; file and line are named.
    """
    root = _parse(path)
    if root.tag != "annotation":
        raise DataError(f"{path}, line {root.get('line')}: <{root.tag}> instead of <annotation>; not Pascal VOC")
    return [Annotation((root.findtext("filename") or "").strip(), [_object(element) for element in root.findall("object")])]
