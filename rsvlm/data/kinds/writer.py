"""Settings of a chat model that writes the texts of some records."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Share
from rsvlm.chat.settings import ChatSettings
from rsvlm.settings import Name, Settings


class Writer(Settings):
    """A chat model that writes texts.

    Attributes:
        prompt: a file of `rsvlm/data/prompts`, without its ending.
        chat: which model, and how it is asked.
        share: of the records, drawn by a hash of their ids, about which the model is asked; the others are told by rule.
        fewest_words: an answer with fewer is set aside.
        otherwise: a record whose answer is set aside is told by rule, or dropped.
    """

    prompt: Name
    chat: ChatSettings
    share: Share = 1.0
    fewest_words: Annotated[int, Field(ge=1, le=1000)] = 5
    otherwise: Literal["rule", "drop"] = "rule"
