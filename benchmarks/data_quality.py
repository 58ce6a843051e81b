"""Quality steps: text screens, near copies of a million pictures, alike embeddings; aims of 50,000 records/s and 60 s.

    python -m benchmarks.data_quality [--records 200000] [--hashes 1000000] [--peers PYTHON]

Text: JSON Lines are read, screened by length, language and keyword, and written, in one process. Beside it stand the floor
(the same reading and writing with no screen but a length) and, with `--peers`, datatrove's reader and writer around three of
its LambdaFilters that decide by the same rules in plain Python (its own language filter needs a model to be downloaded).
Rates are in processor time, the best of three rounds.

PYTHON is the interpreter of another environment with `datatrove`, `orjson` and `faiss-cpu`, which rsvlm does not use.
"""

import argparse
import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rsvlm.quality.copies import perceptual_labels
from rsvlm.quality.decisions import screening
from rsvlm.quality.embeddings import similar_pairs
from rsvlm.quality.settings import KeywordScreen, LanguageScreen, LengthScreen
from rsvlm.quality.words import pub11_pattern
from rsvlm.seeds import numpy_generator

ROUNDS = 3
LEAST_WORDS, MOST_WORDS = 5, 100
WIDTH, COSINE = 512, 0.95
NOUNS = ("river", "port", "city", "field", "forest", "airport", "road", "bridge", "desert", "island", "harbour", "valley", "coast", "farm")
OPENINGS = ("Aerial photo of the", "A satellite image of the", "Landsat scene of the", "A postcard of the", "My holiday at the")
OTHERS = ("снимок города и реки с моста на берегу", "港口的卫星图像显示了许多船只和建筑物")

DATATROVE = """
import re, sys, time, json
from loguru import logger
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import LambdaFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
logger.remove()
source, target, pattern, least, most = sys.argv[1], sys.argv[2], re.compile(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
def length(document):
    return least <= len(document.text.split()) <= most
def language(document):
    letters = sum(map(str.isalpha, document.text))
    return letters > 0 and sum(c.isalpha() and c.isascii() for c in document.text) >= 0.9 * letters
def keyword(document):
    return pattern.search(document.text.lower()) is not None
steps = [JsonlReader(source, text_key="caption"), LambdaFilter(length), LambdaFilter(language), LambdaFilter(keyword)]
steps.append(JsonlWriter(target + "/out", compression=None))
began = time.process_time()
LocalPipelineExecutor(pipeline=steps, tasks=1, logging_dir=target + "/logs").run()
print(time.process_time() - began)
"""
FAISS = """
import sys, time
import faiss, numpy as np
rows = np.load(sys.argv[1])
began = time.perf_counter()
index = faiss.IndexFlatIP(rows.shape[1])
index.add(rows)
found = index.range_search(rows, float(sys.argv[2]))[0][-1]
print(time.perf_counter() - began, (int(found) - len(rows)) // 2)
"""


def write_records(path: Path, count: int) -> None:
    """Write captions of 5 to 60 words: two thirds with a keyword, some in other languages, some too short."""
    generator = numpy_generator("quality benchmark", count)
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            kind = int(generator.integers(20))
            words = [NOUNS[place] for place in generator.integers(len(NOUNS), size=int(generator.integers(2, 56)))]
            text = OTHERS[number % 2] if kind == 0 else "a port" if kind == 1 else f"{OPENINGS[kind % 5]} {' '.join(words)}."
            stream.write(json.dumps({"id": f"r{number:07d}", "caption": text, "url": f"https://example.com/{number}.jpg"}) + "\n")


def filtered(source: Path, target: Path, keep: Callable[[dict[str, str]], bool]) -> int:
    """Copy the lines whose record is kept; return their number."""
    kept = 0
    with source.open("rb") as lines, target.open("wb") as stream:
        for line in lines:
            if keep(json.loads(line)):
                stream.write(line)
                kept += 1
    return kept


def best(run: Callable[[], int]) -> tuple[float, int]:
    """Return the least processor seconds of the rounds, and what the last one returned."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        found = run()
        seconds.append(time.process_time() - began)
    return min(seconds), found


def text_screens(folder: Path, count: int, peers: str | None) -> None:
    """Measure the screens alone, with reading and writing, and what stands beside them."""
    source, target = folder / "in" / "records.jsonl", folder / "kept.jsonl"
    source.parent.mkdir()
    write_records(source, count)
    decide = screening(
        [
            LengthScreen(kind="length", least_words=LEAST_WORDS, most_words=MOST_WORDS),
            LanguageScreen(kind="language"),
            KeywordScreen(kind="keyword"),
        ]
    )
    records = [json.loads(line) for line in source.read_bytes().splitlines()]
    mean = sum(len(record["caption"].split()) for record in records) / count
    alone, kept = best(lambda: sum(decide(record).kept for record in records))
    whole, same = best(lambda: filtered(source, target, lambda record: decide(record).kept))
    floor, _ = best(lambda: filtered(source, target, lambda record: len(record["caption"]) > LEAST_WORDS))
    print(f"text screens (length, language, keyword), {count:,} captions of {mean:.0f} words, {kept:,} kept, one core")
    print(f"  screens alone        {count / alone:9,.0f} records/s (aim > 50,000)")
    print(f"  read, screen, write  {count / whole:9,.0f} records/s")
    print(f"  floor                {count / floor:9,.0f} records/s (json read, one length, write)")
    assert same == kept
    if peers:
        seconds = []
        for number in range(ROUNDS):
            arguments = [str(source.parent), str(folder / f"peer{number}"), pub11_pattern(), str(LEAST_WORDS), str(MOST_WORDS)]
            seconds.append(float(ask(peers, DATATROVE, arguments)[0]))
        theirs = sum(len(path.read_bytes().splitlines()) for path in (folder / "peer0" / "out").iterdir())
        print(
            f"  datatrove            {count / min(seconds):9,.0f} records/s ({theirs:,} kept), ratio {min(seconds) / whole:.1f} (aim >= 2)"
        )


def ask(peers: str, program: str, arguments: list[str]) -> list[str]:
    """Run a program in the other environment; return the words of its last line."""
    outcome = subprocess.run([peers, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return outcome.stdout.splitlines()[-1].split()


def near_copies(count: int) -> None:
    """Measure perceptual copies among random hashes with pairs that differ in one bit, and a block of equal ones."""
    generator = numpy_generator("hash benchmark", count)
    hashes = generator.integers(0, 2**64, count, dtype=np.uint64)
    near = count // 50
    hashes[:near] = hashes[near : 2 * near] ^ (np.uint64(1) << generator.integers(0, 64, near, dtype=np.uint64))
    hashes[2 * near : 4 * near] = hashes[2 * near]
    for segments in (2, 4):
        began = time.perf_counter()
        labels = perceptual_labels(hashes, segments=segments)
        seconds = time.perf_counter() - began
        copies = int((labels != np.arange(count)).sum())
        expected = near + 2 * near - 1
        print(
            f"near copies of {count:,} hashes, {segments} segments: {seconds:.1f} s (aim < 60), {copies:,} copies of {expected:,} planted"
        )
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def alike(folder: Path, count: int, peers: str | None) -> None:
    """Measure exact pairs of embeddings, beside FAISS's flat index."""
    generator = numpy_generator("embedding benchmark", count)
    rows = generator.standard_normal((count, WIDTH), dtype=np.float32)
    rows[: count // 20] = rows[count // 20 : 2 * (count // 20)] + 0.05 * rows[: count // 20]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    began = time.perf_counter()
    found = sum(len(left) for left, _ in similar_pairs(rows, np.arange(count), least=COSINE))
    seconds = time.perf_counter() - began
    print(f"embeddings with cosine >= {COSINE}, {count:,} x {WIDTH}, exact: {seconds:.1f} s, {found:,} pairs")
    if peers:
        np.save(folder / "rows.npy", rows)
        theirs, pairs = ask(peers, FAISS, [str(folder / "rows.npy"), str(COSINE)])
        print(f"  FAISS flat index: {float(theirs):.1f} s, {int(pairs):,} pairs, ratio {float(theirs) / seconds:.1f}")


def main() -> None:
    """Measure all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--hashes", type=int, default=1_000_000)
    parser.add_argument("--embeddings", type=int, default=20_000)
    parser.add_argument("--peers", help="python of an environment with datatrove and faiss-cpu")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        near_copies(options.hashes)
        text_screens(Path(folder), options.records, options.peers)
        alike(Path(folder), options.embeddings, options.peers)


if __name__ == "__main__":
    main()
