"""Captions and descriptions by a model that sees the pictures.

No annotation says what such a picture shows, so an answer is held against form alone: refusals, hedges and other forbidden
words, markup, length, language. Which objects it names is not checked, and the corpus's card says so.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from rsvlm.chat.facts import Facts, Vocabulary
from rsvlm.chat.settings import LocalSettings
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.kinds.viewed import ViewedPictures, ViewedTalks
from rsvlm.data.rendering import rendered
from rsvlm.data.samples import common_fields, picture_of, told
from rsvlm.data.told import Subject, written
from rsvlm.data.work import Work
from rsvlm.errors import ConfigurationError
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.unfit import Unfit

SMALL = "picture is too small to describe"
_OPENING = re.compile(r"^(?:sure|certainly|of course|here is|here's|okay|ok)\b[^.:\n]*[:.!]\s*", re.IGNORECASE)
_EVERY_NUMBER = 1_000


def cleaned(text: str) -> str:
    """Return an answer without a polite opening, emphasis marks, and sentences that were there before."""
    plain = re.sub(r"[*_#`]+", "", _OPENING.sub("", text.strip()))
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(plain.split()))
    return " ".join(dict.fromkeys(sentences))


def build(settings: ViewedPictures | ViewedTalks, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split.

    Raises:
        ConfigurationError: the model sees no pictures.
    """
    if isinstance(settings.writer.chat, LocalSettings):
        raise ConfigurationError(
            f"builder '{settings.kind}': a local language model sees no pictures; ask one of kind served or registered"
        )
    for found in written(_subjects(settings, work), settings.writer, work, Vocabulary({})):
        if found.text is None:
            continue
        sample = found.subject.record
        try:
            fields = {**sample.fields, "generator": found.generator, **_texts(settings, sample.id, cleaned(found.text), work.longest)}
        except Unfit as unfit:
            work.drop(sample.id, settings.source, unfit)
            continue
        yield replace(sample, fields=fields)


def _texts(settings: ViewedPictures | ViewedTalks, name: str, text: str, longest: int) -> dict[str, Any]:
    if isinstance(settings, ViewedPictures):
        return told([text], longest)
    checked: str = told([text], longest)["captions"][0]
    return {"conversations": as_conversations(name, [Talk("description", settings.request, checked, checked)])}


def _subjects(settings: ViewedPictures | ViewedTalks, work: Work) -> Iterator[Subject[Sample]]:
    source = work.source(settings.source)
    fixed = len(PurePosixPath(settings.pictures.split("*")[0]).parts)
    for file in source.find(settings.pictures):
        try:
            path = PurePosixPath(file)
            name = safe_id(settings.prefix, *path.parent.parts[fixed:], path.stem)
            if not work.in_split(name, settings.shares.as_mapping(), dict(settings.shares.scenes)):
                continue
            if work.share("share of viewed pictures", name) >= settings.share:
                work.rejected.leave_out(settings.source, "outside the share of this builder")
                continue
            if not work.wanted(name, settings.source):
                continue
            shown = rendered(source.path(file), longest_side=settings.longest_side, stretch=settings.stretch, quality=settings.quality)
            side = min(picture_of(shown.image, file).size) * shown.reduced
            if side < settings.least_side:
                raise Unfit(SMALL, f"{side:.0f} pixels; {settings.least_side} needed")
            fields = common_fields(work, settings.source, file, scene=name, method="model", builder=settings.kind)
            fields["gsd"] = round(fields["gsd"] * shown.reduced, 6) if fields["gsd"] else None
            numbers = frozenset(float(number) for number in range(_EVERY_NUMBER + 1))
            sample = Sample(name, shown.image, shown.extension, fields)
            yield Subject(name, settings.source, {}, Facts(numbers=numbers), sample, picture=shown.image)
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)
