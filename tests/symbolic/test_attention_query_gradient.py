"""How weights change with their query, against torch's autograd."""

import pytest
import sympy as sp
import torch

from mha_book import attention_weights
from mha_book.symbolic.attention_query_gradient import attention_query_gradient
from mha_book.symbolic.symbols import T_k, d
from tests.builders import close, randn
from tests.symbolic.evaluate import holds_at

T_K, D = 5, 3


@pytest.mark.formula("eq-attention-query-gradient")
def test_the_formula_is_the_jacobian_of_the_weights() -> None:
    q, k = randn(D), randn(T_K, D)

    def weights(query: torch.Tensor) -> torch.Tensor:
        return attention_weights(query[None, None], k[None])[0, 0]

    formula = attention_query_gradient.result
    names = ("A", "K", "T_k", "c", "i", "j", "s")
    symbols = {str(x): x for x in formula.atoms(sp.MatrixSymbol) | formula.free_symbols}
    entry = sp.lambdify([symbols[name] for name in names], formula)
    a = weights(q)[None]
    expected = [[entry(a, k, T_K, c, 0, j, D**-0.5) for c in range(D)] for j in range(T_K)]
    actual = torch.autograd.functional.jacobian(weights, q)
    close(actual, torch.tensor(expected, dtype=torch.float64))


def test_the_score_is_differentiated_by_each_coordinate() -> None:
    score = attention_query_gradient.steps[0]
    i, c, key = (sp.Symbol(x, integer=True, nonnegative=True) for x in "icl")
    for coordinate in range(D):
        assert holds_at(score, {d: D, T_k: T_K, i: 0, c: coordinate, key: 4})
