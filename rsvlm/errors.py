"""The errors that rsvlm raises for its users: one line each, with a remedy, and the exit code that a command ends with."""

_LONGEST = 4_000


class RsvlmError(Exception):
    """Something the user must know about: the message is one line that says what, where, and what is allowed."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the message as one line of bounded length, whatever the name or library text that it quotes holds."""
        text = super().__str__()
        if not text.isprintable():  # line breaks, terminal escapes, text direction marks, half surrogate pairs
            text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"


class ConfigurationError(RsvlmError):
    """A recipe, parameter or argument is wrong. Raised before any work is done."""

    exit_code = 2


class SourceError(RsvlmError):
    """Data could not be had from where its definition says, or is not what the definition promises."""


class DataError(RsvlmError):
    """Records or images are unusable as a whole (single bad records are set aside, not raised)."""


class IntegrityError(RsvlmError):
    """Bytes on disk are not the bytes that were written: a manifest does not verify."""


class LeakError(RsvlmError):
    """Evaluation images, or near copies of them, are in the training data."""
