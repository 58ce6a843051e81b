"""Settings of texts that a model writes which sees the pictures: captions, and descriptions as conversations."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Percent, Share, SplitShares
from rsvlm.data.kinds.writer import Writer
from rsvlm.settings import Inside, Name, Pattern, Settings


class SeenObjects(Settings):
    """Annotation that holds every object of some classes in the pictures it covers, by which answers are judged.

    Attributes:
        file: path of a picture's annotation, by its ending DOTA text, VOC XML or COCO JSON; `{stem}` is the picture's file name without
            ending, `{folder}` its folder, `{parent}` the folder above. A picture without that file is not covered.
        names: class in the file -> noun in the singular; other classes are not looked at.
    """

    file: Annotated[str, Field(pattern=r"\.(?:txt|xml|json)$")]
    names: Annotated[dict[str, str], Field(min_length=1)]


class _Viewed(Settings):
    """Pictures of a source as a model is shown them.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        pictures: glob pattern; ids are made of the whole path below its fixed part, so that equal file names do not clash.
        label: regular expression; its first group, found in the file's path, is a class that the model is told (the prompt's slot
            `label`) and that the record keeps.
        writer: the model; one that sees pictures. Answers that are set aside drop their picture.
        objects: what an answer may say of objects, where an annotation tells; null: nothing tells.
        shares: of pictures by split.
        share: of the pictures, drawn by a hash of their names; the rest is left out.
        longest_side: larger pictures are reduced to this many pixels.
        least_side: pictures with a shorter side are set aside, in pixels of the file.
        stretch: percentiles that rasters of more than 8 bits are stretched between.
        quality: JPEG quality of pictures that are rendered.
    """

    source: Name
    prefix: Name
    pictures: Inside
    label: Pattern | None = None
    writer: Writer
    objects: SeenObjects | None = None
    shares: SplitShares = SplitShares()
    share: Share = 1.0
    longest_side: Annotated[int, Field(ge=64, le=4096)] = 512
    least_side: Annotated[int, Field(ge=1, le=4096)] = 48
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    quality: Annotated[int, Field(ge=50, le=100)] = 92


class ViewedPictures(_Viewed):
    """One caption a picture."""

    kind: Literal["viewed"]


class ViewedTalks(_Viewed):
    """One description a picture, as a conversation.

    Attributes:
        request: the user's turn.
    """

    kind: Literal["viewed-talks"]
    request: str = "Describe the image in detail."
