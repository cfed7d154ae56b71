"""Checks of attention weights, and of the words beside them, that widgets show."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mha_book.widgets.base import finite_array

__all__ = ["attention_array", "in_range", "word_list"]

TOLERANCE = 1e-3


def attention_array(
    name: str, values: ArrayLike, *, ndim: tuple[int, ...], longest: int
) -> NDArray[np.float32]:
    """Weights as float32, little-endian; ValueError if a row is neither shares nor all zeros."""
    array = finite_array(name, values, ndim)
    T_q, T_k = array.shape[-2:]
    if max(T_q, T_k) > longest:
        raise ValueError(f"{name} has {T_q} queries and {T_k} keys, expected at most {longest}")
    if array.min() < 0:
        where = _first(array < 0)
        raise ValueError(f"{name} holds {array[where]} at {where}, expected shares from 0 to 1")
    sums = array.sum(axis=-1)
    off = (np.abs(sums - 1) > TOLERANCE) & (np.abs(sums) > TOLERANCE)
    if off.any():
        where = _first(off)
        raise ValueError(
            f"{name} has row {where} that sums to {sums[where]:.4g}, expected 1, or 0 where a "
            "query may attend to nothing"
        )
    return array.astype("<f4")


def word_list(name: str, values: Sequence[str], count: int, what: str) -> list[str]:
    """Words as a list; ValueError if they are not strings or not ``count`` many."""
    if isinstance(values, str):
        raise ValueError(f"{name} is one string, expected a list of strings")
    words = list(values)
    for position, word in enumerate(words):
        if not isinstance(word, str):
            raise ValueError(f"{name}[{position}] is {word!r}, expected a string")
    if len(words) != count:
        raise ValueError(f"{name} has {len(words)} entries, but there are {count} {what}")
    return words


def in_range(name: str, value: int, count: int) -> int:
    """An index counted from 0; ValueError if there is no such entry."""
    if not 0 <= value < count:
        raise ValueError(f"{name}={value} must lie between 0 and {count - 1}")
    return value


def _first(true: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(true)[0])
