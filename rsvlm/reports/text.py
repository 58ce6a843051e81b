"""Text and numbers as a report shows them: nothing invisible, nothing endless, figures that can be compared."""

import unicodedata

_LONGEST = 700


def visible(text: str, longest: int = _LONGEST) -> str:
    """Return foreign text with its invisible characters spelled out and its length bounded.

    Control characters and bidirectional controls (Unicode categories Cc, Cf, Co, Cs) become `[U+202E]`, so that a
    caption can neither hide nor reorder what stands around it; line breaks stay, joiners that scripts and emoji need
    stay. Escaping for HTML is the template's work.
    """
    shown = "".join(_spell(character) for character in text[:longest])
    return f"{shown}… ({len(text):,} characters)" if len(text) > longest else shown


def _spell(character: str) -> str:
    if character in "\n\u200c\u200d" or unicodedata.category(character) not in ("Cc", "Cf", "Co", "Cs"):
        return character
    return " " if character in "\t\r" else f"[U+{ord(character):04X}]"


def figure(value: float | None) -> str:
    """Return a number with four significant digits, thousands separated; an em dash where there is none."""
    if value is None:
        return "—"
    if value == int(value) and abs(value) >= 10:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def size(count: int) -> str:
    """Return a number of bytes in the largest unit below it (kB, MB, GB of 1,000)."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def title_of(key: str) -> str:
    """Return a metric's or task's key as words: `zero_shot` becomes `zero shot`."""
    return key.replace("_", " ")
