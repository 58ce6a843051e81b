"""Texts to token ids, with the tokenizer file of the text tower."""

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from rsvlm.contrastive.settings import ClipText, Text
from rsvlm.errors import DataError


class Tokens:
    """A tokenizer that cuts at the tower's length and pads: to that length for CLIP, to the longest text otherwise."""

    def __init__(self, file: Path, settings: Text) -> None:
        """Read `tokenizer.json`.

        Raises:
            DataError: it cannot be read, or has more tokens than the tower.
        """
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises plain Exception for every fault
            raise DataError(f"{file}: not a tokenizer file: {error}") from None
        count = self._tokenizer.get_vocab_size()
        if count > settings.vocabulary:
            raise DataError(f"{file}: has {count:,} tokens, but model.text.vocabulary is {settings.vocabulary:,}")
        self._tokenizer.enable_truncation(settings.length)
        if isinstance(settings, ClipText):
            self._tokenizer.enable_padding(length=settings.length, pad_id=settings.end_token)
        else:
            self._tokenizer.enable_padding(pad_id=0)

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return (ids, mask), both (n, length) integers."""
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = torch.tensor([one.ids for one in encoded], dtype=torch.long)
        return ids, torch.tensor([one.attention_mask for one in encoded], dtype=torch.long)
