"""Image-text retrieval in three protocols, which do not compare with each other."""

from typing import Any

import numpy as np
import pyarrow as pa

from rsvlm.evaluation.blocks import Request
from rsvlm.evaluation.gallery import Exhibit, Item
from rsvlm.evaluation.metrics.retrieval import (
    CUTS,
    Pairing,
    Ranks,
    chance,
    pair_multi,
    pair_one,
    pair_unique,
    ranks,
    recalls,
)
from rsvlm.evaluation.metrics.zero_shot import normalise
from rsvlm.evaluation.predictors import TextVectors, matrix
from rsvlm.evaluation.records import task_rows
from rsvlm.evaluation.scores import Score, score_of
from rsvlm.evaluation.settings import Protocol, RetrievalSettings
from rsvlm.evaluation.statistics import bootstrap_statistic
from rsvlm.evaluation.task import Answers, Context, Result
from rsvlm.evaluation.tasks.zero_shot import ask_images
from rsvlm.imagery.pictures import decode
from rsvlm.seeds import numpy_generator

_SHOWN = 12


def requests(task: RetrievalSettings, context: Context) -> dict[str, Request]:
    """Ask for the images' embeddings and, once, for the features of every text of every protocol."""
    rows, captions = _captioned(task, context)
    texts = _distinct([_pair(protocol, captions, task, context) for protocol in task.protocols])
    asked = tuple({"id": str(index), "text": text} for text, index in texts.items())
    return {
        "images": ask_images(context, context.model, rows, f"{task.name}: images"),
        "texts": Request(TextVectors(context.model), asked, f"{task.name}: captions"),
    }


def score(task: RetrievalSettings, context: Context, answers: Answers) -> Result:
    """Score R@1/5/10 in both directions and their mean; the first protocol's metrics have no suffix.

    Intervals draw images, and with an image its captions. The baseline is what a random order is expected to reach.
    """
    rows, captions = _captioned(task, context)
    pairings = [_pair(protocol, captions, task, context) for protocol in task.protocols]
    index, vectors = _distinct(pairings), normalise(matrix(answers["texts"].column("vector"))).astype(np.float32)
    images = normalise(matrix(answers["images"].column("embedding"))).astype(np.float32)
    scores: dict[str, Score] = {}
    columns: dict[str, Any] = {"id": answers["images"].column("id")}
    exhibits: tuple[Exhibit, ...] = ()
    for number, (protocol, pairing) in enumerate(zip(task.protocols, pairings, strict=True)):
        texts = vectors[[index[text] for text in pairing.texts]]
        found = ranks(images, texts, pairing.pairs)
        suffix = "" if number == 0 else f"_{protocol.replace('-', '_')}"
        scores |= {f"{name}{suffix}": value for name, value in _scores(found, pairing, task, context, protocol).items()}
        columns[f"mean_recall{suffix}"] = _by_image(found, pairing, len(rows))
        columns[f"rank_i2t{suffix}"] = found.image_to_text
        exhibits = exhibits or (_exhibit(context, task, rows, pairing, images, texts, found),)
    return Result(scores, pa.table(columns), exhibits)


def _captioned(task: RetrievalSettings, context: Context) -> tuple[list[int], list[list[str]]]:
    """Return the rows that have captions, and the captions as they are asked."""
    rows, captions = [], []
    for row in task_rows(context.data, task, context.seed):
        texts = context.data.shards.fields(row)["captions"]
        if texts:
            rows.append(row)
            captions.append([_written(text, task) for text in texts])
    return rows, captions


def _distinct(pairings: list[Pairing]) -> dict[str, int]:
    """Return every text of all pairings once, with its place."""
    return {text: index for index, text in enumerate(dict.fromkeys(text for pairing in pairings for text in pairing.texts))}


def _written(text: str, task: RetrievalSettings) -> str:
    return text.capitalize() if task.capitalise else text


def _pair(protocol: Protocol, captions: list[list[str]], task: RetrievalSettings, context: Context) -> Pairing:
    if protocol == "multi":
        return pair_multi(captions)
    if protocol == "unique-text":
        return pair_unique(captions, task.prefix)
    return pair_one(captions, context.generator(task, "one caption"))


def _sums_by_image(found: Ranks, pairing: Pairing, images: int) -> tuple[np.ndarray, list[str]]:
    """Return per-image sums whose ratios are the recalls, so that a resample draws images with all their captions.

    Returns:
        (images, 8): i2t hits at 1, 5, 10 and one; t2i hits at 1, 5, 10 and the number of captions. A caption that several
        images share counts for each of them in equal parts.
    """
    hits = recalls(found)
    names = list(hits)
    text_of, image_of = pairing.pairs.T
    part = 1 / np.bincount(text_of, minlength=len(pairing.texts))[text_of]
    columns = [hits[f"i2t_r{cut}"] for cut in CUTS] + [np.ones(images)]
    columns += [np.bincount(image_of, part * hits[f"t2i_r{cut}"][text_of], images) for cut in CUTS]
    columns.append(np.bincount(image_of, part, images))
    return np.stack(columns, axis=1), names


def _ratios(sums: np.ndarray) -> np.ndarray:
    """Return the six recalls of summed columns, (m, 6)."""
    return np.concatenate([sums[:, :3] / sums[:, 3:4], sums[:, 4:7] / sums[:, 7:8]], axis=1)


def _scores(found: Ranks, pairing: Pairing, task: RetrievalSettings, context: Context, protocol: Protocol) -> dict[str, Score]:
    images = len(found.image_to_text)
    sums, names = _sums_by_image(found, pairing, images)
    expected = chance(np.bincount(pairing.pairs[:, 1], minlength=images))
    note = f"protocol {protocol}: {images} images, {len(pairing.texts)} texts"
    scores = {}
    for column, name in enumerate(names):
        generator = context.generator(task, f"{protocol} {name}")
        interval = bootstrap_statistic(sums, lambda total, at=column: _ratios(total)[:, at], generator)  # type: ignore[misc]
        scores[name] = score_of(interval, images, expected[name], "chance", note)
    mean = bootstrap_statistic(sums, lambda total: _ratios(total).mean(axis=1), context.generator(task, f"{protocol} mean"))
    scores["mean_recall"] = score_of(mean, images, float(np.mean(list(expected.values()))), "chance", note)
    return scores


def _by_image(found: Ranks, pairing: Pairing, images: int) -> np.ndarray:
    """Return each image's part of the mean recall, (images,); their mean is the mean recall."""
    sums, _ = _sums_by_image(found, pairing, images)
    scale = images / sums[:, 7].sum()
    part: np.ndarray = (sums[:, :3].sum(axis=1) + scale * sums[:, 4:7].sum(axis=1)) / 6
    return part


def _exhibit(
    context: Context,
    task: RetrievalSettings,
    rows: list[int],
    pairing: Pairing,
    images: np.ndarray,
    texts: np.ndarray,
    found: Ranks,
) -> Exhibit:
    """Return captions with the image they found first, and the right one beside where that is another."""
    chosen = sorted(numpy_generator(context.seed, "gallery", task.name).permutation(len(pairing.texts))[:_SHOWN].tolist())
    ids = context.data.column("id")
    owner = dict(reversed(pairing.pairs.tolist()))
    items = []
    for text in chosen:
        first = int(np.argmax(images @ texts[text]))
        hit = bool(found.text_to_image[text] == 0)
        found_picture, own = (decode(context.data.shards.image(rows[at]), ids[rows[at]]) for at in (first, owner[text]))
        items.append(Item(found_picture, f"{pairing.texts[text]} (own image at rank {found.text_to_image[text] + 1})", hit, (), own))
    return Exhibit(f"First image for a caption, the caption's own beside, {task.name}", "pairs", tuple(items))
