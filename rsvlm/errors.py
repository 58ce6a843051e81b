"""The errors that rsvlm raises for its users: one line each, with a remedy, and the exit code that a command ends with."""


class RsvlmError(Exception):
    """Something the user must know about: the message is one line that says what, where, and what is allowed."""

    exit_code = 1


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
