"""Screens over the captions of a record: length, language, keywords, forbidden words, links. No picture is needed.

Each screen becomes a function once, which is then tried on many records. A record is dropped when one of its captions is
unfit; the keyword screen is the other way round, it keeps a record when one caption names a keyword. To screen captions one
by one, give each as a record of its own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rsvlm.quality.settings import KeywordScreen, LanguageScreen, LengthScreen, LinkScreen, WordScreen
from rsvlm.quality.words import function_words, phrase_finder, pub11_finder, word_list
from rsvlm.records.unfit import Unfit

TextScreen = LengthScreen | LanguageScreen | KeywordScreen | WordScreen | LinkScreen
TextCheck = Callable[[Sequence[str]], Unfit | None]

_HAN_RANGES = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_HAN = re.compile(f"[{_HAN_RANGES}]")
_LATIN = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_LINK = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|\S+\.(?:jpe?g|png|gif|tiff?|webp|bmp|svg|jp2)\b"
    r"|\b(?:img|dsc|dscn|dscf|image|photo|screenshot|untitled)[_-]?\d+\S*",
    re.IGNORECASE,
)
_SHOWN = 60


def captions_of(fields: Mapping[str, Any]) -> Sequence[str]:
    """Return a record's captions, or one `caption`.

    Raises:
        Unfit: there is none, or one is not text.
    """
    captions = fields.get("captions")
    if captions is None:
        captions = [fields["caption"]] if "caption" in fields else []
    if not isinstance(captions, list | tuple):
        raise Unfit("caption is not text", type(captions).__name__)
    for caption in captions:
        if not isinstance(caption, str):
            raise Unfit("caption is not text", type(caption).__name__)
    if not captions:
        raise Unfit("caption is missing")
    return captions


def count_words(text: str) -> int:
    """Return the number of words: runs without spaces that hold a letter or digit; each Chinese character is one."""
    if text.isascii():
        return len(text.split())
    rest = _HAN.sub(" ", text).split()
    return len(_HAN.findall(text)) + sum(1 for run in rest if _LETTER_OR_DIGIT.search(run))


def language_of(text: str, *, least_share: float = 0.9, foreign_words: int = 3) -> str:
    """Return `english`, `chinese`, or `other`.

    The scripts of the letters decide between Latin and Chinese characters; `least_share` of them must be of one script.
    Latin text is English unless it has at least `foreign_words` function words of other languages, and more of them than
    English ones: captions are too short for more, and place names carry a "de" or "el".
    """
    if text.isascii():
        if not any(map(str.isalpha, text)):
            return "other"
    else:
        letters = sum(map(str.isalpha, text))
        if not letters:
            return "other"
        if len(_HAN.findall(text)) >= least_share * letters:
            return "chinese"
        if len(_LATIN.findall(text)) < least_share * letters:
            return "other"
    english, others = function_words()
    words = text.lower().split()
    foreign = sum(map(others.__contains__, words))
    return "other" if foreign >= foreign_words and foreign > sum(map(english.__contains__, words)) else "english"


def _length(settings: LengthScreen) -> TextCheck:
    def check(captions: Sequence[str]) -> Unfit | None:
        for caption in captions:
            characters = len(caption)
            if characters < settings.least_characters:
                return Unfit("caption is too short", f"{characters:,} characters; at least {settings.least_characters:,}")
            if characters > settings.most_characters:
                return Unfit("caption is too long", f"{characters:,} characters; at most {settings.most_characters:,}")
            words = count_words(caption)
            if words < settings.least_words:
                return Unfit("caption is too short", f"{words:,} words; at least {settings.least_words:,}")
            if words > settings.most_words:
                return Unfit("caption is too long", f"{words:,} words; at most {settings.most_words:,}")
        return None

    return check


def _language(settings: LanguageScreen) -> TextCheck:
    allowed = frozenset(settings.allowed)

    def check(captions: Sequence[str]) -> Unfit | None:
        for caption in captions:
            if language_of(caption, least_share=settings.least_share, foreign_words=settings.foreign_words) not in allowed:
                return Unfit("caption is in another language", caption[:_SHOWN])
        return None

    return check


def _keyword(settings: KeywordScreen) -> TextCheck:
    finders = ([pub11_finder()] if settings.pub11 else []) + ([phrase_finder(settings.phrases)] if settings.phrases else [])

    def check(captions: Sequence[str]) -> Unfit | None:
        for caption in captions:
            lowered = caption.lower()
            for find in finders:
                if find(lowered) is not None:
                    return None
        return Unfit("caption has no keyword", captions[0][:_SHOWN])

    return check


def _words(settings: WordScreen) -> TextCheck:
    find = phrase_finder([phrase for name in settings.lists for phrase in word_list(name)] + list(settings.words))

    def check(captions: Sequence[str]) -> Unfit | None:
        for caption in captions:
            found = find(caption.lower().replace("\u2019", "'"))
            if found is not None:
                return Unfit("caption has a forbidden word", found)
        return None

    return check


def _link(settings: LinkScreen) -> TextCheck:
    def check(captions: Sequence[str]) -> Unfit | None:
        for caption in captions:
            links = [found[0] for found in _LINK.finditer(caption)]
            if links and sum(map(len, links)) > settings.most_share * len(caption.strip()):
                return Unfit("caption is a link or file name", links[0][:_SHOWN])
        return None

    return check


def text_check(screen: TextScreen) -> TextCheck:
    """Return the function of one text screen: from a record's captions to why it is dropped, or None."""
    match screen:
        case LengthScreen():
            return _length(screen)
        case LanguageScreen():
            return _language(screen)
        case KeywordScreen():
            return _keyword(screen)
        case WordScreen():
            return _words(screen)
        case LinkScreen():
            return _link(screen)
