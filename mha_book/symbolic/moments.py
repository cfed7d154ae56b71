"""Expected values of polynomials in independent random variables, for any distribution.

A distribution enters by its moments E[x], E[x²], … alone, so what is decided here holds for all of
them at once, not for the normal distribution only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.stats import Covariance, Expectation, Variance
from sympy.stats.rv import RandomSymbol

from mha_book.symbolic.proof import Decider

__all__ = ["by_moments", "expectation", "random_symbols"]

Moments = Mapping[Any, Sequence[Any]]


def random_symbols(names: str) -> tuple[RandomSymbol, ...]:
    """Random variables without a distribution, to write E, Var and Cov of."""
    return tuple(RandomSymbol(name) for name in names.split())


def expectation(expression: Any, moments: Moments) -> Any:
    """E of a polynomial in independent variables: the moments of each monomial factor.

    >>> (x,), mu = random_symbols("x"), sp.Symbol("mu")
    >>> expectation(3 * x**2 + 2 * x, {x: (mu, mu**2 + 1)})
    3*mu**2 + 2*mu + 3
    """
    terms = sp.Poly(sp.expand(expression), *moments).terms()
    return sp.expand(
        sum(
            coefficient * sp.Mul(*map(_moment, moments.values(), powers))
            for powers, coefficient in terms
        )
    )


def _moment(moments: Sequence[Any], power: int) -> Any:
    return moments[power - 1] if power else sp.S.One


def by_moments(moments: Moments) -> Decider:
    """A decider that evaluates E, Var and Cov of independent variables with these moments."""

    def mean(x: Any) -> Any:
        return expectation(x, moments)

    def covariance(x: Any, y: Any) -> Any:
        return mean(x * y) - mean(x) * mean(y)

    def decide(left: Any, right: Any) -> bool:
        difference = (
            (left - right)
            .replace(Expectation, mean)
            .replace(Variance, lambda x: covariance(x, x))
            .replace(Covariance, covariance)
        )
        return bool(sp.simplify(difference) == 0)

    return decide
