"""Questions for the sensor of a picture: optical, SAR or infrared."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.kinds.modality import Modality
from rsvlm.data.samples import common_fields, origin_of, told
from rsvlm.data.wording import drawn, wording
from rsvlm.data.work import Work
from rsvlm.imagery.pictures import ImageError
from rsvlm.imagery.rasters import info, read
from rsvlm.imagery.stretch import percentile_limits, to_rgb
from rsvlm.records.chips import encode_jpeg, windows
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.pictures import RASTERS, load
from rsvlm.records.unfit import Unfit

_FLOOR = 1e-6


def shown(path: Path, stretch: tuple[float, float]) -> Image.Image:
    """Return a picture as RGB; of a complex raster the amplitude of its first band in decibels, stretched, three times.

    Args:
        path: a picture or a GeoTIFF.
        stretch: percentiles, 0 to 100.

    Raises:
        Unfit: it cannot be decoded, or holds no data.
    """
    try:
        if path.suffix.lower() not in RASTERS or not info(path).dtype.startswith("complex"):
            return load(path, stretch)
        pixels, valid = read(path, [1])
        amplitude = np.abs(pixels)
        valid = valid & np.isfinite(amplitude[0]) & (amplitude[0] > 0)
        decibels = 20 * np.log10(np.maximum(np.where(valid, amplitude, 0), _FLOOR))
        return to_rgb(decibels, valid, percentile_limits(decibels, valid, *stretch))
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None


def build(settings: Modality, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    source = work.source(settings.source)
    for file in source.find(settings.pictures):
        stem = PurePosixPath(file).stem
        scene = safe_id(settings.prefix, settings.scene or stem)
        if not work.in_split(scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
            continue
        try:
            picture = shown(source.path(file), settings.stretch)
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)
            continue
        side = settings.side or max(picture.size)
        for window in windows(picture.width, picture.height, side, side):
            name = safe_id(settings.prefix, stem, f"{window.x}_{window.y}") if settings.side else safe_id(settings.prefix, stem)
            if not work.wanted(name, settings.source):
                continue
            part = picture.crop((window.x, window.y, window.x + window.width, window.y + window.height))
            if not np.ptp(np.asarray(part), axis=(0, 1)).any():
                work.screen_out(name, settings.source, "no data in this window")
                continue
            question = drawn(wording("modality")["questions"], work.generator("modality", name))
            talk = Talk("modality", question, settings.sensor, settings.sensor)
            fields = common_fields(work, settings.source, file, scene=scene, method="template", builder=settings.kind)
            fields |= told([], work.longest)
            fields |= {
                "conversations": as_conversations(name, [talk]),
                "sensor": settings.sensor,
                "origin": origin_of(file, None, (window.x, window.y, window.width, window.height)),
            }
            yield Sample(name, encode_jpeg(part, settings.quality), "jpg", fields)
