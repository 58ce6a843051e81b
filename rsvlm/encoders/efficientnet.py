"""EfficientNet-Lite0 (Tan and Le 2019, without squeeze-and-excitation, ReLU6), batch norms folded into the convolutions."""

import itertools
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from rsvlm.errors import DataError

WIDTH = 1280
_STEM = 32
_EPSILON = 1e-3
# repeats, kernel, stride of the first, expansion, output channels
_STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))


class _Convolution(nn.Conv2d):
    """A convolution padded as TensorFlow does under SAME: the odd pixel goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, 0 if stride > 1 else kernel // 2, groups=groups)

    def forward(self, pixels: Tensor) -> Tensor:
        step, kernel = self.stride[0], self.kernel_size[0]
        if step > 1:
            height, width = (max((-(-side // step) - 1) * step + kernel - side, 0) for side in pixels.shape[-2:])
            pixels = functional.pad(pixels, (width // 2, width - width // 2, height // 2, height - height // 2))
        return super().forward(pixels)


def _relu6(features: Tensor) -> Tensor:
    """Clamp what a convolution has just made, where it stands."""
    return functional.relu6(features, inplace=True)


class _Block(nn.Module):
    """An inverted residual: widen, filter each channel, narrow; added to its input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = _Convolution(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = _Convolution(inner, inner, kernel, stride, groups=inner)
        self.project = _Convolution(inner, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        inner = features if self.expand is None else _relu6(self.expand(features))
        output: Tensor = self.project(_relu6(self.depthwise(inner)))
        return features + output if self.residual else output


class EfficientNetLite0Tower(nn.Module):
    """Pixels (n, 3, h, w), scaled to [-1, 1], to (n, 1280) mean features of the last grid."""

    width = WIDTH

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        self.stem = _Convolution(3, _STEM, 3, 2)
        self.blocks = nn.ModuleList()
        inputs = _STEM
        for repeats, kernel, stride, expansion, outputs in _STAGES:
            for repeat in range(repeats):
                self.blocks.append(_Block(inputs, outputs, kernel, stride if repeat == 0 else 1, expansion))
                inputs = outputs
        self.head = _Convolution(inputs, WIDTH, 1)

    def grid(self, pixels: Tensor) -> Tensor:
        """Return the (n, 1280, h / 32, w / 32) features before pooling."""
        features = _relu6(self.stem(pixels.contiguous(memory_format=torch.channels_last)))
        for block in self.blocks:
            features = block(features)
        return _relu6(self.head(features))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (n, 1280) features in float32."""
        return self.grid(pixels).float().mean(dim=(2, 3))


def from_published(tensors: Mapping[str, Tensor], where: Path) -> dict[str, Tensor]:
    """Return this module's state from the published one (efficientnet_lite_pytorch's names), batch norms folded in.

    Raises:
        DataError: a tensor is missing or left over.
    """
    left = dict(tensors)
    state: dict[str, Tensor] = {}
    for own, convolution, norm in _names():
        try:
            weight = left.pop(f"{convolution}.weight")
            gain, bias, mean, variance = (left.pop(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var"))
        except KeyError as missing:
            raise DataError(f"{where}: not EfficientNet-Lite0: {missing} is missing") from None
        left.pop(f"{norm}.num_batches_tracked", None)
        factor = gain / (variance + _EPSILON).sqrt()
        state[f"{own}.weight"] = weight * factor[:, None, None, None]
        state[f"{own}.bias"] = bias - mean * factor
    strange = sorted(set(left) - {"_fc.weight", "_fc.bias"})
    if strange:
        raise DataError(f"{where}: not EfficientNet-Lite0: {strange[0]} is not a part of it")
    return state


def _names() -> list[tuple[str, str, str]]:
    """Return (own name, published convolution, published norm) of every convolution."""
    names = [("stem", "_conv_stem", "_bn0"), ("head", "_conv_head", "_bn1")]
    expansions = itertools.chain.from_iterable([stage[3]] * stage[0] for stage in _STAGES)
    for block, expansion in enumerate(expansions):
        parts = [("expand", "_expand_conv", "_bn0")] if expansion > 1 else []
        parts += [("depthwise", "_depthwise_conv", "_bn1"), ("project", "_project_conv", "_bn2")]
        names += [(f"blocks.{block}.{own}", f"_blocks.{block}.{theirs}", f"_blocks.{block}.{norm}") for own, theirs, norm in parts]
    return names
