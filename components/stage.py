"""What every stage does around its own work: read its section, guard its process, keep scratch, report, end clearly."""

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from components import environment, guard, tracking
from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.files import MANIFEST, explain_write_errors, read_manifest, remove, sha256_file, sha256_of
from rsvlm.memory import keep_freed_memory
from rsvlm.recipes.load import load_recipe, load_section, split_item
from rsvlm.recipes.parameters import Parameters, load_parameters
from rsvlm.recipes.schema import About
from rsvlm.settings import Section

SCRATCH = Path(".rsvlm/scratch")
INTERRUPTED = 143


@dataclass(frozen=True)
class Stage:
    """One stage of one recipe item, about to do its work.

    Attributes:
        stage: the stage's name (acquire, caption, ...).
        item: the DVC item, for example `remoteclip` or `remoteclip-smoke`.
        section: the checked settings of this stage.
        about: what the system is.
        parameters: `params.yaml`.
        root: the workspace; all paths in recipes are relative to it.
        code: fingerprint of the code that this stage runs.
    """

    stage: str
    item: str
    section: Section
    about: About
    parameters: Parameters
    root: Path
    code: str

    @property
    def seed(self) -> int:
        """The workspace's seed; combine it with names through `rsvlm.seeds`."""
        return self.parameters.seed

    def scratch(self, *inputs: Path) -> Path:
        """Return the scratch folder of exactly this work, made if needed; a restart of the same work finds it again.

        The folder's name hashes the code, the settings and the manifests of the inputs (a file's bytes where an input
        is a file), so work under other settings never meets it.
        """
        hashes = [sha256_file(path) if path.is_file() else read_manifest(path).sha256 for path in inputs]
        key = sha256_of(
            {
                "stage": self.stage,
                "item": self.item,
                "code": self.code,
                "settings": self.section.model_dump(mode="json"),
                "seed": self.seed,
                "threads": self.parameters.resources.threads,
                "inputs": hashes,
            }
        )
        folder = self.root / SCRATCH / f"{self.stage}-{self.item}-{key[:16]}"
        with explain_write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def clear_scratch(self) -> None:
        """Remove this stage's scratch folders (of any settings), once its result is published."""
        for folder in (self.root / SCRATCH).glob(f"{self.stage}-{self.item}-{'[0-9a-f]' * 16}"):  # not those of <item>-smoke
            remove(folder)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _code(root: Path, stage: str, family: str) -> str:
    """Return the fingerprint of the code that a stage runs for a family."""
    try:
        found: str = json.loads((root / "code.json").read_bytes())[stage][family]
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"code.json: not the fingerprints of this code ({error}); make it again: dvc repro code") from None


def main(stage: str, run: Callable[[Stage], None]) -> None:
    """Run one stage as a command: `python -m components.<stage> <item>`; never returns.

    Exit codes: 0 done; 2 a wrong recipe or argument, before any work; 1 any other named error; 143 interrupted.
    """
    environment.apply()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    for noisy in ("httpx", "ray", "alembic", "mlflow.store", "fsspec", "botocore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _interrupt)
    guard.die_with_parent()
    keep_freed_memory()
    started, began = time.monotonic(), time.time()
    prepared: Stage | None = None
    try:
        if len(sys.argv) != 2:
            raise ConfigurationError(f"usage: python -m components.{stage} <recipe item>, for example: remoteclip")
        item = sys.argv[1]
        root = Path.cwd()
        name, _ = split_item(item)
        section = load_section(root, stage, item)
        parameters = load_parameters(root)
        os.environ.setdefault("OMP_NUM_THREADS", str(parameters.resources.threads))
        code = _code(root, stage, section.family)
        prepared = Stage(stage, item, section, load_recipe(root, name).about, parameters, root, code)
        run(prepared)
        tracking.record(prepared, tracking.Ended(began, finished=True))
    except KeyboardInterrupt:
        logging.error(
            "%s@%s: interrupted after %.0f s; run the same command again to go on", stage, sys.argv[-1], time.monotonic() - started
        )
        sys.exit(INTERRUPTED)
    except RsvlmError as error:
        print(f"{stage}: error: {error}", file=sys.stderr)
        if prepared is not None:
            tracking.record(prepared, tracking.Ended(began, finished=False, error=str(error)))
        sys.exit(error.exit_code)
    except MemoryError:
        print(f"{stage}: error: {sys.argv[-1]}: not enough memory; give this machine more, or lower the recipe's batch", file=sys.stderr)
        sys.exit(1)
    logging.info("%s@%s: done in %.1f s", stage, item, time.monotonic() - started)
    sys.exit(0)


__all__ = ["MANIFEST", "Stage", "main"]
