"""The dual encoder: build it, use it, keep it in a self-contained folder.

A model folder holds `model.json` (family, format, architecture), `weights.safetensors`, `tokenizer.json`, the history of
its training and a manifest.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from rsvlm.contrastive.heads import Heads
from rsvlm.contrastive.pixels import centre, to_tensor
from rsvlm.contrastive.settings import Architecture
from rsvlm.contrastive.tokens import Tokens
from rsvlm.contrastive.towers import text_tower, vision_tower
from rsvlm.contrastive.weights import load_strict, read_tensors
from rsvlm.errors import IntegrityError
from rsvlm.files import readable_json, verify, write_atomic
from rsvlm.settings import validate
from rsvlm.training.precision import arithmetic_type

FORMAT = 1
_IMAGES = 8
_TEXTS = 64


class DualEncoder(nn.Module):
    """Two towers and two heads; images and texts meet as unit vectors of one space."""

    def __init__(self, settings: Architecture) -> None:
        """Build it with random weights."""
        super().__init__()
        self.settings = settings
        self.vision = vision_tower(settings.vision)
        self.text = text_tower(settings.text)
        self.heads = Heads(settings, self.vision.width, self.text.width)
        self.tokens: Tokens | None = None

    def forward(self, pixels: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return unit rows for (n, 3, h, w) pixels and for (n, length) token ids with their mask."""
        pair: tuple[Tensor, Tensor] = self.heads(self.vision(pixels), self.text(ids, mask))
        return pair

    @property
    def logit_scale(self) -> float:
        """1 / temperature."""
        return float(self.heads.log_scale.detach().exp())

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.heads.log_scale.device

    def prepare(self) -> "DualEncoder":
        """Make it ready for inference: no dropout, and the towers in the arithmetic that the settings name."""
        self.eval().requires_grad_(False)
        self.vision.to(dtype=arithmetic_type(self.settings.vision.precision), memory_format=torch.channels_last)
        self.text.to(arithmetic_type(self.settings.text.precision))
        return self

    def run_vision(self, pixels: Tensor) -> Tensor:
        """Return (n, width) tower features of (n, 3, h, w) pixels, in the tower's own arithmetic."""
        kind = next(self.vision.parameters()).dtype
        features: Tensor = self.vision(pixels.to(self.device, kind))
        return features

    def run_text(self, texts: Sequence[str]) -> Tensor:
        """Return (n, width) tower features of a batch of texts."""
        if self.tokens is None:
            raise IntegrityError("this model has no tokenizer; load it from its folder")
        ids, mask = self.tokens(texts)
        features: Tensor = self.text(ids.to(self.device), mask.to(self.device))
        return features

    @torch.inference_mode()
    def image_features(self, images: Sequence[Image.Image]) -> Tensor:
        """Return (n, d) float32 embeddings of RGB images before normalisation."""
        side = self.settings.vision.image_size

        def run(part: Sequence[Image.Image]) -> Tensor:
            pixels = to_tensor([centre(image, side) for image in part], self.settings.vision)
            embedded: Tensor = self.heads.image(self.run_vision(pixels))
            return embedded

        return self._in_batches(run, images, _IMAGES)

    @torch.inference_mode()
    def text_features(self, texts: Sequence[str]) -> Tensor:
        """Return (n, d) float32 embeddings of texts before normalisation; equal texts are computed once."""
        distinct = sorted(set(texts), key=lambda text: (len(text), text))
        embedded = self._in_batches(lambda part: self.heads.text(self.run_text(part)), distinct, _TEXTS)
        place = {text: number for number, text in enumerate(distinct)}
        return embedded[[place[text] for text in texts]] if texts else embedded

    def encode_images(self, images: Sequence[Image.Image]) -> Tensor:
        """Return (n, d) float32 unit rows, on the processor, of RGB images."""
        return functional.normalize(self.image_features(images), dim=-1)

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Return (n, d) float32 unit rows, on the processor, of texts."""
        return functional.normalize(self.text_features(texts), dim=-1)

    def _in_batches(self, run: Callable[[Sequence[Any]], Tensor], items: Sequence[Any], size: int) -> Tensor:
        parts = [run(items[start : start + size]).float().cpu() for start in range(0, len(items), size)]
        return torch.cat(parts) if parts else torch.zeros(0, self.settings.embedding)


def save(model: DualEncoder, tokenizer: Path, output: Path) -> None:
    """Write a model into a folder that is being filled: settings, weights, tokenizer."""
    facts = {"family": "contrastive", "format": FORMAT, "architecture": model.settings.model_dump(mode="json")}
    write_atomic(output / "model.json", readable_json(facts))
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, output / "weights.safetensors")
    shutil.copyfile(tokenizer, output / "tokenizer.json")


def load(folder: Path, device: str = "cpu") -> DualEncoder:
    """Load a published model, ready for inference.

    Raises:
        IntegrityError: a file is missing or changed, or the folder holds another kind of model.
        DataError: the weights do not fit the architecture.
    """
    folder = Path(folder)
    verify(folder)
    facts = json.loads((folder / "model.json").read_bytes())
    if (facts.get("family"), facts.get("format")) != ("contrastive", FORMAT):
        raise IntegrityError(
            f"{folder}: holds a {facts.get('family')} model of format {facts.get('format')}; contrastive {FORMAT} is needed"
        )
    model = DualEncoder(validate(Architecture, facts["architecture"], f"{folder / 'model.json'}: architecture"))
    load_strict(model, read_tensors(folder / "weights.safetensors"), folder / "weights.safetensors")
    model.tokens = Tokens(folder / "tokenizer.json", model.settings.text)
    return model.prepare().to(device)
