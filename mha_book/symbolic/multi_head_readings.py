"""How much of an answer H readings can carry (eq-multi-head-readings)."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._deciders import not_less
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import H, d

__all__ = ["multi_head_readings"]

m, K = sp.symbols("m K", integer=True, positive=True)
size = m * K
N, Pi = sp.MatrixSymbol("N", size, size), sp.MatrixSymbol(r"\Pi", size, size)
identity = sp.Identity(size)
_n, _n_t, _p = sp.symbols("n n_t p", commutative=False)


@proof("eq-multi-head-readings")
def multi_head_readings() -> Iterator[Step]:
    """A read-out of rank r misses all but r of the mK numbers that were asked for."""
    outside = (identity - N) * (identity - Pi)
    yield Step(
        _square(identity - N),
        _square(outside) + _square((identity - N) * Pi),
        r"The squared error $\lVert I - N \rVert_F^2$ is a trace. Split it by the projection $\Pi$ "
        r"on the row space of $N$, with $\Pi^2 = \Pi = \Pi^\top$. Neither part is negative, so the "
        "first alone is a lower bound.",
        decide=_with_projection,
    )
    yield Step(
        outside,
        identity - Pi,
        r"In that part $N$ drops out, because $N\Pi = N$.",
        decide=_on_the_row_space,
    )
    r, miss = sp.symbols("r u", nonnegative=True)
    yield Step(
        _square(identity - Pi),
        m * K - r,
        "What is left is the trace of a projection: $mK$ numbers less the rank $r$ of $N$.",
        where={r: sp.Trace(Pi)},
        decide=_with_projection,
    )
    most = H * sp.Min(d, K)
    yield Step(
        (m * K - (most - miss)) / (m * K),
        1 - most / (m * K),
        r"Each head adds at most $\min(d, K)$ to the rank, so $r = H\min(d, K) - u$ with "
        r"$u \ge 0$. Divide by $\mathbb{E}\,\lVert t \rVert^2 = mK$.",
        relation=">=",
        decide=not_less,
    )


def _square(matrix: Any) -> Any:
    """The sum of the squared entries, as a trace."""
    return sp.Trace(matrix * matrix.T)


def _with_projection(left: Any, right: Any) -> bool:
    """Compare with Π² = Π = Πᵀ; a trace is a letter for each word under it."""
    difference = left - right
    traces = {part: _trace(_words(part.arg)) for part in difference.atoms(sp.Trace)}
    return bool(sp.expand(difference.xreplace(traces)) == 0)


def _on_the_row_space(left: Any, right: Any) -> bool:
    """Compare with NΠ = N."""
    return bool(sp.expand(_words(left - right).subs(_n * _p, _n)) == 0)


def _words(matrix: Any) -> Any:
    """A matrix expression as a polynomial in letters that do not commute, reduced."""
    letters = {N: _n, N.T: _n_t, Pi: _p, Pi.T: _p, identity: sp.Integer(1)}
    polynomial = sp.Integer(0)
    for term in sp.MatAdd.make_args(sp.expand(matrix.doit())):
        factors = term.args if term.is_MatMul else (term,)
        polynomial += sp.Mul(*(letters.get(factor, factor) for factor in factors))
    return sp.expand(polynomial.subs(_p**2, _p))


def _trace(polynomial: Any) -> Any:
    """Linear in its words; the empty word is the identity."""
    return sum(
        number * (size if word == 1 else sp.Symbol(f"tr({word})"))
        for word, number in polynomial.as_coefficients_dict().items()
    )
