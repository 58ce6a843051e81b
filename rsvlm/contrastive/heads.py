"""From tower features to the shared space, and the scale of its cosines."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from rsvlm.contrastive.settings import Architecture, Head, InfoNce

_LEAST_DEVIATION = 1e-3


class Standardise(nn.Module):
    """Features minus their mean over the training data, divided by their deviation there (none before `fit`)."""

    def __init__(self, width: int) -> None:
        """Start as the identity."""
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    def fit(self, features: Tensor) -> None:
        """Take mean and deviation from (n, width) features; some channels have no spread, so it is bounded below."""
        self.mean.copy_(features.mean(dim=0))
        self.deviation.copy_(features.std(dim=0, correction=0).clamp_min(_LEAST_DEVIATION))

    def forward(self, features: Tensor) -> Tensor:
        """Return the standardised features."""
        return (features - self.mean) / self.deviation


def head(settings: Head, width: int, embedding: int) -> nn.Module:
    """Return a head from `width` features to the shared space."""
    match settings.kind:
        case "mlp":
            hidden, dropout = settings.hidden, settings.dropout
            layers = [nn.Dropout(dropout), nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, embedding)]
            return nn.Sequential(Standardise(width), *layers)
        case "linear":
            return nn.Linear(width, embedding, bias=False)
        case "none":
            return nn.Identity()


class Heads(nn.Module):
    """Both heads and the logarithm of the scale (1 / temperature)."""

    def __init__(self, settings: Architecture, image_width: int, text_width: int) -> None:
        """Build them with random weights, the scale at CLIP's start."""
        super().__init__()
        self.image = head(settings.image_head, image_width, settings.embedding)
        self.text = head(settings.text_head, text_width, settings.embedding)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / InfoNce().temperature)))

    def forward(self, images: Tensor, texts: Tensor) -> tuple[Tensor, Tensor]:
        """Return unit rows in the shared space for image and text features."""
        return functional.normalize(self.image(images), dim=-1), functional.normalize(self.text(texts), dim=-1)

    def start(self, objective: InfoNce) -> None:
        """Set the initial temperature, and whether it is learned."""
        with torch.no_grad():
            self.log_scale.fill_(math.log(1 / objective.temperature))
        self.log_scale.requires_grad_(objective.learn_temperature)

    def scale(self, largest: float) -> Tensor:
        """Return the scale of the cosines, at most `largest`."""
        return self.log_scale.exp().clamp(max=largest)

    def standardise(self, images: Tensor, texts: Tensor) -> None:
        """Take the features' mean and deviation into the heads that standardise."""
        for module, features in ((self.image, images), (self.text, texts)):
            if isinstance(module, nn.Sequential) and isinstance(module[0], Standardise):
                module[0].fit(features)
