"""A causal language model in this process, through transformers.

An answer must not depend on what else is asked: prompts are filled up to a multiple of 32 positions by their own length,
computed beside prompts of the same width only, and a batch that is not full is filled with copies of its last row. So the
shapes that a row is computed in, which decide how sums are rounded, follow from the row alone.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rsvlm.chat.exchange import Answer, Request, seed_from
from rsvlm.chat.settings import LocalSettings
from rsvlm.errors import ConfigurationError, DataError
from rsvlm.records.unfit import Unfit

_STEP = 32
Ask = Callable[[Sequence[tuple[str, Request]]], list[Answer | Unfit]]


def open_local(settings: LocalSettings, folder: Path, device: str) -> Ask:
    """Load a model, and return what answers (key, request) pairs in their order.

    Args:
        settings: how to ask.
        folder: config, safetensors and tokenizer.
        device: where the model works.

    Raises:
        DataError: the folder holds no chat model that transformers knows without running foreign code.
    """
    from rsvlm.chat.tokens import load_words

    words, model = load_words(folder), _load(folder, device)
    longest = int(model.config.max_position_embeddings)

    def ask(asked: Sequence[tuple[str, Request]]) -> list[Answer | Unfit]:
        prompts = [words.ids(_without_picture(request).messages) for _, request in asked]
        said: list[Answer | Unfit | None] = [_too_long(prompt, settings.most_new_tokens, longest) for prompt in prompts]
        for group in _groups(prompts, [place for place, fault in enumerate(said) if fault is None], settings.batch):
            rows = [prompts[place] for place in group]
            draws = [seed_from(asked[place][0]) for place in group]
            for place, ids in zip(group, _generate(model, rows, draws, words.ends, settings), strict=True):
                finished = bool(ids) and ids[-1] in words.ends
                said[place] = Answer(words.text(ids[:-1] if finished else ids), finished, len(prompts[place]), len(ids))
        return [answer for answer in said if answer is not None]

    return ask


def _load(folder: Path, device: str) -> Any:
    """Return the model in float32, frozen."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            str(folder),
            dtype=torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="eager",  # the fused kernels give no number for rows that attend to nothing
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise DataError(f"{folder}: no language model that can be loaded ({' '.join(str(error).split())[:300]})") from None
    return model.requires_grad_(False).eval().to(device)


def _without_picture(request: Request) -> Request:
    if request.picture is not None:
        raise ConfigurationError("a local language model sees no pictures; ask one of kind served or registered")
    return request


def _too_long(prompt: Sequence[int], most: int, longest: int) -> Unfit | None:
    if len(prompt) + most <= longest:
        return None
    return Unfit("question is too long", f"{len(prompt):,} tokens and {most:,} for the answer; the model holds {longest:,}")


def _width(prompt: Sequence[int]) -> int:
    return -(-len(prompt) // _STEP) * _STEP


def _groups(prompts: Sequence[Sequence[int]], places: Sequence[int], size: int) -> list[list[int]]:
    """Return places of prompts of the same width, at most `size` together."""
    widths: dict[int, list[int]] = {}
    for place in places:
        widths.setdefault(_width(prompts[place]), []).append(place)
    return [group[start : start + size] for _, group in sorted(widths.items()) for start in range(0, len(group), size)]


def _generate(model: Any, rows: list[list[int]], seeds: list[int], ends: frozenset[int], settings: LocalSettings) -> list[list[int]]:
    from rsvlm.chat.sampling import Draw, generate

    missing = settings.batch - len(rows)
    draws = [Draw(settings.temperature, settings.top_p, seed, settings.top_k) for seed in [*seeds, *seeds[-1:] * missing]]
    answers = generate(model, [*rows, *rows[-1:] * missing], _width(rows[0]), settings.most_new_tokens, ends, draws)
    return answers[: len(rows)]
