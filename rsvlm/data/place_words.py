"""Sentences about what the map has in a picture: counts, sizes, places and neighbours, without vague words.

The principles are LuoJiaHOG's: attributes of things, exact words instead of `some` or `several`, `next to` instead of `up` or
`above`, and another word beside a noun that has one.
"""

from collections.abc import Sequence
from itertools import combinations

import shapely
from shapely.geometry.base import BaseGeometry

from rsvlm.captioning.grammar import indefinite, is_countable, listed, number, plural
from rsvlm.data.main_object import cell_of
from rsvlm.data.main_object_words import metres, percent, rounded
from rsvlm.data.map_groups import Group
from rsvlm.data.map_pictures import Place
from rsvlm.data.osm_words import is_word, words_of_value
from rsvlm.data.place_labels import synonym_of
from rsvlm.maps.elements import Element
from rsvlm.maps.frames import relation
from rsvlm.maps.geometry import area_m2, length_m

_MOST_PAIRS = 3
_LEAST_SHARE = 0.005


def caption(found: Sequence[Group], place: Place, first_level: Sequence[str], *, most: int, near: float, synonyms: bool) -> list[str]:
    """Return the sentences about a picture.

    Args:
        found: what the picture shows, the most prominent first.
        place: of the picture.
        first_level: labels of the first level.
        most: kinds that are spoken of.
        near: outlines at most so many pixels apart are next to each other.
        synonyms: say another word beside a noun that has one.
    """
    told = [f"The scene belongs to the {'theme' if len(first_level) == 1 else 'themes'} of {listed(list(first_level))}."]
    for group in found[:most]:
        told += _of_group(group, place, synonyms)
    return told + _neighbours(found[:most], near)


def _of_group(group: Group, place: Place, synonyms: bool) -> list[str]:
    count, noun = group.count, group.noun
    other = synonym_of(noun) if synonyms else ""
    if not is_countable(noun):
        told = [f"There is {noun} in the image."]
    elif count == 1:
        told = [f"There is {indefinite(noun)}{f', also called {indefinite(other)},' if other else ''} in the image."]
    else:
        told = [f"There are {number(count, words=True)} {plural(noun)}{f', also called {plural(other)},' if other else ''} in the image."]
    single = count == 1 and is_countable(noun)
    return [*told, *_size(group, place, single), *_place(group, place, single), *_surface(group, single)]


def _size(group: Group, place: Place, single: bool) -> list[str]:
    shapes = [(element.kind, shape) for element, shape in group.elements]
    kinds = {kind for kind, _ in shapes}
    subject = "It" if single or not is_countable(group.noun) else "Together they"
    if kinds == {"area"}:
        share = shapely.union_all([shape for _, shape in shapes]).area / place.outline.area
        told = []
        if share >= _LEAST_SHARE:
            told.append(f"{subject} {'covers' if subject == 'It' else 'cover'} about {percent(share)} of the image.")
        element, _ = _largest(group)
        largest = area_m2(element.geometry)
        if single:
            told.append(f"Its visible area is about {rounded(largest)} square metres.")
        elif is_countable(group.noun):
            told.append(f"The largest of these {plural(group.noun)} shows about {rounded(largest)} square metres.")
        return told
    if kinds == {"line"}:
        length = length_m(shapely.union_all([element.geometry for element, _ in group.elements]))
        return [f"{subject} {'measures' if subject == 'It' else 'measure'} about {metres(length)} in length within the image."]
    return []


def _largest(group: Group) -> tuple[Element, BaseGeometry]:
    return max(group.elements, key=lambda pair: (pair[1].area, pair[1].length, pair[0].id))


def _place(group: Group, place: Place, single: bool) -> list[str]:
    element, shape = _largest(group)
    cell = cell_of((shape.centroid.x, shape.centroid.y), place)
    if element.kind == "line" or len({other.kind for other, _ in group.elements}) > 1:
        return []
    if single:
        return [f"It lies around the {cell} of the image."]
    if element.kind == "area" and is_countable(group.noun):
        return [f"That largest one lies around the {cell} of the image."]
    return []


def _surface(group: Group, single: bool) -> list[str]:
    values = {element.tags.get("surface", "") for element, _ in group.elements}
    if len(values) != 1 or not is_word(next(iter(values))):
        return []
    surface = words_of_value(next(iter(values)))
    noun = group.noun if single or not is_countable(group.noun) else plural(group.noun)
    return [f"The {noun} {'has' if noun == group.noun else 'have'} a surface of {surface}."]


def _neighbours(found: Sequence[Group], near: float) -> list[str]:
    """Return which single things lie next to each other, or one within the other."""
    single = [group for group in found if group.count == 1 and len(group.elements) == 1 and is_countable(group.noun)]
    told = []
    for first, second in combinations(single, 2):
        where = relation(second.elements[0][1], first.elements[0][1], near)
        if where == "inside":
            told.append(f"The {second.noun} lies within the {first.noun}.")
        elif where == "next to":
            told.append(f"The {second.noun} lies next to the {first.noun}.")
    return told[:_MOST_PAIRS]
