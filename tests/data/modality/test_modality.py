"""Questions for the sensor of a picture."""

import numpy as np
import pytest
import rasterio
from PIL import Image

from rsvlm.data.builders.modality import shown
from tests.data.tiny import Corpus, image

pytestmark = pytest.mark.system("mmrs-1m", 2)
BUILDER = {"kind": "modality", "source": "made", "prefix": "m", "pictures": "sar.tif", "sensor": "SAR"}


def coloured(path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(path)


def radar(path, side: int = 40, dtype: str = "complex64") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(3)
    values = generator.normal(size=(1, side, side)) + 1j * generator.normal(size=(1, side, side))
    with rasterio.open(path, "w", driver="GTiff", width=side, height=side, count=1, dtype=dtype) as raster:
        raster.write(values.astype(dtype) if dtype == "complex64" else np.abs(values).astype(dtype))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_complex_radar_is_shown_as_grey_decibels(tmp_path) -> None:
    radar(tmp_path / "sar.tif")
    pixels = np.asarray(shown(tmp_path / "sar.tif", (2.0, 98.0)))
    with rasterio.open(tmp_path / "sar.tif") as raster:
        amplitude = np.abs(raster.read(1))
    assert pixels.shape == (40, 40, 3)
    assert (pixels[..., 0] == pixels[..., 1]).all()
    assert np.corrcoef(pixels[..., 0].ravel(), np.log(amplitude).ravel())[0, 1] > 0.95


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_windows_of_one_scene(tmp_path) -> None:
    radar(tmp_path / "made/files/sar.tif")
    coloured(tmp_path / "made/files/rgb.png")
    corpus = Corpus(tmp_path, {**BUILDER, "side": 20, "scene": "port"}, {**BUILDER, "pictures": "rgb.png", "sensor": "optical"})
    assert [(record["id"], record["scene"], record["sensor"]) for record in corpus.records][:2] == [
        ("m-sar-0_0", "m-port", "SAR"),
        ("m-sar-20_0", "m-port", "SAR"),
    ]
    assert corpus.records[-1]["sensor"] == "optical"
    assert corpus.false() == []
    assert corpus.with_turn("m-sar-0_0", "modality", "SAR", "optical")
    assert corpus.with_turn("m-rgb", "modality", "optical", "SAR")


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_recipe_that_calls_colour_radar_is_found(tmp_path) -> None:
    image(tmp_path / "made/files/rgb.png", 40, 40)
    assert Corpus(tmp_path, {**BUILDER, "pictures": "rgb.png"}).records == []  # one colour: no data to ask about
    coloured(tmp_path / "made/files/rgb.png")
    corpus = Corpus(tmp_path, {**BUILDER, "pictures": "rgb.png"})
    assert len(corpus.false()) == 2
