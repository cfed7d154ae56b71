"""Scores on two scales: closed forms, what each scale sees, and what its signature says."""

import doctest

import pytest

from experiments import arguments, scoring
from experiments.scoring import moses, plain, published

GERMAN = ["Ein alter Mann lächelt.", "Zwei Hunde rennen durch den Schnee."]


def test_equal_text_has_all_points():
    for scale in (plain, published):
        scores = scale(GERMAN, GERMAN, "de")
        assert scores["bleu"]["score"] == 100
    assert plain(GERMAN, GERMAN, "de")["chrf"]["score"] == 100


@pytest.mark.parametrize("scale", [plain, published])
def test_bleu_of_one_wrong_word_at_the_end_is_that_of_the_closed_form(scale):
    scores = scale(["a b c d x"], ["a b c d e"], "de")
    expected = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4)
    assert scores["bleu"]["score"] == pytest.approx(expected, abs=0.005)


def test_capital_letters_and_quotes_count_in_text_alone():
    translations = ['ein Mann sagt "Ja" zu ihr.']
    references = ["Ein Mann sagt „Ja“ zu ihr ."]
    assert plain(translations, references, "de")["bleu"]["score"] < 50
    assert published(translations, references, "de")["bleu"]["score"] == 100


def test_chinese_is_cut_into_characters():
    scores = plain(["我看见这个农夫。"], ["我看见这个农民。"], "zh")
    # 8 characters, one of them wrong: the n-grams without it, over all n-grams.
    expected = 100 * (7 / 8 * 5 / 7 * 4 / 6 * 3 / 5) ** (1 / 4)
    assert scores["bleu"]["score"] == pytest.approx(expected, abs=0.005)


def test_signatures_say_what_was_done():
    text, tokens = plain(GERMAN, GERMAN, "de"), published(GERMAN, GERMAN, "de")
    assert "case:mixed|eff:no|tok:13a" in text["bleu"]["signature"]
    assert "case:lc|eff:no|tok:none" in tokens["bleu"]["signature"]
    assert "nc:6|nw:0" in text["chrf"]["signature"]
    assert "tok:zh" in plain(["好。"], ["好。"], "zh")["bleu"]["signature"]
    assert tokens["tokenizer"].startswith("sacremoses 0.")


def test_moses_keeps_abbreviations_and_hyphens_together():
    assert moses(["z.B. ein 5-Meter-Brett, 3,5 m hoch…"], "de") == [
        "z.B. ein 5-Meter-Brett , 3,5 m hoch ..."
    ]
    assert moses(["It's R&B."], "en") == ["It 's R & B."]


@pytest.mark.parametrize("module", [arguments, scoring])
def test_examples_in_docstrings_hold(module):
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed
