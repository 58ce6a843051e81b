"""Check what is said of sequences without answers: their number and order of images, data set, sensor and resolution."""

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import pyarrow.parquet as pq

from rsvlm.data.checkers.sequence_words import questions
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_FINE = ("WorldView", "GaoFen", "SuperView", "BeiJing")


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    if record.get("part_of"):
        return
    source, picture = evidence.source(str(record["source"])), record["origin"]["picture"]
    listed = [each["images"] for each in json.loads(source.path(record["origin"]["annotation"]).read_bytes())]
    images = next(each for each in listed if picture in each)
    if record["facts"]["pictures"] != images:
        yield stated("format", str(record["facts"]["pictures"]), False, f"the file lists {images}")
    rows = pq.read_table(source.folder / "index.parquet", columns=["file", "sensor"]).to_pylist()
    sensors = {str(row["sensor"] or "") for row in rows if row["file"] in images}

    def answered(question: str, reply: str) -> Iterator[Statement]:
        if question == "How many images does this input have? Answer with one number.":
            yield stated("count", reply, reply == str(len(images)), f"{len(images)}")
        elif question == "Which image is the last one of the sequence?":
            yield stated("position", reply, reply == f"Image {len(images)}", f"{len(images)} images")
        elif question == "Which satellites or sensors are the images from?":
            yield stated("attribute", reply, sensors == {reply.replace(" or ", " and ")}, f"{sorted(sensors)}")
        elif question == "Are the images of high or of low resolution? Answer with one word.":
            fine = all(any(name in sensor for name in _FINE) for sensor in sensors)
            yield stated("attribute", reply, reply == "High" and fine, f"{sorted(sensors)}")
        elif question == "Which data set are the images from?":
            names = {PurePosixPath(each).name.partition("_")[0].casefold() for each in images}
            yield stated("attribute", reply, all(reply.casefold().endswith(name) for name in names), f"{sorted(names)}")
        else:
            yield unread(question)

    yield from questions(record, evidence, answered)
