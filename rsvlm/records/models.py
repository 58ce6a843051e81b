"""Records as they lie in shards: pairs (image and captions) and dialogues (image and conversations).

Coordinates are pixels of the stored image, x to the right and y down, the origin in its upper left corner.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rsvlm.files import canonical_json
from rsvlm.records.text import LONGEST_CAPTION, LONGEST_LABEL, check_characters, clean_text
from rsvlm.records.unfit import Unfit

EXTENSIONS = ("jpg", "png")
EXTENSION_OF = {".jpg": "jpg", ".jpeg": "jpg", ".png": "png"}
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,91}")

Point = tuple[float, float]
Polygon = tuple[Point, Point, Point, Point]
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("test", "validation", "train")
Task = Literal[
    "classification", "caption", "grounding", "identify", "refer", "presence", "counting", "attribute", "mixed",
    "detection", "region_caption", "relation", "position", "colour", "reasoning", "scene_graph", "multi_label", "question",
    "measurement", "vectorizing", "image_property", "point", "description", "change", "temporal", "conversation", "modality",
]  # fmt: skip
Method = Literal["native", "b2c", "m2b", "label", "osm", "cover", "meta", "template", "model", "ranked"]
LARGEST_FACTS = 1 << 16


def safe_id(*parts: str) -> str:
    """Join parts into an id that is safe as a file name everywhere: lower case, `a-z0-9_-`, at most 92 characters.

    Of a part with characters beyond ASCII, 12 hex digits of its sha256 follow what is left.

    Raises:
        Unfit: nothing is left, or it is too long.
    """
    return checked_id("-".join(map(id_part, parts)))


def id_part(part: str) -> str:
    """Return a text as it stands in ids, which need not be an id by itself; composed characters and their parts are alike."""
    part = unicodedata.normalize("NFC", part)
    plain = re.sub(r"[^a-z0-9_]+", "-", part.lower()).strip("-")
    if part.isascii():
        return plain
    # What is left of a name in another script may be left of many: its hash tells them apart.
    digest = hashlib.sha256(part.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"{plain}-{digest}" if plain else digest


def checked_id(text: str) -> str:
    """Return an id that may become a file name.

    Raises:
        Unfit: it has a character or a length that is not allowed (`../x`, `a.b`, an empty one).
    """
    if not ID_PATTERN.fullmatch(text):
        raise Unfit("id is not safe as a file name", f"{text[:60]!r}; allowed: a-z, 0-9, _ and -, at most 92 characters")
    return text


@dataclass(frozen=True)
class LabelledObject:
    """One annotated object: class name and the four corners of its box, in order around it, in pixels."""

    label: str
    polygon: Polygon
    difficult: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form; coordinates to a hundredth of a pixel."""
        corners = [[round(x, 2), round(y, 2)] for x, y in self.polygon]
        return {"label": self.label, "polygon": corners, "difficult": self.difficult}

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The horizontal box around the corners: x1, y1, x2, y2."""
        (x1, y1), (x2, y2), (x3, y3), (x4, y4) = self.polygon
        return min(x1, x2, x3, x4), min(y1, y2, y3, y4), max(x1, x2, x3, x4), max(y1, y2, y3, y4)

    @property
    def centre(self) -> Point:
        """The centre of the horizontal box."""
        x1, y1, x2, y2 = self.box
        return (x1 + x2) / 2, (y1 + y2) / 2


@dataclass(frozen=True)
class Sample:
    """One record on its way into a shard: the encoded picture and everything that is said about it.

    Attributes:
        id: safe as a file name (`checked_id`).
        image: the picture's encoded bytes, as the source had them where they were not cut.
        extension: `jpg` or `png`, what the bytes are.
        fields: the JSON record without id, width and height, which the writer fills in.
    """

    id: str
    image: bytes
    extension: str
    fields: dict[str, Any] = field(default_factory=dict)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class StoredObject(_Record):
    """An annotated object in a record."""

    label: Annotated[str, Field(min_length=1, max_length=LONGEST_LABEL)]
    polygon: Annotated[list[Annotated[list[float], Field(min_length=2, max_length=2)]], Field(min_length=4, max_length=4)]
    difficult: bool = False


class Origin(_Record):
    """Where a record was cut from: files of its source, so that others can work it out again.

    Attributes:
        picture: the picture's file.
        annotation: the annotation file, where there is one.
        window: x, y, width, height in pixels of the picture, where it was cut.
    """

    picture: Annotated[str, Field(min_length=1, max_length=500)]
    annotation: Annotated[str, Field(max_length=500)] | None = None
    window: Annotated[list[int], Field(min_length=4, max_length=4)] | None = None


class Pair(_Record):
    """The JSON of one image-caption record.

    Attributes:
        method: how its texts came about.
        builder: the kind of builder that made it, where a corpus has several.
        origin: the files that it was made from.
        facts: what the annotation says beyond objects (tags, shares of land cover, relations), as the builder was given it.
        languages: of each caption, where not all are English (`en`, `zh`).
        generator: which model wrote the texts, from which prompt.
        scores: what selections went by (similarity of image and text, ...).
        frames: ids of the records of this folder that are its sequence of pictures, in order of time.
        part_of: id of the record whose sequence this picture belongs to; such a record needs no caption.
        sensor: camera, satellite or product.
        date: ISO 8601, as far as it is known.
    """

    id: str
    captions: list[str]
    caption_ids: list[str]
    label: str | None = None
    split: Split
    scene: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    licence: str
    method: Method
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    objects: list[StoredObject] | None = None
    gsd: Annotated[float, Field(gt=0)] | None = None
    bounds: Annotated[list[float], Field(min_length=4, max_length=4)] | None = None
    builder: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    origin: Origin | None = None
    facts: dict[str, Any] | None = None
    languages: list[Literal["en", "zh"]] | None = None
    generator: dict[str, str] | None = None
    scores: dict[str, float] | None = None
    frames: Annotated[list[str], Field(min_length=1, max_length=64)] | None = None
    part_of: str | None = None
    sensor: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    date: Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")] | None = None

    @model_validator(mode="after")
    def _inside(self) -> "Pair":
        for labelled in self.objects or []:
            for x, y in labelled.polygon:
                if not (0 <= x <= self.width and 0 <= y <= self.height):
                    raise ValueError(f"object '{labelled.label}' has a corner at {x}, {y}, outside {self.width}x{self.height}")
        if len(self.captions) != len(self.caption_ids):
            raise ValueError("captions and caption_ids differ in number")
        if self.languages is not None and len(self.languages) != len(self.captions):
            raise ValueError("captions and languages differ in number")
        if self.bounds is not None:
            west, south, east, north = self.bounds
            if not (-180 <= west <= 180 and -180 <= east <= 180 and -90.5 <= south <= north <= 90.5):  # half a pixel may stand out
                raise ValueError(f"bounds {self.bounds} are not on the earth; west, south, east, north in degrees")
        if self.facts is not None and len(canonical_json(self.facts)) > LARGEST_FACTS:
            raise ValueError(f"facts take more than {LARGEST_FACTS:,} bytes")
        return self


class Turn(_Record):
    """One utterance."""

    role: Literal["user", "assistant"]
    text: Annotated[str, Field(min_length=1, max_length=10 * LONGEST_CAPTION)]


class Conversation(_Record):
    """Turns about one image; `answer` and `polygons` are what the last assistant turn is scored against."""

    id: str
    task: Task
    turns: Annotated[list[Turn], Field(min_length=2)]
    answer: str | None = None
    polygons: list[list[list[float]]] | None = None

    @model_validator(mode="after")
    def _alternate(self) -> "Conversation":
        roles = [turn.role for turn in self.turns]
        if roles != ["user", "assistant"] * (len(roles) // 2):
            raise ValueError("turns must alternate, user first and assistant last")
        return self


class Dialogue(Pair):
    """The JSON of one image with its conversations."""

    conversations: Annotated[list[Conversation], Field(min_length=1)]


def checked_fields(fields: dict[str, Any], *, longest: int) -> dict[str, Any]:
    """Return a record's JSON after checking all of it.

    Args:
        fields: the record, with id, width and height.
        longest: the most characters of a caption.

    Raises:
        Unfit: a caption, label, coordinate or field that is not allowed.
    """
    model: type[Pair] = Dialogue if "conversations" in fields else Pair
    for caption in fields.get("captions", []):
        if clean_text(caption, longest=longest) != caption:
            raise Unfit("caption is not in its stored form", caption[:60])
    if model is Pair and not fields.get("captions") and not fields.get("part_of"):
        raise Unfit("caption is empty", "no caption at all")
    try:
        found = model.model_validate(fields).model_dump(mode="json", exclude_none=False)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise Unfit("record is malformed", f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"[:200]) from None
    for name in ("label", "scene", "licence", "sensor"):
        check_characters(found[name] or "", name)
    for talk in found.get("conversations", ()):
        for turn in talk["turns"]:
            check_characters(turn["text"], "turn")
    return found
