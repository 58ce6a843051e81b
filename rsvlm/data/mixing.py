"""Single questions about a picture as dialogues: several questions in one, and tasks mixed in a drawn order."""

from collections.abc import Sequence
from typing import Any

from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.kinds.tasks import MixRules
from rsvlm.data.work import Work

_ANSWERING = frozenset(["question", "presence", "counting"])


def dialogues(name: str, talks: Sequence[Talk], rule: MixRules, work: Work) -> list[dict[str, Any]]:
    """Return the conversations of a record.

    Evaluation pictures have one conversation for each talk, since each is scored. Of training pictures, the talks of visual
    question answering are put together, and a share of them has one more dialogue of several tasks. No dialogue has the
    same question twice.

    Args:
        name: the record's id.
        talks: single questions with their answers.
        rule: how many go together.
        work: the pass.
    """
    if work.split != "train":
        return as_conversations(name, talks)
    single = [talk for talk in talks if talk.task not in _ANSWERING or rule.together == 1]
    found = as_conversations(name, single)
    answering = different([talk for talk in talks if talk.task in _ANSWERING]) if rule.together > 1 else []
    for number, start in enumerate(range(0, len(answering), rule.together)):
        found.append(several_turns(f"{name}-together-{number}", "question", answering[start : start + rule.together]))
    if work.share("mixed dialogue", name) < rule.share and (mix := mixed(name, talks, rule.most, work)):
        found.append(several_turns(f"{name}-mixed-0", "mixed", mix))
    return found


def mixed(name: str, talks: Sequence[Talk], most: int, work: Work) -> list[Talk]:
    """Return talks of at least two tasks in a drawn order, one caption and one class at most; empty where there is one task.

    Args:
        name: the record's id.
        talks: to draw from.
        most: at most so many are returned.
        work: draws.
    """
    generator = work.generator("mixed dialogue", name)
    drawn = [talks[place] for place in generator.permutation(len(talks)).tolist()]
    firsts: dict[str, Talk] = {}
    for talk in drawn:
        firsts.setdefault(talk.task, talk)
    if len(firsts) < 2:
        return []
    again = [talk for talk in drawn if talk.task not in ("caption", "classification", "grounding") and talk not in firsts.values()]
    size = int(generator.integers(2, max(2, min(most, len(firsts) + len(again))) + 1))
    chosen: list[Talk] = []
    for talk in [*firsts.values(), *again]:
        if len(chosen) < size and not any(_give_away(talk, other) for other in chosen):
            chosen.append(talk)
    return [chosen[place] for place in generator.permutation(len(chosen)).tolist()] if len(chosen) > 1 else []


def _give_away(first: Talk, second: Talk) -> bool:
    """Say whether one talk asks what the other does, or tells its answer: the same class, or the box that is asked for."""
    if first.question == second.question:
        return True
    if any(talk.polygons and talk.reply in other.question for talk, other in ((first, second), (second, first))):
        return True
    return first.reply == second.reply and first.reply not in ("yes", "no") and not first.reply.isdigit()


def different(talks: Sequence[Talk]) -> list[Talk]:
    """Return talks without those whose question an earlier one has."""
    return list({talk.question: talk for talk in reversed(talks)}.values())[::-1]


def several_turns(name: str, task: str, talks: Sequence[Talk]) -> dict[str, Any]:
    """Return one conversation of several questions with their answers; nothing in it is scored."""
    pairs = ((("user", talk.question), ("assistant", talk.reply)) for talk in talks)
    turns = [{"role": role, "text": text} for pair in pairs for role, text in pair]
    return {"id": name, "task": task, "turns": turns, "answer": None, "polygons": None}
