"""The terms of the book and their renderings: ``book/locale/terms.toml``."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import tomllib


@dataclass(frozen=True)
class Term:
    """One concept: its English name, its Chinese name, and names that are not used for it."""

    en: str
    zh: str
    avoid: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the English name in a message, as a plural too."""
        name = re.escape(self.en).replace(r"\ ", r"[\s-]").replace(r"\-", "-")
        return re.compile(rf"(?<![\w-]){name}(?:e?s)?(?![\w-])", re.I)

    def wrong(self, message: str, translation: str) -> list[str]:
        """The renderings in a translation that should not be there."""
        if not self.avoid or not self.pattern.search(message):
            return []
        return [name for name in self.avoid if _finds(name, translation)]


def _finds(name: str, text: str) -> bool:
    if name.isascii():
        return bool(re.search(rf"(?<![A-Za-z]){re.escape(name)}s?(?![A-Za-z])", text))
    return name in text


def read(root: Path) -> list[Term]:
    """All terms, in the order of the table."""
    groups = tomllib.loads((root / "book/locale/terms.toml").read_text(encoding="utf8"))
    rows = [row for group in groups.values() for row in group["terms"]]
    return [Term(row["en"], row["zh"], tuple(row["avoid"])) for row in rows]
