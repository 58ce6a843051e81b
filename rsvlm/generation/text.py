"""Frozen text towers: captions to the token states that the denoiser attends to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rsvlm.generation.settings import ClipTower, SentenceTower

_BATCH = 128


class TextTower:
    """Captions to (n, tokens, width) states; states of padding are zero, so that batches do not change results."""

    def __init__(self, tokenizer: Any, model: Any, tokens: int, *, keep_padding: bool) -> None:
        """Put tokenizer and transformer together; `keep_padding` leaves padding states as CLIP-conditioned models use them."""
        self._tokenizer, self._tokens, self._keep_padding = tokenizer, tokens, keep_padding
        self.model = model.eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, captions: Sequence[str]) -> Tensor:
        """Return the states of captions; longer ones are cut at the tower's number of tokens."""
        parts = [self._states(captions[start : start + _BATCH]) for start in range(0, len(captions), _BATCH)]
        return torch.cat(parts)

    def _states(self, captions: Sequence[str]) -> Tensor:
        encoded = self._tokenizer(list(captions), padding="max_length", truncation=True, max_length=self._tokens, return_tensors="pt")
        device = next(self.model.parameters()).device
        words, mask = encoded["input_ids"].to(device), encoded["attention_mask"].to(device)
        if self._keep_padding:
            return self.model(input_ids=words).last_hidden_state
        return self.model(input_ids=words, attention_mask=mask).last_hidden_state * mask[:, :, None]

    def truncated(self, captions: Sequence[str]) -> float:
        """Return the share of captions that are longer than the tower reads."""
        lengths = [len(words) for words in self._tokenizer(list(captions), verbose=False)["input_ids"]]
        return sum(length > self._tokens for length in lengths) / max(len(lengths), 1)

    def save(self, folder: Path) -> None:
        """Write tokenizer and transformer into a folder that `load_tower` reads."""
        self.model.save_pretrained(folder, safe_serialization=True)
        self._tokenizer.save_pretrained(folder)


def load_tower(settings: SentenceTower | ClipTower, model: Path, tokenizer: Path) -> TextTower:
    """Load a text tower from folders in Hugging Face's layout, without a network."""
    from transformers import AutoTokenizer, BertModel, CLIPTextModel

    words = AutoTokenizer.from_pretrained(tokenizer, local_files_only=True)
    if settings.kind == "minilm":
        found = BertModel.from_pretrained(model, local_files_only=True, add_pooling_layer=False)
        return TextTower(words, found, settings.tokens, keep_padding=False)
    # Stable Diffusion 2 pads with a token of its own and attends to padding as well.
    return TextTower(words, CLIPTextModel.from_pretrained(model, local_files_only=True), settings.tokens, keep_padding=True)


def text_width(settings: SentenceTower | ClipTower) -> int:
    """Return the width of a tower's states."""
    return 384 if settings.kind == "minilm" else settings.width
