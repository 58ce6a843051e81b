"""Prompts as files with a version: system text, a template with named slots, examples, forbidden words, form of the answer.

A slot is `{name}`; `{{` and `}}` stand for braces. The template is cut at its slots once, when it is read, and values are
put between the pieces as they are: nothing in a value is ever looked at again, whatever braces or markup it holds.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

from rsvlm.chat.exchange import Message
from rsvlm.errors import ConfigurationError
from rsvlm.files import sha256_of
from rsvlm.records.unfit import Unfit
from rsvlm.settings import Name, Settings, validate

LONGEST_VALUE = 20_000  # characters
_MAX_BYTES = 200_000
_DEEPEST = 8
_SLOT = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]{0,31})\}|[{}]")
_KEPT_CONTROLS = "\n\t"
Text = Annotated[str, StringConstraints(min_length=1, max_length=50_000)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"\S")]


class Example(Settings):
    """One exchange that is shown to the model before the question; no slots in it.

    Attributes:
        user: what was asked.
        assistant: the answer that was wanted.
    """

    user: Text
    assistant: Text


class Prompt(Settings):
    """A prompt as its file says it.

    Attributes:
        name: of the prompt.
        version: raised whenever its words change.
        system: who the model is and what it must keep to; absent: no system message.
        user: the question, with slots.
        examples: exchanges shown first.
        forbidden: words and phrases that no answer may hold.
        output: the form of the answer: running text, one item a line, or one JSON object.
    """

    name: Name
    version: Annotated[int, Field(ge=1)]
    system: Text | None = None
    user: Text
    examples: tuple[Example, ...] = ()
    forbidden: tuple[Word, ...] = ()
    output: Literal["text", "lines", "json"] = "text"

    @field_validator("user")
    @classmethod
    def _is_a_template(cls, text: str) -> str:
        _cut(text)
        return text

    @cached_property
    def _pieces(self) -> list[tuple[str, str]]:
        return _cut(self.user)

    @property
    def slots(self) -> frozenset[str]:
        """The names of the template's slots."""
        return frozenset(slot for _, slot in self._pieces if slot)

    @property
    def hash(self) -> str:
        """The hex sha256 of everything that the prompt says."""
        return sha256_of(self.model_dump(mode="json"))

    @property
    def instructions(self) -> tuple[str, ...]:
        """The prompt's own texts, without what fills the slots: no answer should repeat them."""
        own = [self.system or "", *(text for text, _ in self._pieces)]
        return tuple(text.strip() for text in own if text.strip())

    def messages(self, values: Mapping[str, str]) -> tuple[Message, ...]:
        """Return the conversation that asks the question with these values in its slots.

        Args:
            values: text for every slot, inserted as it is.

        Raises:
            ValueError: a slot has no value, or a value no slot.
            Unfit: a value is no text, too long, or holds control characters.
        """
        if set(values) != self.slots:
            raise ValueError(f"prompt {self.name}: slots {sorted(self.slots)}, but values for {sorted(values)}")
        for slot in sorted(values):
            _check_value(slot, values[slot])
        question = "".join(text + (values[slot] if slot else "") for text, slot in self._pieces)
        system = [Message("system", self.system)] if self.system is not None else []
        shown = [message for e in self.examples for message in (Message("user", e.user), Message("assistant", e.assistant))]
        return (*system, *shown, Message("user", question))


def load_prompt(path: Path) -> Prompt:
    """Read a prompt's file.

    Raises:
        ConfigurationError: the file is missing, not plain YAML, or has a key, value or slot that is not allowed.
    """
    return validate(Prompt, _read(path), str(path))


def _cut(template: str) -> list[tuple[str, str]]:
    """Return (text, name of the slot after it) in order; the last has no slot.

    Raises:
        ValueError: a brace that belongs to no slot.
    """
    pieces: list[tuple[str, str]] = []
    text, start = "", 0
    for match in _SLOT.finditer(template):
        text += template[start : match.start()]
        start = match.end()
        if match[1]:
            pieces.append((text, match[1]))
            text = ""
        elif match[0] in ("{{", "}}"):
            text += match[0][0]
        else:
            raise ValueError(f"a lone '{match[0]}' at character {match.start() + 1}; slots are like {{name}}, braces are doubled")
    pieces.append((text + template[start:], ""))
    return pieces


def _check_value(slot: str, value: object) -> None:
    if not isinstance(value, str):
        raise Unfit("slot value is not text", f"{slot}: {type(value).__name__}")
    if len(value) > LONGEST_VALUE:
        raise Unfit("slot value is too long", f"{slot}: {len(value):,} characters; {LONGEST_VALUE:,} allowed")
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in _KEPT_CONTROLS:
            raise Unfit("slot value holds a control character", f"{slot}: U+{ord(character):04X}")


def _read(path: Path) -> dict[str, Any]:
    """Read one plain YAML mapping without anchors: a prompt has no use for them."""
    try:
        data = path.read_bytes()
        if len(data) > _MAX_BYTES:
            raise ConfigurationError(f"{path}: {len(data):,} bytes; a prompt may have {_MAX_BYTES:,}")
        text = data.decode("utf-8")
        reader = YAML(typ="safe", pure=True)
        _check_events(reader.parse(text), path)
        loaded = reader.load(text)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
        raise ConfigurationError(f"{path}{line}: not valid YAML: {problem}") from None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"{path}: holds a value that is not what it looks like: {str(error)[:200]}") from None
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise ConfigurationError(f"{path}: a mapping of named keys is needed")
    return loaded


def _check_events(events: Iterable[Any], path: Path) -> None:
    """Refuse anchors, and nesting before it costs time."""
    depth = 0
    for event in events:
        if getattr(event, "anchor", None):
            raise ConfigurationError(f"{path}: anchors are not allowed in a prompt")
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            raise ConfigurationError(f"{path}: nested deeper than {_DEEPEST}")
