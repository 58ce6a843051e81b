"""Which conversations a phase learns from, and batches of them."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from rsvlm.errors import ConfigurationError, DataError
from rsvlm.instruction.batches import ChatBatch, collate_parts
from rsvlm.instruction.features import RowFeatures
from rsvlm.instruction.prompt import Encoded, Words, encode, fit_in, system_ids
from rsvlm.instruction.settings import Tasks, Template
from rsvlm.records.shards import Shards
from rsvlm.training.loop import Place


@dataclass(frozen=True)
class Talks:
    """Conversations of a training split by number.

    Attributes:
        shards: where they are.
        places: (row, position in the row's conversations), one entry for every time that a conversation counts in an epoch.
    """

    shards: Shards
    places: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.places)

    @property
    def rows(self) -> list[int]:
        """The rows with any of these conversations, ascending."""
        return sorted({row for row, _ in self.places})

    def turns(self, number: int) -> list[str]:
        """Return the texts of a conversation's turns."""
        row, position = self.places[number]
        return [turn["text"] for turn in self.shards.fields(row)["conversations"][position]["turns"]]


def select(shards: Shards, tasks: Tasks) -> Talks:
    """Return the training conversations of some tasks.

    Args:
        shards: a folder of conversations.
        tasks: how often a conversation of a task counts in an epoch; tasks that are not named are left out.

    Raises:
        DataError: there are none.
    """
    table = shards.conversations.to_pydict()
    columns = zip(table["row"], table["position"], table["task"], table["split"], strict=True)
    places = [(row, position) for row, position, task, split in columns if split == "train" for _ in range(tasks.get(task, 0))]
    if not places:
        raise DataError(f"{shards.folder}: no training conversation of the tasks {', '.join(sorted(tasks))}")
    return Talks(shards, tuple(places))


class Batches:
    """Makes batches of conversations with the features of their images."""

    def __init__(self, talks: Talks, features: RowFeatures, words: Words, template: Template) -> None:
        """Prepare.

        Args:
            talks: what to draw from.
            features: of the talks' rows.
            words: the tokenizer.
            template: how turns become text.

        Raises:
            ConfigurationError: system text and image alone are longer than the template allows.
        """
        self._talks, self._features, self._words, self._template = talks, features, words, template
        fixed = len(system_ids(words, template.system)) + features.tokens
        if fixed >= template.longest:
            raise ConfigurationError(f"template.longest: {template.longest} positions hold no question; system text and image take {fixed}")
        self._encoded = functools.lru_cache(maxsize=50_000)(self._encode)

    def _encode(self, number: int) -> Encoded:
        whole = encode(self._talks.turns(number), self._words, self._template.system)
        return fit_in(whole, self._template.longest, self._features.tokens)

    def __call__(self, numbers: Sequence[int], place: Place) -> list[ChatBatch]:
        """Return the batch of some conversations, in parts of about equal length."""
        features = self._features.of([self._talks.places[number][0] for number in numbers])
        return collate_parts([self._encoded(number) for number in numbers], features, self._words.pad)
