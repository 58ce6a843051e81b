"""Read the turns of instruction dialogues: the identifier before a question, and what it asks, by this module's own patterns."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated

_TAGS = {
    "geochat": {},
    "mmrs-1m": {},
    "rs-gpt4v": {},
    "rs-instructions": {},
    "skyeyegpt": {"caption": "[caption]", "refer": "[refer]", "identify": "[identify]", "grounding": "[grounding]", "": "[vqa]"},
    "lhrs-bot": {"caption": "[CAP]", "classification": "[CLS]", "refer": "[VG]", "identify": "[Identify]", "": "[VQA]"},
}
_SHORT = "Answer the question using a single word or phrase."
_ENDINGS = {"geochat": f"\n{_SHORT}", "mmrs-1m": f" {_SHORT}"}
_TAG = re.compile(r"(\[[A-Za-z]+\]) ")
_THIS = r"(?:the|this) (?:image|clip)"
_BOX = r"(?P<box>[\[{].+[\]}])"
_FORMS = {
    "classification": (
        rf"(?:Which of these scenes does {_THIS} show|To which of these classes does {_THIS} belong): (?P<list>.+)\?",
        rf"Name the scene in {_THIS}\. Choose from: (?P<list>.+)\.",
        r"Choose the best categories describe the image from: (?P<list>.+)",
        r"What is the scene in this image\? Classes: (?P<list>.+)\.\nClassify the image from the following classes\. "
        r"Answer in one word or a short phrase\.",
        rf"What is the category of this remote sensing image\? {_SHORT} Reference categories include (?P<list>.+)",
    ),
    "caption": (
        rf"(?:Describe {_THIS} in one sentence|Give a short caption for {_THIS}|Write a short caption for {_THIS})\.",
        rf"What (?:does {_THIS} (?:show|represent)|can be seen in {_THIS})\?",
        rf"(?:Summarise what can be seen in|Provide a description of|Provide a concise depiction of) {_THIS}\.",
        rf"Briefly describe {_THIS}",
        r"Describe the image in one short sentence\.",
        r"Please provide a one-sentence caption for the provided remote sensing image in detail\.",
    ),
    "clip_presence": (
        r"Does the (?P<nth>\w+) frame show (?P<noun>.+)\?",
        r"Is there (?P<noun>.+) in the (?P<nth>\w+) frame\?",
    ),
    "clip_motion": (r"Which way does the view move\?", r"In which direction does the camera move\?"),
    "presence": (
        r"Is there (?P<noun>.+) in the image\?",
        r"Does the image show (?P<noun>.+)\?",
        r"Can (?P<noun>.+) be seen in the image\?",
    ),
    "counting": (
        r"How many (?P<noun>.+) are there in the image\?",
        r"What is the number of (?P<noun>.+) in the image\?",
        r"Count the (?P<noun>.+) in the image\.",
    ),
    "comparison": (
        r"Are there more (?P<noun>.+) than (?P<other>.+) in the image\?",
        r"Is the number of (?P<noun>.+) larger than the number of (?P<other>.+)\?",
        r"Are there fewer (?P<other>.+) than (?P<noun>.+) in the image\?",
    ),
    "refer": (
        r"(?:Give me the location of|Give the box(?:es)? of|Locate)(?: the| all) (?P<phrase>.+?)\.?",
        r"Where (?P<be>is|are) the (?P<phrase>.+)\?",
        r"(?:Please provide the bounding box coordinate of the region|Detect the object) (?:that )?this sentence describes: "
        r"(?P<phrase>.+)\.",
    ),
    "identify": (
        rf"What is at {_BOX}\?",
        rf"Which object is in the box {_BOX}\?",
        rf"Name the object at {_BOX}\.",
        rf"(?:Please provide a short description of|What does) the region {_BOX} of the remote sensing image(?: show\?|\.)",
    ),
    "grounding": (
        r"Describe the objects in the image with their boxes\.",
        r"What is there in the image, and where\?",
        r"Name what the image shows and give the boxes\.",
    ),
}


@dataclass(frozen=True)
class Asked:
    """A question, read.

    Attributes:
        task: what it asks, `given` where it has none of the known forms.
        words: the parts of the form.
        text: without identifier.
        reply: to it.
    """

    task: str
    words: Mapping[str, str]
    text: str
    reply: str


def rule_of(record: Mapping[str, Any], evidence: Evidence) -> Mapping[str, Any]:
    """Return the settings of the builder that made a record, by the start of its id."""
    rules = evidence.rules(record)
    return next((rule for rule in rules if str(record["id"]).startswith(f"{rule['prefix']}-")), rules[0])


def read_question(text: str, tasks: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Return (task, parts) of a question without identifier, `given` where none of the tasks has such a form."""
    for task in tasks:
        for form in _FORMS[task]:
            if match := re.fullmatch(form, text):
                return task, {key: value for key, value in match.groupdict().items() if value is not None}
    return "given", {}


def read_turns(record: Mapping[str, Any], style: str, tasks: tuple[str, ...]) -> Iterator[Asked | Statement]:
    """Yield the questions of a record with their replies, and false statements for wrong identifiers and repeated questions.

    Args:
        record: with its conversations.
        style: whose identifiers stand before the questions.
        tasks: forms that a question can have; others count as given.
    """
    tags = _TAGS[style]
    for conversation in record.get("conversations") or ():
        turns = [turn["text"] for turn in conversation["turns"]]
        questions = turns[::2]
        if len(set(questions)) != len(questions):
            yield stated("format", conversation["id"], False, "a question is there twice")
        for question, reply in zip(questions, turns[1::2], strict=True):
            match = _TAG.match(question)
            text = question[match.end() :] if match else question
            task, words = read_question(text, tasks)
            if task == "given" and style in _ENDINGS:
                yield stated("format", question, text.endswith(_ENDINGS[style]), "what is asked of the answer is missing")
                text = text.removesuffix(_ENDINGS[style])
            expected = tags.get(task, tags.get("", "")) if tags else ""
            if (match[1] if match else "") != expected:
                yield stated("format", question, False, f"identifier should be {expected!r}")
            yield Asked(task, words, text, reply)
