"""Ranked captions: candidates of each picture, ranked by two models, and the one that turning the picture moves least."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from rsvlm.chat.exchange import Request
from rsvlm.chat.prompts import Prompt
from rsvlm.chat.ranking import most_invariant, rotation_variance, top_of_two
from rsvlm.data.asking import asked
from rsvlm.data.builders.meta import known_facts, sentences
from rsvlm.data.candidates import NearestCaptions, unique
from rsvlm.data.kinds.ranked import ChatCandidates, Ranked
from rsvlm.data.prompt_files import prompt_of
from rsvlm.data.rendering import Rendered, rendered
from rsvlm.data.rotation import angles_of, turned
from rsvlm.data.samples import common_fields, picture_of, told
from rsvlm.data.scene_words import misnamed
from rsvlm.data.towers import similarity_of
from rsvlm.data.work import Work
from rsvlm.files import sha256_of
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.splits import scene_named
from rsvlm.records.unfit import Unfit

UNNAMED = "no candidate names the class of the scene alone"


@dataclass(frozen=True)
class _Seen:
    """A picture with its name and scene, as it is stored and decoded."""

    name: str
    scene: str
    file: str
    stored: Rendered
    picture: Image.Image


def build(settings: Ranked, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    for seen, drawn, generator in _with_candidates(settings, work):
        captions = drawn if settings.classes is None else [text for text in drawn if misnamed(text, settings.classes, seen.file) is None]
        if drawn and not captions:
            work.screen_out(seen.name, settings.source, UNNAMED, f"{len(drawn)} candidates")
            continue
        try:
            yield _sample(settings, work, seen, captions, generator)
        except Unfit as unfit:
            work.drop(seen.file, settings.source, unfit)


def _pictures(settings: Ranked, work: Work) -> Iterator[_Seen]:
    source = work.source(settings.source)
    for file in source.find(settings.pictures):
        try:
            name = safe_id(settings.prefix, PurePosixPath(file).stem)
            scene = scene_named(settings.scene, file, settings.prefix, settings.source)
            if not work.in_split(scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
                continue
            if work.share("share of ranked pictures", name) >= settings.share:
                work.rejected.leave_out(settings.source, "outside the share of this builder")
                continue
            if work.wanted(name, settings.source):
                stored = rendered(source.path(file), longest_side=settings.longest_side, stretch=settings.stretch, quality=settings.quality)
                yield _Seen(name, scene, file, stored, picture_of(stored.image, file))
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)


def _with_candidates(settings: Ranked, work: Work) -> Iterator[tuple[_Seen, list[str], dict[str, str] | None]]:
    """Yield each picture with its candidates and, where a model drew them, what names the model."""
    rule = settings.candidates
    if isinstance(rule, ChatCandidates):
        prompt = prompt_of(rule.prompt)
        generator = {"model": sha256_of(rule.model.model_dump(mode="json")), "prompt": prompt.hash}
        for seen, answers in asked(_requests(settings, rule, prompt, work), rule.model, work):
            texts = []
            for answer in answers:
                if isinstance(answer, Unfit):
                    work.screen_out(seen.name, settings.source, f"model text: {answer.reason}", answer.detail)
                elif answer.finished:
                    texts.append(answer.text)
            yield seen, unique(texts, rule.draws), generator
        return
    similarity = similarity_of(settings.first, work)
    key = ("nearest captions", sha256_of([settings.first.model_dump(mode="json"), rule.model_dump(mode="json")]))
    nearest: NearestCaptions | None = None
    for seen in _pictures(settings, work):
        nearest = nearest or work.once(key, lambda: NearestCaptions(rule, similarity, work.raw, work.seed))
        yield seen, nearest.captions(similarity.image_features([seen.picture]), settings.source, seen.file), None


def _requests(settings: Ranked, rule: ChatCandidates, prompt: Prompt, work: Work) -> Iterator[tuple[_Seen, list[Request]]]:
    for seen in _pictures(settings, work):
        messages = prompt.messages({})
        yield seen, [Request(f"{seen.name}-{draw}", messages, seen.stored.image, draw) for draw in range(rule.draws)]


def _sample(settings: Ranked, work: Work, seen: _Seen, captions: list[str], generator: dict[str, str] | None) -> Sample:
    """Return the record of a picture with its best captions.

    Its facts hold every candidate with both similarities, and the similarities of the captions that were kept with each
    turned picture, the whole turn last.

    Raises:
        Unfit: it has no candidate.
    """
    if not captions:
        raise Unfit("picture has no candidate caption", seen.file)
    first, second = (similarity_of(model, work) for model in (settings.first, settings.second))
    # The last of the turned pictures has gone round once and is the picture itself.
    views = second.images([turned(seen.picture, degrees) for degrees in angles_of(settings.rotations)])
    likened = np.round(second.texts(captions) @ views.T, 5)
    own = likened[:, -1]
    scored = np.round(first.scores(seen.picture, captions), 5)
    kept = top_of_two(scored, own, settings.keep_first, settings.keep)
    invariant = most_invariant(likened[kept])
    facts: dict[str, Any] = {
        "best": 0,
        "invariant": invariant,
        "candidates": [
            {"text": text, "first": one, "second": two} for text, one, two in zip(captions, scored.tolist(), own.tolist(), strict=True)
        ],
        "turned": likened[kept].tolist(),
        "rotations": settings.rotations,
        "fill": settings.fill,
    }
    chosen = [captions[place] for place in kept.tolist()]
    if settings.metadata is not None:
        known = known_facts(settings.metadata, work, seen.file)
        before = sentences(known, settings.metadata.model_copy(update={"captions": 1}), work, seen.name)[0]
        chosen, facts["metadata"] = [f"{before} {caption}" for caption in chosen], known
    fields = common_fields(work, settings.source, seen.file, scene=seen.scene, method="ranked", builder=settings.kind)
    variance = float(rotation_variance(likened[kept])[invariant])
    scores = {"similarity": round(float(own[kept[0]]), 5), "rotation-variance": round(variance, 8)}
    fields |= {**told(chosen, work.longest), "facts": facts, "scores": scores, "generator": generator}
    return Sample(seen.name, seen.stored.image, seen.stored.extension, fields)
