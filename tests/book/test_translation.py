"""The catalogues of the translation are complete and keep its rules; so do their tables."""

from collections import Counter
from pathlib import Path

import pytest
import tomllib

from tests.book.built import LANGUAGES, PAGES, ROOT
from tools.i18n import terms
from tools.i18n.catalogues import catalogues, messages, text_of
from tools.i18n.prefill import Known
from tools.i18n.rules import Rules

FILES = catalogues()
RULES = Rules.read(ROOT)
wanted = pytest.mark.skipif("zh_CN" not in LANGUAGES, reason="the Chinese edition is not asked for")


def test_every_page_has_a_catalogue_and_every_catalogue_a_page() -> None:
    assert set(FILES) == set(PAGES)


@wanted
@pytest.mark.parametrize("page", PAGES)
def test_every_message_is_translated_and_keeps_the_rules(page: str) -> None:
    found = {str(m.id): problems for m in messages(FILES[page]) if (problems := RULES.problems(m))}
    assert not found, "\n".join(f"{text!r}: {'; '.join(why)}" for text, why in found.items())


@pytest.mark.parametrize("page", PAGES)
def test_catalogues_are_written_as_the_tool_writes_them(page: str) -> None:
    from sphinx_intl.catalog import load_po

    text = FILES[page].read_text(encoding="utf8")
    assert text == text_of(load_po(str(FILES[page]))), "run `make i18n`"


def test_headings_are_those_of_the_outline(outline: list[dict[str, str]]) -> None:
    known = Known.read(ROOT)
    assert all(known.answer(row["en"], "heading") == row["zh_CN"] for row in outline)


def test_terms_are_unique_and_do_not_avoid_themselves() -> None:
    table = terms.read(ROOT)
    names = [term.en.lower() for term in table]
    assert not [name for name, count in Counter(names).items() if count > 1]
    for term in table:
        for other in table:  # else a right rendering of one term would be called wrong for another
            assert not [name for name in term.avoid if name in other.zh], (term, other)


def test_terms_of_the_glossary_are_explained_in_both_languages() -> None:
    groups = tomllib.loads(Path(ROOT, "book/locale/terms.toml").read_text(encoding="utf8"))
    rows = [row for group in groups.values() for row in group["terms"] if "means" in row]
    assert len(rows) >= 100
    assert all(row["means"]["en"].endswith(".") for row in rows)
    assert all(row["means"]["zh"].endswith("。") for row in rows)


def test_phrases_themselves_keep_the_rules() -> None:
    known = Known.read(ROOT)
    for source, target in (known.phrases | known.names).items():
        bare = Rules(Known({}, {source: source}, {}) if source == target else NOTHING, RULES.terms)
        assert not list(bare.check(source, target)), (source, target)


NOTHING = Known({}, {}, {})
