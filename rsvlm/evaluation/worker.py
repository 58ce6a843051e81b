"""The actor of a pool: holds one model, answers blocks, writes each finished block as a file."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rsvlm.evaluation.blocks import Answer, Predictor, write_answers

if TYPE_CHECKING:
    import pyarrow as pa

DONE, DEAD = "done", "dead"
DEATHS_ALLOWED = 3


class Worker:
    """Answers blocks; the model is loaded at the first one."""

    def __init__(self, predictor: Predictor, folder: str, session: str, threads: int, gpu: bool) -> None:
        """Take the work order.

        Args:
            predictor: what loads the model and answers.
            folder: where finished blocks go.
            session: names this run; deaths in other runs (a killed machine) do not count against a block.
            threads: threads of this process.
            gpu: whether the model belongs on a GPU.
        """
        import torch

        torch.set_num_threads(threads)
        self._predictor = predictor
        self._folder = Path(folder)
        self._session = session
        self._device = "cuda" if gpu else "cpu"
        self._answer: Answer | None = None

    def __call__(self, batch: "pa.Table") -> "pa.Table":
        """Answer the blocks of a batch: one row in (`key`, `rows` as JSON), one out (`key`, `status`)."""
        import pyarrow as pa

        keys = batch.column("key").to_pylist()
        statuses = [self._block(key, rows) for key, rows in zip(keys, batch.column("rows").to_pylist(), strict=True)]
        return pa.table({"key": keys, "status": statuses})

    def _block(self, key: str, rows: str) -> str:
        """Answer one block; return `done`, `dead`, or one line about the error."""
        path = self._folder / f"{key}.parquet"
        if path.is_file():
            return DONE
        tries = self._folder / f"{key}.tries-{self._session}"
        if tries.exists() and tries.stat().st_size >= DEATHS_ALLOWED:
            return DEAD
        self._count(tries)
        try:
            if self._answer is None:
                self._answer = self._predictor.open(self._device)
            write_answers(path, self._answer(json.loads(rows)), self._predictor.schema())
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
