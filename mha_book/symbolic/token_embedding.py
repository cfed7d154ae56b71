"""Reading rows of a table is a product with one-hot rows (eq-token-embedding)."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._entries import total
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import T, i, n

__all__ = ["N", "one_hot", "token_embedding"]

N, c = sp.symbols("N c", integer=True, positive=True)


def one_hot(token: Any, entry: Any) -> Any:
    r"""One entry of the one-hot vector of a token, which reads a row of the table.

    .. math:: x_i = e_{t_i}^\top E, \qquad (e_t)_n = \delta_{tn}

    Formula: eq-token-embedding. Both arguments are numbers or symbols.

    >>> [one_hot(2, n) for n in range(4)]
    [0, 0, 1, 0]
    """
    return sp.KroneckerDelta(token, entry)


@proof("eq-token-embedding")
def token_embedding() -> Iterator[Step]:
    """The product with a one-hot row copies a row of the table, and sends its gradient there."""
    t, table = sp.IndexedBase("t", integer=True), sp.IndexedBase("E")
    yield Step(
        sp.Derivative(total(table[t[i], c], i, T), table[n, c]),
        total(one_hot(t[i], n), i, T),
        "Training moves row $n$ once for each place where token $n$ occurs; a row whose token does "
        "not occur stays.",
    )
    yield Step(
        total(one_hot(t[i], n) * table[n, c], n, N),
        table[t[i], c],
        "The one of the one-hot row meets row $t_i$ of the table; all other rows meet zeros.",
        decide=_if_in_the_vocabulary,
    )


def _if_in_the_vocabulary(left: Any, right: Any) -> bool:
    """Let the delta pick its term, for a token whose number is from 1 to N."""
    (picked, *_) = left.doit().args
    return bool(picked.expr == right)
