"""Settings of scene classification in VHM's words, from pictures in class folders."""

from typing import Literal

from pydantic import Field

from rsvlm.captioning.settings import SplitShares
from rsvlm.settings import Inside, Name, Pattern, Settings


class SceneClasses(Settings):
    """One question for the class of a scene, all classes named in it.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        pictures: glob pattern.
        label: regular expression; its first group in a picture's path is its class, by default the folder that it lies in.
        name: regular expression; its first group in a picture's path becomes its id, together with the class.
        names: class folder -> words; others are turned into words.
        shares: of pictures by split.
        identifier: put the evaluator's task prefix before the question.
    """

    kind: Literal["scene-classes"]
    source: Name
    prefix: Name
    pictures: Inside = "*/*"
    label: Pattern = r"([^/]+)/[^/]+$"
    name: Pattern = r"([^/]+)\.[^./]+$"
    names: dict[str, str] = Field(default_factory=dict)
    shares: SplitShares = SplitShares()
    identifier: bool = True
