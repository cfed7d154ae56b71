"""An output of attention never leaves the range of the values."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._deciders import not_less
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.sums import sums_agree
from mha_book.symbolic.symbols import T_k

__all__ = ["output_convex"]


j = sp.Symbol("j", integer=True, positive=True)
low, high = sp.symbols(r"v_{\min} v_{\max}", real=True)
a = sp.IndexedBase("a", nonnegative=True)
v = sp.IndexedBase("v", real=True)


def over(x: Any) -> sp.Sum:
    """The sum over all keys."""
    return sp.Sum(x, (j, 1, T_k))


@proof("eq-output-convex")
def output_convex() -> Iterator[Step]:
    """Each coordinate of an output lies between the least and the greatest of the values."""
    above, below = (sp.IndexedBase(name, nonnegative=True) for name in ("g", "h"))
    shares = sums_agree({over(a[j]): 1})

    yield Step(
        over(a[j] * v[j]) - low,
        over(a[j] * (v[j] - low)),
        r"Because the weights add up to 1, $v_{\min}$ may be moved inside the sum.",
        decide=shares,
    )
    yield Step(
        over(a[j] * above[j]),
        0,
        r"No value is below $v_{\min}$, so $v_j - v_{\min} = g_j \ge 0$; weights are not negative "
        "either, and so is no term.",
        relation=">=",
        decide=not_less,
    )
    yield Step(
        high - over(a[j] * v[j]),
        over(a[j] * (high - v[j])),
        r"The same from above with $v_{\max}$.",
        decide=shares,
    )
    yield Step(
        over(a[j] * below[j]),
        0,
        r"And $v_{\max} - v_j = h_j \ge 0$.",
        relation=">=",
        decide=not_less,
    )
