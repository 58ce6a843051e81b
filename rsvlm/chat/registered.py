"""One of our own vision-language models, asked about a picture.

What such a model is made of lies in a layer above this one, so the caller says how its folder is opened
(`rsvlm.instruction.model.load`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from rsvlm.chat.exchange import Answer, Request
from rsvlm.chat.local import Ask
from rsvlm.chat.settings import RegisteredSettings
from rsvlm.errors import ConfigurationError
from rsvlm.imagery.pictures import ImageError, decode
from rsvlm.records.unfit import Unfit


class PictureModel(Protocol):
    """A model that answers one question about each picture, greedily; `words.ids` gives the tokens of a text."""

    words: Any

    def answer(self, images: Sequence[Image.Image | None], prompts: Sequence[str], max_new_tokens: int = 64) -> list[str]:
        """Return the answers in order."""
        ...


OpenModel = Callable[[Path, str], PictureModel]


def open_registered(settings: RegisteredSettings, folder: Path, load: OpenModel, device: str) -> Ask:
    """Load a model, and return what answers (key, request) pairs in their order.

    Pictures with the same question are asked together, and a batch that is not full is filled with copies of its last one:
    so an answer does not depend on what else is asked.

    Args:
        settings: how to ask.
        folder: the model's published folder.
        load: opens it on a device.
        device: where the model works.
    """
    model = load(folder, device)

    def ask(asked: Sequence[tuple[str, Request]]) -> list[Answer | Unfit]:
        questions = [_question(request) for _, request in asked]
        seen = [_picture(request) for _, request in asked]
        said: list[Answer | Unfit | None] = [picture if isinstance(picture, Unfit) else None for picture in seen]
        for group in _groups(questions, [place for place, fault in enumerate(said) if fault is None], settings.batch):
            filled = [*group, *group[-1:] * (settings.batch - len(group))]
            texts = model.answer([seen[place] for place in filled], [questions[place] for place in filled], settings.most_new_tokens)  # type: ignore[misc]
            for place, text in zip(group, texts, strict=False):
                said[place] = _answer(model, questions[place], text, settings.most_new_tokens)
        return [answer for answer in said if answer is not None]

    return ask


def _question(request: Request) -> str:
    """Return the one question.

    Raises:
        ConfigurationError: the prompt has more than a question: these models were trained on one.
    """
    if len(request.messages) != 1 or request.picture is None:
        raise ConfigurationError("a registered model takes one question about a picture: a prompt without system text and examples")
    return request.messages[0].text


def _picture(request: Request) -> Image.Image | Unfit:
    try:
        return decode(request.picture or b"", request.id)
    except ImageError as error:
        return Unfit("picture cannot be decoded", str(error))


def _groups(questions: Sequence[str], places: Sequence[int], size: int) -> list[list[int]]:
    """Return places with the same question, at most `size` together."""
    same: dict[str, list[int]] = {}
    for place in places:
        same.setdefault(questions[place], []).append(place)
    return [group[start : start + size] for group in same.values() for start in range(0, len(group), size)]


def _answer(model: PictureModel, question: str, text: str, most: int) -> Answer:
    """Return an answer with its tokens counted again from its text: the model does not say whether it was cut off."""
    written = len(model.words.ids(text))
    return Answer(text, written < most, len(model.words.ids(question)), written)
