"""Zero-shot scene classification: the class whose prompts an image is closest to."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from rsvlm.evaluation.blocks import Request
from rsvlm.evaluation.gallery import Exhibit, Item, confusion_picture, some_of
from rsvlm.evaluation.metrics.scenes import confusion, majority_share
from rsvlm.evaluation.metrics.zero_shot import class_weights, ranked_classes, top_k
from rsvlm.evaluation.predictors import ImageVectors, TextVectors, matrix
from rsvlm.evaluation.prompts import TEMPLATES, class_prompts, class_text
from rsvlm.evaluation.records import task_rows
from rsvlm.evaluation.scores import Score, score_of
from rsvlm.evaluation.settings import TaskSettings, TemplateSet, ZeroShotSettings
from rsvlm.evaluation.statistics import share
from rsvlm.evaluation.task import Answers, Context, Result
from rsvlm.imagery.pictures import decode

_SHOWN = 12


@dataclass(frozen=True)
class _Found:
    """True and answered classes by image, and hits as 0/1: first answer, first five, first in the other order."""

    labels: list[str]
    answers: list[str]
    top1: np.ndarray
    top5: np.ndarray
    other: np.ndarray


def requests(task: ZeroShotSettings, context: Context) -> dict[str, Request]:
    """Ask for the images' embeddings and the features of all class prompts."""
    prompts = ask_prompts(context.model, class_names(context, task), task.templates)
    return {"images": ask_images(context, context.model, _rows(task, context), f"{task.name}: images"), "prompts": prompts}


def score(task: ZeroShotSettings, context: Context, answers: Answers) -> Result:
    """Score top-1 and top-5, and top-1 in the other normalisation order.

    Baselines: chance (one in the number of classes) and the most frequent training class.
    """
    rows, classes = _rows(task, context), class_names(context, task)
    labels, images = context.data.column("label"), matrix(answers["images"].column("embedding"))
    features = prompt_features(answers["prompts"], classes, task.templates)
    ranked, other = (ranked_classes(images, class_weights(features, order)) for order in (task.norm_first, not task.norm_first))
    truth = np.array([classes.index(labels[row]) for row in rows])
    hits = (top_k(ranked, truth, 1), top_k(ranked, truth, 5), top_k(other, truth, 1))
    top1, top5, other_top1 = (hit.astype(np.float64) for hit in hits)
    found = _Found([labels[row] for row in rows], [classes[index] for index in ranked[:, 0]], top1, top5, other_top1)
    columns = {"label": found.labels, "prediction": found.answers, "top1": found.top1, "top5": found.top5}
    table = pa.table({"id": answers["images"].column("id"), **columns})
    return Result(_scores(task, context, found, len(classes)), table, _exhibits(context, task, rows, found))


def _rows(task: ZeroShotSettings, context: Context) -> list[int]:
    labels = context.data.column("label")
    return [row for row in task_rows(context.data, task, context.seed) if labels[row] is not None]


def ask_images(context: Context, model: Path, rows: list[int], what: str, side: int | None = None) -> Request:
    """Ask a contrastive model for the vectors of images, brought to squares of `side` pixels first if told so."""
    ids = context.data.column("id")
    return Request(ImageVectors(model, context.data.folder, side), tuple({"id": ids[row], "row": row} for row in rows), what)


def ask_prompts(model: Path, classes: list[str], templates: TemplateSet) -> Request:
    """Ask a contrastive model for the features of all class prompts."""
    prompts = class_prompts(classes, templates)
    rows = tuple({"id": f"{c}/{t}", "text": text} for c, texts in enumerate(prompts) for t, text in enumerate(texts))
    return Request(TextVectors(model), rows, "class prompts")


def class_names(context: Context, task: TaskSettings) -> list[str]:
    """Return all class names of a task's sources, in any split, sorted."""
    labels, sources = context.data.column("label"), context.data.column("source")
    wanted = zip(labels, sources, strict=True)
    return sorted({label for label, source in wanted if label is not None and (not task.sources or source in task.sources)})


def prompt_features(answers: pa.Table, classes: list[str], templates: TemplateSet) -> np.ndarray:
    """Return the features of all prompts, (classes, templates, d), not normalised."""
    return matrix(answers.column("vector")).reshape(len(classes), len(TEMPLATES[templates]), -1)


def _scores(task: ZeroShotSettings, context: Context, found: _Found, classes: int) -> dict[str, Score]:
    count = len(found.labels)
    orders = {True: "norm(mean(norm(f)))", False: "norm(mean(f))"}

    def score_values(name: str, values: np.ndarray, chance: float, norm_first: bool) -> Score:
        note = f"templates {task.templates}, class weight {orders[norm_first]}"
        return score_of(share(values, context.generator(task, name)), count, chance, "chance", note)

    scores = {
        "top1": score_values("top1", found.top1, 1 / classes, task.norm_first),
        "top5": score_values("top5", found.top5, min(5, classes) / classes, task.norm_first),
        "top1_other_order": score_values("other", found.other, 1 / classes, not task.norm_first),
    }
    training = training_labels(context, task)
    if training:
        value = majority_share(found.labels, training)
        scores["majority"] = Score(value, count, note="the most frequent training class for every image")
    return scores


def training_labels(context: Context, task: TaskSettings) -> list[str]:
    """Return the labels of a task's sources in training, one a record."""
    columns = zip(*(context.data.column(name) for name in ("label", "split", "source")), strict=True)
    return [label for label, split, source in columns if label and split == "train" and (not task.sources or source in task.sources)]


def _exhibits(context: Context, task: ZeroShotSettings, rows: list[int], found: _Found) -> tuple[Exhibit, ...]:
    ids = context.data.column("id")
    items = []
    for index in some_of(found.top1 > 0, _SHOWN, context.seed, f"zero-shot {task.name}"):
        said, true, right = class_text(found.answers[index]), class_text(found.labels[index]), bool(found.top1[index])
        picture = decode(context.data.shards.image(rows[index]), ids[rows[index]])
        items.append(Item(picture, said if right else f"{said} (is: {true})", right))
    names, counts = confusion(found.labels, found.answers)
    caption = "rows: true class, columns: answered class, in this order: " + ", ".join(class_text(name) for name in names)
    return (
        Exhibit(f"Zero-shot classes, {task.name}", "pairs", tuple(items)),
        Exhibit(f"Which classes are confused, {task.name}", "confusion", (Item(confusion_picture(counts[:, : len(names)]), caption),)),
    )
