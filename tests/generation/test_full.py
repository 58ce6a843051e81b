"""The published size of RS-SD, and the published key layout of its parts."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from rsvlm.generation.codec import build_kl, load_kl
from rsvlm.generation.denoiser import build_unet, unet_configuration
from rsvlm.generation.plan import blocks
from rsvlm.generation.settings import Denoiser, GenerationPretrainSettings, KlAutoencoder
from rsvlm.recipes.yaml import read_yaml
from rsvlm.settings import validate

RECIPE = Path(__file__).parents[2] / "recipes" / "generation" / "rs-sd.yaml"


@pytest.mark.system("rs-sd", 3)
def test_the_full_profile_has_the_parameters_of_stable_diffusion_2_1():
    section = read_yaml(RECIPE)["pretrain"]["rs-sd-full"]
    settings = validate(GenerationPretrainSettings, section, "rs-sd-full")
    counts = {block.name: block.parameters for block in blocks(settings)}
    # Counts of the published checkpoint's parts.
    assert counts == {"auto-encoder": 83_653_863, "text tower": 340_387_840, "denoiser": 865_910_724}


@pytest.mark.system("rs-sd", 3)
def test_the_published_unet_layout_is_read(tmp_path):
    small = Denoiser(channels=(32, 64), attention=(True, False), blocks=1, head_width=16, groups=8)
    unet = build_unet(unet_configuration(small, latent_channels=4, text_width=24, sample_size=8))
    names = set(unet.state_dict())
    # Keys as they stand in the published `unet/diffusion_pytorch_model.safetensors`.
    assert {
        "conv_in.weight",
        "time_embedding.linear_1.weight",
        "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight",
        "mid_block.attentions.0.proj_in.weight",
        "up_blocks.1.attentions.0.transformer_blocks.0.ff.net.0.proj.weight",
        "conv_norm_out.weight",
    } <= names
    # Linear projections around attention, as Stable Diffusion 2 has them (1.x: 1x1 convolutions).
    assert unet.state_dict()["mid_block.attentions.0.proj_in.weight"].ndim == 2
    assert unet.state_dict()["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"].shape == (32, 24)


@pytest.mark.system("rs-sd", 3)
def test_a_kl_auto_encoder_file_of_the_published_layout_loads_and_round_trips_shapes(tmp_path):
    settings = KlAutoencoder(kind="kl-f8", source="x", image_size=64, channels=(8, 8, 16, 16), latent_channels=4, scale=0.18215)
    torch.manual_seed(0)
    published = build_kl(settings)
    path = tmp_path / "diffusion_pytorch_model.safetensors"
    save_file(published.state_dict(), path)
    codec = load_kl(path, settings)
    pictures = torch.rand(2, 3, 64, 64)
    variables = codec.encode(pictures)
    assert variables.shape == (2, *codec.shape) == (2, 4, 8, 8)
    expected = published.eval().encode(pictures * 2 - 1).latent_dist.mean * 0.18215
    torch.testing.assert_close(variables, expected)
    assert codec.decode(variables).shape == (2, 3, 64, 64)
