"""The actor of a pool: holds one model, answers blocks, writes each finished block as a file."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rsvlm.evaluation.blocks import Answer, Predictor, write_answers
from rsvlm.memory import keep_freed_memory

if TYPE_CHECKING:
    import pyarrow as pa

DONE, DEAD = "done", "dead"
DEATHS_ALLOWED = 3


class Worker:
    """Answers blocks; a model is loaded at the first block that needs it."""

    def __init__(self, predictors: list[Predictor], folder: str, session: str, threads: int, gpu: bool) -> None:
        """Take the work order.

        Args:
            predictors: what load models and answer; a block names one by its place.
            folder: where finished blocks go.
            session: names this run; deaths in other runs (a killed machine) do not count against a block.
            threads: threads of this process.
            gpu: whether the model belongs on a GPU.
        """
        import torch

        keep_freed_memory()
        torch.set_num_threads(threads)
        self._predictors = predictors
        self._folder = Path(folder)
        self._session = session
        self._device = "cuda" if gpu else "cpu"
        self._answers: dict[int, Answer] = {}

    def __call__(self, batch: "pa.Table") -> "pa.Table":
        """Answer the blocks of a batch: one row in (`key`, `predictor`, `rows` as JSON), one out (`key`, `status`)."""
        import pyarrow as pa

        columns = [batch.column(name).to_pylist() for name in ("key", "predictor", "rows")]
        statuses = [self._block(*block) for block in zip(*columns, strict=True)]
        return pa.table({"key": columns[0], "status": statuses})

    def _block(self, key: str, number: int, rows: str) -> str:
        """Answer one block; return `done`, `dead`, or one line about the error."""
        path = self._folder / f"{key}.parquet"
        if path.is_file():
            return DONE
        tries = self._folder / f"{key}.tries-{self._session}"
        if tries.exists() and tries.stat().st_size >= DEATHS_ALLOWED:
            return DEAD
        self._count(tries)
        predictor = self._predictors[number]
        try:
            if number not in self._answers:
                self._answers[number] = predictor.open(self._device)
            write_answers(path, self._answers[number](json.loads(rows)), predictor.schema())
        except Exception as error:  # an error repeats: it is told once, not retried
            return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
        finally:
            tries.unlink(missing_ok=True)
        return DONE

    @staticmethod
    def _count(tries: Path) -> None:
        """Note a try on disk, where it outlives this process."""
        tries.parent.mkdir(parents=True, exist_ok=True)
        with tries.open("ab") as stream:
            stream.write(b"x")
            stream.flush()
            os.fsync(stream.fileno())
