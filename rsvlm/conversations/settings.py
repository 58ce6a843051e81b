"""Settings of the instruct stage."""

from rsvlm.settings import Section


class InstructSettings(Section):
    """How conversations are built."""
