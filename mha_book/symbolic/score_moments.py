"""Mean and variance of a score, for entries of any distribution and any width."""

from collections.abc import Iterator

import sympy as sp
from sympy.stats import Expectation, Variance

from mha_book.symbolic.moments import by_moments, random_symbols
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.sums import sums_agree
from mha_book.symbolic.symbols import d

__all__ = ["score_moments", "score_variance", "score_variance_dependent"]

q_c, k_c, S_n, S_d = random_symbols("q_c k_c S_n S_d")
one_more = S_n + q_c * k_c
n = sp.Symbol("n", integer=True, nonnegative=True)
mu_q, mu_k = sp.symbols("mu_q mu_k", real=True)
sigma_q, sigma_k = sp.symbols("sigma_q sigma_k", positive=True)


@proof("eq-score-variance")
def score_variance() -> Iterator[Step]:
    """The variance of q·k is the width, if entries are independent with mean 0 and variance 1."""
    square_q, square_k = sp.symbols("s_q s_k", positive=True)
    arbitrary = {q_c: (mu_q, square_q), k_c: (mu_k, square_k)}
    standard = dict.fromkeys((q_c, k_c), (0, 1))
    yield Step(
        Expectation(q_c * k_c),
        Expectation(q_c) * Expectation(k_c),
        "Independence lets the expected value through to the factors; both are zero.",
        decide=by_moments(arbitrary),
    )
    yield Step(
        Variance(q_c * k_c),
        Expectation(q_c**2) * Expectation(k_c**2) - Expectation(q_c) ** 2 * Expectation(k_c) ** 2,
        "A variance is the mean of the square less the square of the mean, and both factor.",
        decide=by_moments(arbitrary),
    )
    yield Step(
        Variance(q_c * k_c),
        1,
        r"With mean 0 and variance 1 this is $1 \cdot 1 - 0$.",
        decide=by_moments(standard),
    )
    yield Step(
        Variance(one_more),
        n + 1,
        "If the sum $S_n$ of $n$ such products has mean 0 and variance $n$, the next product adds "
        "1, since it is independent of them. From $n = 0$ upwards this gives $d$ at width $d$.",
        decide=by_moments({S_n: (0, n), **standard}),
    )
    yield Step(
        Variance(S_d / sp.sqrt(d)),
        1,
        r"A factor comes out of a variance squared, so division by $\sqrt{d}$ leaves 1.",
        decide=by_moments({S_d: (0, d)}),
    )


@proof("eq-score-moments")
def score_moments() -> Iterator[Step]:
    """Mean and variance of a scaled score when entries are independent but not standardised."""
    one = {q_c: (mu_q, mu_q**2 + sigma_q**2), k_c: (mu_k, mu_k**2 + sigma_k**2)}
    mean = mu_q * mu_k
    variance = sigma_q**2 * sigma_k**2 + mu_q**2 * sigma_k**2 + sigma_q**2 * mu_k**2
    so_far = {S_n: (n * mean, n * variance + (n * mean) ** 2), **one}
    all_of_them = {S_d: (d * mean, d * variance + (d * mean) ** 2)}
    yield Step(
        Expectation(one_more),
        (n + 1) * mean,
        r"If the sum $S_n$ of $n$ products has the mean $n \mu_q \mu_k$, one more product makes it "
        "$n + 1$ times.",
        decide=by_moments(so_far),
    )
    yield Step(
        Variance(one_more),
        (n + 1) * variance,
        r"Likewise for its variance: a new product adds "
        r"$\operatorname{E}[q_c^2] \operatorname{E}[k_c^2]$ less the square of its mean, where "
        r"$\operatorname{E}[q_c^2] = \sigma_q^2 + \mu_q^2$.",
        decide=by_moments(so_far),
    )
    yield Step(
        Expectation(S_d / sp.sqrt(d)),
        sp.sqrt(d) * mean,
        r"Divide by $\sqrt{d}$: the mean still grows with the width,",
        decide=by_moments(all_of_them),
    )
    yield Step(
        Variance(S_d / sp.sqrt(d)),
        variance,
        "and the variance no longer does.",
        decide=by_moments(all_of_them),
    )


@proof("eq-score-variance-dependent")
def score_variance_dependent() -> Iterator[Step]:
    """The variance of a score whose products are correlated, from d to d² times that of one."""
    c, e, outcome = sp.symbols("c e omega", integer=True, positive=True)
    N = sp.Symbol("N", integer=True, positive=True)
    x, p = sp.IndexedBase("x"), sp.IndexedBase("p")
    v, rho = sp.Symbol("v", positive=True), sp.Symbol("rho", real=True)

    def mean(y: sp.Expr) -> sp.Sum:
        return sp.Sum(p[outcome] * y, (outcome, 1, N))

    def total(y: sp.Expr, index: sp.Symbol) -> sp.Sum:
        return sp.Sum(y, (index, 1, d))

    yield Step(
        mean(total(x[c, outcome], c) * total(x[e, outcome], e)),
        total(total(mean(x[c, outcome] * x[e, outcome]), e), c),
        r"Let $x_{c,\omega}$ be what the product $q_c k_c$ exceeds its mean by in outcome "
        r"$\omega$, and $p_\omega$ the probability of that outcome. The variance of the score is "
        "the mean of the square of their sum; exchanging the sums makes it one covariance a pair.",
        decide=sums_agree(),
    )
    same, variance = sp.KroneckerDelta(c, e), d * v * (1 + (d - 1) * rho)
    yield Step(
        total(total(v * (same + (1 - same) * rho), e), c),
        variance,
        r"Let each product have the variance $v$ and each two the correlation $\rho$. There are "
        "$d$ variances and $d(d-1)$ covariances.",
        decide=sums_agree(),
    )
    yield Step(
        variance,
        d * v,
        r"Without correlation, $\rho = 0$, it is the sum of the variances.",
        where={rho: 0},
    )
    yield Step(
        variance,
        d**2 * v,
        r"When all products move together, $\rho = 1$, it grows with the square of the width.",
        where={rho: 1},
    )
