"""Softmax in pieces: what two blocks of scores know can be merged, in any order."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import sympy as sp

from mha_book.symbolic.proof import Decider, Step, proof

__all__ = ["State", "merge", "online_softmax"]


class State(NamedTuple):
    """What a block of scores leaves behind: maximum, sum of exponentials, weighted values."""

    m: Any
    l: Any  # noqa: E741  (the letter of the papers)
    o: Any


def merge(a: State, b: State) -> State:
    """The state of two blocks together."""
    m = sp.Max(a.m, b.m)
    shrink_a, shrink_b = sp.exp(a.m - m), sp.exp(b.m - m)
    return State(m, shrink_a * a.l + shrink_b * b.l, shrink_a * a.o + shrink_b * b.o)


def _state(name: str) -> State:
    return State(
        sp.Symbol(f"m_{name}", real=True),
        sp.Symbol(f"l_{name}", positive=True),
        sp.Symbol(f"o_{name}", real=True),
    )


@proof("eq-online-softmax")
def online_softmax() -> Iterator[Step]:
    """Merged states give the output of softmax over all scores, however they are grouped."""
    a, b, c = map(_state, "abc")
    m = sp.Symbol("m", real=True)
    both, total = merge(a, b), a.l * sp.exp(a.m) + b.l * sp.exp(b.m)
    values = a.o * sp.exp(a.m) + b.o * sp.exp(b.m)
    yield Step(
        sp.exp(m) * (sp.exp(a.m - m) * a.l + sp.exp(b.m - m) * b.l),
        total,
        "Multiply the merged sum by $e^m$: the old sums come out, each with its own factor, "
        "whatever number $m$ is. So $l e^m$ is the plain sum of exponentials of all scores.",
    )
    yield Step(
        both.o * sp.exp(both.m),
        values,
        "In the same way $o e^m$ is the sum of the values, weighted by their exponentials.",
    )
    inner = sp.Symbol("m_{ab}", real=True)
    yield Step(
        sp.exp(m)
        * (
            sp.exp(inner - m) * (sp.exp(a.m - inner) * a.l + sp.exp(b.m - inner) * b.l)
            + sp.exp(c.m - m) * c.l
        ),
        total + c.l * sp.exp(c.m),
        "A third block, merged into the first two: the plain sum again. Sums and maxima do not ask "
        "how they are grouped, so neither does merging: from left to right, or as a tree.",
    )
    yield Step(
        sp.Max(a.m - both.m, b.m - both.m),
        0,
        "With $m$ the larger maximum the larger exponent is 0: no factor exceeds 1, and nothing "
        "overflows.",
        decide=_whichever_is_larger(a.m, b.m),
    )
    yield Step(
        both.o / both.l,
        values / total,
        "In the quotient $e^m$ cancels: it is the softmax average over both blocks.",
    )


def _whichever_is_larger(x: Any, y: Any) -> Decider:
    """A decider that compares the sides for x above y, below it and equal to it."""
    gap = sp.Symbol("g", positive=True)

    def decide(left: Any, right: Any) -> bool:
        return all((left - right).subs(x, value) == 0 for value in (y + gap, y - gap, y))

    return decide
