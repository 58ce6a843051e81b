"""Settings of captions from boxes and masks."""

from typing import Literal

from rsvlm.captioning.settings import B2CSettings, BoxPictures


class BoxCaptions(BoxPictures):
    """Five captions a picture from boxes (B2C)."""

    kind: Literal["boxes"]
    b2c: B2CSettings = B2CSettings()
