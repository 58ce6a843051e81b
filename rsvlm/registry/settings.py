"""Settings of the register stage."""

from rsvlm.settings import Name, Section


class RegisterSettings(Section):
    """Name, gates and licence of a registered model."""

    model: str
    name: Name
