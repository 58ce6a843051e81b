"""TAEF2, a tiny auto-encoder (1.3 M parameters a half): RGB in [0, 1] to 32 latent channels at an eighth of the size.

The module tree follows the published weights' key layout, so their state dicts load strictly.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

LATENT_CHANNELS = 32
FACTOR = 8
_WIDTH = 64


def _convolution(inputs: int, outputs: int, *, stride: int = 1, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, stride=stride, bias=bias)


class _Block(nn.Module):
    """Residual block of three convolutions, after a gated 1x1 path where `pool` is asked for."""

    def __init__(self, *, pool: bool = False) -> None:
        super().__init__()
        layers = [_convolution(_WIDTH, _WIDTH), nn.ReLU(), _convolution(_WIDTH, _WIDTH), nn.ReLU(), _convolution(_WIDTH, _WIDTH)]
        self.conv = nn.Sequential(*layers)
        wide = 4 * _WIDTH
        self.pool = (
            nn.Sequential(nn.Conv2d(_WIDTH, wide, 1, bias=False), nn.GroupNorm(4, wide), nn.ReLU(), nn.Conv2d(wide, _WIDTH, 1, bias=False))
            if pool
            else None
        )

    def forward(self, inputs: Tensor) -> Tensor:
        if self.pool is not None:
            inputs = inputs + self.pool(inputs)
        return functional.relu(self.conv(inputs) + inputs)


class _Clamp(nn.Module):
    """Soft limit of latents to (-3, 3), as the decoder was trained with."""

    def forward(self, latents: Tensor) -> Tensor:
        return torch.tanh(latents / 3) * 3


def _down() -> list[nn.Module]:
    return [_convolution(_WIDTH, _WIDTH, stride=2, bias=False), _Block(), _Block(), _Block()]


def encoder() -> nn.Sequential:
    """Return the encoder: (n, 3, h, w) in [0, 1] to (n, 32, h / 8, w / 8)."""
    last: list[nn.Module] = [_convolution(_WIDTH, _WIDTH, stride=2, bias=False), *[_Block(pool=True) for _ in range(3)]]
    return nn.Sequential(_convolution(3, _WIDTH), _Block(), *_down(), *_down(), *last, _convolution(_WIDTH, LATENT_CHANNELS))


def _up() -> list[nn.Module]:
    return [nn.Upsample(scale_factor=2), _convolution(_WIDTH, _WIDTH, bias=False)]


def decoder() -> nn.Sequential:
    """Return the decoder: (n, 32, h, w) to (n, 3, 8 h, 8 w), about [0, 1], not clamped."""
    first: list[nn.Module] = [_Clamp(), _convolution(LATENT_CHANNELS, _WIDTH), nn.ReLU(), *[_Block(pool=True) for _ in range(3)]]
    middle = [layer for _ in range(2) for layer in (*_up(), _Block(), _Block(), _Block())]
    return nn.Sequential(*first, *middle, *_up(), _Block(), _convolution(_WIDTH, 3))


def load_half(half: nn.Sequential, path: Path) -> nn.Sequential:
    """Load one half's weights (safetensors) strictly, for inference."""
    half.load_state_dict(load_file(path))
    return half.eval().requires_grad_(False)
