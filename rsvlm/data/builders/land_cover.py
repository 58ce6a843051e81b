"""Captions from the land cover of satellite patches: size words, percentages, and where wanted a chat model's paragraph."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from rsvlm.chat.exchange import Answer, Request
from rsvlm.chat.prompts import Prompt
from rsvlm.data.asking import asked
from rsvlm.data.cover_words import percentages, portions, shares_by_region
from rsvlm.data.covers import Patch, patches
from rsvlm.data.kinds.land_cover import LandCover
from rsvlm.data.prompt_files import prompt_of
from rsvlm.data.rewriting import paragraph_of, request_of, said_or_raised
from rsvlm.data.samples import common_fields, origin_of, told
from rsvlm.data.work import Work
from rsvlm.files import sha256_of
from rsvlm.imagery.pictures import ImageError
from rsvlm.records.chips import encode_jpeg
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.splits import scene_named
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class _Described:
    """A patch with its id and scene."""

    name: str
    scene: str
    file: str
    patch: Patch


def build(settings: LandCover, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    rewriting = settings.rewriting
    prompt = prompt_of(rewriting.prompt) if rewriting else None

    def requests() -> Iterator[tuple[_Described, list[Request]]]:
        for found in _described(settings, work):
            yield found, request_of(found.name, found.patch.cover, settings, prompt, work) if prompt else []

    stream: Iterator[tuple[_Described, list[Answer | Unfit]]] = (
        asked(requests(), rewriting.model, work) if rewriting else ((found, []) for found, _ in requests())
    )
    for found, answers in stream:
        try:
            yield _sample(found, answers, settings, prompt, work)
        except Unfit as unfit:
            work.drop(found.name, settings.source, unfit)


def _described(settings: LandCover, work: Work) -> Iterator[_Described]:
    """Yield the wanted patches of the split."""
    source = work.source(settings.source)
    for file in source.find(settings.pictures):
        try:
            scene = scene_named(settings.scene, file, settings.prefix, settings.source)
            if not work.in_split(scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
                continue
            for patch in patches(file, settings, work):
                name = safe_id(settings.prefix, PurePosixPath(file).stem, *([patch.suffix] if patch.suffix else []))
                if work.wanted(name, settings.source) and _fit(patch, name, settings, work):
                    yield _Described(name, scene, file, patch)
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)
        except ImageError as error:
            work.drop(file, settings.source, Unfit(f"picture: {error.reason}", str(error)))


def _fit(patch: Patch, name: str, settings: LandCover, work: Work) -> bool:
    known = float((patch.cover > 0).mean())
    if known < settings.least_known:
        work.screen_out(name, settings.source, "land cover is not known", f"of {known:.1%}; at least {settings.least_known:.0%}")
        return False
    if patch.cloud > settings.most_cloud:
        work.screen_out(name, settings.source, "picture is cloudy", f"{patch.cloud:.1%} by its bands; at most {settings.most_cloud:.0%}")
        return False
    return True


def _sample(found: _Described, answers: list[Answer | Unfit], settings: LandCover, prompt: Prompt | None, work: Work) -> Sample:
    patch, generator = found.patch, work.generator("land cover", found.name)
    made = {"portions": lambda: portions(patch.cover, settings, generator), "percentages": lambda: percentages(patch.cover)}
    captions = [text for text in (made[kind]() for kind in settings.texts) if text]
    if not captions:
        raise Unfit("nothing can be told of the land cover", f"no class has {settings.least_pixels} pixels")
    more: dict[str, Any] = {}
    for outcome in answers:
        assert settings.rewriting is not None
        assert prompt is not None
        try:
            text = paragraph_of(said_or_raised(outcome), patch.cover, settings, settings.rewriting, prompt)
            captions.append(text)
            model = sha256_of(settings.rewriting.model.model_dump(mode="json"))
            more["generator"] = {"model": model, "prompt": prompt.hash, "caption": str(len(captions) - 1)}
        except Unfit as unfit:
            work.screen_out(found.name, settings.source, f"model text: {unfit.reason}", unfit.detail)
    fields = common_fields(work, settings.source, found.file, scene=found.scene, method="cover", builder=settings.kind)
    row = work.source(settings.source).metadata(found.file)
    place = {key: row[key] for key in ("longitude", "latitude") if row.get(key) is not None}
    fields |= {
        **told(captions, work.longest),
        "gsd": fields["gsd"] or patch.gsd,
        "bounds": patch.bounds or fields["bounds"],
        "origin": origin_of(found.file, patch.annotation, patch.window),
        "facts": {"cover": settings.cover.kind, "shares": shares_by_region(patch.cover), **place},
        "sensor": row.get("sensor") or None,
        "date": row.get("date") or None,
        **more,
    }
    return Sample(found.name, encode_jpeg(patch.picture, settings.quality), "jpg", fields)
