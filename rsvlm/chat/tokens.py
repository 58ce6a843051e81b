"""From messages to token ids by a model's own chat template, so that nothing in a message can act as the template does.

The template is rendered with marks in place of the texts, and cut at the marks. Its own pieces are tokenised with special
tokens, the texts without: `<|im_end|>` in a caption or a fact is ten characters, never the end of a turn.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2.exceptions import TemplateError
from tokenizers import Tokenizer

from rsvlm.chat.exchange import Message
from rsvlm.errors import DataError

_MARK = re.compile("\ue000(\\d+)\ue001")


@dataclass(frozen=True)
class Words:
    """A tokenizer with its chat template.

    Attributes:
        where: the folder, for messages.
        template: renders messages.
        special: reads special tokens in a text as such.
        plain: reads them as characters.
        ends: ids that end an answer.
    """

    where: Path
    template: Any
    special: Tokenizer
    plain: Tokenizer
    ends: frozenset[int]

    def ids(self, messages: Sequence[Message]) -> list[int]:
        """Return the ids of a conversation, up to where the model's answer begins.

        Raises:
            DataError: the template cannot show such a conversation (it knows no system messages, for example).
        """
        marked = [{"role": message.role, "content": f"\ue000{place}\ue001"} for place, message in enumerate(messages)]
        try:
            text = self.template.apply_chat_template(marked, tokenize=False, add_generation_prompt=True)
        except TemplateError as error:
            raise DataError(f"{self.where}: its chat template refuses these roles: {error}") from None
        pieces = _MARK.split(text)
        if [int(place) for place in pieces[1::2]] != list(range(len(messages))):
            raise DataError(f"{self.where}: its chat template does not give every message once, in order")
        found: list[int] = []
        for number, piece in enumerate(pieces):
            if number % 2:
                found += self.plain.encode(messages[int(piece)].text.strip(), add_special_tokens=False).ids
            else:
                found += self.special.encode(piece, add_special_tokens=False).ids
        return found

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of ids without special tokens and white space around it."""
        decoded: str = self.plain.decode(list(ids), skip_special_tokens=True)
        return decoded.strip()


def load_words(folder: Path) -> Words:
    """Read a model folder's tokenizer, chat template and end tokens.

    Raises:
        DataError: a part is missing.
    """
    from transformers import AutoTokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise DataError(f"{path}: missing; a chat model needs its tokenizer")
    template = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    if not template.chat_template:
        raise DataError(f"{folder}: its tokenizer has no chat template; a model that was tuned for conversations is needed")
    special, plain = Tokenizer.from_file(str(path)), Tokenizer.from_file(str(path))
    plain.encode_special_tokens = True
    return Words(folder, template, special, plain, _ends(folder, template.eos_token_id))


def _ends(folder: Path, own: int | None) -> frozenset[int]:
    """Return the ids that end an answer: the tokenizer's, and those of `generation_config.json` where there is one."""
    ends = {own} if own is not None else set()
    path = folder / "generation_config.json"
    if path.is_file():
        stored = json.loads(path.read_bytes()).get("eos_token_id")
        ends |= set(stored) if isinstance(stored, list) else {stored} - {None}
    if not ends:
        raise DataError(f"{folder}: its tokenizer names no end token (eos_token); answers would never end")
    return frozenset(ends)
