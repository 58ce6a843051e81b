"""RRDBNet, the super-resolution network of ESRGAN and Real-ESRGAN: dense blocks in residual blocks, then two nearest upsamplings.

Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCV 2018 workshops; the names of the
weights are those of BasicSR, so that published files fit: `conv_first`, `body.<i>.rdb<1..3>.conv<1..5>`, `conv_body`,
`conv_up1`, `conv_up2`, `conv_hr`, `conv_last`.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from rsvlm.errors import DataError

RESIDUAL = 0.2
SLOPE = 0.2
_INITIAL = 0.1
_PREFIXES = ("params_ema.", "params.")


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all results before it; the last one's, scaled, is added to the input."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        for number in range(1, 5):
            self.add_module(f"conv{number}", nn.Conv2d(features + (number - 1) * growth, growth, 3, padding=1))
        self.conv5 = nn.Conv2d(features + 4 * growth, features, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, features, h, w) for the same."""
        seen = [x]
        for number in range(1, 5):
            seen.append(functional.leaky_relu(self.get_submodule(f"conv{number}")(torch.cat(seen, 1)), SLOPE))
        found: Tensor = self.conv5(torch.cat(seen, 1)) * RESIDUAL + x
        return found


class ResidualBlock(nn.Module):
    """Three dense blocks; their result, scaled, is added to the input."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(features, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, features, h, w) for the same."""
        found: Tensor = self.rdb3(self.rdb2(self.rdb1(x))) * RESIDUAL + x
        return found


class RrdbNet(nn.Module):
    """Enlarges pictures `scale` times, 1, 2 or 4.

    The trunk always enlarges four times; for smaller scales the input is first folded, each square of 4 / scale pixels a
    side into channels (3 to 12 channels at half the size for scale 2).
    """

    def __init__(self, scale: int = 2, features: int = 64, blocks: int = 23, growth: int = 32) -> None:
        """Make a network with random weights, the dense blocks' small at first.

        Raises:
            ValueError: another scale.
        """
        super().__init__()
        if scale not in (1, 2, 4):
            raise ValueError(f"scale {scale}; 1, 2 or 4 are allowed")
        self.folded = 4 // scale
        self.conv_first = nn.Conv2d(3 * self.folded**2, features, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(features, growth) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(features, features, 3, padding=1)
        self.conv_up1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv_up2 = nn.Conv2d(features, features, 3, padding=1)
        self.conv_hr = nn.Conv2d(features, features, 3, padding=1)
        self.conv_last = nn.Conv2d(features, 3, 3, padding=1)
        for module in self.body.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                module.weight.data *= _INITIAL
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, 3, scale * h, scale * w) for (n, 3, h, w) in 0 to 1; h and w are multiples of 4 / scale."""
        first = self.conv_first(functional.pixel_unshuffle(x, self.folded) if self.folded > 1 else x)
        seen = first + self.conv_body(self.body(first))
        for layer in (self.conv_up1, self.conv_up2):
            seen = functional.leaky_relu(layer(functional.interpolate(seen, scale_factor=2, mode="nearest")), SLOPE)
        found: Tensor = self.conv_last(functional.leaky_relu(self.conv_hr(seen), SLOPE))
        return found


def load_rrdb(network: RrdbNet, path: Path) -> None:
    """Load published weights (safetensors), also where they lie under `params_ema`.

    Raises:
        DataError: the file cannot be read, or has other weights.
    """
    try:
        stored = load_file(str(path))
    except (OSError, SafetensorError, ValueError) as error:
        raise DataError(f"{path}: no readable weights ({str(error)[:200]})") from None
    for prefix in _PREFIXES:
        under = {name.removeprefix(prefix): tensor for name, tensor in stored.items() if name.startswith(prefix)}
        if under:
            stored = under
            break
    try:
        network.load_state_dict(stored)
    except RuntimeError as error:
        raise DataError(f"{path}: the weights do not fit the network: {' '.join(str(error).split())[:300]}") from None
