"""The parts of a message that are no language: formulas, code, roles, addresses.

They must be the same on both sides of a translation, in any order.
"""

import re
from collections import Counter

PART = re.compile(
    r"(?P<role>\{(?P<name>[\w:-]+)\}(?P<ticks>`+)(?P<content>.+?)(?P=ticks))"
    r"|(?P<code>(?<!`)(?P<fence>`+)(?!`)(?P<inner>.+?)(?<!`)(?P=fence)(?!`))"
    r"|(?P<math>(?<!\\)\$\$.+?(?<!\\)\$\$|(?<!\\)\$(?!\s).+?(?<![\\\s])\$)"
    r"|(?P<address>\]\([^)\s]+\)|<https?://[^>]+>|https?://[^\s)）>，。；]+)"
    r"|(?P<tag></?[a-z]+ ?/?>)",
    re.S,
)
TITLED = re.compile(r"(?P<title>.+?)\s*<(?P<target>[^<>]+)>", re.S)
LETTERS = re.compile(r"[^\W\d_]+")
HOLE = "\ufffc"


def key(part: re.Match[str]) -> tuple[str, str]:
    """Kind and substance of a part: of a role with a title, its target alone."""
    if not part["role"]:
        return part.lastgroup or "", part[0]
    titled = TITLED.fullmatch(part["content"])
    if titled and part["name"] != "source":
        return part["name"], titled["target"]
    return part["name"], part["content"]


def parts_of(message: str) -> Counter[tuple[str, str]]:
    """How often each part occurs."""
    return Counter(key(part) for part in PART.finditer(message))


def bare(message: str) -> str:
    """The message with a hole in place of each part, and the titles of roles in their place."""
    return PART.sub(_visible, message)


def _visible(part: re.Match[str]) -> str:
    titled = TITLED.fullmatch(part["content"] or "")
    if part["role"] and titled and part["name"] != "source":
        return titled["title"]
    if part["address"] and part["address"].startswith("]"):
        return "]"
    return HOLE


def words_of(message: str) -> list[str]:
    """The words of a language that a message holds; single letters are symbols."""
    return [word for word in LETTERS.findall(bare(message)) if len(word) > 1]
