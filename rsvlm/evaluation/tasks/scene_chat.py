"""Scene classification by a conversation: the answer must be the class name and nothing else."""

import numpy as np
import pyarrow as pa

from rsvlm.evaluation.gallery import Exhibit, Item, some_of
from rsvlm.evaluation.metrics.scenes import confusion, exact_matches, majority_share
from rsvlm.evaluation.parallel import predict
from rsvlm.evaluation.predictors import ChatAnswers
from rsvlm.evaluation.records import Question, drawn, questions
from rsvlm.evaluation.scores import Score, score_of
from rsvlm.evaluation.settings import SceneChatSettings
from rsvlm.evaluation.statistics import paired_difference, share
from rsvlm.evaluation.task import Context, Result
from rsvlm.evaluation.tasks.zero_shot import training_labels
from rsvlm.imagery.pictures import decode

_SHOWN = 12


def evaluate(task: SceneChatSettings, context: Context) -> Result:
    """Score exact match, beside the image-blind twin and the most frequent training class.

    The twin is the same model asked the same questions with a blank image; it is asked on a seeded part of the questions,
    and the difference is taken on that part.
    """
    asked = questions(context.data, task, "classification", context.seed)
    labels = [question.record["label"] for question in asked]
    answers = ask(context, asked, task.max_new_tokens, f"{task.name}: scenes")
    hits = exact_matches(answers, labels)
    part = drawn(list(range(len(asked))), [question.id for question in asked], task.image_blind, context.seed, f"blind {task.name}")
    blind = ask(context, [asked[index] for index in part], task.max_new_tokens, f"{task.name}: image-blind", blind=True)
    blind_hits = exact_matches(blind, [labels[index] for index in part])
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


def ask(context: Context, asked: list[Question], max_new_tokens: int, what: str, *, blind: bool = False) -> list[str]:
    """Return the model's answers to questions."""
    rows = [{"id": question.id, "row": question.row, "prompt": question.prompt} for question in asked]
    predictor = ChatAnswers(context.model, context.data.folder, max_new_tokens, blind)
    answers: list[str] = predict(context.pool, predictor, rows, what).column("answer").to_pylist()
    return answers


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
