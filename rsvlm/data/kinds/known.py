"""What a box annotation is complete for: needed before anything is said to be absent, or to be all there is."""

from pydantic import Field

from rsvlm.settings import Settings


class Unmarked(Settings):
    """A place where objects of a class can be seen that the annotation has no box for.

    Attributes:
        picture: stem of the picture's file.
        noun: the class.
        box: x1, y1, x2, y2 in pixels of the picture.
    """

    picture: str
    noun: str
    box: tuple[float, float, float, float]


class KnownClasses(Settings):
    """The classes that an annotation marks wherever they are.

    Attributes:
        nouns: of the classes; only these can be said to be absent.
        unmarked: known gaps; of such a class nothing is said that depends on every object being marked.
        edge: an object this near to the border of a picture (pixels) may go on beyond it.
    """

    nouns: tuple[str, ...] = ()
    unmarked: tuple[Unmarked, ...] = ()
    edge: float = Field(default=1.0, ge=0, le=100)
