"""Web pairs: rows of a table that name remote sensing, with the scores by which the recipe cuts them."""

from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsvlm.captioning.build import native_split
from rsvlm.captioning.grammar import listed
from rsvlm.data.detector import Detector
from rsvlm.data.kinds.web_pairs import WebPairs
from rsvlm.data.samples import file_sample, origin_of, picture_of
from rsvlm.data.similarity import Similarity
from rsvlm.data.towers import similarity_of
from rsvlm.data.webtables import WebRow, read_table
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.files import sha256_of
from rsvlm.quality.decisions import screening
from rsvlm.quality.settings import KeywordScreen
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.text import close_up
from rsvlm.records.unfit import Unfit

_Found = tuple[WebRow, str, str, Image.Image]


def prompts() -> list[str]:
    """Return the 33 prompts whose mean stands for remote sensing."""
    words = wording("web-prompts")
    made = [words["prompt"].format(condition=condition, kind=kind) for kind in words["kinds"] for condition in words["conditions"]]
    return [" ".join(text.split()) for text in made]


def build(settings: WebPairs, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    rows = _wanted(settings, work)
    while block := list(islice(rows, settings.block)):
        similarity = similarity_of(settings.similarity, work)
        key = ("detector", sha256_of([settings.similarity.model_dump(mode="json"), settings.detector.model_dump(mode="json")]))
        detector: Detector = work.once(key, lambda: Detector(settings.detector, similarity, work.raw, work.seed))  # noqa: B023
        features = similarity.image_features([picture for *_, picture in block])
        prompted = similarity.from_features(features) @ _mean_prompt(similarity)
        detected = detector.scores(features)
        for (row, name, file, _), first, second in zip(block, prompted.tolist(), detected.tolist(), strict=True):
            try:
                yield _sample(settings, work, row, name, file, {"prompts": round(first, 5), "detector": round(second, 5)})
            except Unfit as unfit:
                work.drop(f"{settings.file} {row.where}", settings.source, unfit)


def _mean_prompt(similarity: Similarity) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = similarity.texts(prompts()).mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-12)


def _wanted(settings: WebPairs, work: Work) -> Iterator[_Found]:
    """Yield the rows of the split whose captions pass, with name, file and decoded picture."""
    decide = screening([KeywordScreen(kind="keyword")] if settings.keywords else [])
    path = work.source(settings.source).path(settings.file)
    table = read_table(path, settings.layout, settings.columns, tag_confidence=settings.tag_confidence, most_tags=settings.most_tags)
    for where, row in table:
        try:
            if isinstance(row, Unfit):
                raise row
            file = settings.pictures.replace("{picture}", row.picture)
            name = safe_id(settings.prefix, PurePosixPath(file).stem)
            if native_split(row.split or "train", name, settings.validation_share, work.seed) != work.split:
                continue
            if work.share("share of web pairs", name) >= settings.share:
                work.rejected.leave_out(settings.source, "outside the share of this builder")
                continue
            decision = decide({"captions": [row.caption]})
            if not decision.kept:
                work.screen_out(name, settings.source, decision.reason, decision.detail)
                continue
            if work.wanted(name, settings.source):
                yield row, name, file, picture_of(work.source(settings.source).path(file).read_bytes(), file)
        except Unfit as unfit:
            work.drop(f"{settings.file} {where}", settings.source, unfit)


def _sample(settings: WebPairs, work: Work, row: WebRow, name: str, file: str, scores: dict[str, float]) -> Sample:
    caption = close_up(row.caption) if settings.close_up else row.caption
    facts: dict[str, Any] = {"row": row.where}
    if row.tags:
        caption = f"{wording('meta')['tagged'].format(tags=listed(list(row.tags)))} {caption}"
        facts["tags"] = list(row.tags)
    if row.url:
        facts["url"] = row.url
    return file_sample(
        work,
        settings.source,
        file,
        name,
        scene=name,
        method="native",
        builder=settings.kind,
        captions=[caption],
        origin=origin_of(file, settings.file),
        scores=scores,
        facts=facts,
    )
