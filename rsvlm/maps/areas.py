"""Which closed ways of OpenStreetMap are areas and which are lines that come back to their start.

The file format does not say; the mapping community's tags do. `area=yes` or `area=no` decide where they stand. Else a
closed way is an area when one of its tags is a key below and its value follows that key's rule. A closed `highway`
(roundabout) or `barrier` (fence) alone is a line.
"""

from collections.abc import Mapping

# Keys whose features are areas whatever the value.
# fmt: off
_ALWAYS = frozenset({
    "amenity", "area:highway", "boundary", "building", "building:part", "craft", "golf", "historic", "indoor", "landcover",
    "landuse", "military", "office", "place", "public_transport", "ruins", "shop", "tourism", "water", "wetland",
})
# fmt: on
# Keys whose features are areas but for these values.
_UNLESS = {
    "aeroway": frozenset({"taxiway", "jet_bridge", "parking_position"}),
    "geological": frozenset({"fault"}),
    "leisure": frozenset({"track", "slipway"}),
    "man_made": frozenset({"breakwater", "cutline", "dyke", "embankment", "groyne", "pipeline"}),
    "natural": frozenset({"arete", "cliff", "coastline", "earth_bank", "ridge", "tree_row", "valley"}),
}
# Keys whose features are lines but for these values.
_ONLY = {
    "highway": frozenset({"elevator", "escape", "rest_area", "services"}),
    "power": frozenset({"compensator", "converter", "generator", "plant", "substation", "switchgear", "transformer"}),
    "railway": frozenset({"platform", "roundhouse", "station", "traverser", "turntable"}),
    "waterway": frozenset({"boatyard", "dam", "dock", "fuel", "riverbank"}),
}


def is_area(tags: Mapping[str, str]) -> bool:
    """Say whether a closed way with these tags is an area."""
    if tags.get("area") in ("yes", "no"):
        return tags["area"] == "yes"
    return any(_says_area(key, value) for key, value in tags.items())


def _says_area(key: str, value: str) -> bool:
    if value == "no":
        return False
    if key in _UNLESS:
        return value not in _UNLESS[key]
    return key in _ALWAYS or value in _ONLY.get(key, ())
