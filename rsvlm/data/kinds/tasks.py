"""Settings that the builders of tasks share: the words of a system, dialogues of several turns, questions that a set brings."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Share
from rsvlm.settings import Inside, Settings, slots

Style = Literal["geochat", "lhrs-bot", "mmrs-1m", "rs-gpt4v", "rs-instructions", "skyeyegpt"]


class MixRules(Settings):
    """How the single questions about a picture become dialogues; evaluation pictures keep single questions. Numbers are ours.

    Attributes:
        together: so many questions of visual question answering (presence, counting and the like) stand in one dialogue.
        share: of the training pictures, those with one more dialogue that mixes tasks.
        most: turns (question and answer) of such a dialogue.
    """

    together: Annotated[int, Field(ge=1, le=20)] = 1
    share: Share = 0.0
    most: Annotated[int, Field(ge=2, le=20)] = 6


class QuestionFiles(Settings):
    """The three files of RSVQA for one split."""

    images: Inside
    questions: Inside
    answers: Inside


class GivenQuestions(Settings):
    """Questions and answers that a set brings.

    Attributes:
        layout: RSVQA's three JSON files for each split, RSIVQA's text, CRSVQA's text files (one a picture), FloodNet's JSON, or
            files of CHOICE (presence and counting).
        source: where the files are; empty: with the pictures.
        files: of RSIVQA, FloodNet or CHOICE; of CRSVQA, glob patterns.
        splits: of RSVQA, by split.
        picture: of RSVQA, the picture's name, `{id}` standing for its number.
        asked: which kinds of questions are taken (RSVQA's own words; `presence`, `count`, `condition`, `theme`, `other`); none: all.
        most: questions of one picture, drawn.
        counts: keep numbers, or say the ranges that RSVQA's low-resolution answers are scored in.
        themes: a theme as the set has it -> class name of the picture's label, where the words differ.
    """

    layout: Literal["rsvqa", "rsivqa", "crsvqa", "floodnet", "choice"]
    source: str = ""
    files: tuple[Inside, ...] = ()
    splits: dict[Literal["train", "validation", "test"], QuestionFiles] = Field(default_factory=dict)
    picture: Annotated[Inside, slots("id")] = "{id}.tif"
    asked: tuple[str, ...] = ()
    most: Annotated[int, Field(ge=1, le=1000)] = 10
    counts: Literal["given", "ranges"] = "given"
    themes: dict[str, str] = Field(default_factory=dict)
