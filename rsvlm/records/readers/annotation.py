"""What every reader of annotations yields: objects as the file has them, still unchecked against a picture."""

from dataclasses import dataclass, field

from rsvlm.records.geometry import checked_object
from rsvlm.records.models import LabelledObject, Point, Polygon
from rsvlm.records.rejected import Rejected
from rsvlm.records.text import class_name
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class RawObject:
    """One object of an annotation file: where it stands there, its class, its corners in pixels, or why it is unusable.

    Attributes:
        where: the line or element, for messages ("line 12").
        label: class name as the file has it; what has a fault keeps it where it could be read, so that nobody takes the class
            for absent.
        corners: four points.
        difficult: as the file says.
        fault: set where the file's text for it could not be read.
    """

    where: str
    label: str = ""
    corners: Polygon | tuple[Point, ...] = ()
    difficult: bool = False
    fault: Unfit | None = None


@dataclass(frozen=True)
class Annotation:
    """The annotation of one picture.

    Attributes:
        picture: the picture's file name as the file has it, empty where it has none.
        objects: in the file's order.
        gsd: metres a pixel, where the file says.
    """

    picture: str
    objects: list[RawObject] = field(default_factory=list)
    gsd: float | None = None


def difficult_in(text: str | None) -> bool:
    """Say whether the text of an annotation's `difficult` marks an object: true, or any number but 0."""
    word = (text or "").strip().lower()
    try:
        return word == "true" or float(word) != 0
    except ValueError:  # nothing, or a word such as Unspecified
        return False


def fit_objects(
    annotation: Annotation, names: dict[str, str], width: int, height: int, *, id: str, source: str, rejected: Rejected
) -> list[LabelledObject]:
    """Return the usable objects of an annotation and set the others aside, each with its line.

    Args:
        annotation: as read.
        names: class name in the file -> class name wanted; others stay.
        width: of the picture, pixels.
        height: of the picture, pixels.
        id: of the picture, for the list of what is set aside.
        source: the source's name, for the same.
        rejected: where that goes.
    """
    found = []
    for raw in annotation.objects:
        try:
            if raw.fault is not None:
                raise raw.fault
            label = class_name(names.get(raw.label, raw.label))
            found.append(checked_object(label, raw.corners, width, height, difficult=raw.difficult))
        except Unfit as unfit:
            rejected.add(id, source, unfit.reason, f"{raw.where}: {unfit.detail}"[:300], kind="object")
    rejected.keep(len(found), kind="object")
    return found
