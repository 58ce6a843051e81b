import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import rasterio
from PIL import Image
from rasterio.transform import Affine

from rsvlm.sources import index
from rsvlm.sources.acquire import acquire_one
from rsvlm.sources.catalogue import Source
from rsvlm.sources.fetch import Places

from .conftest import definition, listed


def _source(folder: Path) -> Source:
    folder.mkdir(parents=True)
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20)).save(buffer, "JPEG")
    (folder / "b.jpg").write_bytes(buffer.getvalue())
    (folder / "broken.png").write_bytes(b"\x89PNG not really")
    (folder / "notes.txt").write_bytes("Überblick".encode())
    Image.new("L", (30, 20)).save(folder / "mask.png")
    profile = {"driver": "GTiff", "count": 2, "height": 10, "width": 12, "dtype": "uint16", "crs": "EPSG:32632"}
    with rasterio.open(folder / "a.tif", "w", transform=Affine(10, 0, 5e5, 0, -10, 5e6), **profile) as sink:
        sink.write(np.zeros((2, 10, 12), dtype=np.uint16))
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    attributes = [{"match": "*", "gsd": 0.5}, {"match": "mask*", "kind": "annotation", "date": "2020-01-02", "licence": "CC BY 4.0"}]
    parts = [{"address": {"kind": "folder", "path": str(folder)}}]
    return Source(definition(sensor="a camera", parts=parts, attributes=attributes), listed(files))


def test_every_file_has_its_row(places: Places, tmp_path: Path) -> None:
    source = _source(tmp_path / "origin")
    facts = acquire_one(source, tmp_path / "out", places)
    table = pq.read_table(tmp_path / "out" / "index.parquet")
    assert table.schema.equals(index.SCHEMA)
    rows = {row["file"]: row for row in table.to_pylist()}
    assert list(rows) == ["a.tif", "b.jpg", "broken.png", "mask.png", "notes.txt"]
    assert facts["files"] == 5
    raster, picture, broken, mask = (rows[name] for name in ("a.tif", "b.jpg", "broken.png", "mask.png"))
    assert (raster["kind"], raster["crs"], raster["bands"], raster["dtype"]) == ("raster", "EPSG:32632", 2, "uint16")
    assert abs(raster["gsd"] - 10) < 0.02  # measured, not the stated 0.5
    assert 9.0 <= raster["west"] < raster["longitude"] < raster["east"] < 9.01
    assert (picture["width"], picture["height"], picture["gsd"], picture["sensor"]) == (30, 20, 0.5, "a camera")
    assert (broken["kind"], broken["width"]) == ("picture", None)
    assert (mask["kind"], mask["date"], mask["licence"], mask["bands"]) == ("annotation", "2020-01-02", "CC BY 4.0", 1)
    assert rows["notes.txt"]["kind"] == "text"
    assert raster["id"] == "sample/a.tif"


def test_the_same_files_make_the_same_bytes(places: Places, tmp_path: Path) -> None:
    source = _source(tmp_path / "origin")
    for name in ("one", "two"):
        acquire_one(source, tmp_path / name, places)
    assert (tmp_path / "one" / "index.parquet").read_bytes() == (tmp_path / "two" / "index.parquet").read_bytes()


def test_kinds_go_by_the_ending_in_any_case() -> None:
    names = ["a.JPG", "b/c.TIFF", "d.geojson", "e.safetensors", "f", "g.tar.gz"]
    assert [index.kind_of(name) for name in names] == ["picture", "raster", "annotation", "weights", "other", "other"]
