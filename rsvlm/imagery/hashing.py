"""A 64-bit perceptual hash: pictures that look alike get hashes that differ in few bits."""

import functools

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 32
_KEPT = 8


@functools.cache
def _cosines() -> NDArray[np.float64]:
    """Return the first rows of the orthonormal DCT-II matrix, shape (8, 32)."""
    positions = (2 * np.arange(_SIDE) + 1)[None, :] * np.arange(_KEPT)[:, None]
    matrix = np.cos(np.pi * positions / (2 * _SIDE)) * np.sqrt(2.0 / _SIDE)
    matrix[0] /= np.sqrt(2.0)
    return matrix


def perceptual_hash(image: Image.Image) -> str:
    """Return the DCT hash of a picture as 16 hex digits.

    The picture is made grey and 32 x 32 (Lanczos); of its two-dimensional DCT-II the 8 x 8 lowest frequencies are kept;
    bit i (row by row, most significant first) says whether coefficient i is above their median.

    Args:
        image: any Pillow image.
    """
    small = np.asarray(image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    low = _cosines() @ small @ _cosines().T
    # Rounded, so that two processors whose last bits differ agree on coefficients that are equal to the median.
    flat = np.round(low, 6).ravel()
    bits = flat > np.median(flat)
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def hamming(first: str, second: str) -> int:
    """Return in how many bits two hashes of 16 hex digits differ, 0 to 64."""
    return (int(first, 16) ^ int(second, 16)).bit_count()
