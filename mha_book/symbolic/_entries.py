"""Numbers with indices, such as s_ij, and sums of any number of them."""

from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from mha_book.symbolic.proof import equal

__all__ = [
    "Entry",
    "c",
    "entries",
    "l",
    "row_sum",
    "row_vector",
    "same_sums",
    "total",
]

c, l = sp.symbols("c l", integer=True, positive=True)  # noqa: E741  the letter of the formulas


class Entry(sp.Function):  # type: ignore[misc]
    """A real number that depends on its indices; every family of numbers is a subclass."""

    is_real = True
    symbol = ""

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        between = "" if all(index.is_Symbol for index in self.args) else ","
        indices = between.join(printer._print(index) for index in self.args)
        return f"{self.symbol}_{{{indices}}}" + (f"^{{{exp}}}" if exp else "")


def entries(name: str, latex: str = "") -> Any:
    """The entries of a vector or matrix, to be called with indices that count from 1.

    >>> x = entries("x")
    >>> sp.latex(x(c, l))
    'x_{cl}'
    """
    return type(name, (Entry,), {"symbol": latex or name})


def total(term: Any, index: Any, size: Any) -> Any:
    """The sum of the terms 1, 2, …, size.

    >>> total(c, c, 4).doit()
    10
    """
    return sp.Sum(term, (index, 1, size))


def same_sums(left: Any, right: Any) -> bool:
    """Whether both are equal once sums are split and constants stand before them.

    The letters that are summed over do not count. Sums that are still different then are numbers
    of which nothing else is known.

    >>> a = entries("a")
    >>> same_sums(total(2 * a(l), l, 3), 2 * total(a(c), c, 3))
    True
    >>> same_sums(total(a(l) ** 2, l, 3), total(a(l), l, 3) ** 2)
    False
    """
    difference = _tidy(left) - _tidy(right)
    unknown = {part: sp.Dummy() for part in difference.atoms(sp.Sum)}
    return equal(difference.xreplace(unknown), sp.Integer(0))


def _tidy(expression: Any) -> Any:
    """Derivatives and matrix entries written out, sums split from the innermost outwards."""
    implicit = (sp.Derivative, MatrixElement)
    expression = sp.sympify(expression).replace(lambda e: isinstance(e, implicit), _do)
    return expression.replace(lambda e: isinstance(e, sp.Sum), _linear)


def _do(expression: Any) -> Any:
    return expression.doit()


def _linear(part: Any) -> Any:
    """A sum of terms as terms of sums, with what does not depend on the indices in front.

    An index is named by how many sums are nested inside its own, so that no name is taken twice.
    """
    result = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(part.function)):
        constant, rest = term.as_independent(*part.variables, as_Add=False)
        if rest.has(*part.variables):
            result += constant * _renamed(sp.Sum(rest, *part.limits))
        else:
            result += constant * sp.Sum(rest, *part.limits).doit()
    return result


def _renamed(part: Any) -> Any:
    depth = _depth(part)
    names = [sp.Symbol(f"_{depth}_{n}", integer=True) for n in range(len(part.variables))]
    limits = [(name, *limit[1:]) for name, limit in zip(names, part.limits, strict=True)]
    renaming = dict(zip(part.variables, names, strict=True))
    return sp.Sum(part.function.xreplace(renaming), *limits)


def _depth(expression: Any) -> int:
    """How many sums are nested in each other."""
    inside = max(map(_depth, expression.args), default=0)
    return inside + isinstance(expression, sp.Sum)


def row_sum(matrix: Any, row: Any) -> Any:
    """The sum of one row, as the product with a column of ones; rows count from 0."""
    return MatrixElement(matrix * sp.OneMatrix(matrix.cols, 1), row, 0)


def row_vector(name: str, width: Any) -> Any:
    """A vector as a matrix of one row."""
    return sp.MatrixSymbol(name, 1, width)
