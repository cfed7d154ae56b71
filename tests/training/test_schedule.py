"""The learning rate rises, peaks once and falls, as the paper says."""

import pytest

from mha_book.training import Settings, inverse_square_root, paper_peak


def test_it_is_the_formula_of_the_paper():
    d_model, warmup = 512, 4000
    peak = paper_peak(d_model, warmup)
    for step in (1, 17, 3999, 4000, 4001, 100_000):
        paper = d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)  # equation 3
        assert peak * inverse_square_root(step, warmup) == pytest.approx(paper, rel=1e-12)


def test_it_peaks_where_warm_up_ends():
    shares = [inverse_square_root(step, warmup=7) for step in range(1, 30)]
    assert max(shares) == shares[6] == 1.0
    assert shares[:7] == sorted(shares[:7])
    assert shares[6:] == sorted(shares[6:], reverse=True)


def test_settings_scale_it_to_their_peak():
    settings = Settings(steps=100, warmup=13, peak_lr=3e-3)
    for step in (1, 13, 57, 100):
        expected = 3e-3 * inverse_square_root(step, 13)
        assert settings.learning_rate(step) == pytest.approx(expected, rel=1e-12)


def test_a_cooldown_brings_it_to_zero_in_a_straight_line():
    plain = Settings(steps=100, warmup=13, peak_lr=3e-3)
    cooled = Settings(steps=100, warmup=13, peak_lr=3e-3, cooldown=0.2)
    for step in (1, 13, 80, 81):
        assert cooled.learning_rate(step) == plain.learning_rate(step)
    for step, share in {82: 0.95, 91: 0.5, 100: 0.05}.items():
        expected = share * plain.learning_rate(step)
        assert cooled.learning_rate(step) == pytest.approx(expected, rel=1e-12)
