"""Settings of the evaluate stage."""

from rsvlm.settings import Section


class EvaluateSettings(Section):
    """Which tasks score a model."""

    data: str
    model: str
    judge: str
