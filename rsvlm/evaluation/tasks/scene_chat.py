"""Scene classification by a conversation: the answer must be the class name and nothing else."""

import numpy as np
import pyarrow as pa

from rsvlm.evaluation.blocks import Request
from rsvlm.evaluation.gallery import Exhibit, Item, some_of
from rsvlm.evaluation.metrics.scenes import confusion, exact_matches, majority_share
from rsvlm.evaluation.predictors import ChatAnswers
from rsvlm.evaluation.records import Question, drawn, questions
from rsvlm.evaluation.scores import Score, score_of
from rsvlm.evaluation.settings import SceneChatSettings
from rsvlm.evaluation.statistics import paired_difference, share
from rsvlm.evaluation.task import Answers, Context, Result
from rsvlm.evaluation.tasks.zero_shot import training_labels
from rsvlm.imagery.pictures import decode

_SHOWN = 12


def requests(task: SceneChatSettings, context: Context) -> dict[str, Request]:
    """Ask every question, and a part of them again with a blank image."""
    asked = questions(context.data, task, "classification", context.seed)
    blind = [asked[index] for index in _blind(task, context, asked)]
    return {
        "answers": ask(context, asked, task.max_new_tokens, f"{task.name}: scenes"),
        "blind": ask(context, blind, task.max_new_tokens, f"{task.name}: image-blind", blind=True),
    }


def score(task: SceneChatSettings, context: Context, answers_by_name: Answers) -> Result:
    """Score exact match, beside the image-blind twin and the most frequent training class.

    The twin is the same model asked the same questions with a blank image; it is asked on a seeded part of the questions,
    and the difference is taken on that part.
    """
    asked = questions(context.data, task, "classification", context.seed)
    labels = [question.record["label"] for question in asked]
    answers, blind = (answers_by_name[name].column("answer").to_pylist() for name in ("answers", "blind"))
    part = _blind(task, context, asked)
    hits, blind_hits = exact_matches(answers, labels), exact_matches(blind, [labels[index] for index in part])
    by_index = dict(zip(part, blind, strict=True))
    table = pa.table(
        {
            "id": [question.id for question in asked],
            "label": labels,
            "answer": answers,
            "exact_match": hits,
            "image_blind_answer": pa.array([by_index.get(index) for index in range(len(asked))], pa.string()),
        }
    )
    names, _ = confusion(labels, answers)
    twin = share(blind_hits, context.generator(task, "blind"))
    scores = {
        "exact_match": score_of(
            share(hits, context.generator(task, "exact")),
            len(hits),
            twin.value,
            "image-blind twin",
            f"spaces and dots removed, lower-cased, equal to one of {len(names)} class names",
        ),
        "image_blind": score_of(twin, len(part), 1 / len(names), "chance", "the same model and questions with a blank image"),
        "over_image_blind": score_of(
            paired_difference(hits[part], blind_hits, context.generator(task, "over")),
            len(part),
            0.0,
            "no difference",
            "paired, same questions",
        ),
        "majority": Score(majority_share(labels, training_labels(context, task)), len(hits), note="the most frequent training class"),
    }
    return Result(scores, table, (_exhibit(context, task, asked, answers, hits),))


def _blind(task: SceneChatSettings, context: Context, asked: list[Question]) -> list[int]:
    ids = [question.id for question in asked]
    return drawn(list(range(len(asked))), ids, task.image_blind, context.seed, f"blind {task.name}")


def ask(context: Context, asked: list[Question], max_new_tokens: int, what: str, *, blind: bool = False) -> Request:
    """Ask the scored model questions."""
    rows = tuple({"id": question.id, "row": question.row, "prompt": question.prompt} for question in asked)
    return Request(ChatAnswers(context.model, context.data.folder, max_new_tokens, blind), rows, what)


def _exhibit(context: Context, task: SceneChatSettings, asked: list[Question], answers: list[str], hits: np.ndarray) -> Exhibit:
    items = []
    for index in some_of(hits > 0, _SHOWN, context.seed, f"scenes {task.name}"):
        question = asked[index]
        picture = decode(context.data.shards.image(question.row), question.id)
        items.append(Item(picture, dialogue(question.prompt, answers[index], question.record["label"]), bool(hits[index])))
    return Exhibit(f"Scenes by chat, {task.name}", "chat", tuple(items))


def dialogue(prompt: str, answer: str, truth: str) -> str:
    """Return a question, its answer and the truth as the lines of an example."""
    return f"Question: {prompt}\nAnswer: {answer or '(nothing)'}\nTruth: {truth}"
