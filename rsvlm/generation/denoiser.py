"""The U-Net of latent diffusion, with cross-attention to text states, as diffusers builds it."""

from typing import Any

from rsvlm.generation.settings import Denoiser


def unet_configuration(settings: Denoiser, latent_channels: int, text_width: int, sample_size: int) -> dict[str, Any]:
    """Return the diffusers configuration of the U-Net.

    Args:
        settings: widths, attention levels, blocks.
        latent_channels: channels in and out.
        text_width: width of the text states.
        sample_size: latent cells a side.
    """
    down = tuple("CrossAttnDownBlock2D" if attends else "DownBlock2D" for attends in settings.attention)
    up = tuple("CrossAttnUpBlock2D" if attends else "UpBlock2D" for attends in reversed(settings.attention))
    widths = settings.head_width
    # diffusers reads `attention_head_dim` as the number of heads (a name it keeps for old checkpoints).
    heads = (
        tuple(channels // widths for channels in settings.channels)
        if isinstance(widths, int)
        else tuple(channels // width for channels, width in zip(settings.channels, widths, strict=True))
    )
    return {
        "sample_size": sample_size,
        "in_channels": latent_channels,
        "out_channels": latent_channels,
        "block_out_channels": settings.channels,
        "down_block_types": down,
        "up_block_types": up,
        "layers_per_block": settings.blocks,
        "cross_attention_dim": text_width,
        "attention_head_dim": heads,
        "norm_num_groups": settings.groups,
        "use_linear_projection": True,
    }


def build_unet(configuration: dict[str, Any]) -> Any:
    """Build diffusers' U-Net with freshly initialised weights (from torch's global generator; seed it first)."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    return UNet2DConditionModel(**configuration)
