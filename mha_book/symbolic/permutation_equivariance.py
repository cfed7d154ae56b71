"""Self-attention does not see order, unless a mask shows it.

Proves eq-permutation-equivariance and eq-self-attention-masked-equivariance.
"""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import sympy as sp

from mha_book.symbolic._entries import entries
from mha_book.symbolic.proof import Decider, Step, equal, proof
from mha_book.symbolic.symbols import T, d, d_model, d_v, i, j

__all__ = ["permutation_equivariance", "self_attention_masked_equivariance"]

Pi = sp.MatrixSymbol(r"\Pi", T, T)
S, E, A, M = (sp.MatrixSymbol(name, T, T) for name in "SEAM")
one = sp.OneMatrix(T, sp.S.One)
CHECKED = 2, 3  # numbers of tokens


@proof("eq-permutation-equivariance")
def permutation_equivariance() -> Iterator[Step]:
    """Permuted tokens give equally permuted outputs."""
    X = sp.MatrixSymbol("X", T, d_model)
    W_Q, W_K = sp.MatrixSymbol("W^Q", d_model, d), sp.MatrixSymbol("W^K", d_model, d)
    yield Step(
        (Pi * X * W_Q) * (Pi * X * W_K).T / sp.sqrt(d),
        Pi * S * Pi.T,
        "The projections act on each row alone, so the scores of the permuted tokens are the same "
        "numbers, rows and columns moved alike.",
        where={S: (X * W_Q) * (X * W_K).T / sp.sqrt(d)},
    )
    yield Step(
        sp.HadamardPower(sp.S.Exp1, Pi * S * Pi.T),
        Pi * sp.HadamardPower(sp.S.Exp1, S) * Pi.T,
        "The exponential takes each entry alone; entries only move. (Checked for every permutation "
        "of two and of three tokens.)",
        decide=_for_every_permutation(*CHECKED),
    )
    yield from _from_exponentials_to_outputs()


@proof("eq-self-attention-masked-equivariance")
def self_attention_masked_equivariance() -> Iterator[Step]:
    """With a mask the outputs are permuted if the mask is permuted too."""
    yield Step(
        sp.HadamardProduct(Pi * M * Pi.T, Pi * E * Pi.T),
        Pi * sp.HadamardProduct(M, E) * Pi.T,
        "A mask $M$ of ones and zeros multiplies the exponentials. Permuted like them, it keeps "
        "the same pairs. (Checked for every permutation of two and of three tokens.)",
        decide=_for_every_permutation(*CHECKED),
    )
    yield from _from_exponentials_to_outputs()
    kept = entries("M")
    past, ahead = sp.Symbol("u", integer=True, nonnegative=True), sp.Symbol("u", positive=True)
    yield Step(
        sp.Sum(kept(i, i - past), (past, 0, i - 1)) + sp.Sum(kept(i, i + ahead), (ahead, 1, T - i)),
        i,
        "A causal mask has $M_{ij} = 1$ where $j \\le i$ and $0$ elsewhere, so row $i$ keeps $i$ "
        "keys: no two rows equally many. Only the identity leaves it as it is, so the order shows.",
        where={kept: sp.Lambda((i, j), sp.Piecewise((1, j <= i), (0, True)))},
    )


def _from_exponentials_to_outputs() -> Iterator[Step]:
    """What follows from moved exponentials: moved weights and moved outputs."""
    V, D = sp.MatrixSymbol("V", T, d_v), sp.MatrixSymbol("D", T, T)
    yield Step(
        (Pi * E * Pi.T) * (Pi * one),
        Pi * (E * one),
        r"Row sums move with their rows: write $\mathbf{1}$ as $\Pi\mathbf{1}$ and use "
        r"$\Pi^\top \Pi = I$.",
        decide=_orthogonal,
    )
    yield Step(
        (Pi * D * Pi.T) * (Pi * A * Pi.T),
        Pi * E * Pi.T,
        r"Softmax divides each row by its sum: $DA = E$, with the sums on the diagonal of $D$. So "
        r"the weights of the permuted tokens are $\Pi A \Pi^\top$.",
        where={E: D * A},
        decide=_orthogonal,
    )
    yield Step(
        (Pi * A * Pi.T) * (Pi * V),
        Pi * (A * V),
        r"The values are permuted too, and in the product $\Pi^\top \Pi$ cancels.",
        decide=_orthogonal,
    )


def _orthogonal(left: Any, right: Any) -> bool:
    """Compare after every transpose of Π next to Π has cancelled."""
    left, right = (sp.refine(side.doit(), sp.Q.orthogonal(Pi)) for side in (left, right))
    return equal(left, right)


def _for_every_permutation(*sizes: int) -> Decider:
    """A decider that writes the matrices out, once for each permutation of each size."""

    def decide(left: Any, right: Any) -> bool:
        return all(
            equal(*(_with_permutation(side, n, order) for side in (left, right)))
            for n in sizes
            for order in permutations(range(n))
        )

    return decide


def _with_permutation(expression: Any, n: int, order: tuple[int, ...]) -> Any:
    """The entries for n tokens in this order."""
    rows = sp.Matrix(n, n, lambda row, column: int(order[row] == column))
    return expression.subs(T, n).subs(Pi.subs(T, n), rows).as_explicit().doit()
