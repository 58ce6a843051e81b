import pytest

from rsvlm.contrastive.plan import blocks_of
from rsvlm.contrastive.settings import Architecture
from rsvlm.settings import validate

LINEAR = {"kind": "linear"}
PUBLISHED = {
    "RN50": (102_007_137, {"kind": "clip-resnet"}, {"kind": "clip-text"}, {"kind": "none"}, 1024),
    "ViT-B/32": (151_277_313, {"kind": "clip-vit"}, {"kind": "clip-text"}, LINEAR, 512),
    "ViT-L/14": (
        427_616_513,
        {"kind": "clip-vit", "patch": 14, "width": 1024, "layers": 24, "heads": 16},
        {"kind": "clip-text", "width": 768, "heads": 12},
        LINEAR,
        768,
    ),
}


@pytest.mark.system("remoteclip", 3)
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes_have_the_published_parameter_counts(name):
    count, vision, text, image_head, embedding = PUBLISHED[name]
    data = {"vision": vision, "text": text, "image_head": image_head, "text_head": LINEAR, "embedding": embedding}
    blocks = blocks_of(validate(Architecture, data, name))
    assert sum(block.parameters for block in blocks) == count
    assert all(block.trainable for block in blocks)


def test_frozen_towers_and_a_fixed_temperature_are_not_trained():
    head = {"kind": "mlp", "hidden": 10, "dropout": 0.0}
    data = {
        "vision": {"kind": "efficientnet-lite0", "trainable": False},
        "text": {"kind": "minilm", "trainable": False},
        "image_head": head,
        "text_head": head,
        "embedding": 4,
    }
    blocks = {block.name: block for block in blocks_of(validate(Architecture, data, "x"), learn_temperature=False)}
    assert [block.trainable for block in blocks.values()] == [False, False, True, True, False]
    # 1280 x 10 + 10 and 10 x 4 + 4; MiniLM-L6's published 22,713,216 less its unused pooler, 384 x 384 + 384.
    assert blocks["image head (mlp)"].parameters == 12_854
    assert blocks["text (minilm)"].parameters == 22_713_216 - 147_840
