"""Settings of generative models."""

from rsvlm.settings import Section


class GenerationPretrainSettings(Section):
    """Latent diffusion training."""

    data: str
