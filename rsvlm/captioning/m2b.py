"""Mask-to-box (M2B): boxes around the connected regions of each class of a mask.

RemoteCLIP follows the outer border of every region and takes the least and greatest x and y of its points. That is the
bounding box of the 8-connected region, so it is computed as such. As with border points, the greatest x and y are those
of the last pixel inside: a region one pixel wide has x2 = x1. `as_objects` adds that pixel to make boxes with an area.
"""

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from rsvlm.captioning.settings import M2BSettings
from rsvlm.records.geometry import rectangle
from rsvlm.records.models import LabelledObject

_EIGHT = np.ones((3, 3), dtype=bool)


def boxes(mask: np.ndarray, *, minimum_area: int = 1, nested: bool = True) -> list[tuple[int, int, int, int]]:
    """Return (x1, y1, x2, y2) of every region of a boolean mask (height, width), x2 and y2 being the last pixel inside.

    Args:
        mask: true where the class is.
        minimum_area: regions of fewer pixels are left out.
        nested: keep regions that lie in a hole of another region; otherwise they count as part of it.
    """
    filled = mask if nested else ndimage.binary_fill_holes(mask)
    regions, count = ndimage.label(filled, structure=_EIGHT)
    areas = np.bincount(regions[mask], minlength=count + 1)
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(regions), start=1):
        if areas[number] >= minimum_area:
            found.append((columns.start, rows.start, columns.stop - 1, rows.stop - 1))
    return found


def as_objects(mask: np.ndarray, classes: Mapping[int, str], settings: M2BSettings) -> list[LabelledObject]:
    """Return the objects of a mask, class by class in the order of their values.

    Args:
        mask: integers (height, width).
        classes: mask value -> noun; all other values are background.
        settings: smallest region, nested regions.
    """
    found = []
    for value, noun in sorted(classes.items()):
        for x1, y1, x2, y2 in boxes(mask == value, minimum_area=settings.minimum_area, nested=settings.nested):
            found.append(LabelledObject(noun, rectangle(x1, y1, x2 + 1, y2 + 1)))
    return found
