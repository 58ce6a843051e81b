"""A chat model on two Ray workers against one process, each worker on one core; aim: 1.6 times the answers a second.

    python -m benchmarks.chat_workers [--requests 240] [--rounds 2]

The rate is that between the first 48 answers (by when every worker has loaded its weights) and the last one; the time with
starting and loading stands beside it. The floor of two workers on two cores is twice one of them while the other core rests;
what keeps processors from that (shared caches and memory, clocks that fall when both work) is measured in the same run by two
bare processes that each multiply matrices.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

from rsvlm.chat.answers import Answers
from rsvlm.chat.ask import ask
from rsvlm.chat.exchange import Message, Request
from rsvlm.chat.models import Places
from rsvlm.chat.settings import LocalSettings
from rsvlm.files import publish
from rsvlm.sources.acquire import acquire
from rsvlm.sources.fetch import open_places

WARM, NEW_TOKENS, BATCH = 48, 48, 4
NOUNS = ("harbour", "airport", "river", "farm", "forest", "stadium", "bridge", "village")


def questions(count: int) -> list[Request]:
    """Return requests of about equal length."""
    text = "Describe an aerial image of a {} with {} buildings and {} roads in two sentences."
    return [Request(f"r{n}", (Message("user", text.format(NOUNS[n % len(NOUNS)], n % 9 + 2, n % 5 + 2)),)) for n in range(count)]


def rate(raw: Path, requests: list[Request], workers: int) -> tuple[float, float]:
    """Return answers a second once all workers are at work, and the seconds of the whole."""
    settings = LocalSettings(kind="local", most_new_tokens=NEW_TOKENS, batch=BATCH, workers=workers)
    with tempfile.TemporaryDirectory() as folder:
        began = warm = time.perf_counter()
        for done, _ in enumerate(ask(requests, settings, Places(raw=raw), Answers(Path(folder))), 1):
            if done == WARM:
                warm = time.perf_counter()
        ended = time.perf_counter()
    return (len(requests) - WARM) / (ended - warm), ended - began


def _multiply(seconds: float) -> int:
    import torch

    torch.set_num_threads(1)
    matrix, count, ends = torch.ones(768, 768), 0, time.perf_counter() + seconds
    while time.perf_counter() < ends:
        matrix = matrix @ matrix
        matrix /= matrix.max()
        count += 1
    return count


def machine(seconds: float = 5.0) -> float:
    """Return how many times the matrices of one process two processes multiply."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(_multiply, [0.5, 0.5])
        one = pool.apply(_multiply, (seconds,))
        return sum(pool.map(_multiply, [seconds, seconds])) / one


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=240)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    requests = questions(arguments.requests)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "data/raw/chat"
        with publish(raw, {}) as output:
            acquire(["smollm2"], output, open_places(Path(folder), os.environ.get("RSVLM_MIRROR", "")))
        for number in range(1, arguments.rounds + 1):
            bare = machine()
            one, alone = rate(raw, requests, 1)
            two, together = rate(raw, requests, 2)
            print(f"round {number}: {len(requests)} requests of {NEW_TOKENS} new tokens, batches of {BATCH}")
            print(f"  one process      {one:6.2f} answers/s   {alone:6.1f} s with loading")
            print(f"  two Ray workers  {two:6.2f} answers/s   {together:6.1f} s with starting and loading")
            print(f"  ratio            {two / one:6.2f}   (aim 1.6; two bare processes on this machine: {bare:.2f})")


if __name__ == "__main__":
    main()
