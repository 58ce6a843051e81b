"""Settings of the words by which texts name the class of a scene that its picture's path tells."""

from typing import Annotated

from pydantic import Field

from rsvlm.settings import Pattern, Settings


class SceneWords(Settings):
    """What a text must name, and what it may not, by the class of its scene (own choice; RS5M ranks by similarity alone).

    Attributes:
        label: pattern whose first group is the class in a picture's path.
        words: of each class, in the singular; a text must name one of them, and none that is a word of other classes alone.
        others: further words that no class goes by ("airport"), in the singular.
    """

    label: Pattern
    words: Annotated[dict[str, Annotated[tuple[str, ...], Field(min_length=1)]], Field(min_length=1)]
    others: tuple[str, ...] = ()
