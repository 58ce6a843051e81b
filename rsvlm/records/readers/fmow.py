"""Functional Map of the World: one JSON file a picture, and the sequences that the pictures of one place make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from rsvlm.errors import DataError
from rsvlm.records.geometry import corners_of_box
from rsvlm.records.readers import fields
from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.readers.dates import moment_of
from rsvlm.records.readers.json_files import read_whole
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class View:
    """One picture of a place.

    Attributes:
        file: the JSON file.
        annotation: picture name, objects with their categories as labels, GSD in metres.
        width: pixels.
        height: pixels.
        time: when it was taken, UTC.
        utm: zone such as `21J`, empty where the file does not say.
        country: three letters such as `ARG`, empty where the file does not say.
        cloud_cover: percent, where the file says.
        sensor: such as `WORLDVIEW02`, empty where the file does not say.
    """

    file: Path
    annotation: Annotation
    width: int
    height: int
    time: datetime
    utm: str
    country: str
    cloud_cover: float | None
    sensor: str


@dataclass(frozen=True)
class Sequence:
    """The pictures of one place, earliest first, and the faults of files that could not be used."""

    place: str
    views: tuple[View, ...]
    faults: tuple[DataError, ...]


def read(path: Path) -> View:
    """Read the metadata of one picture.

    Raises:
        DataError: not JSON, or a field is missing or wrong; file and line or field are named.
    """
    document, where = read_whole(path), "file"
    try:
        boxes = fields.member(document, "bounding_boxes", where)
        boxes = boxes if isinstance(boxes, list) else [boxes]  # some files hold a single box without a list
        objects = [_object(box, f"bounding_boxes[{index}]") for index, box in enumerate(boxes)]
        cover = fields.optional_number(document, "cloud_cover", where)
        if cover is not None and not 0 <= cover <= 100:
            raise Unfit("cloud cover is out of range", f"{where}.cloud_cover is {cover:g}; 0 to 100 percent")
        picture = fields.optional_text(document, "img_filename", where) or f"{path.stem}.jpg"
        return View(
            path,
            Annotation(PurePosixPath(picture).name, objects, fields.optional_gsd(document, "gsd", where)),
            fields.size(document, "img_width", where),
            fields.size(document, "img_height", where),
            moment_of(fields.text(document, "timestamp", where), f"{where}.timestamp"),
            fields.optional_text(document, "utm", where),
            fields.optional_text(document, "country_code", where),
            cover,
            fields.optional_text(document, "sensor_platform_name", where),
        )
    except Unfit as unfit:
        raise DataError(f"{path}: {unfit}") from None


def _object(box: Any, where: str) -> RawObject:
    try:
        values = fields.numbers(box, "box", where)
        if len(values) != 4:
            raise Unfit("object has no box", f"{where}.box has {len(values)} numbers; x, y, width and height")
        x, y, width, height = values
        return RawObject(where, fields.text(box, "category", where), corners_of_box(x, y, x + width, y + height))
    except Unfit as unfit:
        return RawObject(where, fault=unfit)


def sequences(paths: Iterable[Path]) -> Iterator[Sequence]:
    """Yield the places of some files in the order of their folders (`airport/airport_0`), one in memory at a time.

    Give the files of one kind of picture (`*_rgb.json` or `*_msrgb.json`), for both kinds show the same moments.
    """
    for folder, files in groupby(sorted(paths, key=lambda path: (path.parent, path.name)), key=lambda path: path.parent):
        views, faults = [], []
        for path in files:
            try:
                views.append(read(path))
            except DataError as error:
                faults.append(error)
        views.sort(key=lambda view: (view.time, view.file.name))
        yield Sequence(folder.name, tuple(views), tuple(faults))
