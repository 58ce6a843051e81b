"""RRDBNet: names, shapes, and a forward pass worked out apart from it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from rsvlm.encoders.rrdb import DenseBlock, ResidualBlock, RrdbNet, load_rrdb
from rsvlm.errors import DataError


def by_hand(image: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A 3 x 3 convolution with a border of zeros, by loops: image (c, h, w), weight (o, c, 3, 3)."""
    channels, height, width = image.shape
    padded = np.zeros((channels, height + 2, width + 2))
    padded[:, 1:-1, 1:-1] = image
    found = np.zeros((len(weight), height, width))
    for out in range(len(weight)):
        for row in range(height):
            for column in range(width):
                found[out, row, column] = (padded[:, row : row + 3, column : column + 3] * weight[out]).sum() + bias[out]
    return found


def leaky(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, 0.2 * values)


def weights_of(network: RrdbNet) -> dict[str, np.ndarray]:
    return {name: tensor.double().numpy() for name, tensor in network.state_dict().items()}


def forward_by_hand(image: np.ndarray, stored: dict[str, np.ndarray], blocks: int, folded: int) -> np.ndarray:
    """The network of the paper, written again with loops and concatenations."""

    def conv(name: str, values: np.ndarray) -> np.ndarray:
        return by_hand(values, stored[f"{name}.weight"], stored[f"{name}.bias"])

    channels = len(image)
    if folded > 1:
        parts = [
            image[channel, down::folded, across::folded]
            for channel in range(channels)
            for down in range(folded)
            for across in range(folded)
        ]
        image = np.stack(parts)
    first = conv("conv_first", image)
    seen = first
    for block in range(blocks):
        start = seen
        for number in (1, 2, 3):
            x = [seen]
            for layer in range(1, 5):
                x.append(leaky(conv(f"body.{block}.rdb{number}.conv{layer}", np.concatenate(x))))
            seen = conv(f"body.{block}.rdb{number}.conv5", np.concatenate(x)) * 0.2 + seen
        seen = seen * 0.2 + start
    seen = first + conv("conv_body", seen)
    for name in ("conv_up1", "conv_up2"):
        seen = leaky(conv(name, seen.repeat(2, axis=1).repeat(2, axis=2)))
    return conv("conv_last", leaky(conv("conv_hr", seen)))


@pytest.mark.system("git-10m", 2)
def test_the_names_are_those_of_published_weights() -> None:
    names = set(RrdbNet(2, 4, 2, 3).state_dict())
    convolutions = ["conv_first", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
    convolutions += [f"body.{block}.rdb{number}.conv{layer}" for block in range(2) for number in (1, 2, 3) for layer in range(1, 6)]
    assert names == {f"{name}.{kind}" for name in convolutions for kind in ("weight", "bias")}


@pytest.mark.system("git-10m", 2)
def test_the_published_network_has_its_published_number_of_weights() -> None:
    """16.7 million, as Real-ESRGAN's x2 network has: counted here from the layers' shapes."""
    dense = sum((64 + number * 32) * 32 * 9 + 32 for number in range(4)) + (64 + 4 * 32) * 64 * 9 + 64
    rest = 12 * 64 * 9 + 64 + 4 * (64 * 64 * 9 + 64) + 64 * 3 * 9 + 3
    network = RrdbNet(2)
    assert sum(tensor.numel() for tensor in network.parameters()) == 23 * 3 * dense + rest == 16_703_171
    assert network.conv_first.weight.shape == (64, 12, 3, 3)


@pytest.mark.parametrize(("scale", "folded"), [(1, 4), (2, 2), (4, 1)])
def test_pictures_are_enlarged_by_the_scale(scale: int, folded: int) -> None:
    network = RrdbNet(scale, 4, 1, 3).eval()
    assert network.folded == folded
    with torch.inference_mode():
        assert network(torch.rand(2, 3, 8, 12)).shape == (2, 3, 8 * scale, 12 * scale)


@pytest.mark.system("git-10m", 2)
@pytest.mark.parametrize("scale", [2, 4])
def test_the_forward_pass_agrees_with_one_written_by_loops(scale: int) -> None:
    torch.manual_seed(4)
    network = RrdbNet(scale, 3, 2, 2).double().eval()
    image = torch.rand(1, 3, 4, 4, dtype=torch.float64)
    with torch.inference_mode():
        found = network(image)[0].numpy()
    expected = forward_by_hand(image[0].numpy(), weights_of(network), blocks=2, folded=4 // scale)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_blocks_without_weights_give_back_their_input() -> None:
    for block in (DenseBlock(4, 3), ResidualBlock(4, 3)):
        for tensor in block.parameters():
            torch.nn.init.zeros_(tensor)
        x = torch.rand(1, 4, 5, 5)
        expected = x if isinstance(block, DenseBlock) else x * 1.2
        assert torch.allclose(block(x), expected)


@pytest.mark.parametrize("prefix", ["", "params_ema.", "params."])
def test_weights_may_lie_under_their_published_prefix(tmp_path: Path, prefix: str) -> None:
    torch.manual_seed(1)
    given, other = RrdbNet(2, 4, 1, 3), RrdbNet(2, 4, 1, 3)
    save_file({f"{prefix}{name}": tensor for name, tensor in given.state_dict().items()}, tmp_path / "w.safetensors")
    load_rrdb(other, tmp_path / "w.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(given.parameters(), other.parameters(), strict=True))


def test_other_files_are_refused(tmp_path: Path) -> None:
    save_file({"conv_first.weight": torch.zeros(1)}, tmp_path / "w.safetensors")
    (tmp_path / "x.safetensors").write_bytes(b"no weights")
    for name, words in (("w", "do not fit"), ("x", "no readable weights"), ("y", "no readable weights")):
        with pytest.raises(DataError, match=words):
            load_rrdb(RrdbNet(2, 4, 1, 3), tmp_path / f"{name}.safetensors")
    with pytest.raises(ValueError, match="1, 2 or 4"):
        RrdbNet(3)
