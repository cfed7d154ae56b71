"""Deciding equalities between sums of symbolic length: what it takes to do algebra under a Σ."""

from collections.abc import Mapping
from typing import Any

import sympy as sp

from mha_book.symbolic.proof import Decider

__all__ = ["expand_sums", "split_last", "sums_agree"]


def expand_sums(expression: Any) -> Any:
    """Write sums and their products as constants times sums of monomials, ready for ``==``.

    Uses linearity, exchanges finite sums, replaces a sum of ones by its length, and lets a
    Kronecker delta pick its term, which must lie within the limits. Sums that are multiplied with
    each other must have indices of different names; a power of a sum stays as it is.

    >>> i, n = sp.symbols("i n", integer=True, positive=True)
    >>> x, c = sp.IndexedBase("x"), sp.Symbol("c")
    >>> expand_sums(sp.Sum(c * x[i] + 1, (i, 1, n)))
    c*Sum(x[i], (i, 1, n)) + n
    """
    expression = sp.sympify(expression)
    if not expression.has(sp.Sum):
        return sp.expand(expression)
    if isinstance(expression, sp.Sum):
        body, limits = expand_sums(expression.function), expression.limits
    else:
        body, limits = sp.expand(expression.func(*map(expand_sums, expression.args))), ()
        if not isinstance(body, sp.Add | sp.Mul):
            return body
    return sp.Add(*(_sum_of(term, limits) for term in sp.Add.make_args(body)))


def _sum_of(term: Any, limits: tuple[Any, ...]) -> Any:
    """The sum of one monomial: sums among its factors join the limits, constants go out."""
    factors = []
    for factor in sp.Mul.make_args(term):
        if isinstance(factor, sp.Sum):  # Σ_i a_i Σ_j b_ij = Σ_i Σ_j a_i b_ij
            factors.append(factor.function)
            limits = (*limits, *factor.limits)
        else:
            factors.append(factor)
    if len({limit[0] for limit in limits}) < len(limits):
        raise ValueError(f"two sums in {term} share the name of an index")
    body, left = sp.Mul(*factors), []
    for limit in limits:
        index, first, last = limit
        delta = next((a for a in sp.Mul.make_args(body) if _picks(a, index)), None)
        if delta is not None:
            body = body.subs(index, next(a for a in delta.args if a != index))
        elif not body.has(index):
            body *= last - first + 1
        else:
            left.append(limit)
    if not left:
        return sp.expand(body)
    constant, inside = body.as_independent(*(index for index, *_ in left), as_Add=False)
    return sp.expand(constant) * sp.Sum(inside, *sorted(left, key=str))


def _picks(factor: Any, index: sp.Symbol) -> bool:
    """Whether a factor is a Kronecker delta that leaves one term of the sum over the index."""
    return isinstance(factor, sp.KroneckerDelta) and index in factor.args


def split_last(total: sp.Sum) -> Any:
    """The sum without its last term, plus its last term.

    >>> i, n = sp.symbols("i n", integer=True, positive=True)
    >>> split_last(sp.Sum(i, (i, 1, n)))
    n + Sum(i, (i, 1, n - 1))
    """
    ((index, first, last),) = total.limits
    return sp.Sum(total.function, (index, first, last - 1)) + total.function.subs(index, last)


def sums_agree(facts: Mapping[Any, Any] | None = None) -> Decider:
    """A decider that compares sums after expansion, given facts such as Σ p_i = 1.

    >>> i, n = sp.symbols("i n", integer=True, positive=True)
    >>> p = sp.IndexedBase("p")
    >>> one = sp.Sum(p[i], (i, 1, n))
    >>> sums_agree({one: 1})(sp.Sum(p[i] + 2, (i, 1, n)), 1 + 2 * n)
    True
    """

    def decide(left: Any, right: Any) -> bool:
        return bool(sp.simplify(expand_sums(left - right).subs(facts or {}).expand()) == 0)

    return decide
