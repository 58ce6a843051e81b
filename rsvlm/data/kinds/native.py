"""Settings of pairs with the captions that a retrieval set brings."""

from typing import Annotated, Literal

from rsvlm.captioning.settings import NativeBuilder, Share
from rsvlm.settings import Inside, slots


class NativePairs(NativeBuilder):
    """Pictures with their own captions.

    Attributes:
        layout: of `file`: JSON Lines as our sources have them, the Karpathy layout (RSICD, RSITMD, UCM-Captions,
            Sydney-Captions), or that of NWPU-Captions.
        pictures: path of a picture, with `{name}` as the file has it and `{label}`, its class, where the file has one.
        share: of the pictures, drawn by a hash of their names; the rest is left out.
    """

    layout: Literal["lines", "karpathy", "nwpu"] = "lines"
    pictures: Annotated[Inside, slots("name", "label")] = "{name}"
    share: Share = 1.0
