"""A trained instruction model on disk, and asking it about images."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import LlamaForCausalLM

from rsvlm.errors import IntegrityError
from rsvlm.files import readable_json, verify, write_atomic
from rsvlm.instruction.batches import collate
from rsvlm.instruction.chat import Chat, build_connector
from rsvlm.instruction.language import load_language, save_language
from rsvlm.instruction.lora import load_adapters
from rsvlm.instruction.prompt import Words, encode, load_words, save_words, system_ids
from rsvlm.instruction.settings import ClipGrid, EfficientNetGrid, ModelSettings
from rsvlm.instruction.vision import Features, build_vision, to_pixels
from rsvlm.settings import validate

_FORMAT = 1
_ROWS = 64
LANGUAGE = "language"
ADAPTER = "adapter"


def read_settings(folder: Path) -> ModelSettings:
    """Return what a model folder was built as.

    Raises:
        IntegrityError: `model.json` is missing or of another family or format.
    """
    path = folder / "model.json"
    try:
        stored = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{path}: not readable ({error}); make the model again") from None
    if (stored.get("family"), stored.get("format")) != ("instruction", _FORMAT):
        raise IntegrityError(f"{path}: family {stored.get('family')!r}, format {stored.get('format')!r}; needed: instruction, {_FORMAT}")
    return validate(ModelSettings, stored["architecture"], str(path))


def save(
    folder: Path,
    settings: ModelSettings,
    vision: Features,
    chat: Chat,
    language: dict[str, torch.Tensor],
    source: Path,
    history: dict[str, Any] | list[Any],
) -> None:
    """Fill a model folder with everything that inference needs.

    Args:
        folder: to be filled.
        settings: for `model.json`.
        vision: the frozen encoder.
        chat: for its connector and the language model's config.
        language: the language model's state, without adapters.
        source: a folder with the tokenizer's files.
        history: of training.
    """
    (folder / LANGUAGE).mkdir()
    save_file(_stored(vision), folder / "vision.safetensors")
    save_file({name: value.float() for name, value in _stored(chat.connector).items()}, folder / "connector.safetensors")
    save_language(chat.language.config, language, folder / LANGUAGE)
    save_words(source, folder / LANGUAGE)
    described = {"family": "instruction", "format": _FORMAT, "architecture": settings.model_dump(mode="json")}
    write_atomic(folder / "model.json", readable_json(described))
    write_atomic(folder / "history.json", readable_json(history))


def _stored(module: nn.Module) -> dict[str, torch.Tensor]:
    state = module.state_dict()
    return {name: state[name].contiguous() for name in sorted(state)}


class ChatModel:
    """A model that answers questions about images, greedily."""

    def __init__(self, vision: Features, chat: Chat, words: Words, settings: ModelSettings, device: str = "cpu") -> None:
        """Put the parts to work on a device."""
        self.vision, self.chat = vision.to(device).eval(), chat.to(device).eval()
        self.words, self.settings, self.device = words, settings, device

    @torch.inference_mode()
    def answer(self, images: Sequence[Image.Image | None], prompts: Sequence[str], max_new_tokens: int = 64) -> list[str]:
        """Answer one question about each image.

        Args:
            images: None stands for a blank image: what the model says without seeing anything.
            prompts: one question each, as it stands after the image in the template.
            max_new_tokens: longest answer.

        Returns:
            Answers without special tokens, in order.
        """
        if len(images) != len(prompts):
            raise ValueError(f"{len(images)} images and {len(prompts)} prompts")
        # Blank images differ in nothing but the question: each is asked once.
        keys = [(place if image is not None else -1, prompt) for place, (image, prompt) in enumerate(zip(images, prompts, strict=True))]
        wanted = list(dict.fromkeys(keys))
        said: dict[tuple[int, str], str] = {}
        for first in range(0, len(wanted), _ROWS):
            part = wanted[first : first + _ROWS]
            pictures = [images[place] if place >= 0 else None for place, _ in part]
            answers = self._answer(pictures, [prompt for _, prompt in part], max_new_tokens)
            said.update(zip(part, answers, strict=True))
        return [said[key] for key in keys]

    def _answer(self, images: Sequence[Image.Image | None], prompts: Sequence[str], most: int) -> list[str]:
        features = self.vision(to_pixels(images, self.vision).to(self.device))
        encoded = [encode([prompt], self.words, self.settings.template.system) for prompt in prompts]
        batch = collate(encoded, features, self.words.pad, to_answer=True).to(self.device)
        return [self.words.text(ids) for ids in self.chat.generate(batch, self.words.end, most)]


def load_vision(folder: Path, settings: EfficientNetGrid | ClipGrid) -> Features:
    """Read the image encoder of a model folder."""
    encoder = build_vision(settings)
    _fill(encoder, folder / "vision.safetensors")
    return encoder


def load_chat(folder: Path, settings: ModelSettings, language: LlamaForCausalLM, features: int, words: Words) -> Chat:
    """Read the connector of a model folder and join it with a language model."""
    connector = build_connector(features, language.config.hidden_size)
    _fill(connector, folder / "connector.safetensors")
    template = settings.template
    return Chat(connector, language, system_ids(words, template.system), share_system=template.share_system)


def _fill(module: nn.Module, path: Path) -> None:
    try:
        module.load_state_dict(load_file(path))
    except (OSError, RuntimeError) as error:
        raise IntegrityError(f"{path}: does not fit model.json ({str(error).splitlines()[0]}); make the model again") from None


def load(folder: Path, device: str = "cpu", *, base: Path | None = None) -> ChatModel:
    """Load a model that can answer.

    Args:
        folder: a published model folder of this family.
        device: where to.
        base: take the language model from this model folder and put `folder`'s adapters beside its weights, instead of
            `folder`'s merged weights.

    Raises:
        IntegrityError: a file is missing or changed, or the folder holds another kind of model.
    """
    verify(folder)
    if base is not None:
        verify(base)
    settings = read_settings(folder)
    source = (base or folder) / LANGUAGE
    words = load_words(source)
    language = load_language(source, device)
    if base is not None:
        load_adapters(language, folder / ADAPTER)
    vision = load_vision(folder, settings.vision)
    chat = load_chat(folder, settings, language, vision.width, words)
    return ChatModel(vision, chat, words, settings, device)
