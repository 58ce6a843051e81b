"""Settings of contrastive pre-training."""

from rsvlm.settings import Section


class ContrastivePretrainSettings(Section):
    """Towers, objective and optimisation of a contrastive model."""

    data: str
