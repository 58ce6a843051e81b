"""Numbers in English words, of any size: cardinals (`twenty-one`) and ordinals (`twenty-first`, `21st`).

Hundreds and tens stand side by side, `one hundred five`: an `and` inside a number would be read as one of a list.
"""

_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = [
    "thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion", "septillion", "octillion", "nonillion",
    "decillion", "undecillion", "duodecillion", "tredecillion", "quattuordecillion", "quindecillion", "sexdecillion",
    "septendecillion", "octodecillion", "novemdecillion", "vigintillion",
]  # fmt: skip
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip


def _below_thousand(count: int) -> str:
    if count < 20:
        return _SMALL[count]
    if count < 100:
        tens, rest = divmod(count, 10)
        return f"{_TENS[tens - 2]}-{_SMALL[rest]}" if rest else _TENS[tens - 2]
    hundreds, rest = divmod(count, 100)
    return f"{_SMALL[hundreds]} hundred {_below_thousand(rest)}" if rest else f"{_SMALL[hundreds]} hundred"


def cardinal(count: int) -> str:
    """Return a whole number in words; scales are the short ones (a billion is 10^9), beyond 10^66 they are multiplied."""
    if count < 0:
        return f"minus {cardinal(-count)}"
    if count < 1000:
        return _below_thousand(count)
    largest = 1000 ** len(_SCALES)
    if count >= 1000 * largest:
        high, rest = divmod(count, largest)
        return f"{cardinal(high)} {_SCALES[-1]} {cardinal(rest)}" if rest else f"{cardinal(high)} {_SCALES[-1]}"
    words: list[str] = []
    power = 0
    while count:
        count, group = divmod(count, 1000)
        if group:
            words.insert(0, f"{_below_thousand(group)} {_SCALES[power - 1]}" if power else _below_thousand(group))
        power += 1
    return " ".join(words)


def ordinal_words(count: int) -> str:
    """Return an ordinal in words: `first`, `twenty-first`, `one hundredth`."""
    words = cardinal(count)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    if last in _ORDINALS:
        return words[:cut] + _ORDINALS[last]
    return words[:-1] + "ieth" if last.endswith("y") else words + "th"


def ordinal(count: int) -> str:
    """Return an ordinal in digits: `1st`, `2nd`, `3rd`, `11th`."""
    if abs(count) % 100 in (11, 12, 13):
        return f"{count}th"
    return f"{count}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(abs(count) % 10, 'th') }"
