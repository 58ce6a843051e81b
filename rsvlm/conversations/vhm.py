"""VHM's words: the prefixes that its evaluator (RSEvalKit) puts before a question, its letters, units and scales.

A question is `{VG} Where ...`: the prefix in braces, a space, the question.
"""

CLASSIFY = "{CLS}"
QUESTION = "{VQA}"
GROUND = "{VG}"
HONEST = "{IDK}"  # presence, colour and position, also where the answer is that nothing can be told
OTHER = "{IT}"
LETTERS = "ABCDE"
MOST_COUNTED = 99  # its evaluator takes the first whole number below 100


def asked(prefix: str, question: str) -> str:
    """Return a question behind a prefix; an empty prefix leaves it as it is."""
    return f"{prefix} {question}" if prefix else question


def options(texts: list[str]) -> str:
    """Return the options of a multiple choice question, one a line: `A. top left`.

    Raises:
        ValueError: there are more options than letters.
    """
    return "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS[: len(texts)], texts, strict=True))
