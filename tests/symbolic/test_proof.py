"""A proof raises at its first wrong step, says which, and refuses what it cannot decide."""

import pytest
import sympy as sp

from mha_book.symbolic import Proof, ProofError, Step, at_sizes, equal, proof
from mha_book.symbolic.proof import to_latex

x, y = sp.symbols("x y", real=True)
m, n = sp.symbols("m n", integer=True, positive=True)
A, B = sp.MatrixSymbol("A", n, m), sp.MatrixSymbol("B", m, n)
C = sp.MatrixSymbol("C", 1, 2)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((x + y) ** 2, x**2 + 2 * x * y + y**2),
        (sp.sin(x) ** 2 + sp.cos(x) ** 2, 1),
        (sp.Derivative(x**3, x), 3 * x**2),
        (sp.Matrix([[x, y]]) * sp.Matrix([x, y]), sp.Matrix([x**2 + y**2])),
        ((A * B).T, B.T * A.T),
        (A * (B + B), 2 * A * B),
        (A, A),
        (1, sp.sin(x) ** 2 + sp.cos(x) ** 2),
        (C, sp.Matrix([[C[0, 0], C[0, 1]]])),
        (sp.Matrix([[C[0, 0], C[0, 1]]]), C),
    ],
)
def test_equal_accepts_what_is_equal(left: sp.Basic, right: sp.Basic) -> None:
    assert equal(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((x + y) ** 2, x**2 + y**2),
        (sp.Matrix([[x, y]]), sp.Matrix([x, y])),
        (sp.Matrix([[x, y]]), sp.Matrix([[y, x]])),
        ((A * B).T, A.T * B.T),
        (A, B),
        (A, B.T),
        (A, 1),
        (x, A),
        (sp.Matrix([[C[0, 1], C[0, 0]]]), C),
    ],
)
def test_equal_refuses_what_is_not(left: sp.Basic, right: sp.Basic) -> None:
    assert not equal(left, right)


def test_at_sizes_writes_sums_and_matrices_out() -> None:
    term = sp.IndexedBase("a")[sp.Symbol("k", integer=True)]
    total = sp.Sum(term, (term.indices[0], 1, n))
    first_three = sum(sp.IndexedBase("a")[i] for i in (1, 2, 3))
    assert at_sizes({n: 3})(total, first_three)
    assert not at_sizes({n: 3}, {n: 2})(total, first_three)
    assert at_sizes({n: 2, m: 3})((A * B).T, B.T * A.T)
    with pytest.raises(ValueError, match="at least one"):
        at_sizes()


def test_where_writes_abbreviations_out_before_deciding() -> None:
    assert not Step(y, x**2, "").holds()
    assert Step(y, x**2, "", where={y: x * x}).holds()


def test_a_relation_must_be_known_and_decided() -> None:
    with pytest.raises(ValueError, match="'~' must be one of = <= >="):
        Step(x, y, "", relation="~")
    with pytest.raises(ValueError, match="relation '<=' needs its own decide"):
        Step(x, y, "", relation="<=")
    step = Step(0, x**2, "", relation="<=", decide=lambda a, b: (b - a).is_nonnegative)
    assert step.holds()
    assert step.latex == r"0 \le x^{2}"


def sample(*steps: Step) -> Proof:
    """A proof of these steps."""
    return Proof("eq-sample", "A sample.", lambda: steps)


def test_check_names_the_first_step_that_does_not_hold() -> None:
    right, wrong = Step(x, x, "Nothing."), Step(x, -x, "A sign.")
    sample(right, right).check()
    with pytest.raises(ProofError, match=r"eq-sample, step 2 \(A sign\.\) does not hold: x = -x"):
        sample(right, wrong, wrong).check()
    with pytest.raises(ProofError, match="no steps"):
        sample().check()


def test_a_proof_is_made_once_and_shows_reasons_and_claims() -> None:
    calls = []

    @proof("eq-sample")
    def chain():
        """What is proved."""
        calls.append(1)
        yield Step((x + 1) ** 2, x**2 + 2 * x + 1, "Expand.")

    assert calls == []
    assert chain.result == x**2 + 2 * x + 1
    assert chain.statement == "What is proved."
    assert repr(chain) == "Proof('eq-sample', 1 steps)"
    assert chain._repr_markdown_() == (
        "Expand.\n\n$$\n\\left(x + 1\\right)^{2} = x^{2} + 2 x + 1\n$$"
    )
    assert calls == [1]


def test_a_proof_must_say_what_it_proves() -> None:
    with pytest.raises(ValueError, match="eq-sample needs a docstring"):

        @proof("eq-sample")
        def chain():
            yield Step(x, x, "")


def test_latex_uses_the_style_of_the_book() -> None:
    assert to_latex(sp.log(x)) == r"\ln{\left(x \right)}"
    assert to_latex(sp.Matrix([[x]])) == r"\left[\begin{matrix}x\end{matrix}\right]"
    assert to_latex(A.T * B.T) == r"A^{\top} B^{\top}"
    assert to_latex(sp.Identity(n) + A * B) == "I + A B"
    assert to_latex(sp.HadamardProduct(A, B.T)) == r"A \odot B^{\top}"
