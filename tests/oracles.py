"""The definitions, spelled out one number at a time: what the package has to equal.

Letters: b sequence, h query head, i query, j key, c coordinate. Nothing here is fast, and nothing
is imported from the package.
"""

import math
from collections.abc import Callable, Mapping
from itertools import product

import torch
from torch import Tensor


def tabulate(f: Callable[..., object], *sizes: int) -> Tensor:
    """The tensor whose element at (i, j, …) is f(i, j, …), in double precision if it is a float."""

    def cell(*index: int) -> Tensor:
        value = f(*index)
        return (
            torch.tensor(value, dtype=torch.float64)
            if isinstance(value, float)
            else torch.as_tensor(value)
        )

    cells = [cell(*index) for index in product(*map(range, sizes))]
    return torch.stack(cells).reshape(*sizes, *cells[0].shape)


# --- attention -----------------------------------------------------------------------------------


def attention_weights(
    q: Tensor,
    k: Tensor,
    keep: Tensor | None = None,
    bias: Tensor | None = None,
    scale: float | None = None,
) -> Tensor:
    """exp(s·q_i·k_j + bias_ij) over its sum, taken over the keys that i may see; zero elsewhere."""
    (B, H, T_q, d), (H_kv, T_k) = q.shape, k.shape[1:3]
    scale = 1 / math.sqrt(d) if scale is None else scale
    keep = torch.tensor(True) if keep is None else keep
    bias = q.new_zeros(()) if bias is None else bias
    keep, bias = (m.expand(B, H, T_q, T_k) for m in (keep & (bias > -math.inf), bias))
    group, nothing = H // H_kv, q.new_zeros(())

    def row(b: int, h: int, i: int) -> Tensor:
        e = {
            j: torch.exp(scale * (q[b, h, i] @ k[b, h // group, j]) + bias[b, h, i, j])
            for j in range(T_k)
            if keep[b, h, i, j]
        }
        total = sum(e.values())
        return torch.stack([e[j] / total if j in e else nothing for j in range(T_k)])

    return tabulate(row, B, H, T_q)


def attention(q: Tensor, k: Tensor, v: Tensor, *args: object, **options: object) -> Tensor:
    """Σ_j A_ij v_j, for each sequence and each head."""
    weights = attention_weights(q, k, *args, **options)
    B, H, T_q, T_k = weights.shape
    group = H // v.shape[1]
    return tabulate(
        lambda b, h, i: sum(weights[b, h, i, j] * v[b, h // group, j] for j in range(T_k)),
        *(B, H, T_q),
    )


def attention_by_softmax(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    keep: Tensor | None = None,
    bias: Tensor | None = None,
    scale: float | None = None,
) -> Tensor:
    """The line of the textbooks, softmax(QKᵀ/√d) V, with zeros where a query sees nothing."""
    k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], dim=1) for x in (k, v))
    scores = torch.einsum("bhid,bhjd->bhij", q, k) * (
        q.shape[-1] ** -0.5 if scale is None else scale
    )
    scores = scores if bias is None else scores + bias
    if keep is None:
        return scores.softmax(-1) @ v
    hidden = ~keep & keep.any(-1, keepdim=True)
    return (scores.masked_fill(hidden, -math.inf).softmax(-1) * keep) @ v


def multi_head(
    x: Tensor,
    context: Tensor,
    parameters: Mapping[str, Tensor],
    *,
    heads: tuple[int, int],
    core: Callable[..., Tensor] = attention,
    turn: Callable[[Tensor], Tensor] = lambda x: x,
    **options: Tensor,
) -> Tensor:
    """Concat(head_1, …, head_H) W^O; each head has rows of its own in the stacked projections."""
    H, H_kv = heads
    d = len(parameters["q_proj.weight"]) // H

    def project(name: str, tokens: Tensor, h: int) -> Tensor:
        rows = slice(h * d, (h + 1) * d)
        weight, bias = parameters[f"{name}.weight"][rows], parameters[f"{name}.bias"][rows]
        return (tokens @ weight.T + bias)[:, None]

    def head(h: int) -> Tensor:
        q, k = project("q_proj", x, h), project("k_proj", context, h // (H // H_kv))
        v = project("v_proj", context, h // (H // H_kv))
        own = {name: m if m.shape[1] == 1 else m[:, h : h + 1] for name, m in options.items()}
        return core(turn(q), turn(k), v, **own)[:, 0]

    joined = torch.cat([head(h) for h in range(H)], dim=-1)
    return joined @ parameters["out_proj.weight"].T + parameters["out_proj.bias"]


# --- masks: predicates on the index of a query and the index of a key ----------------------------


def causal(T_q: int, T_k: int) -> Tensor:
    """Key j is not later than query i, whose position is T_k - T_q + i."""
    return tabulate(lambda i, j: j <= T_k - T_q + i, T_q, T_k)


def window(T_q: int, T_k: int, size: int) -> Tensor:
    """Key j is one of the ``size`` latest."""
    return tabulate(lambda i, j: 0 <= T_k - T_q + i - j < size, T_q, T_k)


def symmetric_window(T_q: int, T_k: int, size: int) -> Tensor:
    """Key j is nearer than ``size``."""
    return tabulate(lambda i, j: abs(T_k - T_q + i - j) < size, T_q, T_k)


def prefix(T: int, length: int) -> Tensor:
    """Key j is not later, or belongs to the prefix."""
    return tabulate(lambda i, j: j <= i or j < length, T, T)


def padding(lengths: list[int], T: int) -> Tensor:
    """Key j is a token of sequence b, not filling."""
    return tabulate(lambda b, _h, _i, j: j < lengths[b], len(lengths), 1, 1, T)


# --- positions -----------------------------------------------------------------------------------


def sinusoidal(T: int, d_model: int, base: float = 10000.0) -> Tensor:
    """sin(t / base^(2i/d)) in column 2i, the cosine in column 2i + 1."""

    def wave(t: int, c: int) -> float:
        angle = t / base ** ((c - c % 2) / d_model)
        return math.cos(angle) if c % 2 else math.sin(angle)

    return tabulate(wave, T, d_model)


def rotation(t: float, d: int, layout: str, base: float = 10000.0) -> Tensor:
    """The matrix R_t, which turns pair n by the angle t / base^(2n/d) and mixes no two pairs."""

    def pair(c: int) -> int:
        return c % (d // 2) if layout == "halves" else c // 2

    def element(row: int, column: int) -> float:
        angle = t / base ** (2 * pair(row) / d)
        if pair(row) != pair(column):
            return 0.0
        return (
            math.cos(angle) if row == column else math.copysign(1, row - column) * math.sin(angle)
        )

    return tabulate(element, d, d)


def rotary(x: Tensor, layout: str = "halves", base: float = 10000.0) -> Tensor:
    """R_t x_t for each token, t = 0, 1, …"""
    B, H, T, d = x.shape
    turn = [rotation(t, d, layout, base) for t in range(T)]
    return tabulate(lambda b, h, t: turn[t] @ x[b, h, t], B, H, T)


def alibi_slopes(H: int) -> list[float]:
    """The authors' recipe: powers of 2^(-8/n), then every other power for 2n until H are there."""
    n = 2 ** math.floor(math.log2(H))
    slopes = [(2 ** (-8 / n)) ** (h + 1) for h in range(n)]
    return slopes if n == H else slopes + alibi_slopes(2 * n)[0::2][: H - n]


def alibi(H: int, T_q: int, T_k: int) -> Tensor:
    """Minus slope times distance."""
    slopes = alibi_slopes(H)
    return tabulate(lambda h, i, j: -slopes[h] * abs(T_k - T_q + i - j), H, T_q, T_k)


# --- layers --------------------------------------------------------------------------------------


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """(x - mean) / √(variance + ε), token by token, then stretched and shifted."""

    def token(b: int, t: int) -> Tensor:
        numbers = x[b, t].unbind()
        mean = sum(numbers) / len(numbers)
        variance = sum((n - mean) ** 2 for n in numbers) / len(numbers)
        return torch.stack([(n - mean) / (variance + eps).sqrt() for n in numbers]) * weight + bias

    return tabulate(token, *x.shape[:2])


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """x / √(mean of squares + ε), token by token, then stretched."""

    def token(b: int, t: int) -> Tensor:
        numbers = x[b, t].unbind()
        return x[b, t] / (sum(n * n for n in numbers) / len(numbers) + eps).sqrt() * weight

    return tabulate(token, *x.shape[:2])


def feed_forward(
    x: Tensor, parameters: Mapping[str, Tensor], activation: Callable[[Tensor], Tensor]
) -> Tensor:
    """b_2 + Σ_u φ(w_u·x + b_u) W_2[:, u]; with a gate φ(g_u·x + c_u)·(w_u·x + b_u) instead of φ."""
    up, up_bias = parameters["up_proj.weight"], parameters["up_proj.bias"]
    down, down_bias = parameters["down_proj.weight"], parameters["down_proj.bias"]

    def unit(token: Tensor, u: int) -> Tensor:
        linear = up[u] @ token + up_bias[u]
        if "gate_proj.weight" not in parameters:
            return activation(linear)
        gate = parameters["gate_proj.weight"][u] @ token + parameters["gate_proj.bias"][u]
        return activation(gate) * linear

    return tabulate(
        lambda b, t: sum(unit(x[b, t], u) * down[:, u] for u in range(len(up))) + down_bias,
        *x.shape[:2],
    )
