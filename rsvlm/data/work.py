"""What every builder is given: the raw sources, the split that is being made, seeds, and where drops are counted."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rsvlm.captioning.build import wanted
from rsvlm.captioning.settings import Subset
from rsvlm.chat.answers import Answers
from rsvlm.records.models import Split
from rsvlm.records.raw import RawSource
from rsvlm.records.rejected import Kind, Rejected
from rsvlm.records.splits import share_of, split_of
from rsvlm.records.unfit import Unfit
from rsvlm.seeds import numpy_generator

Made = TypeVar("Made")


@dataclass(frozen=True)
class Work:
    """One pass of a corpus stage over its builders.

    Attributes:
        raw: `data/raw/<item>`, a published folder.
        split: the split that is being made; test comes first, then validation, then train.
        seed: of the workspace.
        longest: the most characters of a text.
        subset: share of the samples that the profile keeps.
        rejected: takes what is set aside and counts what is left out.
        answers: the kept answers of chat models, which count what this corpus asks.
        threads: how many pictures or requests are worked on at once.
        memory: what `once` has made; shared by the passes over the three splits.
        builders: settings of all builders of the corpus, for what is worked out over all of them.
    """

    raw: Path
    split: Split
    seed: int
    longest: int
    subset: Subset
    rejected: Rejected
    answers: Answers
    threads: int = 2
    memory: dict[Hashable, Any] = field(default_factory=dict)
    builders: tuple[Any, ...] = ()

    @cached_property
    def _sources(self) -> dict[str, RawSource]:
        return self.memory.setdefault("sources", {})

    def source(self, name: str) -> RawSource:
        """Return a source by its name."""
        return self._sources.setdefault(name, RawSource(name, self.raw / name))

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` gives, made once for all splits (a map store, a fitted classifier)."""
        if key not in self.memory:
            self.memory[key] = make()
        made: Made = self.memory[key]
        return made

    def generator(self, *names: str | int) -> np.random.Generator:
        """Return the random generator of a named purpose; name the record in it."""
        return numpy_generator(self.seed, *names)

    def share(self, purpose: str, name: str) -> float:
        """Return a number in [0, 1) that the seed, the purpose and the name decide."""
        return share_of(self.seed, purpose, name)

    def in_split(self, scene: str, shares: dict[str, float], placed: dict[str, Split] | None = None) -> bool:
        """Say whether a scene belongs to the split that is being made, as placed by hand or by its hash."""
        return ((placed or {}).get(scene) or split_of(self.seed, scene, shares)) == self.split

    def wanted(self, name: str, source: str) -> bool:
        """Say whether a sample is in the drawn subset; count it as left out where it is not."""
        if wanted(name, self.split, self.subset, self.seed):
            return True
        self.rejected.leave_out(source, "outside the drawn subset")
        return False

    def drop(self, name: str, source: str, unfit: Unfit, *, kind: Kind = "record") -> None:
        """Set a record (or an object of one) aside with its reason, which does not depend on where the workspace lies."""
        self.rejected.add(name, source, unfit.reason, unfit.detail.replace(f"{self.raw}/", ""), kind=kind)

    def screen_out(self, name: str, source: str, reason: str, detail: str = "") -> None:
        """Count a record that the recipe's rules do not want; it is listed, but no fault of the data."""
        self.rejected.add(name, source, reason, detail, kind="screened")
