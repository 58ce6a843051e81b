import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from rsvlm.contrastive.model import DualEncoder
from rsvlm.contrastive.settings import NoHead
from rsvlm.contrastive.weights import clip_state, load_strict, read_tensors
from rsvlm.errors import DataError

WIDTH, LAYERS, HEADS, PATCH, SIDE, LENGTH, END, EMBEDDING = 16, 2, 2, 16, 32, 8, 1, 8
VISION = 32
WHERE = Path("weights.pt")


def _tensors(shapes):
    generator = torch.Generator().manual_seed(3)
    return {
        name: 0.2 * torch.randn(shape, generator=generator) + (1.0 if name.endswith("ln.weight") else 0.0) for name, shape in shapes.items()
    }


def _block_shapes(prefix, width):
    shapes = {}
    for layer in range(LAYERS):
        base = f"{prefix}transformer.resblocks.{layer}."
        shapes[f"{base}attn.in_proj_weight"], shapes[f"{base}attn.in_proj_bias"] = (3 * width, width), (3 * width,)
        shapes[f"{base}attn.out_proj.weight"], shapes[f"{base}attn.out_proj.bias"] = (width, width), (width,)
        shapes[f"{base}mlp.c_fc.weight"], shapes[f"{base}mlp.c_fc.bias"] = (4 * width, width), (4 * width,)
        shapes[f"{base}mlp.c_proj.weight"], shapes[f"{base}mlp.c_proj.bias"] = (width, 4 * width), (width,)
        for norm in ("ln_1", "ln_2"):
            shapes[f"{base}{norm}.weight"], shapes[f"{base}{norm}.bias"] = (width,), (width,)
    return shapes


def text_tensors():
    shapes = {"token_embedding.weight": (12, WIDTH), "positional_embedding": (LENGTH, WIDTH), **_block_shapes("", WIDTH)}
    return _tensors(
        {**shapes, "ln_final.weight": (WIDTH,), "ln_final.bias": (WIDTH,), "text_projection": (WIDTH, EMBEDDING), "logit_scale": ()}
    )


def vit_tensors():
    grid = (SIDE // PATCH) ** 2 + 1
    shapes = {
        "visual.class_embedding": (VISION,),
        "visual.conv1.weight": (VISION, 3, PATCH, PATCH),
        "visual.positional_embedding": (grid, VISION),
    }
    for norm in ("ln_pre", "ln_post"):
        shapes[f"visual.{norm}.weight"], shapes[f"visual.{norm}.bias"] = (VISION,), (VISION,)
    return {**text_tensors(), **_tensors({**shapes, **_block_shapes("visual.", VISION), "visual.proj": (VISION, EMBEDDING)})}


def transformer(tokens, tensors, prefix, mask=None):
    """CLIP's transformer straight from the open_clip tensors: (n, length, width), pre-norm, QuickGELU."""
    for layer in range(LAYERS):
        base = f"{prefix}transformer.resblocks.{layer}."
        part = {name.removeprefix(base): value for name, value in tensors.items() if name.startswith(base)}
        width = tokens.shape[-1]
        normed = functional.layer_norm(tokens, (width,), part["ln_1.weight"], part["ln_1.bias"])
        attended, _ = functional.multi_head_attention_forward(
            normed.transpose(0, 1),
            normed.transpose(0, 1),
            normed.transpose(0, 1),
            width,
            HEADS,
            part["attn.in_proj_weight"],
            part["attn.in_proj_bias"],
            None,
            None,
            False,
            0.0,
            part["attn.out_proj.weight"],
            part["attn.out_proj.bias"],
            training=False,
            need_weights=False,
            attn_mask=mask,
        )
        tokens = tokens + attended.transpose(0, 1)
        normed = functional.layer_norm(tokens, (width,), part["ln_2.weight"], part["ln_2.bias"])
        inner = functional.linear(normed, part["mlp.c_fc.weight"], part["mlp.c_fc.bias"])
        tokens = tokens + functional.linear(inner * torch.sigmoid(1.702 * inner), part["mlp.c_proj.weight"], part["mlp.c_proj.bias"])
    return tokens


def encode_image(pixels, tensors):
    patches = functional.conv2d(pixels, tensors["visual.conv1.weight"], stride=PATCH).flatten(2).transpose(1, 2)
    tokens = (
        torch.cat([tensors["visual.class_embedding"].expand(len(pixels), 1, -1), patches], dim=1) + tensors["visual.positional_embedding"]
    )
    tokens = functional.layer_norm(tokens, (VISION,), tensors["visual.ln_pre.weight"], tensors["visual.ln_pre.bias"])
    first = transformer(tokens, tensors, "visual.")[:, 0]
    return (
        functional.layer_norm(first, (VISION,), tensors["visual.ln_post.weight"], tensors["visual.ln_post.bias"]) @ tensors["visual.proj"]
    )


def encode_text(ids, tensors):
    mask = torch.full((LENGTH, LENGTH), float("-inf")).triu(1)
    tokens = transformer(tensors["token_embedding.weight"][ids] + tensors["positional_embedding"], tensors, "", mask)
    tokens = functional.layer_norm(tokens, (WIDTH,), tensors["ln_final.weight"], tensors["ln_final.bias"])
    ends = (ids == END).int().argmax(dim=1)
    return tokens[torch.arange(len(ids)), ends] @ tensors["text_projection"]


IDS = torch.tensor([[4, 5, 6, 1, 1, 1, 1, 1], [3, 1, 1, 1, 1, 1, 1, 1]])


@pytest.mark.system("remoteclip", 3)
def test_open_clip_weights_give_what_a_plain_forward_gives(settings, tmp_path):
    tensors = vit_tensors()
    torch.save({"state_dict": {f"module.{name}": value for name, value in tensors.items()}}, tmp_path / WHERE)
    model = DualEncoder(settings().model).eval()
    load_strict(model, clip_state(read_tensors(tmp_path / WHERE), WHERE), WHERE)
    pixels = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        images, texts = model(pixels, IDS, torch.ones_like(IDS))
        torch.testing.assert_close(images, functional.normalize(encode_image(pixels, tensors), dim=-1), rtol=0, atol=1e-5)
        torch.testing.assert_close(texts, functional.normalize(encode_text(IDS, tensors), dim=-1), rtol=0, atol=1e-5)
    assert model.logit_scale == pytest.approx(float(tensors["logit_scale"].exp()))


@pytest.mark.system("remoteclip", 3)
def test_hugging_face_weights_give_what_its_own_model_gives(settings):
    from transformers import CLIPConfig, CLIPModel

    text = {
        "vocab_size": 12,
        "hidden_size": WIDTH,
        "intermediate_size": 4 * WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
    }
    vision = {"hidden_size": VISION, "intermediate_size": 4 * VISION, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    config = CLIPConfig(
        text_config={**text, "max_position_embeddings": LENGTH, "eos_token_id": END, "bos_token_id": 0, "pad_token_id": END},
        vision_config={**vision, "image_size": SIDE, "patch_size": PATCH},
        projection_dim=EMBEDDING,
    )
    torch.manual_seed(0)
    theirs = CLIPModel(config).eval()
    model = DualEncoder(settings().model).eval()
    load_strict(model, clip_state(theirs.state_dict(), WHERE), WHERE)
    pixels = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        expected = theirs(input_ids=IDS, pixel_values=pixels)
        images, texts = model(pixels, IDS, torch.ones_like(IDS))
    torch.testing.assert_close(images, expected.image_embeds, rtol=0, atol=1e-5)
    torch.testing.assert_close(texts, expected.text_embeds, rtol=0, atol=1e-5)


class PlainResNet(nn.Module):
    """CLIP's ResNet straight from its tensors, with batch norms as they are at inference."""

    def __init__(self, tensors):
        super().__init__()
        self.tensors = {name.removeprefix("visual."): value for name, value in tensors.items() if name.startswith("visual.")}

    def norm(self, features, name):
        t = self.tensors
        return functional.batch_norm(features, t[f"{name}.running_mean"], t[f"{name}.running_var"], t[f"{name}.weight"], t[f"{name}.bias"])

    def bottleneck(self, features, base, stride):
        t = self.tensors
        inner = self.norm(functional.conv2d(features, t[f"{base}.conv1.weight"]), f"{base}.bn1").relu()
        inner = self.norm(functional.conv2d(inner, t[f"{base}.conv2.weight"], padding=1), f"{base}.bn2").relu()
        inner = functional.avg_pool2d(inner, stride) if stride > 1 else inner
        inner = self.norm(functional.conv2d(inner, t[f"{base}.conv3.weight"]), f"{base}.bn3")
        if f"{base}.downsample.0.weight" in t:
            pooled = functional.avg_pool2d(features, stride) if stride > 1 else features
            features = self.norm(functional.conv2d(pooled, t[f"{base}.downsample.0.weight"]), f"{base}.downsample.1")
        return (inner + features).relu()

    def forward(self, pixels):
        t = self.tensors
        features = pixels
        for number, stride in ((1, 2), (2, 1), (3, 1)):
            features = self.norm(functional.conv2d(features, t[f"conv{number}.weight"], stride=stride, padding=1), f"bn{number}").relu()
        features = functional.avg_pool2d(features, 2)
        for stage in range(1, 5):
            features = self.bottleneck(features, f"layer{stage}.0", 1 if stage == 1 else 2)
        tokens = features.flatten(2).permute(2, 0, 1)
        tokens = torch.cat([tokens.mean(dim=0, keepdim=True), tokens]) + t["attnpool.positional_embedding"][:, None]
        pooled, _ = functional.multi_head_attention_forward(
            tokens[:1],
            tokens,
            tokens,
            tokens.shape[-1],
            4,
            None,
            torch.cat([t[f"attnpool.{part}_proj.bias"] for part in "qkv"]),
            None,
            None,
            False,
            0.0,
            t["attnpool.c_proj.weight"],
            t["attnpool.c_proj.bias"],
            training=False,
            need_weights=False,
            use_separate_proj_weight=True,
            q_proj_weight=t["attnpool.q_proj.weight"],
            k_proj_weight=t["attnpool.k_proj.weight"],
            v_proj_weight=t["attnpool.v_proj.weight"],
        )
        return pooled[0]


@pytest.mark.system("remoteclip", 3)
def test_resnet_weights_give_what_a_plain_forward_gives(settings):
    resnet = {"kind": "clip-resnet", "image_size": 64, "blocks": [1, 1, 1, 1], "width": 8, "heads": 4, "output": 16}
    linear = settings(resnet).model
    model = DualEncoder(linear.model_copy(update={"image_head": NoHead(kind="none"), "embedding": 16}))
    generator = torch.Generator().manual_seed(5)
    visual = {}
    for name, value in model.vision.state_dict().items():
        drawn = torch.rand(value.shape, generator=generator) if value.is_floating_point() else value
        shift = 0.5 if name.endswith("running_var") else -0.5
        visual[f"visual.{name}"] = drawn + shift if value.is_floating_point() else drawn
    text = {**text_tensors(), "text_projection": torch.randn(WIDTH, 16, generator=generator)}
    load_strict(model.eval(), clip_state({**visual, **text}, WHERE), WHERE)
    pixels = torch.randn(2, 3, 64, 64, generator=generator)
    with torch.no_grad():
        torch.testing.assert_close(model.vision(pixels), PlainResNet(visual)(pixels), rtol=1e-4, atol=1e-5)


def test_differences_are_listed(settings):
    model = DualEncoder(settings().model)
    state = clip_state(vit_tensors(), WHERE)
    state["heads.text.weight"] = torch.zeros(3, 3)
    del state["heads.log_scale"]
    with pytest.raises(DataError) as caught:
        load_strict(model, {**state, "extra": torch.zeros(1)}, WHERE)
    text = str(caught.value)
    assert "1 missing: heads.log_scale; 1 unknown: extra" in text
    assert "heads.text.weight ((3, 3) instead of (8, 16))" in text


class Payload:
    """A pickle that would run code."""

    def __reduce__(self):
        return (Path.touch, (Path("/tmp/rsvlm-must-not-exist"),))


@pytest.mark.fault
@pytest.mark.parametrize(("name", "words"), [("x.pt", "more than tensors"), ("x.safetensors", "a pickle with a safetensors name")])
def test_pickles_that_carry_code_are_refused(tmp_path, name, words):
    path = tmp_path / name
    path.write_bytes(pickle.dumps({"weight": Payload()}))
    with pytest.raises(DataError, match=words):
        read_tensors(path)
    torch.save({"weight": Payload()}, path)
    with pytest.raises(DataError, match=words):
        read_tensors(path)
    assert not Path("/tmp/rsvlm-must-not-exist").exists()


@pytest.mark.fault
def test_files_that_are_no_weights_are_refused(tmp_path):
    whole = tmp_path / "whole.safetensors"
    save_file({"weight": torch.zeros(100)}, whole)
    (tmp_path / "cut.safetensors").write_bytes(whole.read_bytes()[:-7])
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"a": 1}, tmp_path / "number.pth")
    (tmp_path / "x.exe").write_bytes(b"")
    for name, words in (
        ("absent.safetensors", "no such file"),
        ("cut.safetensors", "not a whole safetensors"),
        ("list.pt", "holds list"),
        ("number.pth", "a is no tensor"),
        ("x.exe", "weights come as"),
    ):
        with pytest.raises(DataError, match=words):
            read_tensors(tmp_path / name)


def test_another_layout_is_refused():
    with pytest.raises(DataError, match="neither open_clip's layout"):
        clip_state({"encoder.weight": torch.zeros(1)}, WHERE)
