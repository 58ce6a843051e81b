"""Pictures with what the map has under them, cut to the picture, in degrees and in pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import rasterio.warp
import shapely
from PIL import Image
from rasterio.crs import CRS
from shapely.geometry.base import BaseGeometry

from rsvlm.data.kinds.maps import MapPictures
from rsvlm.data.metadata import tile_gsd, tile_of
from rsvlm.data.work import Work
from rsvlm.errors import DataError
from rsvlm.imagery.rasters import NO_PLACE, lonlat_bounds
from rsvlm.maps.elements import Element, Kind, SetAside
from rsvlm.maps.frames import Frame, frame_of_bounds, to_pixels
from rsvlm.maps.geojson import read_geojson
from rsvlm.maps.geometry import Bounds, visible_share
from rsvlm.maps.mvt import read_mbtiles
from rsvlm.maps.osm import FORMATS, read_osm
from rsvlm.maps.store import MapStore
from rsvlm.maps.tiles import tile_at
from rsvlm.records.models import safe_id
from rsvlm.records.pictures import RASTERS, georeference
from rsvlm.records.unfit import Unfit

_LONLAT = CRS.from_epsg(4326)


@dataclass(frozen=True)
class Place:
    """Where a picture lies.

    Attributes:
        file: the picture's path in its source.
        frame: of its pixels.
        bounds: west, south, east, north in degrees.
        gsd: metres a pixel at its centre.
    """

    file: str
    frame: Frame
    bounds: Bounds
    gsd: float

    @property
    def outline(self) -> BaseGeometry:
        """The picture's outline in pixels."""
        return shapely.box(0, 0, self.frame.width, self.frame.height)


@dataclass(frozen=True)
class Seen:
    """An element as a picture shows it.

    Attributes:
        element: its visible part, longitude and latitude in degrees, with its tags.
        shape: the visible part in pixels of the picture, y down.
        share: which share of the whole element that is, 0 to 1.
    """

    element: Element
    shape: BaseGeometry
    share: float


@dataclass(frozen=True)
class MapPicture:
    """A picture and what the map has under it.

    Attributes:
        place: where it lies.
        name: what its ids are made of: the prefix and the file's stem.
        scene: that it belongs to.
        map_file: the map's file, in the map's source.
        licence: of the picture and of the map.
        seen: elements that show, sorted by id.
        store: the whole map.
    """

    place: Place
    name: str
    scene: str
    map_file: str
    licence: str
    seen: tuple[Seen, ...]
    store: MapStore


def map_pictures(settings: MapPictures, work: Work) -> Iterator[MapPicture]:
    """Yield the pictures of the split that is being made; unusable ones are set aside.

    Raises:
        DataError: no picture or map is there, or a map is unreadable as a whole.
    """
    source = work.source(settings.source)
    for file in source.find(settings.pictures):
        try:
            place = place_of(settings, work, file)
            name, scene = safe_id(settings.prefix, PurePosixPath(file).stem), scene_of(settings, place)
            if not work.in_split(scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
                continue
            map_file, store = map_of(settings, work, file)
            seen = tuple(seen_in(place, store, settings.least_side))
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)
            continue
        yield MapPicture(place, name, scene, map_file, licence_of(settings, work, file, map_file), seen, store)


def is_drawn(settings: MapPictures, work: Work, name: str) -> bool:
    """Say whether a record is in the builder's share and in the corpus's drawn subset; count it as left out where it is not."""
    if work.share("map records", name) >= settings.share:
        work.rejected.leave_out(settings.source, "outside the builder's share")
        return False
    return work.wanted(name, settings.source)


def place_of(settings: MapPictures, work: Work, file: str) -> Place:
    """Return where a picture lies.

    Raises:
        Unfit: it cannot be read, or nothing tells where it lies.
    """
    source = work.source(settings.source)
    path = source.path(file)
    raster = georeference(path)
    if raster is not None and raster.crs and raster.bounds and raster.gsd:
        return Place(file, Frame(raster.crs, raster.transform, raster.width, raster.height), raster.bounds, raster.gsd)
    if path.suffix.lower() in RASTERS:
        raise Unfit("picture has no place on the earth", file[:100])
    width, height = _size(path)
    try:
        zoom, bounds = tile_of(file)
        gsd = tile_gsd((bounds[1] + bounds[3]) / 2, zoom, width)
    except (Unfit, DataError):
        row = source.metadata(file)
        sides = [row.get(side) for side in ("west", "south", "east", "north")]
        if None in sides or not row.get("gsd"):
            raise Unfit("picture has no place on the earth", f"{file[:100]}: neither a tile's name nor bounds in the index") from None
        west, south, east, north = (float(side) for side in sides if side is not None)
        bounds, gsd = (west, south, east, north), float(row["gsd"])
    try:
        return Place(file, frame_of_bounds(bounds, width, height), bounds, gsd)
    except ValueError as error:
        raise Unfit("picture has no place on the earth", str(error)[:100]) from None


def _size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unfit("picture: broken", f"{path.name}: {str(error).replace(str(path), path.name)}"[:200]) from None


def scene_of(settings: MapPictures, place: Place) -> str:
    """Return the name of the scene: the web-map tile of the recipe's zoom that holds the picture's centre."""
    west, south, east, north = place.bounds
    east = east if east > west else east + 360.0
    column, row = tile_at(((west + east) / 2 + 180.0) % 360.0 - 180.0, (south + north) / 2, settings.scene_zoom)
    return f"tile-{settings.scene_zoom}-{column}-{row}"


def map_of(settings: MapPictures, work: Work, file: str) -> tuple[str, MapStore]:
    """Return the map's file and its elements, read once where the map is not the picture's own.

    Raises:
        Unfit: a picture's own map is missing.
        DataError: the map is missing, or unreadable as a whole.
    """
    name = settings.map_source or settings.source
    map_file = settings.maps.replace("{stem}", PurePosixPath(file).stem)
    try:
        path = work.source(name).path(map_file)
    except Unfit as missing:
        if "{stem}" in settings.maps:
            raise
        raise DataError(
            f"source '{name}': no map '{map_file}' ({missing}); check the recipe's maps or run the acquire stage again"
        ) from None

    def set_aside(element: str, unfit: Unfit) -> None:
        work.drop(f"{map_file}: {element}", name, unfit, kind="object")

    def load() -> MapStore:
        store = MapStore(read_map(path, set_aside, settings.also))
        work.rejected.keep(len(store.elements), kind="object")
        return store

    if "{stem}" in settings.maps:
        return map_file, load()
    return map_file, work.once(("map", name, map_file, tuple(sorted(settings.also.items()))), load)


def read_map(path: Path, set_aside: SetAside, also: dict[str, str]) -> Iterator[Element]:
    """Yield the elements of a map file by its ending; `also` are tags of every one.

    Raises:
        DataError: another format, missing, or unreadable as a whole.
    """
    name = path.name.lower()
    if name.endswith((".geojson", ".json")):
        yield from read_geojson(path, set_aside, also)
        return
    if name.endswith(".mbtiles"):
        elements = read_mbtiles(path, set_aside)
    elif name.endswith(tuple(FORMATS)):
        elements = read_osm(path, set_aside)
    else:
        raise DataError(f"{path}: no map that is read here; allowed: *.geojson, *.mbtiles, {', '.join('*' + end for end in FORMATS)}")
    for element in elements:
        yield Element(element.id, element.kind, element.geometry, {**also, **element.tags})


def licence_of(settings: MapPictures, work: Work, file: str, map_file: str) -> str:
    """Return the licences of the picture and of the map under it; both hold for what is made of them."""
    picture = work.source(settings.source).licence(file) or "not stated"
    layer = work.source(settings.map_source or settings.source).licence(map_file) or "not stated"
    return f"imagery: {picture}; map: {layer}"


def seen_in(place: Place, store: MapStore, least_side: float) -> Iterator[Seen]:
    """Yield the elements that show in a picture, large enough, sorted by id.

    Raises:
        Unfit: the picture's place cannot be worked with.
    """
    try:
        outline, visible = _outline(place.frame), store.within(place.bounds)
    except ValueError as error:
        raise Unfit("picture has no place on the earth", str(error)[:100]) from None
    for found in visible:
        part = (
            found.element.geometry
            if outline is None
            else _of_kind(shapely.intersection(found.element.geometry, outline), found.element.kind)
        )
        if part is None:
            continue
        shape = _of_kind(shapely.intersection(shapely.make_valid(to_pixels(part, place.frame)), place.outline), found.element.kind)
        if shape is not None and is_large(shape, found.element.kind, least_side):
            share = found.visible_share
            if outline is not None:  # of what shows between the bounds, the picture's outline may cut more away
                share *= visible_share(found.element.geometry, part, found.element.kind)
            yield Seen(Element(found.element.id, found.element.kind, part, found.element.tags), shape, share)


def is_large(shape: BaseGeometry, kind: Kind, least_side: float) -> bool:
    """Say whether a shape in pixels shows enough to be spoken of."""
    if kind == "area":
        return bool(shape.area >= least_side**2)
    return kind == "point" or bool(shape.length >= least_side)


def clipped(shape: BaseGeometry, kind: Kind, window: BaseGeometry) -> BaseGeometry | None:
    """Return the part of a shape inside a window, of its own kind; None where nothing but a touch is left."""
    return _of_kind(shapely.intersection(shape, window), kind)


def _of_kind(shape: BaseGeometry, kind: Kind) -> BaseGeometry | None:
    wanted = {"point": 0, "line": 1, "area": 2}[kind]
    parts = [part for part in shapely.get_parts(shape).tolist() if shapely.get_dimensions(part) == wanted and not part.is_empty]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def _outline(frame: Frame) -> BaseGeometry | None:
    """Return the outline of a picture in degrees; None where it is its bounds, or crosses the antimeridian."""
    crs = CRS.from_user_input(frame.crs)
    if crs == _LONLAT and frame.transform[1] == frame.transform[3] == 0.0:
        return None
    a, b, c, d, e, f = frame.transform
    corners = [(0, 0), (frame.width, 0), (frame.width, frame.height), (0, frame.height)]
    try:
        xs, ys = rasterio.warp.transform(crs, _LONLAT, [a * x + b * y + c for x, y in corners], [d * x + e * y + f for x, y in corners])
    except NO_PLACE as error:
        raise Unfit("picture has no place on the earth", str(error)[:100]) from None
    outline = shapely.Polygon(zip(xs, ys, strict=True))
    return outline if max(xs) - min(xs) < 180 and outline.is_valid else None


def window_bounds(place: Place, window: tuple[int, int, int, int]) -> Bounds:
    """Return west, south, east, north in degrees of a window (x, y, width, height) of a picture."""
    a, b, c, d, e, f = place.frame.transform
    x, y, width, height = window
    affine = (a, b, a * x + b * y + c, d, e, d * x + e * y + f)
    return lonlat_bounds(CRS.from_user_input(place.frame.crs), affine, width, height)
