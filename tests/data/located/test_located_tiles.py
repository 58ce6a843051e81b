"""Located tiles: levels, zooms, captions and their checker, cleaning, enlarged companions."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rasterio.transform import from_origin
from safetensors.torch import save_file

from rsvlm.chat.exchange import Answer
from rsvlm.data.builders.located_tiles import _written
from rsvlm.data.enhance import enhancer
from rsvlm.data.kinds.located_tiles import Captioner, Enhancement, LocatedTiles
from rsvlm.data.levels import level_of, metres_of
from rsvlm.data.prompt_files import prompt_of
from rsvlm.data.tile_words import length_words, prompt_values
from rsvlm.data.tiles import reduced
from rsvlm.encoders.rrdb import RrdbNet
from rsvlm.recipes.load import load_recipe
from rsvlm.records.unfit import Unfit
from rsvlm.settings import validate
from rsvlm.sources import catalogue
from tests.data.land_cover.test_land_cover import UTM, bands, geotiff
from tests.data.tinyraw import Made, make, noise, write_source

TILES = {"kind": "located-tiles", "source": "tiles", "prefix": "t", "shares": {"validation": 0.0}}


@pytest.mark.system("git-10m", 2)
def test_metres_of_levels_are_the_published_ones() -> None:
    assert [metres_of(level) for level in range(10, 19)] == [128.0, 64.0, 32.0, 16.0, 8.0, 4.0, 2.0, 1.0, 0.5]
    assert [level_of(metres_of(level)) for level in range(10, 19)] == list(range(10, 19))


@pytest.mark.parametrize(("gsd", "level"), [(10.0, 14), (20.0, 13), (30.0, 12), (0.6, 18), (0.3, 19), (2**0.5, 17), (1e-9, 47)])
def test_the_nearest_level_of_a_resolution(gsd: float, level: int) -> None:
    assert level_of(gsd) == level


@pytest.mark.parametrize("gsd", [0.0, -1.0, float("nan"), float("inf")])
def test_what_has_no_level(gsd: float) -> None:
    with pytest.raises(ValueError, match="no ground sample distance"):
        level_of(gsd)


def bands_source(raw: Path) -> dict:
    write_source(raw, "tiles", {"a.tif": geotiff(bands(32), UTM, from_origin(500_000, 5_300_000, 10, 10))}, "Sentinel-2", 10.0)
    return {**TILES, "pictures": "*.tif", "cover": {"kind": "derived"}, "side": 16, "reductions": [1, 2]}


def made_of_bands(raw: Path, **more) -> Made:
    return make(raw, {**bands_source(raw), **more})


@pytest.mark.system("git-10m", 2)
def test_coarser_levels_show_more_ground(tmp_path: Path) -> None:
    made = made_of_bands(tmp_path)
    assert made.false() == []
    levels = {record["id"]: (record["facts"]["level"], record["width"], record["origin"].get("window")) for record in made.records}
    assert levels == {
        "t-a-00": (14, 16, [0, 0, 16, 16]),
        "t-a-01": (14, 16, [16, 0, 16, 16]),
        "t-a-10": (14, 16, [0, 16, 16, 16]),
        "t-a-11": (14, 16, [16, 16, 16, 16]),
        "t-a-r2": (13, 16, None),
    }
    assert len({record["scene"] for record in made.records}) == 1
    whole = next(record for record in made.records if record["id"] == "t-a-r2")
    assert "320 metres wide and 320 metres high" in whole["captions"][0]
    assert (
        "50% trees, 25% bare land and 25% water" in whole["captions"][0] or "50% trees, 25% water and 25% bare land" in whole["captions"][0]
    )


def test_a_reduced_pixel_is_the_mean_of_its_square() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (8, 12, 3), dtype=np.uint8)
    found = np.asarray(reduced(Image.fromarray(pixels), 4), dtype=np.float64)
    expected = pixels.reshape(2, 4, 3, 4, 3).mean(axis=(1, 3))
    assert np.abs(found - expected).max() <= 0.51
    with pytest.raises(Unfit, match="evenly"):
        reduced(Image.fromarray(pixels), 16)


def web_map(raw: Path, **more) -> Made:
    """Tiles of zoom 19 at the equator's first column east of Greenwich, and three outlines, two of them in the first tile."""
    side = 360 / 2**19

    def outline(x: float, y: float) -> dict:
        ring = [[x, y], [x + side / 20, y], [x + side / 20, y - side / 20], [x, y]]
        return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {}}

    features = [outline(side * 0.2, -side * 0.2), outline(side * 0.5, -side * 0.5), outline(side * 1.5, -side * 0.5), {"geometry": None}]
    collection = json.dumps({"type": "FeatureCollection", "features": features[:3]}).encode()
    row = 2**18
    files = {f"m-{2**18 + step}-{row}-19.png": noise(step, 64, 64) for step in range(3)}
    write_source(raw, "tiles", {**files, "map.geojson": collection})
    builder = {**TILES, "pictures": "m-*.png", "place": "tile", "place_name": "Null Island", "buildings": "map.geojson", "decimals": 4}
    return make(raw, {**builder, "reductions": [2], **more})


@pytest.mark.system("git-10m", 2)
def test_the_zoom_of_a_web_map_tile_is_its_level(tmp_path: Path) -> None:
    made = web_map(tmp_path)
    assert made.false() == []
    assert {record["facts"]["level"] for record in made.records} == {18}
    told = {record["id"]: record["captions"][0].rsplit(". ", 1)[1] for record in made.records}
    assert list(told.values()) == [
        "The map of this place has 2 buildings here.",
        "The map of this place has a building here.",
        "The map of this place has no buildings here.",
    ]
    assert all(20 <= len(record["captions"][0].split()) <= 100 for record in made.records)


@pytest.mark.system("git-10m", 2)
def test_levels_outside_the_published_range_are_screened_out(tmp_path: Path) -> None:
    made = web_map(tmp_path, reductions=[1])
    assert made.records == []
    reasons = [(entry.kind, entry.reason, entry.detail) for entry in made.rejected.entries()]
    assert set(reasons) == {("screened", "resolution level is outside the range", "level 19; 10 to 18")}


def changed(record: dict, old: str, new: str) -> dict:
    assert old in record["captions"][0], record["captions"][0]
    return {**record, "captions": [record["captions"][0].replace(old, new)]}


@pytest.mark.system("git-10m", 2)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2 buildings", "3 buildings"),
        ("degrees south", "degrees north"),
        ("0.0003 degrees east", "0.0005 degrees east"),
        ("in UTM zone 31", "in UTM zone 32"),
        ("Null Island", "Atlantis"),
        ("level 18", "level 17"),
        ("overhead", "satellite"),
        ("wide", "long"),
    ],
)
def test_lies_are_found(tmp_path: Path, old: str, new: str) -> None:
    made = web_map(tmp_path)
    record = next(record for record in made.records if "2 buildings" in record["captions"][0])
    assert not all(statement.holds for statement in made.statements(changed(record, old, new)))


@pytest.mark.parametrize(
    ("old", "new"), [("50%", "53%"), ("trees", "crops"), ("320 metres wide", "300 metres wide"), ("20 metres on", "10 metres on")]
)
def test_lies_about_land_cover_and_size_are_found(tmp_path: Path, old: str, new: str) -> None:
    made = made_of_bands(tmp_path)
    record = next(record for record in made.records if record["id"] == "t-a-r2")
    assert not all(statement.holds for statement in made.statements(changed(record, old, new)))


def test_lengths_in_words() -> None:
    assert [length_words(metres) for metres in (1.0, 38.22, 999.9, 1000.0, 2560.0)] == [
        "1 metre",
        "38.2 metres",
        "999.9 metres",
        "1 kilometre",
        "2.56 kilometres",
    ]


def test_pictures_without_a_place_are_set_aside(tmp_path: Path) -> None:
    write_source(tmp_path, "tiles", {"a.png": noise(1, 64, 64), "b.tif": b"II*\0broken"})
    made = make(tmp_path, {**TILES, "pictures": "*.*"})
    assert made.records == []
    assert sorted(entry.id for entry in made.rejected.entries()) == ["a.png", "b.tif"]


def weights(raw: Path) -> dict:
    torch.manual_seed(0)
    network = RrdbNet(2, 4, 1, 3)
    (raw / "net/files").mkdir(parents=True)
    save_file({f"params_ema.{name}": tensor for name, tensor in network.state_dict().items()}, raw / "net/files/w.safetensors")
    return {"weights": {"source": "net", "file": "w.safetensors"}, "side": 32, "features": 4, "blocks": 1, "growth": 3}


@pytest.mark.system("git-10m", 2)
def test_the_original_stays_beside_the_enlarged_tile(tmp_path: Path) -> None:
    """Trap: the network's doubling is not undone, and the captions' resolution is the original's."""
    enhancement = weights(tmp_path)
    plain = made_of_bands(tmp_path)
    made = make(tmp_path, {**bands_source(tmp_path), "enhancement": enhancement})
    originals = [record for record in made.records if not record.get("part_of")]
    companions = {record["part_of"]: record for record in made.records if record.get("part_of")}
    assert originals == plain.records
    assert set(companions) == {record["id"] for record in originals}
    for record in originals:
        companion = companions[record["id"]]
        assert (companion["width"], companion["height"]) == (64, 64)
        assert companion["captions"] == []
        assert companion["gsd"] == pytest.approx(record["gsd"] * record["width"] / 64)
        assert companion["facts"]["enhanced"]["scale"] == 2
        assert (companion["split"], companion["scene"], companion["bounds"]) == (record["split"], record["scene"], record["bounds"])
    assert made.false() == []


def test_an_enlarged_tile_is_what_the_network_gives(tmp_path: Path) -> None:
    settings = validate(Enhancement, weights(tmp_path), "recipe")
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    found = np.asarray(enhancer(settings, tmp_path)(Image.fromarray(pixels)))
    torch.manual_seed(0)
    with torch.inference_mode():
        made = RrdbNet(2, 4, 1, 3)(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255)[0]
    expected = (made.clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()
    assert found.shape == (64, 64, 3)
    assert np.abs(found - expected).max() <= 1


def test_missing_weights_are_a_clear_error(tmp_path: Path) -> None:
    enhancement = {**weights(tmp_path), "weights": {"source": "net", "file": "x.safetensors"}}
    with pytest.raises(Exception, match=r"source 'net': weights x\.safetensors"):
        make(tmp_path, {**bands_source(tmp_path), "enhancement": enhancement})


class _Placed:
    """A tile as the builder holds it: 10 metres, level 14, half trees and half water, 3 buildings."""

    def __init__(self) -> None:
        facts = {
            "longitude": 10.0,
            "latitude": 50.0,
            "gsd": 10.0,
            "level": 14,
            "place": "Oslo",
            "cover": {"tree": 0.5, "water": 0.5},
            "buildings": 3,
        }
        self.tile = type("Tile", (), {"facts": facts, "picture": Image.new("RGB", (64, 64))})()


GOOD = (
    "The image shows Oslo at a pixel size of 10 metres, where trees cover half of the ground and water covers the other half, "
    "with 3 buildings standing between them near the shore of the lake."
)


@pytest.mark.system("git-10m", 2)
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD, None),
        ("Trees and water in Oslo.", "too short"),
        (GOOD.replace("3 buildings", "4 buildings"), "count differs"),
        (GOOD.replace("Oslo", "Bergen"), "place is not among the facts"),
        (GOOD.replace("where trees", "where probably trees"), "forbidden"),
        (GOOD.replace("and water", "and desert"), "object is not among the facts"),
        (f"I cannot see the picture. {GOOD}", "refusal"),
        (GOOD.replace("The image", " ".join(["Quiet"] + ["and quiet"] * 40) + ", the image"), "."),
    ],
)
def test_model_captions_are_held_to_the_rules(text: str, fault: str | None) -> None:
    captioner = validate(Captioner, {"model": {"kind": "local", "source": "smollm2"}, "sees": False}, "recipe")
    settings = validate(LocatedTiles, {**TILES, "pictures": "*"}, "recipe")
    prompt = prompt_of("tile-caption")
    answer = Answer(text, True, 1, 1)
    if fault is None:
        assert _written(answer, _Placed(), settings, captioner, prompt) == text  # type: ignore[arg-type]
    else:
        with pytest.raises(Unfit, match=fault):
            _written(answer, _Placed(), settings, captioner, prompt)  # type: ignore[arg-type]


def test_a_model_is_given_metadata_and_semantics() -> None:
    settings = validate(LocatedTiles, {**TILES, "pictures": "*"}, "recipe")
    values = prompt_values(_Placed().tile.facts, settings)
    assert values == {
        "metadata": "Oslo; 50 degrees north, 10 degrees east; 10 metres a pixel, resolution level 14",
        "semantics": "50% trees, 50% water and 3 buildings",
    }
    assert prompt_of("tile-caption").slots == set(values)


def test_a_class_in_the_path_is_told(tmp_path: Path) -> None:
    picture = geotiff(np.random.default_rng(0).integers(0, 255, (3, 16, 16), dtype=np.uint8), UTM, from_origin(500_000, 5_300_000, 1, 1))
    write_source(tmp_path, "tiles", {"StorageTanks/a.tif": picture})
    made = make(tmp_path, {**TILES, "pictures": "*/*.tif", "side": 16, "label": "^(\\w+)/"})
    (record,) = made.records
    assert record["captions"][0].endswith("It shows storage tanks.")
    assert made.false() == []
    assert not all(statement.holds for statement in made.statements(changed(record, "storage tanks", "storage halls")))


@pytest.mark.system("git-10m", 2)
def test_the_full_profile_has_the_published_constants(root: Path) -> None:
    caption = load_recipe(root, "git-10m").sections["full"]["caption"]
    located, seen = ([builder for builder in caption.builders if builder.kind == kind] for kind in ("located-tiles", "viewed"))
    assert {(builder.least_level, builder.most_level) for builder in located} == {(10, 18)}
    assert {builder.writer.chat.model for builder in seen} == {"gpt-4o"}
    assert {builder.source for builder in caption.builders} == {
        "google-earth-tiles", "dior", "geopile", "million-aid", "rsi-cb256", "skyscript", "ssl4eo-s12",
    }  # fmt: skip
    network = caption.builders[0].enhancement
    assert (network.side, network.scale, network.features, network.blocks, network.growth) == (256, 2, 64, 23, 32)
    captioner = caption.builders[0].captioner
    assert (captioner.model.model, captioner.fewest_words, captioner.most_words) == ("gpt-4o", 20, 100)
    length = next(screen for screen in caption.quality.screens if screen.kind == "length")
    assert (length.least_words, length.most_words) == (20, 100)
    assert caption.published.images == 10_500_000


@pytest.mark.system("git-10m", 3)
def test_the_full_profile_names_its_sources(root: Path) -> None:
    sections = load_recipe(root, "git-10m").sections["full"]
    definitions = {name: catalogue.load(name).definition for name in sections["acquire"].sources}
    assert all(each.licence and each.parts[0].address for each in definitions.values())
    assert definitions["git-10m"].licence == "CC-BY-NC-ND-4.0"
    assert definitions["git-10m"].images == 10_500_000


@pytest.mark.recipe
@pytest.mark.system("git-10m", 2)
def test_the_smoke_corpus_holds_no_false_statement(built) -> None:
    corpus = built("git-10m")
    tally, shuffled = corpus.checked()
    assert tally.records == len(corpus.records) >= 30
    assert tally.false == []
    assert sum(shuffled.held.values()) < 0.7 * sum(shuffled.all.values())
    assert {record["facts"]["level"] for record in corpus.records} >= {13, 14, 18}


def test_a_longer_caption_than_allowed_is_set_aside() -> None:
    captioner = validate(Captioner, {"model": {"kind": "local"}, "most_words": 30}, "recipe")
    settings = validate(LocatedTiles, {**TILES, "pictures": "*"}, "recipe")
    with pytest.raises(Unfit, match="answer is too long: 36 words; 30 at most"):
        _written(Answer(GOOD, True, 1, 1), _Placed(), settings, captioner, prompt_of("tile-caption"))  # type: ignore[arg-type]
