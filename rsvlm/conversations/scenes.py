"""Conversations from a data set's scene labels and captions."""

from collections.abc import Sequence

import numpy as np

from rsvlm.captioning.grammar import class_words
from rsvlm.conversations import geochat
from rsvlm.conversations.talk import Talk


def talks_of(label: str | None, captions: Sequence[str], classes: Sequence[str], count: int, generator: np.random.Generator) -> list[Talk]:
    """Return a classification talk, where there is a label, and captioning talks with different captions.

    Args:
        label: class name as the source has it.
        captions: the picture's own captions, cleaned.
        classes: words for all classes, to be named in the question; empty leaves them out.
        count: captioning talks at most.
        generator: draws the captions.
    """
    talks = []
    if label is not None:
        words = class_words(label)
        talks.append(Talk("classification", geochat.scene_question(list(classes)), words, words))
    different = list(dict.fromkeys(captions))
    drawn = [different[position] for position in generator.permutation(len(different))[:count].tolist()]
    return [*talks, *(Talk("caption", geochat.CAPTION, text, text) for text in drawn)]
