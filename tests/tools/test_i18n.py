"""Each rule of the translation finds what it is there for, and nothing in a good translation."""

from pathlib import Path

import pytest

from tools.i18n.catalogues import merge, messages
from tools.i18n.markup import parts_of, words_of
from tools.i18n.prefill import Known
from tools.i18n.rules import Rules
from tools.i18n.terms import Term

KNOWN = Known({"Background": "背景介绍"}, {"Summary": "小结"}, {"causal mask": "因果掩码"})
RULES = Rules(KNOWN, [Term("token", "词元", ("令牌", "token"))])
SOURCE = "Divide the scores by $\\sqrt{d_k}$ as `scale` does, see {ref}`the proof <sec-why-scale>`."
GOOD = "像 `scale` 那样把分数除以 $\\sqrt{d_k}$，见 {ref}`证明 <sec-why-scale>`。"

GOOD_PAIRS = [
    (SOURCE, GOOD),
    ("Some words (here)", "函数 f(x) 与 GPT-2 (XL) 共 1,024 个，形状为（B, T, d）。"),
    ("A **word** and [a paper](https://a.org/b).", "一个**词**和[一篇论文](https://a.org/b)。"),
    ("Said in “quotes”.", "他说“可以”，又说：“不行”。"),
    ("Tokens of $x$ and $y$", "$x$ 与 $y$ 的词元"),
    ("Proof. It is plain.", "证明。显然。"),
    ("BERT, GPT-2", "BERT、GPT-2"),
    ("Kronecker's delta", "Kronecker's 记号"),
]
BAD_PAIRS = [
    (SOURCE, GOOD.replace("$\\sqrt{d_k}$", "$\\sqrt{d}$"), "missing: math"),
    (SOURCE, GOOD.replace(" `scale` ", "它"), "missing: code"),
    (SOURCE, GOOD.replace("sec-why-scale", "sec-scale"), "missing: ref"),
    (SOURCE, GOOD + "见 [此处](https://a.org)。", "not in the English: address"),
    ("Background", "背景", "settled as “背景介绍”"),
    ("Summary", "总结", "settled as “小结”"),
    ("Of a token.", "一个令牌。", "“token” is “词元”"),
    ("Two tokens.", "两个 token。", "“token” is “词元”"),
    ("Some words", "这里,那里", ", is not full-width"),
    ("Some words", "就是这样.", ". is not full-width"),
    ("Some words", "三种:甲", ": is not full-width"),
    ("Some words", "真的吗?", "? is not full-width"),
    ("Some words (a)", "词语 (注)", "( is not full-width"),
    ("of $x$, $y$", "关于 $x$, $y$", ", is not full-width"),
    ("Some words", '他说"好"', '" is not full-width'),
    ("Some words", "训练GPT", "a space is missing"),
    ("Some 12 words", "共12个", "a space is missing"),
    ("Some `code` here", "运行`code`即可", "a space is missing"),
    ("Some words", "字 字", "a space between Chinese characters"),
    ("Some words", "甲， 乙", "a space beside full-width punctuation"),
    ("Some words", "句末。 ", "a space too many"),
    ("A **word** here", "**注意力（一种）**是", "not understood as emphasis"),
    ("Some words", "1. 第一", "reads as a list"),
    ("Some words", "一段\n\n两段", "several paragraphs"),
    ("Some words", "Some words", "no Chinese"),
    ("Some, words", "Some, words", "no Chinese"),
    ("Some words", "这里 has some words left 的", "English left over"),
    ("Proof. It is plain.", "证明：显然。", "a proof begins with"),
    ("a {ref}`title <sec-a>`", "见 {ref}`第2章 <sec-a>`", "a space is missing"),
]


@pytest.mark.parametrize(("source", "target"), GOOD_PAIRS)
def test_a_good_translation_passes(source: str, target: str) -> None:
    assert list(RULES.check(source, target)) == []


@pytest.mark.parametrize(("source", "target", "problem"), BAD_PAIRS)
def test_each_rule_finds_its_fault(source: str, target: str, problem: str) -> None:
    assert any(problem in found for found in RULES.check(source, target))


def test_parts_are_counted_whatever_their_order() -> None:
    assert parts_of("$a$ `b` $a$ {eq}`eq-c`") == parts_of("{eq}`eq-c` $a$ `b` $a$")
    assert parts_of("$a$ $a$") != parts_of("$a$")
    assert parts_of("{source}`f <a.py:f>`") != parts_of("{source}`g <a.py:f>`")
    assert words_of("$x$, `code` and {ref}`two words <sec-a>`") == ["and", "two", "words"]
    assert words_of("$T_q$, $T_k$") == []


def test_what_a_machine_knows_is_filled_in() -> None:
    row = "{eq}`eq-causal` {ref}`causal mask <sec-masks>`: $j \\le i$"
    wide = "{eq}`eq-causal` {ref}`因果掩码 <sec-masks>`：$j \\le i$"
    assert KNOWN.answer(row, None) == wide
    assert KNOWN.answer("$x$", None) == "$x$"
    assert KNOWN.answer("\\text{if}", "formula") == "\\text{if}"
    assert KNOWN.answer("Some words", None) is None


TEMPLATE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def template(folder: Path, *texts: str) -> Path:
    """A template with these messages."""
    file = folder / "page.pot"
    file.write_text(TEMPLATE + "".join(f'msgid "{text}"\nmsgstr ""\n\n' for text in texts))
    return file


def test_a_changed_message_becomes_fuzzy_and_an_old_one_goes(tmp_path: Path) -> None:
    file, first = tmp_path / "page.po", "A long sentence about queries and about keys."
    merge(template(tmp_path, first, "Summary", "It goes."), file, {"Summary": "heading"}, KNOWN)
    text = file.read_text(encoding="utf8")
    assert 'msgstr "小结"' in text
    file.write_text(text.replace(f'{first}"\nmsgstr ""', f'{first}"\nmsgstr "甲"'), "utf8")
    once = file.read_text(encoding="utf8")
    merge(template(tmp_path, first, "Summary", "It goes."), file, {"Summary": "heading"}, KNOWN)
    assert file.read_text(encoding="utf8") == once
    merge(template(tmp_path, "Summary", first.replace("keys", "values")), file, {}, KNOWN)
    found = messages(file)
    assert [m.id for m in found] == ["Summary", first.replace("keys", "values")]
    assert found[1].fuzzy
    assert RULES.problems(found[1])[0].startswith("fuzzy")
    assert "It goes." not in file.read_text(encoding="utf8")
