"""The data engine's own speed and memory, each beside a floor or a peer measured in the same run.

    python -m benchmarks.data_engine [captions] [shards] [memory] [looks]

captions: five captions by rule (B2C) from boxes alone, on one core; the floor writes the same texts out as JSON lines.
shards:   records into shards, against copying the same bytes into a plain tar with Python's tarfile.
memory:   peak memory of building a corpus of 50,000 and of 1,000,000 tiny records, each in a process of its own.
looks:    a corpus built again after a tenth more pictures came, against building it whole.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from rsvlm.captioning import b2c
from rsvlm.captioning.settings import B2CSettings
from rsvlm.files import canonical_json
from rsvlm.records.geometry import rectangle
from rsvlm.records.looks import kept_looks
from rsvlm.records.models import LabelledObject, Sample
from rsvlm.records.near import NearIndex
from rsvlm.records.rejected import Rejected
from rsvlm.records.text import text_id
from rsvlm.records.writing import write_shards
from rsvlm.seeds import Draws

NOUNS = ("ship", "harbor", "large vehicle", "bus", "pedestrian", "aircraft", "storage tank", "baseball diamond")
SMALL, LARGE = 50_000, 1_000_000


def boxes(count: int) -> list[list[LabelledObject]]:
    """Return objects of `count` made-up pictures, ten each on average."""
    generator = np.random.default_rng(0)
    found = []
    for _ in range(count):
        places = generator.uniform(20, 420, (int(generator.integers(1, 20)), 2))
        labels = generator.integers(len(NOUNS), size=len(places))
        found.append([LabelledObject(NOUNS[kind], rectangle(x, y, x + 12, y + 12)) for kind, (x, y) in zip(labels, places, strict=True)])
    return found


def captions(count: int = 20_000) -> None:
    """Measure captions by rule."""
    pictures, settings = boxes(count), B2CSettings()
    began = time.process_time()
    texts = [b2c.captions(objects, 448, 448, settings, Draws(7, "b2c", f"p{row}")) for row, objects in enumerate(pictures)]
    ours = time.process_time() - began
    began = time.process_time()
    size = sum(len(canonical_json({"id": row, "captions": five})) for row, five in enumerate(texts))
    floor = time.process_time() - began
    print(f"captions by rule from {count:,} annotations, one core ({size / 1e6:.0f} MB of JSON)")
    print(f"  ours   {count / ours:10,.0f} records/s, {5 * count / ours:10,.0f} captions/s (aim 20,000)")
    print(f"  floor  {count / floor:10,.0f} records/s (writing the same texts as JSON)")


def pixels(row: int, side: int) -> bytes:
    """Return a small picture of noise as PNG, another one for each row."""
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(row).integers(0, 255, (side, side, 3), dtype=np.uint8)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def made(count: int, side: int = 32) -> Iterator[Sample]:
    """Yield made-up samples."""
    for row in range(count):
        text = f"Picture number {row}."
        fields = {"captions": [text], "caption_ids": [text_id(text)], "label": None, "split": "train", "scene": f"s{row}"}
        yield Sample(f"p{row}", pixels(row, side), "png", {**fields, "source": "made", "licence": "none", "method": "native"})


def shards(count: int = 2_000, rounds: int = 3) -> None:
    """Measure shard writing against a plain tar of the same bytes."""
    samples = list(made(count, side=256))
    size = sum(len(sample.image) for sample in samples)
    seconds: dict[str, list[float]] = {"looked at before": [], "new": [], "tarfile": []}
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder, "sources")
        sources.mkdir()
        for sample in samples:
            Path(sources, f"{sample.id}.png").write_bytes(sample.image)
            Path(sources, f"{sample.id}.json").write_bytes(canonical_json(sample.fields))
        for _ in range(rounds):
            for name, file in (("new", None), ("looked at before", Path(folder, "looks"))):
                with tempfile.TemporaryDirectory() as output, kept_looks(file, "q") as kept:
                    began = time.perf_counter()
                    write_shards(iter(samples), Path(output), Rejected(), threads=2, kept=kept)
                    seconds[name].append(time.perf_counter() - began)
            began = time.perf_counter()
            with tarfile.open(Path(folder, "plain.tar"), "w") as archive:
                for path in sorted(sources.iterdir()):
                    archive.add(path, path.name)
            seconds["tarfile"].append(time.perf_counter() - began)
    rate = {name: size / min(found) / 1e6 for name, found in seconds.items()}
    print(f"shards of {count:,} pictures, {size / 1e6:.0f} MB of PNG noise")
    print(f"  ours   {rate['new']:8,.0f} MB/s (new pictures: decoded, hashed, checked)")
    print(f"  ours   {rate['looked at before']:8,.0f} MB/s (pictures looked at before: checked, indexed, written)")
    print(f"  floor  {rate['tarfile']:8,.0f} MB/s (tarfile copies the same files)")
    print(f"  ratio  {rate['looked at before'] / rate['tarfile']:8.2f} (aim >= 0.8)")


def build_in_this_process(count: int) -> None:
    """Build a corpus of tiny records and print the peak memory of this process in MB."""
    with tempfile.TemporaryDirectory() as folder:
        copies = NearIndex(below=2, segments=4)
        write_shards(made(count), Path(folder), Rejected(), samples_per_shard=10_000, copies=copies, threads=2)
    print(json.dumps({"count": count, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def memory() -> None:
    """Compare the peak memory of a small and a large corpus."""
    peaks = {}
    for count in (SMALL, LARGE):
        began = time.perf_counter()
        child = [sys.executable, "-m", "benchmarks.data_engine", "--child", str(count)]
        peaks[count] = json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout)["peak"]
        print(f"  {count:9,} records of 32 x 32: peak {peaks[count]:7.0f} MB, {count / (time.perf_counter() - began):,.0f} records/s")
    print(f"  ratio  {peaks[LARGE] / peaks[SMALL]:.2f} (aim <= 1.2)")


def looks(count: int = 4_000) -> None:
    """Measure building again after a tenth more pictures came."""
    grown = count + count // 10
    samples = list(made(grown, side=128))
    with tempfile.TemporaryDirectory() as folder:
        for name, number, file in (("first", count, "looks"), ("again", grown, "looks"), ("whole", grown, "none")):
            output = Path(folder, name)
            output.mkdir()
            began = time.perf_counter()
            with kept_looks(Path(folder, file), "q") as kept:
                write_shards(iter(samples[:number]), output, Rejected(), threads=2, kept=kept)
            print(f"  {name:6} {number:6,} pictures in {time.perf_counter() - began:6.2f} s")


STEPS = {"captions": captions, "shards": shards, "looks": looks, "memory": memory}


def main() -> None:
    """Run the steps that are asked for; all by default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(STEPS)}; all by default")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        build_in_this_process(arguments.child)
        return
    unknown = [step for step in arguments.steps if step not in STEPS]
    if unknown:
        parser.error(f"{unknown[0]}: no such step; known: {', '.join(STEPS)}")
    for step in arguments.steps or STEPS:
        print(f"== {step}")
        STEPS[step]()


if __name__ == "__main__":
    main()
