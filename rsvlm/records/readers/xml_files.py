"""XML annotation files, with limits, without entities, and with the line of every element."""

from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from rsvlm.errors import DataError

_LARGEST = 64 << 20


def parse(path: Path) -> ElementTree.Element:
    """Parse XML without document types: no entities, so nothing to expand and nothing to fetch.

    Every element gets an attribute `line`, the line on which it starts.

    Raises:
        DataError: missing, too large, not XML, or XML with a document type; file and line are named.
    """
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
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except (expat.ExpatError, AssertionError) as error:
        raise DataError(f"{path}, line {parser.CurrentLineNumber}: not valid XML ({error})") from None
