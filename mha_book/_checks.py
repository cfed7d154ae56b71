"""Checks of arguments, so that a wrong shape is named before any kernel meets it."""

import torch
from torch import Tensor

__all__ = [
    "check_inputs",
    "check_masks",
    "check_probability",
    "check_qkv",
    "check_real",
    "check_sizes",
    "check_tokens",
    "common_width",
]


def check_sizes(**sizes: int) -> None:
    """Raise ValueError for the first size below one."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name}={size} must be at least 1")


def common_width(**widths: int) -> int:
    """The d_model that all parts of a layer share; ValueError if they differ."""
    if len(set(widths.values())) > 1:
        raise ValueError(f"the parts differ in d_model: {widths}")
    return next(iter(widths.values()))


def check_probability(name: str, p: float) -> None:
    """Raise ValueError unless 0 <= p <= 1."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"{name}={p} must lie between 0 and 1")


def check_qkv(q: Tensor, k: Tensor, v: Tensor | None = None) -> tuple[int, ...]:
    """Shape (…, H, T_q, T_k) of the scores; ValueError unless q, k and v fit together."""
    shapes = {name: tuple(x.shape) for name, x in (("q", q), ("k", k), ("v", v)) if x is not None}
    for name, shape in shapes.items():
        if len(shape) < 3:
            raise ValueError(f"{name} has shape {shape}, expected (..., heads, T, width)")
    for name, x in (("k", k), ("v", v)):
        if x is not None and x.dtype != q.dtype:
            raise ValueError(f"{name} is {x.dtype}, but q is {q.dtype}")
    H, T_q, d = shapes["q"][-3:]
    H_kv, T_k, d_k = shapes["k"][-3:]
    if d != d_k:
        raise ValueError(f"q has width {d}, but k has width {d_k}")
    if H_kv == 0 or H % H_kv:
        raise ValueError(f"q has {H} heads, which is not a multiple of the {H_kv} heads of k")
    if v is not None and shapes["v"][-3:-1] != (H_kv, T_k):
        raise ValueError(f"v has (heads, T)={shapes['v'][-3:-1]}, but k has {(H_kv, T_k)}")
    leading = shapes["q"][:-3]
    for name, shape in shapes.items():
        batch = shape[:-3]
        if batch == leading:
            continue
        if not _broadcasts(batch, leading, both=True):
            raise ValueError(
                f"{name} has leading axes {batch}, which do not broadcast with "
                f"{leading} of {'q' if name == 'k' else 'q and k'}"
            )
        leading = _broadcast(leading, batch)
    return (*leading, H, T_q, T_k)


def check_inputs(x: Tensor, context: Tensor | None, d_model: int) -> None:
    """Raise ValueError unless x and context are batches of sequences of width d_model."""
    for name, tokens in {"x": x, "context": context}.items():
        if tokens is None:
            continue
        if tokens.dim() != 3 or tokens.shape[-1] != d_model:
            raise ValueError(
                f"{name} has shape {tuple(tokens.shape)}, expected (B, T, d_model={d_model})"
            )
        if tokens.shape[0] != x.shape[0]:
            raise ValueError(f"{name} has {tokens.shape[0]} sequences, but x has {x.shape[0]}")


def check_tokens(name: str, tokens: Tensor) -> None:
    """Raise unless tokens are a batch of sequences of whole numbers that can index a table."""
    if tokens.dtype not in (torch.int64, torch.int32):
        raise TypeError(f"{name} is {tokens.dtype}, expected torch.int64 or torch.int32")
    if tokens.dim() != 2:
        raise ValueError(f"{name} has shape {tuple(tokens.shape)}, expected (B, T)")


def check_real(name: str, real: Tensor | None, tokens: tuple[int, ...]) -> None:
    """Raise unless real, if given, is a boolean for each token of a batch, True if it is real."""
    if real is not None and real.dtype != torch.bool:
        raise TypeError(f"{name} is {real.dtype}, expected torch.bool, True where a token is real")
    if real is not None and real.shape != tokens:
        raise ValueError(f"{name} has shape {tuple(real.shape)}, expected (B, T)={tuple(tokens)}")


def check_masks(keep: Tensor | None, bias: Tensor | None, scores: tuple[int, ...]) -> None:
    """Raise unless keep is boolean, bias is floating point, and both broadcast to the scores."""
    if keep is not None and keep.dtype != torch.bool:
        raise TypeError(
            f"keep is {keep.dtype}, expected torch.bool, True where a query may attend; "
            "pass numbers that are added to the scores as bias"
        )
    if bias is not None and not bias.is_floating_point():
        raise TypeError(
            f"bias is {bias.dtype}, expected floating point; pass a boolean mask as keep"
        )
    for name, mask in {"keep": keep, "bias": bias}.items():
        if mask is not None and not _broadcasts(mask.shape, scores, both=False):
            raise ValueError(
                f"{name} has shape {tuple(mask.shape)}, which does not broadcast to the scores "
                f"(..., H, T_q, T_k)={tuple(scores)}"
            )


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...], *, both: bool) -> bool:
    """Whether shape broadcasts to target or, if both may stretch, with it."""
    if len(shape) > len(target) and not both:
        return False
    pairs = zip(reversed(shape), reversed(target), strict=False)
    return all(a in (1, b) or (both and b == 1) for a, b in pairs)


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that two shapes broadcast to; torch's own function imports sympy for it."""
    length = max(len(a), len(b))
    padded = [(1,) * (length - len(shape)) + tuple(shape) for shape in (a, b)]
    return tuple(n if m == 1 else m for m, n in zip(*padded, strict=True))
