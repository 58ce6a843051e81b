from pathlib import Path

import pytest
import torch

from rsvlm.contrastive.weights import load_strict
from rsvlm.encoders.efficientnet import EfficientNetLite0Tower, from_published
from rsvlm.errors import DataError

published = pytest.importorskip("efficientnet_lite_pytorch")


@pytest.fixture(scope="module")
def reference():
    """The published implementation with random weights and batch norms that are not trivial."""
    torch.manual_seed(0)
    model = published.EfficientNet.from_name("efficientnet-lite0").eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.8, 1.2)
    return model


@pytest.mark.system("remoteclip", 2)
@pytest.mark.parametrize("side", [64, 96])
def test_features_equal_the_published_implementation(reference, side):
    tower = EfficientNetLite0Tower().eval()
    load_strict(tower, from_published(reference.state_dict(), Path("x.pth")), Path("x.pth"))
    pixels = torch.rand(2, 3, side, side) * 2 - 1
    with torch.no_grad():
        expected = reference.extract_features(pixels)
        torch.testing.assert_close(tower.grid(pixels), expected, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(tower(pixels), expected.mean(dim=(2, 3)), rtol=1e-3, atol=1e-4)


def test_other_weights_are_refused(reference):
    state = dict(reference.state_dict())
    del state["_blocks.3._bn1.weight"]
    with pytest.raises(DataError, match=r"_blocks.3._bn1.weight.* is missing"):
        from_published(state, Path("x.pth"))
    with pytest.raises(DataError, match="extra is not a part"):
        from_published({**reference.state_dict(), "extra": torch.zeros(1)}, Path("x.pth"))
