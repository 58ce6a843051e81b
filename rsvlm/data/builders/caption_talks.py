"""Dialogues from captions: single questions, one dialogue of several turns by rule or by a chat model; and given captions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from rsvlm.captioning.build import native_captions
from rsvlm.captioning.settings import NativeBuilder
from rsvlm.chat.facts import Facts, Forms, Vocabulary
from rsvlm.chat.outputs import as_lines
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.caption_talks import mentions, talks_of
from rsvlm.data.kinds.caption_talks import CaptionTalks
from rsvlm.data.listed import listed, named, split_as_listed, whole_picture
from rsvlm.data.mixing import different, several_turns
from rsvlm.data.samples import origin_of
from rsvlm.data.told import Subject, is_asked, written
from rsvlm.data.vouching import BEYOND, beyond, vouched
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample
from rsvlm.records.unfit import Unfit

NO_DIALOGUE = "answer is no dialogue"
DENIES = "answer denies something"
DISAGREES = "verb does not agree with its noun"
_ASKING = ("what", "where", "how", "which", "why", "type", "colour", "color", "something", "around", "many")
_DENIALS = re.compile(r"\b(?:no|not|none|never|cannot|without|n't)\b|n't\b")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ANY = 10**6  # stands for the number of things that captions do not count


@dataclass(frozen=True)
class _Made:
    """A record in the making, with the dialogue by rule."""

    sample: Sample
    single: list[Talk]
    dialogue: list[Talk]


def dialogue_of(answer: str, turns: tuple[int, int]) -> list[tuple[str, str]]:
    """Return the questions and answers of a model's dialogue.

    Args:
        answer: questions and answers in turn, one a line.
        turns: fewest and most of them.

    Raises:
        Unfit: it has another form, another number of different turns, or denies something.
    """
    texts = as_lines(answer)
    if len(texts) % 2:
        raise Unfit(NO_DIALOGUE, f"{len(texts)} lines; as many answers as questions are needed")
    pairs: list[tuple[str, str]] = []
    for question, reply in zip(texts[::2], texts[1::2], strict=True):
        if not question.endswith("?") or reply.endswith("?"):
            raise Unfit(NO_DIALOGUE, "questions and answers do not alternate")
        if all(question != other and reply != said for other, said in pairs):  # what is there already is passed over
            pairs.append((question, reply))
    if not turns[0] <= len(pairs) <= turns[1]:
        raise Unfit(NO_DIALOGUE, f"{len(pairs)} different turns; {turns[0]} to {turns[1]} allowed")
    if match := _DENIALS.search(" ".join(texts).lower()):
        raise Unfit(DENIES, match[0])
    return pairs


def _refused(answer: str, captions: Sequence[str], turns: tuple[int, int]) -> Unfit | None:
    """Return why a model's dialogue is refused: its form, or an answer that goes beyond the captions."""
    try:
        pairs = dialogue_of(answer, turns)
    except Unfit as unfit:
        return unfit
    things = wording("caption-talks")["things"]
    for question, reply in pairs:
        if fault := vouched(reply, captions, things):
            return fault
        if strange := beyond(question, " ".join((*captions, *_ASKING))):
            return Unfit(BEYOND, f"{', '.join(strange)} in {question!r}"[:200])
        be, first = question.lower().split()[1:2], mentions(question)[:1]
        if be in (["is"], ["are"]) and first and first[0].many == (be == ["is"]):
            return Unfit(DISAGREES, question[:200])
    return None


def _facts(captions: Sequence[str]) -> Facts:
    """Return what an answer may say: the things of the captions, without limit to their number, and the captions' numbers."""
    counts: dict[str, int] = {}
    for mention in (mention for caption in captions for mention in mentions(caption)):
        counts[mention.noun] = _ANY if mention.many else counts.get(mention.noun, 1)
    words = wording("caption-talks")["numbers"]
    numbers = {float(number) for caption in captions for number in _NUMBER.findall(caption)}
    numbers |= {float(place) for place, word in enumerate(words, 1) for caption in captions if word in caption.lower().split()}
    counted = {f"{word} {form}" for word in words for caption in captions for form in _after(word, caption)}
    return Facts(counts, numbers=frozenset(numbers), words=frozenset(counted))


def _after(word: str, caption: str) -> list[str]:
    """Return what stands after a number word in a caption, one to three words each: such phrases may be said again."""
    found = []
    for match in re.finditer(rf"\b{word} ((?:[a-z]+ ?){{1,3}})", caption.lower()):
        parts = match[1].split()
        found += [" ".join(parts[:size]) for size in range(1, len(parts) + 1)]
    return found


def vocabulary() -> Vocabulary:
    """Return the names of things that a dialogue is searched for."""
    return Vocabulary({noun: Forms() for noun in wording("caption-talks")["things"]})


def _subjects(settings: CaptionTalks, work: Work) -> Iterator[Subject[_Made]]:
    cleaning = NativeBuilder(kind="native", source=settings.source, prefix=settings.prefix, close_up=True, capitalise=True)
    for picture in listed(settings.listing, work.source(settings.source)):
        where = picture.detail if isinstance(picture, Unfit) else f"{settings.listing.file} {picture.where}"
        try:
            if isinstance(picture, Unfit):
                raise picture
            name, scene = named(settings.listing, settings.prefix, picture.name)
            if split_as_listed(settings.listing, picture, scene, work.seed) != work.split:
                continue
            if work.share("share of listed pictures", name) >= settings.listing.share:
                work.rejected.leave_out(settings.source, "outside the share of this builder")
                continue
            texts = native_captions(picture.captions, cleaning, work.longest)
            if not work.wanted(name, settings.source):
                continue
            generator = work.generator("caption talks", name)
            talks = different(talks_of(texts, picture.label, settings.asked, generator))
            about: Mapping[str, Any] = {"label": picture.label, "origin": origin_of(picture.file, settings.listing.file)}
            sample = whole_picture(
                work, settings.source, picture.file, name, settings.stretch,
                scene=scene, method="template", builder=settings.kind, captions=texts, **about,
            )  # fmt: skip
            alone = [talk for talk in talks if talk.question not in wording("caption-talks")["questions"]["again"]]
            made = _Made(sample, _drawn(alone, settings.single, generator), _turns(talks, settings.turns, generator))
            different_texts = tuple(dict.fromkeys(texts))
            yield Subject(
                name,
                settings.source,
                {"captions": " ".join(different_texts)},
                _facts(different_texts),
                made,
                asked=is_asked(settings.writer, work, name),
                further=partial(_refused, captions=different_texts, turns=settings.turns),
            )
        except Unfit as unfit:
            work.drop(where, settings.source, unfit)


def _drawn(talks: Sequence[Talk], count: int, generator: np.random.Generator) -> list[Talk]:
    """Return some of the talks in their order; other words are asked for only after a caption."""
    chosen = [talks[place] for place in sorted(generator.permutation(len(talks))[:count].tolist())]
    pools = wording("caption-talks")["questions"]
    told = any(talk.question in pools["caption"] for talk in chosen)
    return [talk for talk in chosen if told or talk.question not in pools["again"]]


def _turns(talks: Sequence[Talk], turns: tuple[int, int], generator: np.random.Generator) -> list[Talk]:
    fewest, most = turns
    if len(talks) < fewest:
        return []
    chosen = _drawn(talks, int(generator.integers(fewest, min(most, len(talks)) + 1)), generator)
    return chosen if len(chosen) >= fewest else []


def build(settings: CaptionTalks, work: Work) -> Iterator[Sample]:
    """Yield the dialogues of one split."""
    writer, subjects = settings.writer, _subjects(settings, work)
    if writer is None:
        yield from filter(None, (_sample(one.record, one.record.dialogue, {}, work) for one in subjects))
        return
    for found in written(subjects, writer, work, vocabulary()):
        made = found.subject.record
        if found.text is not None:
            turns = [Talk("conversation", question, reply) for question, reply in dialogue_of(found.text, settings.turns)]
            sample = _sample(made, turns, {"method": "model", "generator": found.generator}, work)
        elif not found.subject.asked or writer.otherwise == "rule":
            sample = _sample(made, made.dialogue, {}, work)
        else:
            continue
        if sample is not None:
            yield sample


def _sample(made: _Made, dialogue: Sequence[Talk], fields: Mapping[str, Any], work: Work) -> Sample | None:
    name = made.sample.id
    conversations = as_conversations(name, made.single)
    if dialogue:
        conversations.append(several_turns(f"{name}-conversation-0", "conversation", dialogue))
    if not conversations:
        work.rejected.leave_out(made.sample.fields["source"], "nothing is asked about this picture")
        return None
    return replace(made.sample, fields={**made.sample.fields, **fields, "conversations": conversations})
