"""Image-text retrieval in three protocols, which do not compare with each other."""

import numpy as np
import pyarrow as pa

from rsvlm.evaluation.gallery import Exhibit, Item
from rsvlm.evaluation.metrics.retrieval import (
    CUTS,
    Pairing,
    Ranks,
    chance,
    mean_recall,
    pair_multi,
    pair_one,
    pair_unique,
    ranks,
    recalls,
)
from rsvlm.evaluation.metrics.zero_shot import normalise
from rsvlm.evaluation.parallel import predict
from rsvlm.evaluation.predictors import ImageVectors, TextVectors, matrix
from rsvlm.evaluation.records import task_rows
from rsvlm.evaluation.scores import Score, score_of
from rsvlm.evaluation.settings import Protocol, RetrievalSettings
from rsvlm.evaluation.statistics import bootstrap_statistic
from rsvlm.evaluation.task import Context, Result
from rsvlm.imagery.pictures import decode
from rsvlm.seeds import numpy_generator

_SHOWN = 12


def evaluate(task: RetrievalSettings, context: Context) -> Result:
    """Score R@1/5/10 in both directions and their mean; the first protocol's metrics have no suffix.

    Intervals draw images, and with an image its captions. The baseline is what a random order is expected to reach.
    """
    data, ids = context.data, context.data.column("id")
    rows = task_rows(data, task, context.seed)
    records = [data.shards.fields(row) for row in rows]
    rows = [row for row, record in zip(rows, records, strict=True) if record["captions"]]
    captions = [[_written(text, task) for text in record["captions"]] for record in records if record["captions"]]
    asked = [{"id": ids[row], "row": row} for row in rows]
    images = matrix(predict(context.pool, ImageVectors(context.model, data.folder), asked, f"{task.name}: images").column("embedding"))
    scores: dict[str, Score] = {}
    columns: dict[str, object] = {"id": [ids[row] for row in rows]}
    exhibits: tuple[Exhibit, ...] = ()
    for number, protocol in enumerate(task.protocols):
        pairing = _pair(protocol, captions, task, context)
        texts = _embed(context, pairing.texts, f"{task.name}: {protocol} captions")
        found = ranks(normalise(images).astype(np.float32), texts, pairing.pairs)
        suffix = "" if number == 0 else f"_{protocol.replace('-', '_')}"
        scores |= {f"{name}{suffix}": score for name, score in _scores(found, pairing, task, context, protocol).items()}
        columns[f"mean_recall{suffix}"] = _by_image(found, pairing, len(rows))
        columns[f"rank_i2t{suffix}"] = found.image_to_text
        exhibits = exhibits or (_exhibit(context, task, rows, pairing, images, texts, found),)
    return Result(scores, pa.table(columns), exhibits)


def _written(text: str, task: RetrievalSettings) -> str:
    return text.capitalize() if task.capitalise else text


def _pair(protocol: Protocol, captions: list[list[str]], task: RetrievalSettings, context: Context) -> Pairing:
    if protocol == "multi":
        return pair_multi(captions)
    if protocol == "unique-text":
        return pair_unique(captions, task.prefix)
    return pair_one(captions, context.generator(task, "one caption"))


def _embed(context: Context, texts: list[str], what: str) -> np.ndarray:
    """Return unit vectors of texts, (n, d) float32; equal texts are embedded once."""
    distinct = {text: index for index, text in enumerate(dict.fromkeys(texts))}
    asked = [{"id": str(index), "text": text} for text, index in distinct.items()]
    vectors = normalise(matrix(predict(context.pool, TextVectors(context.model), asked, what).column("vector")))
    return vectors[[distinct[text] for text in texts]].astype(np.float32)


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
    assert abs(mean.value - mean_recall(recalls(found))) < 1e-9
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
        first = int(np.argmax(normalise(images) @ texts[text]))
        hit = bool(found.text_to_image[text] == 0)
        found_picture, own = (decode(context.data.shards.image(rows[at]), ids[rows[at]]) for at in (first, owner[text]))
        items.append(Item(found_picture, f"{pairing.texts[text]} (own image at rank {found.text_to_image[text] + 1})", hit, (), own))
    return Exhibit(f"First image for a caption, the caption's own beside, {task.name}", "pairs", tuple(items))
