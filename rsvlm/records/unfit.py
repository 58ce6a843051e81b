"""The one exception for a single record that cannot be used; it never leaves the stage that builds records."""


class Unfit(ValueError):
    """One record or object is unusable: why, in a few fixed words, and the particulars.

    Attributes:
        reason: a fixed phrase, counted in the manifest ("box outside the image").
        detail: what was seen ("x 812 of 400").
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
