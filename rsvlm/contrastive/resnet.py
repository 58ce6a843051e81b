"""CLIP's modified ResNet (Radford et al. 2021, section 2.4), with the parameter names of the published checkpoints."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from rsvlm.contrastive.settings import ClipResNet

_EXPANSION = 4
_REDUCTION = 32


class _Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with batch norms; a stride is an average pool before the last convolution and before the shortcut's."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * _EXPANSION
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.pool: nn.Module = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Sequential | None = None
        if stride > 1 or inputs != outputs:
            parts = [("-1", nn.AvgPool2d(stride)), ("0", nn.Conv2d(inputs, outputs, 1, bias=False)), ("1", nn.BatchNorm2d(outputs))]
            self.downsample = nn.Sequential(OrderedDict(parts))

    def forward(self, features: Tensor) -> Tensor:
        shortcut = features if self.downsample is None else self.downsample(features)
        inner = functional.relu(self.bn1(self.conv1(features)))
        inner = self.pool(functional.relu(self.bn2(self.conv2(inner))))
        return functional.relu(self.bn3(self.conv3(inner)) + shortcut)


class _AttentionPool(nn.Module):
    """Multi-head attention with one query, the mean of the grid, over the grid and that mean."""

    def __init__(self, side: int, width: int, heads: int, output: int) -> None:
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.randn(side**2 + 1, width) / width**0.5)
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.c_proj = nn.Linear(width, output)
        self.heads = heads

    def forward(self, grid: Tensor) -> Tensor:
        tokens = grid.flatten(2).transpose(1, 2)
        tokens = torch.cat([tokens.mean(dim=1, keepdim=True), tokens], dim=1) + self.positional_embedding
        query, key, value = (self._split(part) for part in (self.q_proj(tokens[:, :1]), self.k_proj(tokens), self.v_proj(tokens)))
        pooled = functional.scaled_dot_product_attention(query, key, value)
        output: Tensor = self.c_proj(pooled.transpose(1, 2).flatten(1))
        return output

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class ClipResNetTower(nn.Module):
    """Pixels (n, 3, size, size) to (n, output) features."""

    def __init__(self, settings: ClipResNet) -> None:
        """Build it with random weights."""
        super().__init__()
        width = settings.width
        self.width = settings.output
        for number, (inputs, outputs) in enumerate(((3, width // 2), (width // 2, width // 2), (width // 2, width)), 1):
            self.add_module(f"conv{number}", nn.Conv2d(inputs, outputs, 3, stride=2 if number == 1 else 1, padding=1, bias=False))
            self.add_module(f"bn{number}", nn.BatchNorm2d(outputs))
        inputs = width
        for stage, blocks in enumerate(settings.blocks):
            inner = width * 2**stage
            first = _Bottleneck(inputs, inner, 2 if stage else 1)
            inputs = inner * _EXPANSION
            self.add_module(f"layer{stage + 1}", nn.Sequential(first, *(_Bottleneck(inputs, inner, 1) for _ in range(blocks - 1))))
        self.attnpool = _AttentionPool(settings.image_size // _REDUCTION, inputs, settings.heads, settings.output)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (n, output) features in float32."""
        features = pixels
        for number in (1, 2, 3):
            features = functional.relu(self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(features)))
        features = functional.avg_pool2d(features, 2)
        for stage in (1, 2, 3, 4):
            features = self.get_submodule(f"layer{stage}")(features)
        pooled: Tensor = self.attnpool(features)
        return pooled.float()
