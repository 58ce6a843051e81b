"""Boxes for phrases, by a conversation, with oriented boxes and one-to-one matching."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pyarrow as pa

from rsvlm.conversations.boxes import decode as boxes_in
from rsvlm.evaluation.blocks import Request
from rsvlm.evaluation.gallery import Exhibit, Item, Outline
from rsvlm.evaluation.metrics.grounding import Matches, Points, accuracy, match
from rsvlm.evaluation.records import Question, questions
from rsvlm.evaluation.scores import Score, score_of
from rsvlm.evaluation.settings import GroundingSettings
from rsvlm.evaluation.statistics import bootstrap_mean, bootstrap_statistic
from rsvlm.evaluation.task import Answers, Context, Result
from rsvlm.evaluation.tasks.scene_chat import ask
from rsvlm.imagery.pictures import decode
from rsvlm.intervals import wilson
from rsvlm.seeds import numpy_generator

_SHOWN = 12
_CENTRES = (0.25, 0.5, 0.75)
_SIDES = (0.1, 0.2, 0.4, 0.8)


def requests(task: GroundingSettings, context: Context) -> dict[str, Request]:
    """Ask every referring question."""
    asked = questions(context.data, task, "refer", context.seed)
    return {"answers": ask(context, asked, task.max_new_tokens, f"{task.name}: boxes")}


def score(task: GroundingSettings, context: Context, answers_by_name: Answers) -> Result:
    """Score the share of true boxes found at the wanted overlap, and the share of questions with all boxes found.

    The baseline answers every question with one box, the best of a grid on the training questions.
    """
    asked = questions(context.data, task, "refer", context.seed)
    answers = answers_by_name["answers"].column("answer").to_pylist()
    boxes = [_relative(boxes_in(answer, *_size(question)), question) for question, answer in zip(asked, answers, strict=True)]
    truths = [_relative(question.polygons, question) for question in asked]
    found = [match(answer, truth, task.overlap) for answer, truth in zip(boxes, truths, strict=True)]
    constant = best_constant_box(_training_truths(context, task), task.overlap)
    trivial = [match([constant], truth, task.overlap) for truth in truths]
    table = pa.table(
        {
            "id": [question.id for question in asked],
            "answer": answers,
            "found": [item.found for item in found],
            "truth": [item.truth for item in found],
            "answered": [item.answered for item in found],
            "best_overlap": [item.best for item in found],
            "acc": [item.found / item.truth for item in found],
        }
    )
    return Result(_scores(task, context, found, trivial), table, (_exhibit(context, task, asked, answers, boxes, truths, found),))


def _size(question: Question) -> tuple[int, int]:
    return question.record["width"], question.record["height"]


def _relative(polygons: Sequence[Points], question: Question) -> list[Points]:
    """Return polygons in 0..1 of the image."""
    width, height = _size(question)
    return [[(x / width, y / height) for x, y in polygon] for polygon in polygons]


def _training_truths(context: Context, task: GroundingSettings) -> list[list[Points]]:
    training = task.model_copy(update={"split": "train", "limit": None})
    asked = questions(context.data, training, "refer", context.seed)
    return [_relative(question.polygons, question) for question in asked]


def best_constant_box(truths: list[list[Points]], overlap: float) -> Points:
    """Return the upright box, of a grid of centres and sides, that finds most true boxes when it is always the answer."""
    grid = [(x, y, width, height) for x in _CENTRES for y in _CENTRES for width in _SIDES for height in _SIDES]
    boxes: list[Points] = [
        [(x - w / 2, y - h / 2), (x + w / 2, y - h / 2), (x + w / 2, y + h / 2), (x - w / 2, y + h / 2)] for x, y, w, h in grid
    ]
    found = [accuracy([match([box], truth, overlap) for truth in truths]) for box in boxes]
    return boxes[int(np.argmax(found))]


def _scores(task: GroundingSettings, context: Context, found: list[Matches], trivial: list[Matches]) -> dict[str, Score]:
    note = f"IoU of oriented boxes >= {task.overlap:g}, matched one to one; {sum(item.truth for item in found)} true boxes"
    sums = np.array([(item.found, item.truth) for item in found], dtype=np.float64)
    total = sums.sum(axis=0)
    if 0 < total[0] < total[1]:
        interval = bootstrap_statistic(sums, lambda drawn: drawn[:, 0] / drawn[:, 1], context.generator(task, "acc"))
    else:
        interval = wilson(int(total[0]), int(total[1]))
    parsed = wilson(sum(item.answered > 0 for item in found), len(found))
    overlaps = bootstrap_mean(np.array([item.best for item in found]), context.generator(task, "overlap"))
    best = "best constant box"
    return {
        "acc": score_of(interval, len(found), accuracy(trivial), best, note),
        "mean_best_overlap": score_of(overlaps, len(found), float(np.mean([item.best for item in trivial])), best),
        "answered_with_a_box": score_of(parsed, len(found)),
    }


def _exhibit(
    context: Context,
    task: GroundingSettings,
    asked: list[Question],
    answers: list[str],
    boxes: list[list[Points]],
    truths: list[list[Points]],
    found: list[Matches],
) -> Exhibit:
    order = numpy_generator(context.seed, "gallery", "grounding", task.name).permutation(len(asked))[:_SHOWN]
    items = []
    for index in sorted(order.tolist()):
        picture = decode(context.data.shards.image(asked[index].row), asked[index].id)
        outlines = [*map(partial(Outline, kind="truth"), truths[index]), *map(partial(Outline, kind="answer"), boxes[index])]
        text = f"Question: {asked[index].prompt}\nAnswer: {answers[index] or '(nothing)'}"
        items.append(Item(picture, text, found[index].found == found[index].truth, tuple(outlines)))
    return Exhibit(f"Boxes for phrases, {task.name}", "chat", tuple(items))
