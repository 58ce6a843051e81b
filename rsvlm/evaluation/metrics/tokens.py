"""Caption tokens, in the manner of the Penn Treebank: what the caption metrics count.

The rule, stated because other tokens give other numbers: lower-case; split at white space; a clitic (`n't`, `'s`, `'re`, `'ve`,
`'ll`, `'d`, `'m`) is a token of its own, and so are the halves of `cannot` and its like; `,` and `.` stay inside numbers; `.`
stays with single letters and known abbreviations; hyphens and slashes stay inside words; brackets are spelled `-lrb-` and so on;
every other mark is its own token; then COCO's list of punctuation is dropped (brackets are not on it once lower-cased).
On the captions of RSICD and RSITMD this gives the tokens of the Stanford tokenizer that COCO's evaluation runs.
"""

import re

_ABBREVIATIONS = ("mr", "mrs", "ms", "dr", "st", "vs", "etc", "inc", "jr", "sr", "ave", "blvd", "rd")
_TOKEN = re.compile(
    r"(?:\b[a-z]\.)+(?!\w)"
    rf"|\b(?:{'|'.join(_ABBREVIATIONS)})\.(?=\s|$)"
    r"|[+-]?\d+(?:[.,:/]\d+)*(?:st|nd|rd|th|s)?(?!\w)"
    r"|\w+(?:[-/_]\w+)*?(?=n't\b)|n't\b"
    r"|'(?:s|re|ve|ll|d|m)\b"
    r"|\w+(?:[-/_&@.]\w+)*"
    r"|\.\.\.|--|\S"
)
_SPELLED = {
    **{whole: (whole[:3], whole[3:]) for whole in ("cannot", "gonna", "gotta", "lemme", "gimme", "wanna")},
    "(": ("-lrb-",),
    ")": ("-rrb-",),
    "[": ("-lsb-",),
    "]": ("-rsb-",),
    "{": ("-lcb-",),
    "}": ("-rcb-",),
}
_DROPPED = frozenset(["''", "'", "``", "`", '"', ".", "?", "!", ",", ":", "-", "--", "...", ";"])


def tokenise(caption: str) -> list[str]:
    """Return the tokens of a caption, without punctuation."""
    tokens: list[str] = []
    for token in _TOKEN.findall(caption.lower().replace("’", "'")):
        tokens.extend(_SPELLED.get(token, (token,)))
    return [token for token in tokens if token not in _DROPPED]
