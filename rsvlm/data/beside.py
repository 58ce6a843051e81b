"""What JSON files beside pictures say of them: fMoW's and BigEarthNet's metadata, as the slots of meta-captions want it."""

from pathlib import Path, PurePosixPath
from typing import Any

from rsvlm.data.metadata import moment_words, zone_of_projection
from rsvlm.data.wording import wording
from rsvlm.errors import DataError
from rsvlm.records.readers import fields, fmow
from rsvlm.records.readers.dates import moment_of
from rsvlm.records.readers.json_files import read_whole
from rsvlm.records.unfit import Unfit

SCANS = ("forward", "reverse")


def metadata_file(file: str, layout: str) -> str:
    """Return the path of the JSON file beside a picture."""
    path = PurePosixPath(file)
    return str(path.with_name(f"{path.stem}_labels_metadata.json") if layout == "bigearthnet" else path.with_suffix(".json"))


def facts_beside(path: Path, layout: str) -> dict[str, Any]:
    """Return what a metadata file tells.

    Args:
        path: the JSON file.
        layout: `fmow` or `bigearthnet`.

    Raises:
        Unfit: the file is no such metadata.
    """
    try:
        return fmow_facts(path) if layout == "fmow" else bigearthnet_facts(read_whole(path), path.name)
    except DataError as error:
        raise Unfit("metadata cannot be read", str(error)[:200]) from None


def fmow_facts(path: Path) -> dict[str, Any]:
    """Return what fMoW's JSON tells: class and box of the object (the second box; the first is the whole picture), time, sensor, angles.

    Raises:
        DataError: not fMoW's JSON.
    """
    view, document = fmow.read(path), read_whole(path)
    found: dict[str, Any] = {"date": view.time.date().isoformat(), "moment": moment_words(view.time)}
    try:
        known = {
            "gsd": view.annotation.gsd or fields.optional_number(document, "multi_resolution_dbl", "file"),
            "sensor": view.sensor,
            "zone": view.utm,
            "cloud_cover": view.cloud_cover,
            "azimuth": fields.optional_number(document, "target_azimuth_dbl", "file"),
            "off_nadir": fields.optional_number(document, "off_nadir_angle_dbl", "file"),
            "scan": fields.optional_text(document, "scan_direction", "file").lower(),
            "place": wording("countries").get(view.country, ""),
        }
    except Unfit as unfit:
        raise DataError(f"{path}: {unfit}") from None
    found |= {name: value for name, value in known.items() if value not in (None, "")}
    if found.get("scan") not in SCANS:
        found.pop("scan", None)
    for raw in view.annotation.objects[1:2]:
        if raw.fault is None:
            xs, ys = [x for x, _ in raw.corners], [y for _, y in raw.corners]
            found |= {"label": raw.label, "box": [min(xs), min(ys), max(xs), max(ys)], "size": [view.width, view.height]}
    return found


def bigearthnet_facts(document: dict[str, Any], where: str) -> dict[str, Any]:
    """Return what BigEarthNet's metadata tell: classes with "_" as "-", the UTM zone of the projection, the date.

    Raises:
        Unfit: a field is missing or wrong.
    """
    labels = fields.members(document, "labels", where)
    if not labels or not all(isinstance(label, str) and label.strip() for label in labels):
        raise Unfit("field has another type", f"{where}.labels: a list of class names is needed")
    moment = moment_of(fields.text(document, "acquisition_date", where), f"{where}.acquisition_date")
    found: dict[str, Any] = {
        "classes": [label.strip().replace("_", "-").lower() for label in labels],
        "date": moment.date().isoformat(),
    }
    if zone := zone_of_projection(fields.optional_text(document, "projection", where)):
        found["zone"] = zone
    return found
