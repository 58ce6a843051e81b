"""Screens of a recipe over samples on their way into shards: those of texts first, because they cost no decoding."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from PIL import Image

from rsvlm.quality.decisions import screening
from rsvlm.quality.settings import (
    KeywordScreen,
    LanguageScreen,
    LengthScreen,
    LinkScreen,
    Screen,
    WordScreen,
)
from rsvlm.records.models import Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit

_TEXT = (KeywordScreen, LanguageScreen, LengthScreen, LinkScreen, WordScreen)
TOO_LONG = "dialogue is too long as a whole"


def screened_texts(samples: Iterable[Sample], screens: tuple[Screen, ...], rejected: Rejected) -> Iterator[Sample]:
    """Yield the samples whose captions pass the text screens; the others are listed with their reason.

    Args:
        samples: on their way into shards.
        screens: all screens of the recipe; those of pictures are passed over here.
        rejected: takes what is dropped.
    """
    decide = screening([screen for screen in screens if isinstance(screen, _TEXT)])
    for sample in samples:
        decision = decide(sample.fields) if sample.fields.get("captions") else None
        if decision is None or decision.kept:
            yield sample
        else:
            rejected.add(sample.id, str(sample.fields.get("source", "")), decision.reason, decision.detail, kind="screened")


def bounded_dialogues(samples: Iterable[Sample], longest: int | None, rejected: Rejected) -> Iterator[Sample]:
    """Yield the samples without conversations that are too long as a whole; one that has no other is left out.

    Args:
        samples: on their way into shards.
        longest: the most characters of all turns of a conversation together; None: any number.
        rejected: takes what is dropped, a conversation under its own id.
    """
    for sample in samples:
        talks = sample.fields.get("conversations") or ()
        sizes = [sum(len(turn["text"]) for turn in talk["turns"]) for talk in talks]
        if longest is None or max(sizes, default=0) <= longest:
            yield sample
            continue
        source = str(sample.fields.get("source", ""))
        for talk, size in zip(talks, sizes, strict=True):
            if size > longest:
                rejected.add(talk["id"], source, TOO_LONG, f"{size:,} characters; {longest:,} allowed", kind="screened")
        kept = [talk for talk, size in zip(talks, sizes, strict=True) if size <= longest]
        if kept:
            yield replace(sample, fields={**sample.fields, "conversations": kept})


def picture_screen(screens: tuple[Screen, ...]) -> Callable[[Image.Image], Unfit | None] | None:
    """Return a function that says of a decoded picture why it is not wanted; none where no screen looks at pictures."""
    of_pictures = [screen for screen in screens if not isinstance(screen, _TEXT)]
    if not of_pictures:
        return None
    decide = screening(of_pictures)

    def screen(picture: Image.Image) -> Unfit | None:
        decision = decide({"width": picture.width, "height": picture.height}, lambda: picture)
        return None if decision.kept else Unfit(decision.reason, decision.detail)

    return screen
