"""Conversations of different lengths as one batch, in the layout that the chat module computes on.

Every row is `system | image | rest`: the system text has the same length in every row and so has the image, only the rest
(question, answer, further turns) differs. Rows are filled up behind the rest for training, and between image and rest for
generation, so that the next token always follows the last column. Filling is masked and takes no position.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rsvlm.instruction.prompt import IGNORE, IMAGE, Encoded


@dataclass(frozen=True)
class ChatBatch:
    """One batch.

    Attributes:
        features: (rows, image tokens, width) of the vision encoder.
        rest: (rows, columns) token ids after the image.
        labels: (rows, columns); the id where an answer is learned, `IGNORE` elsewhere.
        attention: (rows, columns) bool; false where a row is filled up.
    """

    features: Tensor
    rest: Tensor
    labels: Tensor
    attention: Tensor

    def to(self, device: str | torch.device) -> "ChatBatch":
        """Return the batch on another device."""
        return ChatBatch(self.features.to(device), self.rest.to(device), self.labels.to(device), self.attention.to(device))


def parts_by_length(lengths: Sequence[int], step: int = 32) -> list[list[int]]:
    """Return row numbers in groups of about equal length, shortest first, so that little is filled up.

    Args:
        lengths: of the rows.
        step: rows that need the same number of steps come together.
    """
    groups: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        groups.setdefault(-(-length // step), []).append(row)
    return [groups[size] for size in sorted(groups)]


def collate_parts(conversations: Sequence[Encoded], features: Tensor, pad: int) -> list[ChatBatch]:
    """Put conversations into batches of about equal length; one long answer then does not stretch all other rows.

    Args:
        conversations: with one image each, right after the system text.
        features: (rows, image tokens, width).
        pad: id that fills rows up.
    """
    groups = parts_by_length([len(conversation.ids) for conversation in conversations])
    return [collate([conversations[row] for row in group], features[group], pad) for group in groups]


def collate(conversations: Sequence[Encoded], features: Tensor, pad: int, *, to_answer: bool = False) -> ChatBatch:
    """Put conversations into one batch.

    Args:
        conversations: with one image each, right after the system text.
        features: (rows, image tokens, width).
        pad: id that fills rows up.
        to_answer: fill up before the rest instead of behind it.
    """
    starts = [conversation.ids.index(IMAGE) + 1 for conversation in conversations]
    longest = max(len(c.ids) - start for c, start in zip(conversations, starts, strict=True))
    rest = torch.full((len(conversations), longest), pad, dtype=torch.long)
    labels = torch.full_like(rest, IGNORE)
    attention = torch.zeros_like(rest, dtype=torch.bool)
    for row, (conversation, start) in enumerate(zip(conversations, starts, strict=True)):
        length = len(conversation.ids) - start
        place = slice(longest - length, longest) if to_answer else slice(0, length)
        rest[row, place] = torch.tensor(conversation.ids[start:])
        labels[row, place] = torch.tensor(conversation.labels[start:])
        attention[row, place] = True
    return ChatBatch(features, rest, labels, attention)
