"""Geometries for tests, and how far two of them lie apart."""

import cmath
import math

from hypothesis import strategies as st

from rsvlm.conversations.formats.shapes import Geometry

SIZES = st.sampled_from([(100, 100), (512, 512), (160, 120), (333, 512), (800, 799)])


def turned(centre, width, height, degrees):
    """Corners by complex numbers: a clockwise turn on screen (y down) multiplies by exp(i angle)."""
    turn = cmath.exp(1j * math.radians(degrees))
    half = (complex(-width, -height), complex(width, -height), complex(width, height), complex(-width, height))
    return tuple((centre[0] + (z / 2 * turn).real, centre[1] + (z / 2 * turn).imag) for z in half)


@st.composite
def rectangles(draw):
    """Turned rectangles well inside an image, at least a tenth of it wide and high."""
    width, height = draw(SIZES)
    least, most = 0.1 * max(width, height), 0.3 * max(width, height)
    sides = draw(st.floats(least, most)), draw(st.floats(least, most))
    centre = draw(st.floats(0.4 * width, 0.6 * width)), draw(st.floats(0.4 * height, 0.6 * height))
    angle = draw(st.one_of(st.floats(0, 360), st.integers(0, 360)))
    return Geometry(turned(centre, *sides, angle), width, height)


@st.composite
def outlines(draw):
    """Polygons of three to twelve points, each further round the centre than the one before."""
    width, height = draw(SIZES)
    count = draw(st.integers(3, 12))
    side = min(width, height)
    points = []
    for position in range(count):
        turn = 2 * math.pi * (position + draw(st.floats(0, 0.6))) / count
        reach = draw(st.floats(0.15 * side, 0.35 * side))
        points.append((width / 2 + reach * math.cos(turn), height / 2 + reach * math.sin(turn)))
    return Geometry(tuple(points[:: draw(st.sampled_from((1, -1)))]), width, height)


def sides_of(geometry):
    """Centre, width, height and angle of a rectangle from its corners in order."""
    first, second, third, _ = (complex(*point) for point in geometry.points)
    centre = sum(complex(*point) for point in geometry.points) / 4
    return centre, abs(second - first), abs(third - second), math.degrees(cmath.phase(second - first))


def rectangles_differ(one, other):
    """Greatest difference of centre coordinates (pixels), of sides (pixels) and of angle (degrees) of two rectangles."""
    centre, width, height, angle = sides_of(one)
    other_centre, *sides, other_angle = sides_of(other)
    quarters = round((other_angle - angle) / 90)
    if quarters % 2:
        sides.reverse()
    apart = centre - other_centre
    return (
        max(abs(apart.real), abs(apart.imag)),
        max(abs(width - sides[0]), abs(height - sides[1])),
        abs(other_angle - angle - 90 * quarters),
    )


def points_within(one, other, x, y):
    """Whether every point of one lies within x and y of a point of the other."""
    return all(any(abs(a - c) <= x and abs(b - d) <= y for c, d in other.points) for a, b in one.points)
