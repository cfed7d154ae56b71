"""The rules of a translation, message by message."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Message
from markdown_it import MarkdownIt

from tools.i18n import terms, typography
from tools.i18n.markup import HOLE, PART, TITLED, bare, parts_of, words_of
from tools.i18n.prefill import Known

BLOCK = re.compile(r"\s*(?:\d+[.)]\s|[-+*]\s|#{1,6}\s|>|:::|```|~~~|\||\t)|.*\n", re.S)
INLINE = MarkdownIt("commonmark")


@dataclass(frozen=True)
class Rules:
    """What every message is held against."""

    known: Known
    terms: list[terms.Term]

    @classmethod
    def read(cls, root: Path) -> "Rules":
        """The tables of the book."""
        return cls(Known.read(root), terms.read(root))

    def problems(self, message: Message) -> list[str]:
        """All that is wrong with one message of a catalogue."""
        if not message.string:
            return ["not translated"]
        if message.fuzzy:
            return ["fuzzy: the English changed; mend the translation and take the mark away"]
        kind = next(iter(message.auto_comments), None)
        return list(self.check(str(message.id), str(message.string), kind))

    def check(self, source: str, target: str, kind: str | None = None) -> Iterator[str]:
        """All that is wrong with one translation."""
        settled = self.known.answer(source, kind)
        if settled is not None:
            if target != settled:
                yield f"settled as “{settled}”: see the outline and phrases.toml"
            return
        yield from same_parts(source, target)
        yield from one_paragraph(source, target, kind)
        listed = ", " in source and target == source.replace(", ", "、")  # BERT、GPT-2
        if words_of(source) and not typography.is_chinese(target) and not listed:
            yield "no Chinese; a name that stays belongs under [same] of phrases.toml"
        if source.startswith("Proof. ") and not target.startswith("证明。"):
            yield "a proof begins with “证明。”"
        yield from typography.problems(PART.sub(_hole, target))
        yield from self.chosen_terms(source, target)

    def chosen_terms(self, source: str, target: str) -> Iterator[str]:
        """Renderings that the table of terms does not allow."""
        source, target = bare(source), bare(target)
        for term in self.terms:
            for name in term.wrong(source, target):
                yield f"“{term.en}” is “{term.zh}” in this book, not “{name}”"


def _hole(part: re.Match[str]) -> str:
    if part["tag"]:
        return ""
    return part["address"] if (part["address"] or "").startswith("]") else HOLE


def titles_of(target: str) -> Iterator[str]:
    """The titles that a message gives to its roles."""
    for part in PART.finditer(target):
        if (
            part["role"]
            and part["name"] != "source"
            and (match := TITLED.fullmatch(part["content"]))
        ):
            yield match["title"]


def same_parts(source: str, target: str) -> Iterator[str]:
    """Formulas, code, roles, and addresses that only one side has."""
    before, after = parts_of(source), parts_of(target)
    for kind, part in before - after:
        yield f"missing: {kind} {part}"
    for kind, part in after - before:
        yield f"not in the English: {kind} {part}"
    for title in titles_of(target):
        yield from typography.problems(title)


def one_paragraph(source: str, target: str, kind: str | None) -> Iterator[str]:
    """A message is a paragraph, and its marks of emphasis are understood as such."""
    if BLOCK.match(target) and not BLOCK.match(source):
        yield "reads as a list, a heading or several paragraphs"
    if kind != "alternative text":
        filled = PART.sub(lambda part: part[0] if part["address"] or part["tag"] else "x", target)
        tokens = INLINE.parseInline(filled)[0].children or []
        if any(token.type == "text" and re.search(r"[*]", token.content) for token in tokens):
            yield "a * is not understood as emphasis; move the punctuation out of it"
