"""What a machine can translate: headings, recurring phrases, and what is no language.

Headings come from the outline, recurring phrases from ``book/locale/phrases.toml``; formulas, code
and their like are the same in every language.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import tomllib
import yaml

from tools.i18n.markup import words_of

# A row of the formula index: number, name with a link, formula.
ROW = re.compile(r"(\{eq\}`[\w-]+` \{ref\}`)([^`<]+)( <[\w-]+>`): (\$.+\$)", re.S)


@dataclass(frozen=True)
class Known:
    """Translations that are settled, by message."""

    headings: dict[str, str]
    phrases: dict[str, str]
    names: dict[str, str]

    @classmethod
    def read(cls, root: Path) -> "Known":
        """The tables of the book."""
        outline = yaml.safe_load((root / "tests/book/outline.yml").read_text(encoding="utf8"))
        rows = [*outline["headings"], outline["title"]]
        headings = {row["en"]: row["zh_CN"] for row in rows}
        table = (root / "book/locale/phrases.toml").read_text(encoding="utf8")
        tables = tomllib.loads(table)
        same = {message: message for message in tables["same"]["messages"]}
        return cls(headings, tables["phrases"] | same, tables["names"])

    def answer(self, message: str, kind: str | None) -> str | None:
        """The translation of a message, if it is settled."""
        if kind == "formula":
            return message
        settled = self.headings | self.phrases
        if message in settled:
            return settled[message]
        row = ROW.fullmatch(message)
        if row and row[2] in self.names:
            return f"{row[1]}{self.names[row[2]]}{row[3]}：{row[4]}"
        return None if words_of(message) else message
