"""The trained part of an instruction model: connector and language model, from image features and ids to loss or answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import DynamicCache, LlamaForCausalLM

from rsvlm.instruction.batches import ChatBatch
from rsvlm.instruction.prompt import IGNORE


def build_connector(features: int, width: int) -> nn.Sequential:
    """Return the two-layer connector (LLaVA's mlp2x_gelu): linear to the language model's width, GELU, linear."""
    return nn.Sequential(nn.Linear(features, width), nn.GELU(), nn.Linear(width, width))


@torch.no_grad()
def initialise_connector(connector: nn.Sequential, embeddings: Tensor, generator: torch.Generator) -> None:
    """Give a fresh connector weights under which image tokens start about as large as word embeddings.

    Weights are normal with variance 1 / inputs; the second layer is scaled to the spread of the embeddings.

    Args:
        connector: to be filled.
        embeddings: (vocabulary, width) of the language model.
        generator: for the draws.
    """
    for layer, gain in ((connector[0], 1.0), (connector[2], float(embeddings.float().std()))):
        assert isinstance(layer, nn.Linear)
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * gain / layer.in_features**0.5)
        layer.bias.zero_()


@dataclass(frozen=True)
class _System:
    """The system text for any number of rows: as embeddings (1, columns, width), or as keys and values of every layer."""

    embedded: Tensor | None
    layers: tuple[tuple[Tensor, Tensor], ...]

    def rows(self, count: int) -> tuple[Tensor | None, DynamicCache | None]:
        """Return (embeddings for every row, None), or (None, a cache that holds the text for every row)."""
        if self.embedded is not None:
            return self.embedded.expand(count, -1, -1), None
        cache = DynamicCache()
        for number, (keys, values) in enumerate(self.layers):
            cache.update(keys.expand(count, -1, -1, -1), values.expand(count, -1, -1, -1), number)
        return None, cache


class Chat(nn.Module):
    """Connector and language model.

    The vision encoder is kept apart: it is frozen, its features can be computed once, and adapters that name layers by
    suffix cannot reach into it.
    """

    system: Tensor

    def __init__(self, connector: nn.Sequential, language: LlamaForCausalLM, system: Sequence[int], *, share_system: bool) -> None:
        """Join the parts.

        Args:
            connector: features to the language model's width.
            language: the language model, with or without adapters.
            system: ids before the image, the same in every row.
            share_system: compute these once a batch instead of once a row.
        """
        super().__init__()
        self.connector = connector
        self.language = language
        self.share_system = share_system
        self.register_buffer("system", torch.tensor(list(system), dtype=torch.long), persistent=False)

    def forward(self, parts: Sequence[ChatBatch]) -> Tensor:
        """Return the mean cross-entropy over the answer tokens of a batch, a float32 scalar.

        Args:
            parts: the batch, in parts of rows of about equal length; how it is cut does not change the result.
        """
        system = self._system()
        sums = [self._loss_sum(part, system) for part in parts]
        learned = sum(int((part.labels != IGNORE).sum()) for part in parts)
        return torch.stack(sums).sum() / learned

    def _loss_sum(self, batch: ChatBatch, system: _System) -> Tensor:
        hidden = self._states(batch, *system.rows(len(batch.rest)))
        # The state at a position says what comes next: that of the last image token tells the rest's first token.
        states = hidden[:, -batch.rest.shape[1] - 1 : -1]
        learned = batch.labels != IGNORE
        logits = self.language.lm_head(states[learned])
        return functional.cross_entropy(logits.float(), batch.labels[learned], reduction="sum")

    def _embed(self, ids: Tensor) -> Tensor:
        return self.language.get_input_embeddings()(ids)

    def _system(self) -> _System:
        """Return the system text's embeddings, or its keys and values computed once."""
        embedded = self._embed(self.system)[None]
        if not self.share_system:
            return _System(embedded, ())
        cache = self.language.model(inputs_embeds=embedded, use_cache=True).past_key_values
        return _System(None, tuple((layer.keys, layer.values) for layer in cache.layers))

    def _states(self, batch: ChatBatch, system: Tensor | None, cache: DynamicCache | None) -> Tensor:
        """Return the last hidden states of image and rest (and of the system text, if it is given as embeddings)."""
        image = self.connector(batch.features.to(self._dtype)).to(self.language.dtype)
        parts = [image, self._embed(batch.rest)]
        embeddings = torch.cat(parts if system is None else [system, *parts], 1)
        seen = torch.ones(len(batch.rest), len(self.system) + image.shape[1], dtype=torch.bool, device=image.device)
        mask = torch.cat([seen, batch.attention], 1)
        positions = (mask.cumsum(1) - 1).clamp_min(0)[:, -embeddings.shape[1] :]
        output = self.language.model(
            inputs_embeds=embeddings, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=cache is not None
        )
        hidden: Tensor = output.last_hidden_state
        return hidden

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.connector.parameters()).dtype

    @torch.inference_mode()
    def generate(self, batch: ChatBatch, end: int, most: int) -> list[list[int]]:
        """Return the ids of the greedy answer of every row, its end token included where it came.

        Args:
            batch: collated `to_answer`.
            end: id that ends an answer.
            most: longest answer.
        """
        rows = len(batch.rest)
        system, cache = self._system().rows(rows)
        cache = cache if cache is not None else DynamicCache(config=self.language.config)
        hidden = self._states(batch, system, cache)
        image = batch.features.shape[1]
        mask = torch.cat([batch.attention.new_ones(rows, len(self.system) + image), batch.attention], 1)
        answers: list[list[int]] = [[] for _ in range(rows)]
        open_rows = torch.ones(rows, dtype=torch.bool, device=mask.device)
        for _ in range(most):
            chosen = self.language.lm_head(hidden[:, -1]).argmax(-1)
            for row in open_rows.nonzero()[:, 0].tolist():
                answers[row].append(int(chosen[row]))
            open_rows &= chosen != end
            if not open_rows.any():
                break
            mask = torch.cat([mask, mask.new_ones(rows, 1)], 1)
            hidden = self._next(chosen, mask, cache)
        return answers

    def _next(self, chosen: Tensor, mask: Tensor, cache: Any) -> Tensor:
        """Return the hidden states of one further token for every row."""
        positions = mask.sum(1, keepdim=True) - 1
        output = self.language.model(
            inputs_embeds=self._embed(chosen[:, None]), attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
        )
        hidden: Tensor = output.last_hidden_state
        return hidden
