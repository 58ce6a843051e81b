"""The colour of an object, told only where its pixels agree with it one by one.

The centre of the largest cluster (`rsvlm.conversations.attributes`) may lie between two colours that hardly any pixel has;
so a colour counts only if enough of the pixels in the object's core have it themselves.
"""

import math

import numpy as np
from PIL import Image, ImageDraw

from rsvlm.conversations.attributes import colour_name, colour_of
from rsvlm.conversations.settings import AttributeSettings
from rsvlm.records.models import LabelledObject


def clear_colour(picture: Image.Image, labelled: LabelledObject, rules: AttributeSettings, least: float) -> str | None:
    """Return the colour name of an object, None where it is in doubt.

    Args:
        picture: RGB.
        labelled: the object, pixels.
        rules: of its colour.
        least: share of the pixels in its core that must have that colour.
    """
    name = colour_of(picture, labelled, rules) if rules.colours else None
    if name is None:
        return None
    x1, y1, x2, y2 = labelled.box
    left, top = math.floor(x1), math.floor(y1)
    right, bottom = min(math.ceil(x2), picture.width), min(math.ceil(y2), picture.height)
    x0, y0 = labelled.centre
    core = [(x0 + (x - x0) * rules.core - left, y0 + (y - y0) * rules.core - top) for x, y in labelled.polygon]
    stencil = Image.new("1", (right - left, bottom - top))
    ImageDraw.Draw(stencil).polygon(core, fill=1)
    pixels = np.asarray(picture.crop((left, top, right, bottom)))[np.asarray(stencil)]
    agreeing = sum(colour_name(*pixel) == name for pixel in pixels.tolist())
    return name if agreeing >= least * len(pixels) else None
