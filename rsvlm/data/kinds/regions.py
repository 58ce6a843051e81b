"""Settings of conversations about regions."""

from typing import Literal

from rsvlm.conversations.settings import RegionBuilder


class RegionTalks(RegionBuilder):
    """Grounding, referring, region naming, questions, and a description in several sentences, from boxes.

    Attributes:
        describe: write the description, without boxes.
    """

    kind: Literal["regions"]
    describe: bool = True
