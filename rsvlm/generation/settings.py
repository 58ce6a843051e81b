"""Settings of generative models: auto-encoder, text tower, denoiser, diffusion, optimisation, sampling."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rsvlm.settings import Section, Settings
from rsvlm.training.settings import OptimisationSettings

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class TinyAutoencoder(Settings):
    """TAEF2: a tiny auto-encoder of a 32-channel latent space, factor 8, with a reduced basis in front of the denoiser.

    Attributes:
        source: the acquired source that holds its two weight files.
        image_size: pixels of the square image that is encoded and generated.
        patch: latent cells (a side) that one vector of the basis covers.
        components: dimensions that are kept of such a vector.
        probes: training pictures on which the decoder says how much a direction shows; 0 ranks by variance alone.
        power: how much of their energy the coefficients keep, from 0 (whitened) to 1.
        mirrored: encode every training image mirrored as well.
    """

    kind: Literal["taef2"]
    source: str
    image_size: Annotated[int, Field(ge=32, le=512, multiple_of=8)]
    patch: Positive
    components: Positive
    probes: Annotated[int, Field(ge=0)] = 0
    power: Share = 0.0
    mirrored: bool = True


class KlAutoencoder(Settings):
    """The KL auto-encoder of Stable Diffusion: factor 8, four latent channels, latents scaled by a constant.

    `source` is acquired in diffusers' folder layout (`vae/`, `unet/`, `text_encoder/`, `tokenizer/`).
    """

    kind: Literal["kl-f8"]
    source: str
    image_size: Annotated[int, Field(ge=64, le=2048, multiple_of=8)]
    channels: tuple[Positive, ...]
    latent_channels: Positive
    scale: Annotated[float, Field(gt=0)]


class SentenceTower(Settings):
    """A frozen MiniLM sentence encoder; the denoiser attends to its token states."""

    kind: Literal["minilm"]
    source: str
    tokens: Annotated[int, Field(ge=4, le=256)]


class ClipTower(Settings):
    """A frozen CLIP text transformer; the denoiser attends to its penultimate token states.

    `layers` counts the layers that are run: 23 of the 24 of OpenCLIP ViT-H.
    """

    kind: Literal["clip-text"]
    source: str
    tokens: Positive
    width: Positive
    layers: Positive
    heads: Positive
    feed_forward: Positive


class Denoiser(Settings):
    """A U-Net with cross-attention to text.

    Attributes:
        channels: width of every resolution level, finest first.
        attention: whether a level has cross-attention, finest first.
        blocks: residual blocks a level.
        head_width: channels of one attention head.
        groups: groups of the group normalisation.
        start: the source whose U-Net weights training starts from; none: from scratch.
    """

    channels: tuple[Positive, ...]
    attention: tuple[bool, ...]
    blocks: Positive
    head_width: Positive | tuple[Positive, ...]
    groups: Positive = 32
    start: str | None = None


class AttentionLora(Settings):
    """Low-rank adapters in the denoiser's attention: W x + (alpha / rank) B A x.

    Attributes:
        rank: r.
        alpha: numerator of the scale.
        dropout: on the adapter's input.
        targets: suffixes of the linear layers; queries, keys, values and outputs of every attention.
    """

    rank: Annotated[int, Field(ge=1, le=1024)]
    alpha: Annotated[float, Field(gt=0, le=4096)]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Annotated[tuple[Literal["to_q", "to_k", "to_v", "to_out.0"], ...], Field(min_length=1)] = ("to_q", "to_k", "to_v", "to_out.0")


class Diffusion(Settings):
    """The noise process and what the denoiser predicts.

    Attributes:
        steps: length of the noise schedule (1000 in all published models of this family).
        beta_start: first variance; the schedule is linear in its square root ("scaled linear").
        beta_end: last variance.
        prediction: the noise (epsilon) or the velocity (v_prediction).
        zero_terminal_snr: rescale the schedule so that its last step is pure noise.
        min_snr_gamma: weight losses by min(SNR, gamma) (divided by SNR or SNR + 1); none where null.
        caption_dropout: share of captions that are replaced by the empty one, for guidance without a classifier.
    """

    steps: Positive = 1000
    beta_start: Annotated[float, Field(gt=0, lt=1)] = 0.00085
    beta_end: Annotated[float, Field(gt=0, lt=1)] = 0.012
    prediction: Literal["epsilon", "v_prediction"]
    zero_terminal_snr: bool = False
    min_snr_gamma: Annotated[float, Field(gt=0)] | None = None
    caption_dropout: Share = 0.1


class Sampler(Settings):
    """DDIM: number of steps and strength of guidance (1: none)."""

    steps: Positive
    guidance: Annotated[float, Field(ge=0)]


class GenerationPretrainSettings(Section):
    """Latent diffusion training of one system.

    Attributes:
        data: the dataset of image-caption pairs.
        autoencoder: image to latents and back.
        text: the frozen text tower.
        denoiser: the U-Net.
        diffusion: noise process and target.
        optimisation: optimiser, schedule, steps.
        sampler: the sampling that the model uses unless it is asked otherwise.
        lora: train adapters beside the denoiser's starting weights; none: the whole denoiser.
    """

    data: str
    autoencoder: Annotated[TinyAutoencoder | KlAutoencoder, Field(discriminator="kind")]
    text: Annotated[SentenceTower | ClipTower, Field(discriminator="kind")]
    denoiser: Denoiser
    diffusion: Diffusion
    optimisation: OptimisationSettings
    sampler: Sampler
    lora: AttentionLora | None = None

    @model_validator(mode="after")
    def _adapters_need_weights(self) -> "GenerationPretrainSettings":
        if self.lora is not None and self.denoiser.start is None:
            raise ValueError("lora: adapters go beside trained weights; name the source of the U-Net in denoiser.start")
        return self
