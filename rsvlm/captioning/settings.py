"""Settings of the caption stage."""

from rsvlm.settings import Section


class CaptionSettings(Section):
    """How image-caption pairs are built."""
