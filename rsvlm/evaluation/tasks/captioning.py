"""Captions by a conversation, scored against all captions of the image."""

import logging

import pyarrow as pa

from rsvlm.evaluation.blocks import Request
from rsvlm.evaluation.gallery import Exhibit, Item
from rsvlm.evaluation.metrics.bleu import corpus_bleu
from rsvlm.evaluation.metrics.captions import CaptionScores, score_captions
from rsvlm.evaluation.metrics.constant import best_constant
from rsvlm.evaluation.metrics.meteor import ABSENT, meteor, meteor_command
from rsvlm.evaluation.metrics.ngrams import ORDERS
from rsvlm.evaluation.records import Question, questions, rows_of
from rsvlm.evaluation.scores import Score, score_of
from rsvlm.evaluation.settings import CaptioningSettings
from rsvlm.evaluation.statistics import bootstrap_mean, bootstrap_statistic, paired_difference, percentiles
from rsvlm.evaluation.task import Answers, Context, Result
from rsvlm.evaluation.tasks.scene_chat import ask
from rsvlm.imagery.pictures import decode
from rsvlm.intervals import Interval
from rsvlm.seeds import numpy_generator

logger = logging.getLogger(__name__)
_SHOWN = 12
_METEOR_DRAWS = 200  # each is a round through another program
_BASELINE = "best constant training caption"


def requests(task: CaptioningSettings, context: Context) -> dict[str, Request]:
    """Ask for one caption an image."""
    asked = questions(context.data, task, "caption", context.seed)
    return {"answers": ask(context, asked, task.max_new_tokens, f"{task.name}: captions")}


def score(task: CaptioningSettings, context: Context, answers_by_name: Answers) -> Result:
    """Score BLEU-1..4, METEOR, ROUGE-L and CIDEr, beside the one training caption that describes all images best.

    CIDEr's weights come from the references of the images at hand, so it compares only at the same images.
    """
    asked = questions(context.data, task, "caption", context.seed)
    references = [question.record["captions"] for question in asked]
    answers = answers_by_name["answers"].column("answer").to_pylist()
    constant = best_constant(_training_captions(context, task))
    ours, trivial = score_captions(answers, references), score_captions([constant] * len(asked), references)
    scores = _scores(task, context, ours, trivial, constant)
    scores |= _meteor(task, context, answers, references, constant)
    table = pa.table(
        {
            "id": [question.id for question in asked],
            "answer": answers,
            "cider": ours.cider,
            "rouge_l": ours.rouge_l,
            "constant_cider": trivial.cider,
        }
    )
    return Result(scores, table, (_exhibit(context, task, asked, answers, ours),))


def _training_captions(context: Context, task: CaptioningSettings) -> list[list[str]]:
    records = (context.data.shards.fields(row) for row in rows_of(context.data, task, "train"))
    return [record["captions"] for record in records if record["captions"]]


def _scores(task: CaptioningSettings, context: Context, ours: CaptionScores, trivial: CaptionScores, constant: str) -> dict[str, Score]:
    count, note = len(ours.cider), f"constant caption: {constant}"
    baseline = corpus_bleu(trivial.bleu.sum(axis=0, keepdims=True))[0]
    scores = {}
    for order in range(ORDERS):
        generator = context.generator(task, f"bleu {order + 1}")
        interval = bootstrap_statistic(ours.bleu, lambda sums, at=order: corpus_bleu(sums)[:, at], generator)  # type: ignore[misc]
        scores[f"bleu{order + 1}"] = score_of(interval, count, float(baseline[order]), _BASELINE, note)
    for name, values, others in (("rouge_l", ours.rouge_l, trivial.rouge_l), ("cider", ours.cider, trivial.cider)):
        interval = bootstrap_mean(values, context.generator(task, name))
        scores[name] = score_of(interval, count, float(others.mean()), _BASELINE, note)
    over = paired_difference(ours.cider, trivial.cider, context.generator(task, "over constant"))
    scores["cider_over_constant"] = score_of(over, count, 0.0, "no difference", "paired, same images")
    return scores


def _meteor(task: CaptioningSettings, context: Context, answers: list[str], references: list[list[str]], constant: str) -> dict[str, Score]:
    if meteor_command() is None:
        logger.warning(ABSENT)
        return {}
    draws = context.generator(task, "meteor").integers(0, len(answers), size=(_METEOR_DRAWS, len(answers)))
    value, drawn = meteor(answers, references, draws)
    trivial, _ = meteor([constant] * len(answers), references)
    interval = Interval(value, *percentiles(drawn))
    return {"meteor": score_of(interval, len(answers), trivial, _BASELINE, "METEOR 1.5, its own program")}


def _exhibit(context: Context, task: CaptioningSettings, asked: list[Question], answers: list[str], ours: CaptionScores) -> Exhibit:
    order = numpy_generator(context.seed, "gallery", "captions", task.name).permutation(len(asked))[:_SHOWN]
    items = []
    for index in sorted(order.tolist()):
        question = asked[index]
        first = question.record["captions"][0]
        text = f"Answer: {answers[index] or '(nothing)'}\nA reference: {first}\nCIDEr {ours.cider[index]:.2f}"
        items.append(Item(decode(context.data.shards.image(question.row), question.id), text))
    return Exhibit(f"Captions, {task.name}", "chat", tuple(items))
