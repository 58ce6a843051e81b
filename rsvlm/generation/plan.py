"""Parameter counts of text-to-image models, built on the meta device: no memory, any size."""

from typing import Any

import torch

from rsvlm.generation.codec import build_kl
from rsvlm.generation.denoiser import build_unet, unet_configuration
from rsvlm.generation.settings import ClipTower, GenerationPretrainSettings, TinyAutoencoder
from rsvlm.generation.taef2 import LATENT_CHANNELS, decoder, encoder
from rsvlm.generation.text import text_width
from rsvlm.training.lora import adapter_parameters
from rsvlm.training.plan import Block


def _count(*modules: Any) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def _text(settings: GenerationPretrainSettings) -> Any:
    from transformers import BertConfig, BertModel, CLIPTextConfig, CLIPTextModel

    tower = settings.text
    if not isinstance(tower, ClipTower):
        sizes = BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
        return BertModel(sizes, add_pooling_layer=False)
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=49408,
            hidden_size=tower.width,
            intermediate_size=tower.feed_forward,
            num_hidden_layers=tower.layers,
            num_attention_heads=tower.heads,
            max_position_embeddings=tower.tokens,
            hidden_act="gelu",
        )
    )


def blocks(settings: GenerationPretrainSettings) -> list[Block]:
    """Return auto-encoder, text tower and denoiser with their parameter counts; trained is the denoiser, or adapters in it."""
    autoencoder = settings.autoencoder
    with torch.device("meta"):
        if isinstance(autoencoder, TinyAutoencoder):
            coder, channels, side = _count(encoder(), decoder()), autoencoder.components, autoencoder.image_size // 8 // autoencoder.patch
            if channels > LATENT_CHANNELS * autoencoder.patch**2:
                raise ValueError(f"components: {channels} are more than a patch has")
        else:
            coder, channels = _count(build_kl(autoencoder)), autoencoder.latent_channels
            side = autoencoder.image_size // 2 ** (len(autoencoder.channels) - 1)
        unet = build_unet(unet_configuration(settings.denoiser, channels, text_width(settings.text), side))
        found = [
            Block("auto-encoder", coder, trainable=False),
            Block("text tower", _count(_text(settings)), trainable=False),
            Block("denoiser", _count(unet), trainable=settings.lora is None),
        ]
    if settings.lora is not None:
        found.append(Block(f"adapters (rank {settings.lora.rank})", adapter_parameters(unet, settings.lora), trainable=True))
    return found
