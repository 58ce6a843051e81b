"""What a caption, a label or an answer may hold: any script, but no control characters and nothing empty or endless.

The rule: text is NFC-normalised; line breaks and tabs become spaces; runs of spaces become one; text with control
characters (terminal escapes among them), bidirectional overrides, surrogates, private-use or unassigned code points is
refused. Joiners that scripts need (ZWJ, ZWNJ) and soft hyphens are format characters that stay; the other invisible
ones are refused. Markup is kept as it is: it is text here, and whoever shows it escapes it.
"""

import functools
import hashlib
import re
import unicodedata

from rsvlm.records.unfit import Unfit

LONGEST_CAPTION = 2_000
LONGEST_LABEL = 100
_KEPT_FORMAT = frozenset("\u00ad\u200c\u200d")
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_MARK = re.compile(r"\s+([.,;:!?])")
# What names of classes are made of; recipes give words for names that hold anything else.
_CLASS_NAME = re.compile(r"[\w '\u2019./&,+-]+")
_NOT_LATIN = re.compile(r"[^\W\d_A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
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


def check_characters(text: str, what: str) -> None:
    """Refuse a text with characters that nobody should see; line breaks and tabs may stay.

    Args:
        text: any.
        what: it is, for the reason.

    Raises:
        Unfit: it has control characters, invisible ones or half characters.
    """
    if text.isascii() and text.isprintable():
        return
    for position, character in enumerate(text):
        if character not in "\n\t" and (fault := _fault_of(character)):
            raise Unfit(f"{what} holds {fault}", f"U+{ord(character):04X} at character {position + 1}")


@functools.lru_cache(4096)
def class_name(text: str) -> str:
    """Return a class name in its stored form: words in Latin letters, as sentences and box markup can hold them.

    Raises:
        Unfit: no text that `clean_text` lets pass, with markup, code or slots in it, or in another script than the sentences
            around it.
    """
    try:
        name = clean_text(text, longest=LONGEST_LABEL)
    except Unfit as unfit:
        raise Unfit(unfit.reason.replace("caption", "class name", 1), unfit.detail) from None
    if _NOT_LATIN.search(name):
        raise Unfit("class name is not in Latin letters", f"{name[:60]!r}; give its words in the recipe's `names`")
    if not _CLASS_NAME.fullmatch(name):
        raise Unfit("class name holds a character that no name has", f"{name[:60]!r}; give its words in the recipe's `names`")
    return name


def close_up(text: str) -> str:
    """Undo a tokeniser's spacing: `runways .` becomes `runways.`, and a doubled final full stop one."""
    return _REPEATED_FULL_STOP.sub(".", _SPACE_BEFORE_MARK.sub(r"\1", text))


def text_id(text: str) -> str:
    """Return the 16-digit hex id of what a caption says: equal for captions that differ in case, spacing or final full stop."""
    plain = close_up(_SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()).casefold().rstrip(".").rstrip()
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
