"""Deciders for claims that simplifying a difference does not settle; each proves what it accepts.

They settle matrix products entry by entry and block by block, floors by their two bounds,
inequalities by signs, sums of symbolic length summand by summand, and limits and expected values by
computing them.
"""

from collections import defaultdict
from typing import Any

import sympy as sp
from sympy import stats

from mha_book.symbolic.proof import Decider, equal
from mha_book.symbolic.symbols import i, j

__all__ = [
    "blockwise",
    "by_summand",
    "entrywise",
    "explicitly",
    "in_expectation",
    "not_less",
    "with_floor",
]


def entrywise(left: Any, right: Any) -> bool:
    """Whether two matrix expressions have the same shape and the same entry at every (i, j)."""
    shapes = zip(left.shape, right.shape, strict=True)
    entries = (side[i, j].doit().as_dummy() for side in (left, right))
    return all(equal(*sizes) for sizes in shapes) and equal(*entries)


def blockwise(left: Any, right: Any) -> bool:
    """Whether two matrices made of blocks are the same, block by block."""
    left, right = (sp.block_collapse(side) for side in (left, right))
    if not isinstance(left, sp.BlockMatrix) or not isinstance(right, sp.BlockMatrix):
        return equal(left, right)
    same_cut = left.blockshape == right.blockshape
    return same_cut and all(map(equal, left.blocks, right.blocks))


def explicitly(left: Any, right: Any) -> bool:
    """Whether two matrix expressions of known size agree once their products are carried out."""
    return equal(left.as_explicit(), right.as_explicit())


def with_floor(value: Any) -> Decider:
    """A decider that first proves every floor to be ``value``: not less, and less than one more."""

    def is_value(floor: Any) -> bool:
        above = sp.factor(floor.args[0] - value)
        return bool(above.is_nonnegative and sp.factor(1 - above).is_positive)

    def decide(left: Any, right: Any) -> bool:
        floors = left.atoms(sp.floor) | right.atoms(sp.floor)
        known = dict.fromkeys(floors, value)
        sides = (side.xreplace(known) for side in (left, right))
        return bool(floors) and all(map(is_value, floors)) and equal(*sides)

    return decide


def not_less(left: Any, right: Any) -> bool:
    """Whether the left is at least the right by the signs of its letters; sums term by term."""
    if isinstance(left, sp.Sum):
        return bool(right == 0) and not_less(left.function, right)
    difference = left - right
    return bool(difference.is_nonnegative or sp.expand(difference).is_nonnegative)


def by_summand(left: Any, right: Any) -> bool:
    """Whether sums agree: those over the same range are added, then no summand may be left."""
    summands: dict[Any, Any] = defaultdict(lambda: sp.S.Zero)
    for term in sp.Add.make_args(sp.expand(left - right)):
        factor, total = _split_off_sum(term)
        if total and total.function.has(*total.variables):
            summands[total.limits] += factor * total.function
        else:
            summands[()] += term.doit()
    return all(equal(summand, sp.S.Zero) for summand in summands.values())


def _split_off_sum(term: Any) -> tuple[Any, Any]:
    """A term as a factor, free of the index of the sum, and a sum; or as it is, and nothing."""
    for total in sp.Mul.make_args(term):
        factor = term / total
        if isinstance(total, sp.Sum) and not factor.has(*total.variables):
            return factor, total
    return term, None


def in_expectation(left: Any, right: Any) -> bool:
    """Whether two expressions agree once their expected values and variances are computed."""
    computed = (
        side.replace(stats.Expectation, stats.E).replace(stats.Variance, stats.variance)
        for side in (left, right)
    )
    return by_summand(*computed)
