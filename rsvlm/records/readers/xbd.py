"""xBD: buildings before and after a disaster, one JSON file a picture, outlines in WKT."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.errors import DataError
from rsvlm.records.models import Point
from rsvlm.records.readers import fields
from rsvlm.records.readers.dates import day_of
from rsvlm.records.readers.json_files import read_whole
from rsvlm.records.readers.outlines import wkt_polygon
from rsvlm.records.unfit import Unfit

DAMAGES = ("no-damage", "minor-damage", "major-damage", "destroyed", "un-classified")


@dataclass(frozen=True)
class Building:
    """A building of one picture.

    Attributes:
        where: its element in the file.
        uid: the same on both dates.
        outline: corner points in pixels, the first not repeated.
        damage: one of `DAMAGES`, empty before the disaster.
        fault: set where it cannot be used.
    """

    where: str
    uid: str = ""
    outline: tuple[Point, ...] = ()
    damage: str = ""
    fault: Unfit | None = None


@dataclass(frozen=True)
class DisasterPicture:
    """The annotation of one picture.

    Attributes:
        picture: file name.
        buildings: in the file's order.
        width: pixels.
        height: pixels.
        disaster: its name, such as `guatemala-volcano`.
        kind: what it was, such as `volcano`, empty where the file does not say.
        sensor: such as `GEOEYE01`, empty where the file does not say.
        gsd: metres a pixel, where the file says.
        date: YYYY-MM-DD, empty where the file does not say.
    """

    picture: str
    buildings: tuple[Building, ...]
    width: int
    height: int
    disaster: str
    kind: str
    sensor: str
    gsd: float | None
    date: str


@dataclass(frozen=True)
class BuildingPair:
    """One building before and after."""

    before: Building
    after: Building


def read(path: Path) -> DisasterPicture:
    """Read the annotation of one picture.

    Raises:
        DataError: not JSON, or without the lists and the metadata that xBD has; file and line or element are named.
    """
    document = read_whole(path)
    try:
        features = fields.members(fields.member(document, "features", "file"), "xy", "features")
        about, where = fields.member(document, "metadata", "file"), "metadata"
        date = fields.optional_text(about, "capture_date", where)
        return DisasterPicture(
            fields.text(about, "img_name", where),
            _buildings(features),
            fields.size(about, "width", where),
            fields.size(about, "height", where),
            fields.text(about, "disaster", where),
            fields.optional_text(about, "disaster_type", where),
            fields.optional_text(about, "sensor", where),
            fields.optional_gsd(about, "gsd", where),
            day_of(date, "metadata.capture_date") if date else "",
        )
    except Unfit as unfit:
        raise DataError(f"{path}: {unfit}") from None


def _buildings(features: list[Any]) -> tuple[Building, ...]:
    found, seen = [], set[str]()
    for index, feature in enumerate(features):
        building = _building(feature, f"features.xy[{index}]")
        if building.uid in seen:
            building = Building(building.where, fault=Unfit("building appears twice", f"uid {building.uid[:60]!r}"))
        elif building.fault is None:
            seen.add(building.uid)
        found.append(building)
    return tuple(found)


def _building(feature: Any, where: str) -> Building:
    try:
        about, place = fields.member(feature, "properties", where), f"{where}.properties"
        damage = fields.optional_text(about, "subtype", place)
        if damage and damage not in DAMAGES:
            raise Unfit("damage is unknown", f"{place}.subtype is {damage[:30]!r}; allowed: {', '.join(DAMAGES)}")
        outline = wkt_polygon(fields.text(feature, "wkt", where), f"{where}.wkt")
        return Building(where, fields.text(about, "uid", place), outline, damage)
    except Unfit as unfit:
        return Building(where, fault=unfit)


def joined(before: DisasterPicture, after: DisasterPicture) -> list[BuildingPair | Unfit]:
    """Return the buildings that both pictures have, in the later one's order, and the others as faults.

    Args:
        before: the picture before the disaster.
        after: the picture of the same place after it, with the damage.

    Raises:
        DataError: the pictures show different disasters or have different sizes.
    """
    if (before.disaster, before.width, before.height) != (after.disaster, after.width, after.height):
        raise DataError(f"{before.picture} and {after.picture} are not one place: another disaster or size")
    earlier = {building.uid: building for building in before.buildings if building.fault is None}
    found: list[BuildingPair | Unfit] = [building.fault for building in before.buildings if building.fault is not None]
    for building in after.buildings:
        if building.fault is not None:
            found.append(building.fault)
        elif building.uid not in earlier:
            found.append(_alone(building, after))
        elif not building.damage:
            found.append(Unfit("damage is unknown", f"{building.where} of {after.picture} has no subtype"))
            del earlier[building.uid]
        else:
            found.append(BuildingPair(earlier.pop(building.uid), building))
    return found + [_alone(building, before) for building in earlier.values()]


def _alone(building: Building, picture: DisasterPicture) -> Unfit:
    return Unfit("building is on one date only", f"{building.where} of {picture.picture}: uid {building.uid[:60]!r}")
