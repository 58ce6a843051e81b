"""Visual grounding in XML, as RSVG and DIOR-RSVG have it: Pascal VOC whose objects carry a `<description>`."""

from dataclasses import dataclass
from pathlib import Path

from rsvlm.records.readers import voc
from rsvlm.records.readers.annotation import RawObject
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Phrase:
    """A phrase and the object it refers to; `object.fault` says why one cannot be used."""

    text: str
    object: RawObject


@dataclass(frozen=True)
class GroundedPicture:
    """The phrases about one picture.

    Attributes:
        picture: file name as the file has it, empty where it has none.
        phrases: in the file's order, one for every description.
    """

    picture: str
    phrases: tuple[Phrase, ...]


def read(path: Path) -> GroundedPicture:
    """Read one file.

    Raises:
        DataError: not XML, XML with a document type, or not Pascal VOC; file and line are named.
    """
    root = voc.root_of(path)
    found = []
    for element in root.findall("object"):
        raw = voc.object_in(element)
        texts = [text for each in element.findall("description") if (text := " ".join((each.text or "").split()))]
        if not texts:
            fault = raw.fault or Unfit("object has no description", f"<object> {raw.label!r} without <description>")
            found.append(Phrase("", RawObject(raw.where, raw.label, fault=fault)))
        found += [Phrase(text, raw) for text in texts]
    return GroundedPicture((root.findtext("filename") or "").strip(), tuple(found))
