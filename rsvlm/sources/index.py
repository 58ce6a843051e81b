"""The table of what a source brought: one row a file, with what its header and its definition say of it."""

import fnmatch
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsvlm.imagery import pictures, rasters
from rsvlm.imagery.pictures import ImageError
from rsvlm.progress import track
from rsvlm.sources.catalogue import ListedFile
from rsvlm.sources.definition import SourceDefinition

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("bands", pa.int32()),
        pa.field("dtype", pa.string()),
        pa.field("gsd", pa.float64()),
        pa.field("crs", pa.string()),
        pa.field("west", pa.float64()),
        pa.field("south", pa.float64()),
        pa.field("east", pa.float64()),
        pa.field("north", pa.float64()),
        pa.field("longitude", pa.float64()),
        pa.field("latitude", pa.float64()),
        pa.field("date", pa.string()),
        pa.field("sensor", pa.string()),
        pa.field("licence", pa.string(), nullable=False),
    ]
)
_KINDS = {
    "picture": (".jpg", ".jpeg", ".png", ".webp"),
    "raster": (".tif", ".tiff"),
    "annotation": (".xml", ".csv", ".json", ".geojson"),
    "text": (".txt", ".jsonl", ".md"),
    "weights": (".safetensors", ".pth", ".pt", ".gguf", ".bin"),
}
_THREADS = 4
_ROWS = 50_000  # in a group, which a reader holds at once


def kind_of(path: str) -> str:
    """Return a file's kind by its name's ending, in any case."""
    ending = path[path.rfind(".") :].lower()
    return next((kind for kind, endings in _KINDS.items() if ending in endings), "other")


def build(definition: SourceDefinition, files: Iterable[ListedFile], folder: Path) -> pa.Table:
    """Look at every file of a source, in parallel, and return the table.

    A picture or raster that cannot be read keeps nulls where its size would be; whether it is used is for later stages
    to decide.

    Args:
        definition: the source's definition.
        files: its files.
        folder: where they lie.
    """
    listed = sorted(files, key=lambda file: file.path)
    with ThreadPoolExecutor(_THREADS) as pool:
        looked_at = pool.map(lambda file: _row(definition, file, folder), listed)
        rows = list(track(looked_at, f"inspect {definition.name}", len(listed), "files"))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def write(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet with fixed settings, so that equal tables are equal bytes."""
    pq.write_table(table, path, row_group_size=_ROWS, compression="zstd", version="2.6", data_page_version="1.0", use_dictionary=True)


def _row(definition: SourceDefinition, file: ListedFile, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(SCHEMA.names)
    row |= {"id": f"{definition.name}/{file.path}", "file": file.path, "sha256": file.sha256, "size": file.size}
    row |= {"kind": kind_of(file.path), "sensor": definition.sensor, "gsd": definition.gsd, "licence": definition.licence}
    if row["kind"] == "weights":
        row["sensor"] = None
    row |= _seen(folder / file.path, str(row["kind"]))
    for attributes in definition.attributes:
        if fnmatch.fnmatchcase(file.path, attributes.match):
            stated = attributes.model_dump(exclude={"match"}, exclude_none=True)
            measured = {"gsd"} if row["crs"] is not None else set()
            row |= {key: value for key, value in stated.items() if key not in measured}
    return row


def _seen(path: Path, kind: str) -> dict[str, Any]:
    """Return what a file's own header says."""
    try:
        if kind == "picture":
            picture = pictures.inspect(path.read_bytes(), path.name)
            return {"width": picture.width, "height": picture.height, "bands": picture.bands, "dtype": picture.dtype}
        if kind == "raster":
            return _raster(rasters.info(path))
    except ImageError:
        return {}
    return {}


def _raster(raster: rasters.RasterInfo) -> dict[str, Any]:
    found: dict[str, Any] = {"width": raster.width, "height": raster.height, "bands": len(raster.bands), "dtype": raster.dtype}
    if raster.bounds is not None and raster.centre is not None:
        found |= {"crs": raster.crs, "gsd": raster.gsd} | dict(zip(("west", "south", "east", "north"), raster.bounds, strict=True))
        found |= dict(zip(("longitude", "latitude"), raster.centre, strict=True))
    return found
