"""The samples of a corpus, builder by builder, test samples first."""

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any

from rsvlm.data.builders import boxes
from rsvlm.data.kinds.boxes import BoxCaptions
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.work import Work
from rsvlm.records.models import SPLITS, Sample
from rsvlm.records.rejected import Rejected

_BUILD: dict[type, Callable[[Any, Work], Iterator[Sample]]] = {
    BoxCaptions: boxes.build,
}


def samples(settings: CorpusSettings, raw: Path, answers: Path, *, seed: int, rejected: Rejected, threads: int) -> Iterator[Sample]:
    """Yield every sample of a corpus: test, then validation, then training samples, builder by builder.

    Args:
        settings: the recipe's section.
        raw: `data/raw/<item>`.
        answers: folder with the kept answers of chat models.
        seed: of the workspace.
        rejected: takes what is set aside.
        threads: how many pictures or requests are worked on at once.

    Raises:
        DataError: a source, index or annotation file is missing or unreadable as a whole.
    """
    memory: dict[Hashable, Any] = {}
    for split in SPLITS:
        work = Work(raw, split, seed, settings.longest, settings.subset, rejected, answers, threads, memory)
        for builder in settings.builders:
            yield from _BUILD[type(builder)](builder, work)
