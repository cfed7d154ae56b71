"""The merge of two states in symbols, against the package's merge of tensors."""

import pytest
import sympy as sp
import torch

from mha_book.symbolic import online_softmax
from mha_book.symbolic.online_softmax import State
from mha_book.variants import SoftmaxState, merge
from tests.builders import close, randn

T_Q, D_V = 3, 2


def random_state():
    return SoftmaxState(randn(T_Q, 1), randn(T_Q, 1).exp(), randn(T_Q, D_V))


@pytest.mark.formula("eq-online-softmax")
def test_the_package_merges_as_the_symbols_do():
    a, b = random_state(), random_state()
    symbols = [State(*sp.symbols(f"m_{x} l_{x} o_{x}", real=True)) for x in "ab"]
    formula = sp.lambdify([*symbols[0], *symbols[1]], list(online_softmax.merge(*symbols)))
    for actual, row in ((merge(a, b), 0), (merge(b, a), 0)):
        for column in range(D_V):
            m, total, o = formula(*(x[row, min(column, x.shape[1] - 1)].item() for x in (*a, *b)))
            close([x.item() for x in (actual.m[row, 0], actual.l[row, 0])], [m, total])
            close(actual.o[row, column].item(), o)


@pytest.mark.formula("eq-online-softmax")
def test_the_result_of_the_proof_is_the_output():
    a, b = random_state(), random_state()
    names = sp.symbols("m_a m_b o_a o_b", real=True) + sp.symbols("l_a l_b", positive=True)
    output = sp.lambdify(names, online_softmax.online_softmax.result)
    both = merge(a, b)
    numbers = (x[0, 0].item() for x in (a.m, b.m, a.o, b.o, a.l, b.l))
    close((both.o / both.l)[0, 0].item(), output(*numbers))


def test_the_larger_of_two_is_tried_on_both_sides_and_in_the_middle():
    x, y = sp.symbols("x y", real=True)
    decide = online_softmax._whichever_is_larger(x, y)
    assert decide(sp.Max(x, y) - sp.Min(x, y), sp.Abs(x - y))
    assert not decide(sp.Max(x - y, 0), 0)
    assert not decide(sp.Max(y - x, 0), 0)
    assert not decide(sp.KroneckerDelta(x, y), 0)


def test_merging_is_associative_and_commutative_in_symbols():
    a, b, c = (online_softmax._state(x) for x in "abc")
    join = online_softmax.merge
    for left, right in (
        (join(join(a, b), c), join(a, join(b, c))),
        (join(a, b), join(b, a)),
    ):
        assert all(sp.expand(x - y) == 0 for x, y in zip(left, right, strict=True))


@pytest.mark.formula("eq-online-softmax")
def test_merging_is_associative_and_commutative_in_tensors():
    a, b, c = random_state(), random_state(), random_state()
    close(tuple(merge(merge(a, b), c)), tuple(merge(a, merge(b, c))))
    close(tuple(merge(a, b)), tuple(merge(b, a)))
    nothing = SoftmaxState(torch.full((T_Q, 1), -torch.inf).double(), *map(torch.zeros_like, a[1:]))
    close(tuple(merge(a, nothing)), tuple(a))
    close(tuple(merge(nothing, nothing)), tuple(nothing))
