"""How long a run takes that finds nothing to do, against `dvc repro` of the same stages.

In a workspace where the recipes have run: `python benchmarks/up_to_date.py [recipe ...]`.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from rsvlm.recipes.load import recipe_files

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5


def seconds(command: list[str]) -> float:
    """Run a command and return its wall time; it must end well."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure both in turns, so that other load on the machine meets both, and print the medians and their ratio."""
    names = sys.argv[1:] or list(recipe_files(ROOT))
    ours = [sys.executable, "-m", "flows.cli.app", "run", *names]
    theirs = [sys.executable, "-m", "dvc", "repro", *(f"register@{name}" for name in names)]
    for command in (ours, theirs):
        outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if outcome.returncode or "Running stage" in outcome.stdout + outcome.stderr:
            print(f"not up to date; first run: rsvlm run {' '.join(names)}", file=sys.stderr)
            sys.exit(1)
    rounds = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
    mine, peer = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"up-to-date run of {', '.join(names)}: rsvlm {mine:.2f} s, dvc repro {peer:.2f} s, ratio {mine / peer:.2f} (aim at most 2)")


if __name__ == "__main__":
    main()
