"""Numbers in place of the letters of a proof, in torch, so that gradients can be compared too."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import sympy as sp
import torch
from sympy.matrices.expressions.matexpr import MatrixElement
from torch import Tensor

from mha_book.symbolic import Step


def tabulate(
    expression: Any,
    axes: Mapping[sp.Symbol, int],
    values: Mapping[sp.Symbol, float] | None = None,
    matrices: Mapping[str, Tensor] | None = None,
    entries: Mapping[str, Tensor] | None = None,
) -> Tensor:
    """The value of a scalar expression for every choice of its free indices.

    Args:
        expression: what is evaluated.
        axes: the free indices, each with the number of its values.
        values: sizes and other letters.
        matrices: numbers for matrix symbols, whose indices count from 0.
        entries: numbers for families of entries, whose indices count from 1.
    """
    matrices, entries, values = matrices or {}, entries or {}, values or {}
    names = {s: sp.MatrixSymbol(f"M{n}", *s.shape) for n, s in enumerate(_matrices(expression))}
    symbols = {old.name: new for old, new in names.items()}  # lambdify wants names as of Python
    functions = {name: _from_one(numbers) for name, numbers in entries.items()}
    torches = {name: _on_tensors(getattr(torch, name)) for name in ("exp", "log", "tanh")}
    arguments = [*values, *(symbols[name] for name in matrices), *axes]
    f = sp.lambdify(arguments, expression.xreplace(names), [functions | torches, "math"])
    first = 1 if entries else 0
    numbers = [
        torch.as_tensor(f(*values.values(), *matrices.values(), *index), dtype=torch.float64)
        for index in product(*(range(first, first + size) for size in axes.values()))
    ]
    return torch.stack(numbers).reshape(tuple(axes.values()))


def holds_at(step: Step, values: Mapping[Any, Any]) -> bool:
    """Whether both sides of an equality agree in numbers, their sums written out term by term.

    Args:
        step: an equality of scalars.
        values: numbers for all sizes and indices. Entries of matrices get numbers of their own.
    """
    left, right = (
        sp.sympify(side).subs(step.where).subs(values).replace(sp.Sum, _term_by_term)
        for side in (step.left, step.right)
    )
    entries = left.atoms(MatrixElement, sp.Indexed) | right.atoms(MatrixElement, sp.Indexed)
    names = {entry: sp.Symbol(str(entry)) for entry in entries}  # derivatives are by letters
    left, right = (side.xreplace(names).doit() for side in (left, right))
    letters = sorted(left.free_symbols | right.free_symbols, key=str)
    numbers = {letter: sp.Rational(sp.prime(n + 3), 29) for n, letter in enumerate(letters)}
    return bool(abs(sp.N((left - right).xreplace(numbers))) < 1e-12)


def _term_by_term(term: Any, *limits: Any) -> Any:
    return sp.Sum(term, *limits).doit()


def _matrices(expression: Any) -> list[sp.MatrixSymbol]:
    return sorted(expression.atoms(sp.MatrixSymbol), key=str)


def _from_one(numbers: Tensor) -> Any:
    return lambda *index: numbers[tuple(int(n) - 1 for n in index)]


def _on_tensors(function: Any) -> Any:
    return lambda x: function(torch.as_tensor(x, dtype=torch.float64))
