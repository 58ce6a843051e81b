"""Settings of instruction models."""

from rsvlm.settings import Section


class InstructionPretrainSettings(Section):
    """Connector pre-training."""

    data: str


class InstructionSftSettings(Section):
    """Supervised fine-tuning."""

    data: str
