"""How Chinese is set: full-width punctuation, curly quotes, and one rule for spaces.

A space stands between a Chinese character and a Latin letter, a digit, a formula, code or a role;
none stands beside full-width punctuation or between two Chinese characters.
"""

import re
from collections.abc import Iterator

from tools.i18n.markup import HOLE

HAN = r"\u3400-\u9fff"
WIDE = "，。；：？！（）、“”‘’《》【】—…"
NARROW = rf"A-Za-z0-9{HOLE}"
# A Latin expression in brackets, such as the shape (B, T, d), keeps its commas.
LATIN_GROUP = re.compile(r"[（(][^（()）\u3400-\u9fff，。；：]*[)）]")
LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|(?=[^\[(]|$))")
BETWEEN = re.compile(rf"[{HAN}]( )[{HAN}]")
MISSING = re.compile(rf"(?:[{HAN}](?=[{NARROW}])|[{NARROW}](?=[{HAN}]))")
BESIDE = re.compile(rf"(?: [{WIDE}]|[{WIDE}] )")
LEFT_OVER = re.compile(r"(?<![\w'])[a-z]+(?: [a-z]+){3,}(?![\w'])")


def is_chinese(text: str) -> bool:
    """Whether a text has a Chinese character."""
    return bool(re.search(rf"[{HAN}]", text))


def around(text: str, start: int, end: int | None = None) -> str:
    """A few characters of context, for the message."""
    end = start + 1 if end is None else end
    return f"“{text[max(0, start - 6) : end + 6].replace(HOLE, '▢')}”"


def plain(text: str) -> str:
    """The text as it is read: links as their words, without marks of emphasis."""
    return re.sub(r"(?<!\\)\*+", "", LINK.sub(r"\1", text)).replace("\\*", "*")


def problems(text: str) -> Iterator[str]:
    """What is wrong with a Chinese text whose parts have been replaced by holes."""
    text = plain(text)
    if not is_chinese(text):
        return
    if text != text.strip() or "  " in text:
        yield "a space too many"
    yield from _spaces(text)
    yield from _punctuation(text)
    yield from (f"English left over: “{m[0]}”" for m in LEFT_OVER.finditer(text))


def _spaces(text: str) -> Iterator[str]:
    for match in MISSING.finditer(text):
        yield f"a space is missing in {around(text, match.start(), match.end())}"
    for match in BETWEEN.finditer(text):
        yield f"a space between Chinese characters in {around(text, match.start(1))}"
    for match in BESIDE.finditer(text):
        yield f"a space beside full-width punctuation in {around(text, match.start(), match.end())}"


def _punctuation(text: str) -> Iterator[str]:
    groups = [match.span() for match in LATIN_GROUP.finditer(text)]
    for match in re.finditer(r"[\"',.;:?!()]", text):
        place = match.start()
        before, after = text[:place], text[place + 1 :]
        if match[0] in "()":
            wrong = _bracket_is_wrong(text, place, groups)
        elif match[0] in "\"'":
            wrong = not (match[0] == "'" and re.search(r"[A-Za-z]$", before))
        elif any(start < place < end for start, end in groups):
            wrong = False
        else:
            wrong = _sign_is_wrong(match[0], before, after)
        if wrong:
            yield f"{match[0]} is not full-width in {around(text, place)}"


def _sign_is_wrong(sign: str, before: str, after: str) -> bool:
    neighbours = before.rstrip()[-1:] + after.lstrip()[:1]
    beside = bool(re.search(rf"[{HAN}{WIDE}]", neighbours))
    ends = bool(re.match(r"\s|$", after))
    if sign == ".":
        return (beside and (ends or is_chinese(after[:1]))) or (ends and before[-1:] == HOLE)
    return beside or ends


def _bracket_is_wrong(text: str, place: int, groups: list[tuple[int, int]]) -> bool:
    """ASCII brackets belong to Latin expressions such as f(x) or GPT-2 (XL) alone."""
    for start, end in groups:
        if place in (start, end - 1):
            return not re.search(rf"[{NARROW}] ?$", text[:start])
    return True
