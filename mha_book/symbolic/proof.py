"""What a proof is: claims with reasons, each decided by SymPy, in an order that can be read.

A step states that one expression equals another (or is at most, or tends to it), gives the reason
in words for the reader, and is decided by the machine: by simplifying the difference, or by the
decider that the step names. What is shown is what is decided, since both come from the same two
expressions.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

__all__ = ["Decider", "Proof", "ProofError", "Step", "at_sizes", "equal", "proof", "to_latex"]

Decider = Callable[[Any, Any], bool]
RELATIONS = {"=": "=", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">", "->": r"\to", "in": r"\in"}


class ProofError(AssertionError):
    """A step of a proof does not hold."""


def equal(left: Any, right: Any) -> bool:
    """Whether the two are the same for all values of their symbols.

    Decides scalars, explicit matrices entry by entry, and matrix expressions of symbolic size as
    far as their algebra is expanded and collected.
    """
    shape = _shape(left)
    if shape != _shape(right):
        return False
    if isinstance(left, sp.MatrixBase) or isinstance(right, sp.MatrixBase):
        return all(map(_is_zero, sp.Matrix(left) - sp.Matrix(right)))
    if shape:
        return bool(sp.expand((left - right).doit()).doit().is_ZeroMatrix)
    return _is_zero(left - right)


def _shape(expression: Any) -> tuple[Any, ...]:
    """Rows and columns, or nothing for a scalar."""
    return tuple(expression.shape) if getattr(expression, "is_Matrix", False) else ()


def _is_zero(expression: Any) -> bool:
    """Whether a scalar vanishes identically; cheap ways first."""
    for simpler in (sp.expand, sp.simplify, lambda e: sp.simplify(e.doit())):
        if simpler(expression) == 0:
            return True
    return False


def at_sizes(*sizes: Mapping[sp.Basic, int], by: Decider = equal) -> Decider:
    """A decider that tries explicit sizes, for claims that SymPy cannot settle for all of them.

    The page must say so where such a step stands, and a property test must back it.
    """
    if not sizes:
        raise ValueError("at_sizes needs at least one choice of sizes")

    def decide(left: Any, right: Any) -> bool:
        return all(
            by(*(_explicit(side.subs(choice)) for side in (left, right)))
            for choice in map(dict, sizes)
        )

    return decide


def _explicit(expression: Any) -> Any:
    """Sums written out, matrices of symbols as entries."""
    expression = expression.doit()
    return expression.as_explicit() if expression.is_Matrix else expression


class _Printer(LatexPrinter):  # type: ignore[misc]
    """SymPy's own, with the book's signs for transposes, identities and entrywise products."""

    def _print_Identity(self, expression: Any) -> str:
        return "I"

    def _print_Transpose(self, expression: Any) -> str:
        return str(super()._print_Transpose(expression)).removesuffix("^{T}") + r"^{\top}"

    def _print_HadamardProduct(self, expression: Any) -> str:
        return str(super()._print_HadamardProduct(expression)).replace(r"\circ", r"\odot")


def to_latex(expression: Any) -> str:
    """LaTeX in the book's style: square brackets, ``ln``, no symbol for products."""
    return str(_Printer({"mat_delim": "[", "ln_notation": True}).doprint(expression))


@dataclass(frozen=True)
class Step:
    """One claim: ``left relation right``, for a reason told in words.

    Attributes:
        left: the expression before.
        right: the expression after.
        reason: one sentence for the reader, which may hold formulas between dollar signs.
        relation: one of ``= <= >= < > -> in``.
        where: abbreviations, each letter with what it stands for; written out before deciding.
        decide: settles the claim from its two sides; by default ``equal``. Any relation other than
            equality needs its own.

    Raises:
        ValueError: the relation is unknown, or is not equality and nothing decides it.

    >>> x = sp.Symbol("x")
    >>> Step((x + 1) ** 2, x**2 + 2 * x + 1, "Expand the square.").holds()
    True
    """

    left: Any
    right: Any
    reason: str
    relation: str = "="
    where: Mapping[Any, Any] = field(default_factory=dict)
    decide: Decider | None = None

    def __post_init__(self) -> None:
        """Refuse a relation that is unknown or that nothing would decide."""
        if self.relation not in RELATIONS:
            raise ValueError(f"relation={self.relation!r} must be one of {' '.join(RELATIONS)}")
        if self.relation != "=" and self.decide is None:
            raise ValueError(f"a step with relation {self.relation!r} needs its own decide")

    def holds(self) -> bool:
        """Whether the machine agrees."""
        left, right = (side.subs(self.where) if self.where else side for side in self._sides)
        return bool((self.decide or equal)(left, right))

    @property
    def _sides(self) -> tuple[Any, Any]:
        return sp.sympify(self.left), sp.sympify(self.right)

    @property
    def latex(self) -> str:
        """The claim as LaTeX."""
        return f"{to_latex(self.left)} {RELATIONS[self.relation]} {to_latex(self.right)}"


@dataclass(frozen=True)
class Proof:
    """A chain of steps that ends in a formula of the book.

    Attributes:
        label: the label of the formula, ``eq-…``.
        statement: what is proved, in one sentence.
        make: yields the steps.
    """

    label: str
    statement: str
    make: Callable[[], Iterable[Step]]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in order; made on first use, since SymPy takes its time."""
        return tuple(self.make())

    @property
    def result(self) -> Any:
        """The right side of the last step: the formula itself, ready for ``sympy.lambdify``."""
        return self.steps[-1].right

    def check(self) -> None:
        """Decide every step; ProofError tells which one does not hold."""
        if not self.steps:
            raise ProofError(f"{self.label}: the proof has no steps")
        for number, step in enumerate(self.steps, start=1):
            if not step.holds():
                raise ProofError(
                    f"{self.label}, step {number} ({step.reason}) does not hold: "
                    f"{step.left} {step.relation} {step.right}"
                )

    def __repr__(self) -> str:
        return f"Proof({self.label!r}, {len(self.steps)} steps)"

    def _repr_markdown_(self) -> str:
        """The reasons and the claims, as a notebook shows them."""
        lines = [f"{step.reason}\n\n$$\n{step.latex}\n$$" for step in self.steps]
        return "\n\n".join(lines)


def proof(label: str) -> Callable[[Callable[[], Iterable[Step]]], Proof]:
    """Turn a generator of steps into the proof of a formula; its docstring is the statement."""

    def wrap(make: Callable[[], Iterable[Step]]) -> Proof:
        statement = (make.__doc__ or "").strip().splitlines()
        if not statement:
            raise ValueError(f"the proof of {label} needs a docstring that says what is proved")
        return Proof(label, statement[0], make)

    return wrap
