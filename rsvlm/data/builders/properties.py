"""Questions about pictures and rasters themselves: resolution, sensor and modality as the source's index has them."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from rsvlm.data.kinds.properties import PictureProperties
from rsvlm.data.properties import property_talks, sensors
from rsvlm.data.samples import file_sample, origin_of
from rsvlm.data.work import Work
from rsvlm.imagery.pictures import ImageError
from rsvlm.imagery.rasters import info, read
from rsvlm.imagery.stretch import percentile_limits, to_rgb
from rsvlm.records.chips import Window, encode_jpeg, windows
from rsvlm.records.models import EXTENSION_OF, Sample, safe_id
from rsvlm.records.pictures import RASTERS
from rsvlm.records.splits import scene_named
from rsvlm.records.unfit import Unfit

_QUALITY = 92


def shown(settings: PictureProperties, work: Work, file: str) -> Iterator[tuple[Window | None, bytes | None]]:
    """Yield the windows of a file with their JPEG bytes; for a picture that is no raster itself, as it is, (None, None).

    Raises:
        Unfit: the raster cannot be read or shown with these bands.
    """
    path = work.source(settings.source).path(file)
    if path.suffix.lower() not in RASTERS:
        yield None, None
        return
    try:
        raster = info(path)
        pixels, valid = read(path, list(settings.bands) or ([1, 2, 3] if len(raster.bands) >= 3 else [1]))
        limits = [(0.0, 255.0)] * len(pixels) if raster.dtype == "uint8" else percentile_limits(pixels, valid, *settings.stretch)
        picture: Image.Image = to_rgb(pixels, valid, limits)
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None
    side, stride, quality = max(picture.size), max(picture.size), _QUALITY
    if settings.chips:
        side, stride, quality = settings.chips.size, settings.chips.stride, settings.chips.quality
    found = sorted(windows(picture.width, picture.height, side, stride), key=lambda window: work.share("chips", f"{file} {window}"))
    for window in found[: settings.most]:
        part = picture.crop((window.x, window.y, window.x + window.width, window.y + window.height))
        yield window, encode_jpeg(part, quality)


def build(settings: PictureProperties, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split.

    Raises:
        DataError: the scene pattern does not match a picture.
    """
    raw, index = work.source(settings.source), sensors(work, settings.source)
    for file in raw.find(settings.pictures):
        stem = PurePosixPath(file).stem
        try:
            scene = scene_named(settings.scene, file, settings.prefix, settings.source)
            if not work.in_split(scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
                continue
            for window, data in shown(settings, work, file):
                uncut = window is None or (window.x, window.y) == (0, 0)
                name = (
                    safe_id(settings.prefix, stem) if uncut or window is None else safe_id(settings.prefix, stem, f"{window.x}_{window.y}")
                )
                if work.wanted(name, settings.source) and (
                    sample := _sample(settings, work, file, name, scene, window, data, index.get(file, {}))
                ):
                    yield sample
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)


def _sample(
    settings: PictureProperties,
    work: Work,
    file: str,
    name: str,
    scene: str,
    window: Window | None,
    data: bytes | None,
    about: Mapping[str, Any],
) -> Sample | None:
    gsd, sensor = work.source(settings.source).gsd(file), str(about["sensor"]) if about.get("sensor") else None
    bands = about.get("bands")
    talks = property_talks(gsd, sensor, bands, settings.properties, work.generator("properties", name))
    if not talks:
        work.rejected.leave_out(settings.source, "the index knows nothing that is asked for")
        return None
    origin = origin_of(file, None, (window.x, window.y, window.width, window.height) if window else None)
    made = file_sample(
        work, settings.source, file, name, scene=scene, method="meta", builder=settings.kind, talks=talks, origin=origin, sensor=sensor
    )
    extension = EXTENSION_OF.get(PurePosixPath(file).suffix.lower(), "jpg")
    return Sample(name, data or made.image, "jpg" if data else extension, made.fields)
