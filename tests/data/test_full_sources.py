"""The full profiles of the pre-training corpora: the sources of each published procedure, who reads them, what is known of them."""

import re
from pathlib import Path

import pytest

from rsvlm.recipes.load import load_recipe
from rsvlm.sources.catalogue import load

DETECTION = ["au-air", "carpk", "dior", "dota", "hrrsd", "hrsc2016", "levir-detection", "rsod", "stanford-drone", "visdrone"]
WEB = ["laion2b-en", "laion-coco", "laion400m", "coyo-700m", "wit", "yfcc15m", "cc12m", "redcaps", "cc3m", "sbu-captions", "visual-genome"]
ORTHOPHOTOS = ["swissimage", "pnoa", "brandenburg-orthophotos", "finland-orthophotos", "naip"]
SATELLITES = ["skysat-rgb", "skysat-multispectral", "sentinel-2-surface-reflectance", "landsat-8", "landsat-9"]
PUBLISHED = {
    "rsicap": ["rsicap"],
    "dior-captions": ["dior"],
    "chatearthnet": ["satlas-pretrain"],
    "remoteclip-data": ["rsicd", "rsitmd", "ucm-captions", *DETECTION, "isaid", "loveda", "potsdam", "vaihingen"],
    "versad": ["crowdai", "cvact", "cvusa", "fmow", "loveda", "million-aid"],
    "rs5m": [*WEB, "fmow", "bigearthnet", "million-aid"],
    "git-10m": ["dior", "geopile", "google-earth-tiles", "million-aid", "rsi-cb256", "skyscript", "ssl4eo-s12"],
    "luojiahog": ["google-maps-images", "night-lights", "openstreetmap"],
    "lhrs-align": ["google-earth-tiles", "openstreetmap"],
    "rsteller": ["naip", "openstreetmap"],
    "skyscript": [*ORTHOPHOTOS, *SATELLITES, "openstreetmap"],
}
"""Recipe -> the sources of the paper's own corpus (of ChatEarthNet, SatlasPretrain has the land cover of ESA WorldCover in it)."""


def named(value: object) -> set[str]:
    """Every source that settings name, however deep: the values of keys `source` and `map_source`."""
    if isinstance(value, list):
        return set().union(*map(named, value))
    if not isinstance(value, dict):
        return set()
    own = {str(value[key]) for key in ("source", "map_source") if value.get(key)}
    return own.union(*map(named, value.values()))


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.system(name, 3)) for name in PUBLISHED])
def test_the_published_sources_are_acquired_and_read(root: Path, name: str) -> None:
    sections = load_recipe(root, name).sections["full"]
    read = named([builder.model_dump(mode="json") for builder in sections["caption"].builders])
    assert set(PUBLISHED[name]) <= read
    assert read <= set(sections["acquire"].sources)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.system(name, 3)) for name in PUBLISHED])
def test_every_source_says_where_it_is_under_which_licence_and_on_what_its_figures_rest(root: Path, name: str) -> None:
    for source in load_recipe(root, name).sections["full"]["acquire"].sources:
        definition = load(source).definition
        assert definition.licence.strip(), source
        assert definition.homepage, source
        assert definition.parts, source
        assert definition.note, source
        if definition.size is None:
            assert re.search(r"\bsizes?\b|number of images|counts", definition.note, re.IGNORECASE), source


@pytest.mark.system("remoteclip-data", 3)
def test_the_17_sets_of_remoteclip(root: Path) -> None:
    """Table I of RemoteCLIP, where the set holds just what was taken."""
    counted = {name: load(name).definition.images for name in PUBLISHED["remoteclip-data"]}
    assert len(counted) == 17
    table = {"au-air": 32823, "carpk": 1568, "dior": 23463, "hrrsd": 21761, "hrsc2016": 1055, "levir-detection": 3791, "visdrone": 6471}
    assert {name: counted[name] for name in table} == table
    assert counted["stanford-drone"] == 17351
    assert load("remoteclip-data").definition.images == 165_745


@pytest.mark.system("rs5m", 3)
def test_the_sets_of_rs5m() -> None:
    """Amounts of RS5M's README: 2.3 B, 662 M, 413 M, 746 M, 15 M, 12 M, 12 M, 3.3 M, 1 M, 0.1 M; of WIT its 11.5 M pictures."""
    rounded = [round((load(name).definition.images or 0) / 1e5) / 10 for name in WEB]
    assert rounded == [2300.0, 662.0, 413.0, 747.0, 11.5, 14.8, 12.0, 12.0, 3.3, 1.0, 0.1]
    assert load("million-aid").definition.images == 10_000 + 990_848
