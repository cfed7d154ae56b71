"""Algebra under a Σ of symbolic length, by a normal form that makes equal sums equal objects."""

from itertools import permutations
from typing import Any

import sympy as sp

from mha_book.symbolic.proof import Decider

__all__ = ["normal_form", "same_sums"]


def normal_form(expression: Any) -> Any:
    """Expand; draw constants out of sums; join nested sums; let a Kronecker delta pick its term.

    Indices are taken to lie within the limits. Sums that are multiplied must not share an index.

    >>> i, j, n = sp.symbols("i j n", integer=True)
    >>> x = sp.IndexedBase("x")
    >>> normal_form(sp.Sum(3 * x[i] * sp.KroneckerDelta(i, j), (i, 1, n)))
    3*x[j]
    >>> normal_form(sp.Sum(2 * x[i] + 1, (i, 1, n)))
    n + 2*Sum(x[_0], (_0, 1, n))
    """
    expression = sp.sympify(expression).replace(sp.Derivative, lambda f, *by: f.diff(*by))
    terms = sp.Add.make_args(sp.expand(_sum_out(expression)))
    return sp.Add(*map(_named, terms))


def _sum_out(expression: Any) -> Any:
    """The same with every sum a constant times sums of monomials."""
    if not expression.has(sp.Sum):
        return sp.expand(expression.doit())
    if not isinstance(expression, sp.Sum):
        return sp.expand(expression.func(*map(_sum_out, expression.args)))
    terms = sp.Add.make_args(sp.expand(_sum_out(expression.function)))
    for limit in expression.limits:
        terms = sp.Add.make_args(sp.expand(sp.Add(*(_over(term, limit) for term in terms))))
    return sp.Add(*terms)


def _over(term: Any, limit: Any) -> Any:
    """The sum of one monomial over one index."""
    index, first, last = limit
    for factor in sp.Mul.make_args(term):
        delta, power = factor.as_base_exp()
        picks = isinstance(delta, sp.KroneckerDelta) and power.is_positive
        if picks and index in delta.args[:2]:
            other = delta.args[1] if delta.args[0] == index else delta.args[0]
            return (term / factor).xreplace({index: other})
    constant, inside = term.as_independent(index, as_Add=False)
    if inside == 1:
        return constant * (last - first + 1)
    factors = sp.Mul.make_args(inside)
    nested = [f for f in factors if isinstance(f, sp.Sum)]
    limits = [limit, *(inner for f in nested for inner in f.limits)]
    body = sp.Mul(*(f.function if f in nested else f for f in factors))
    return constant * sp.Sum(body, *limits)


def _named(term: Any) -> Any:
    """A monomial whose sums have the indices _0, _1, … in the order that sorts first."""
    return term.replace(lambda e: isinstance(e, sp.Sum), _rename)


def _rename(total: Any) -> Any:
    ways = []
    for order in permutations(total.limits):
        names = {limit[0]: sp.Dummy(str(n), integer=True) for n, limit in enumerate(order)}
        fixed = {old: sp.Symbol(f"_{new.name}", integer=True) for old, new in names.items()}
        ways.append(sp.Sum(total.function.xreplace(fixed), *(m.xreplace(fixed) for m in order)))
    return min(ways, key=str)


def same_sums(facts: dict[Any, Any] | None = None) -> Decider:
    """A decider that compares normal forms, given facts such as Σ p_i = 1."""
    known = {normal_form(old): new for old, new in (facts or {}).items()}

    def decide(left: Any, right: Any) -> bool:
        difference = sp.expand(normal_form(left) - normal_form(right)).subs(known)
        letters = {total: sp.Dummy() for total in difference.atoms(sp.Sum)}
        return bool(sp.simplify(difference.xreplace(letters)) == 0)

    return decide
