"""What a caption, a label or an answer may hold: any script, but no control characters and nothing empty or endless.

The rule: text is NFC-normalised; line breaks and tabs become spaces; runs of spaces become one; text with control
characters (terminal escapes among them), bidirectional overrides, surrogates, private-use or unassigned code points is
refused. Joiners that scripts need (ZWJ, ZWNJ) and soft hyphens are format characters that stay; the other invisible
ones are refused. Markup is kept as it is: it is text here, and whoever shows it escapes it.
"""

import hashlib
import re
import unicodedata

from rsvlm.records.unfit import Unfit

LONGEST_CAPTION = 2_000
LONGEST_LABEL = 100
_KEPT_FORMAT = frozenset("\u00ad\u200c\u200d")
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_MARK = re.compile(r"\s+([.,;:!?])")
_REPEATED_FULL_STOP = re.compile(r"(?:\.\s*){2,}$")
_REFUSED = {"Cc": "a control character", "Cs": "a surrogate", "Co": "a private-use character", "Cn": "an unassigned character"}


def _fault_of(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return "" if character in _KEPT_FORMAT else "an invisible format character"
    return _REFUSED.get(category, "")


def clean_text(text: object, *, longest: int = LONGEST_CAPTION) -> str:
    """Return a caption in its stored form.

    Args:
        text: what the source gave; anything but text is refused.
        longest: the most characters it may have after cleaning.

    Raises:
        Unfit: not text, empty, too long, or with characters that the rule refuses.
    """
    if not isinstance(text, str):
        raise Unfit("caption is not text", type(text).__name__)
    if len(text) > 10 * longest:  # refuse before any work proportional to the length
        raise Unfit("caption is too long", f"{len(text):,} characters; {longest:,} allowed")
    cleaned = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
    if not cleaned:
        raise Unfit("caption is empty")
    if len(cleaned) > longest:
        raise Unfit("caption is too long", f"{len(cleaned):,} characters; {longest:,} allowed")
    if not cleaned.isascii() or not cleaned.isprintable():
        for position, character in enumerate(cleaned):
            if fault := _fault_of(character):
                raise Unfit(f"caption holds {fault}", f"U+{ord(character):04X} at character {position + 1}")
    if not any(character.isalnum() for character in cleaned):
        raise Unfit("caption is empty", f"no letter or digit in {cleaned[:40]!r}")
    return cleaned


def close_up(text: str) -> str:
    """Undo a tokeniser's spacing: `runways .` becomes `runways.`, and a doubled final full stop one."""
    return _REPEATED_FULL_STOP.sub(".", _SPACE_BEFORE_MARK.sub(r"\1", text))


def text_id(text: str) -> str:
    """Return the 16-digit hex id of what a caption says: equal for captions that differ in case, spacing or final full stop."""
    plain = close_up(_SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()).casefold().rstrip(".").rstrip()
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
