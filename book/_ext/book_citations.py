"""Cite as readers of the field expect: Vaswani et al. (2017), in round brackets.

In Chinese: Vaswani 等（2017）.
"""

from dataclasses import dataclass, field

from pybtex.richtext import Text
from sphinx.application import Sphinx
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle, PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

NAME, CHINESE = "author_year_round", "author_year_chinese"


def _round() -> BracketStyle:
    return BracketStyle(left="(", right=")")


@dataclass
class RoundStyle(AuthorYearReferenceStyle):
    """Author and year with round brackets everywhere."""

    bracket_parenthetical: BracketStyle = field(default_factory=_round)
    bracket_textual: BracketStyle = field(default_factory=_round)
    bracket_author: BracketStyle = field(default_factory=_round)
    bracket_label: BracketStyle = field(default_factory=_round)
    bracket_year: BracketStyle = field(default_factory=_round)


def _wide() -> BracketStyle:
    return BracketStyle(left="（", right="）", sep="；")


def _chinese_names() -> PersonStyle:
    return PersonStyle(sep="、", sep2=" 和 ", last_sep=" 和 ", other=Text(" 等"))


@dataclass
class ChineseStyle(AuthorYearReferenceStyle):
    """Author and year with full-width punctuation."""

    bracket_parenthetical: BracketStyle = field(default_factory=_wide)
    bracket_textual: BracketStyle = field(default_factory=_wide)
    bracket_author: BracketStyle = field(default_factory=_wide)
    bracket_label: BracketStyle = field(default_factory=_wide)
    bracket_year: BracketStyle = field(default_factory=_wide)
    person: PersonStyle = field(default_factory=_chinese_names)
    author_year_sep: str = "，"
    text_reference_sep: str = ""
    post_text_sep: str = "，"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both; ``_config.yml`` chooses the first, ``book_language`` the second."""
    register_plugin("sphinxcontrib.bibtex.style.referencing", NAME, RoundStyle)
    register_plugin("sphinxcontrib.bibtex.style.referencing", CHINESE, ChineseStyle)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
