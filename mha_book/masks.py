"""Masks as inequalities between the position of a query and the position of a key.

Every function returns a boolean tensor named ``keep`` in the rest of the package: True means *may
attend*. Masks broadcast to (B, H, T_q, T_k) and combine with ``&`` and ``|``. This is the polarity
of ``torch.nn.functional.scaled_dot_product_attention`` and of the ONNX Attention operator;
``torch.nn.MultiheadAttention`` uses the opposite one.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mha_book._shapes import Bool, Int

__all__ = ["causal", "padding", "prefix", "sliding_window"]


def causal(
    T_q: int, T_k: int | None = None, *, device: torch.device | str | None = None
) -> Bool[Tensor, "T_q T_k"]:
    r"""A query sees its own position and all earlier ones (eq-causal-mask).

    .. math:: \mathrm{keep}_{ij} = [\,j \le T_k - T_q + i\,]

    The last query sits at the last key, so with a cache of ``T_k - T_q`` earlier tokens the mask
    is aligned to the bottom right corner.

    Args:
        T_q: number of queries.
        T_k: number of keys, at least ``T_q``; ``T_q`` if omitted.
        device: where the mask is made.

    Raises:
        ValueError: a length is negative, or ``T_k < T_q``.

    Source: Vaswani et al. (2017), section 3.2.3.

    >>> causal(2, 3).int()
    tensor([[1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    query, key = _positions(T_q, T_k, device)
    return key <= query


def sliding_window(
    T_q: int,
    T_k: int | None = None,
    *,
    size: int,
    causal: bool = True,
    device: torch.device | str | None = None,
) -> Bool[Tensor, "T_q T_k"]:
    r"""A query sees ``size`` positions up to and including its own (eq-window-mask).

    .. math:: \mathrm{keep}_{ij} = [\,0 \le p_i - j < w\,], \qquad p_i = T_k - T_q + i

    With ``causal=False`` the window opens to both sides, ``abs(p_i - j) < size``.

    Args:
        T_q: number of queries.
        T_k: number of keys, at least ``T_q``; ``T_q`` if omitted.
        size: how many positions the window holds on one side, its centre included; at least 1.
        causal: whether the future is hidden.
        device: where the mask is made.

    Raises:
        ValueError: ``size < 1``, a length is negative, or ``T_k < T_q``.

    Source: Beltagy et al. (2020), section 3.1.

    >>> sliding_window(4, size=2).int()
    tensor([[1, 0, 0, 0],
            [1, 1, 0, 0],
            [0, 1, 1, 0],
            [0, 0, 1, 1]], dtype=torch.int32)
    """
    if size < 1:
        raise ValueError(f"size={size} must be at least 1: a token always sees itself")
    query, key = _positions(T_q, T_k, device)
    distance = query - key
    return (distance >= 0) & (distance < size) if causal else distance.abs() < size


def prefix(
    T: int, length: int | Int[Tensor, " B"], *, device: torch.device | str | None = None
) -> Bool[Tensor, "*B T T"]:
    r"""The first ``length`` tokens are visible to all, the rest is causal (eq-prefix-mask).

    .. math:: \mathrm{keep}_{ij} = [\,j \le i\,] \lor [\,j < \ell\,]

    Args:
        T: number of tokens.
        length: length of the prefix; one number, or one for each sequence of a batch, which gives
            a mask of shape (B, 1, T, T).
        device: where the mask is made, if ``length`` is a number.

    Raises:
        ValueError: a length is negative or longer than ``T``.

    Source: Raffel et al. (2020), section 3.2.1.

    >>> prefix(3, 2).int()
    tensor([[1, 1, 0],
            [1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    if isinstance(length, Tensor):
        device = length.device
        _check_lengths("length", length, T)
        length = length[:, None, None, None]
    else:
        _check_lengths("length", torch.tensor(length), T)
    query, key = _positions(T, T, device)
    return (key <= query) | (key < length)


def padding(lengths: Int[Tensor, " B"] | Sequence[int], T: int) -> Bool[Tensor, "B 1 1 T"]:
    r"""Keys beyond the end of their sequence are hidden (eq-padding-mask).

    .. math:: \mathrm{keep}_{bj} = [\,j < \ell_b\,]

    Args:
        lengths: number of real tokens in each sequence of the batch.
        T: the padded length, so each length is between 0 and ``T``.

    Returns:
        A mask over *keys*. Queries at padded positions still produce numbers, which nobody reads.

    Raises:
        ValueError: a length is negative or longer than ``T``.

    Source: the masking of Vaswani et al. (2017), section 3.2.3, put to this use.

    >>> padding([1, 3], 3)[:, 0, 0].int()
    tensor([[1, 0, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    lengths = torch.as_tensor(lengths)
    _check_lengths("lengths", lengths, T)
    key = torch.arange(T, device=lengths.device)
    return (key < lengths[:, None])[:, None, None, :]


def _positions(
    T_q: int, T_k: int | None, device: torch.device | str | None
) -> tuple[Int[Tensor, "T_q 1"], Int[Tensor, "1 T_k"]]:
    """Positions of the queries, as a column, and of the keys, as a row; the last ones coincide."""
    T_k = T_q if T_k is None else T_k
    if T_q < 0:
        raise ValueError(f"T_q={T_q} must not be negative")
    if T_k < T_q:
        raise ValueError(f"T_k={T_k} is smaller than T_q={T_q}: every query needs a key of its own")
    query = torch.arange(T_k - T_q, T_k, device=device)[:, None]
    key = torch.arange(T_k, device=device)[None, :]
    return query, key


def _check_lengths(name: str, lengths: Tensor, T: int) -> None:
    if lengths.numel() and (lengths.min() < 0 or lengths.max() > T):
        raise ValueError(f"{name}={lengths.tolist()} must lie between 0 and T={T}")
