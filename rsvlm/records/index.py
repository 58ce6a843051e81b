"""The Parquet tables beside shards: one row a sample, one row a conversation."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_TEXT, _INT, _FLOAT = pa.string(), pa.int64(), pa.float64()

INDEX = pa.schema(
    [
        ("id", _TEXT),
        ("shard", _TEXT),
        ("image_offset", _INT),
        ("image_size", _INT),
        ("json_offset", _INT),
        ("json_size", _INT),
        ("image_sha256", _TEXT),
        ("phash", _TEXT),
        ("split", _TEXT),
        ("scene", _TEXT),
        ("label", _TEXT),
        ("source", _TEXT),
        ("licence", _TEXT),
        ("caption_count", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("west", _FLOAT),
        ("south", _FLOAT),
        ("east", _FLOAT),
        ("north", _FLOAT),
    ]
)
CONVERSATIONS = pa.schema(
    [("id", _TEXT), ("row", _INT), ("position", pa.int32()), ("task", _TEXT), ("split", _TEXT), ("turns", pa.int32())]
)


def writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Open a Parquet file for writing with the fixed settings that make equal tables equal bytes."""
    return pq.ParquetWriter(path, schema, compression="zstd", version="2.6", data_page_version="1.0", store_schema=True)


def write_table(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    """Write rows as one Parquet file."""
    with writer(path, schema) as out:
        out.write_table(pa.Table.from_pylist(rows, schema=schema))


def join_tables(parts: list[Path], path: Path, schema: pa.Schema) -> None:
    """Write many Parquet files as one, a row group each, holding one at a time in memory."""
    with writer(path, schema) as out:
        for part in parts:
            out.write_table(pq.read_table(part, schema=schema))
