"""The key-value cache of step-by-step generation: explicit, preallocated, with one counter."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mha_book._checks import check_sizes
from mha_book._shapes import Float, Int

__all__ = ["DecoderCache", "KVCache"]


class KVCache:
    r"""Keys and values of the tokens seen so far, in storage that is allocated once (eq-kv-cache).

    .. math:: K_{\le t} = [\,K_{<t};\; k_t\,], \qquad V_{\le t} = [\,V_{<t};\; v_t\,]

    One cache serves one attention layer. Its ``length`` is the position of the next token, so
    nothing else has to count. Pass it to ``MultiHeadAttention.forward``; a self-attention layer
    appends to it, a cross-attention layer fills it once and reads it from then on.

    Shapes: ``keys`` (B, H_kv, length, d), ``values`` (B, H_kv, length, d_v).

    Args:
        batch_size: number of sequences, B.
        num_kv_heads: number of key-value heads, H_kv.
        max_length: number of tokens for which storage is allocated.
        d_head: width of a key, d.
        d_value: width of a value, d_v; ``d_head`` if omitted.
        dtype: element type of the storage; torch's default if omitted.
        device: where the storage lies.

    Raises:
        ValueError: a size is not positive.

    Source: Shazeer (2019), section 2.4.

    >>> cache = KVCache(batch_size=1, num_kv_heads=2, max_length=8, d_head=3)
    >>> keys, values = cache.append(torch.ones(1, 2, 5, 3), torch.ones(1, 2, 5, 3))
    >>> cache.length, keys.shape
    (5, torch.Size([1, 2, 5, 3]))
    """

    def __init__(
        self,
        batch_size: int,
        num_kv_heads: int,
        max_length: int,
        d_head: int,
        *,
        d_value: int | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        d_value = d_head if d_value is None else d_value
        check_sizes(batch_size=batch_size, num_kv_heads=num_kv_heads, max_length=max_length)
        check_sizes(d_head=d_head, d_value=d_value)
        shape = (batch_size, num_kv_heads, max_length)
        self._keys = torch.empty(*shape, d_head, dtype=dtype, device=device)
        self._values = torch.empty(*shape, d_value, dtype=dtype, device=device)
        self.length = 0

    @property
    def max_length(self) -> int:
        """Number of tokens that fit."""
        return self._keys.shape[-2]

    @property
    def keys(self) -> Float[Tensor, "B H_kv T_k d"]:
        """The keys written so far: a view of the storage, not a copy."""
        return self._keys[..., : self.length, :]

    @property
    def values(self) -> Float[Tensor, "B H_kv T_k d_v"]:
        """The values written so far: a view of the storage, not a copy."""
        return self._values[..., : self.length, :]

    def append(
        self, k: Float[Tensor, "B H_kv T d"], v: Float[Tensor, "B H_kv T d_v"]
    ) -> tuple[Float[Tensor, "B H_kv T_k d"], Float[Tensor, "B H_kv T_k d_v"]]:
        """Write new keys and values behind the old ones and return all of them.

        Raises:
            ValueError: the new tokens do not fit, or their shape or dtype is not the cache's. The
                cache is then as it was before.
        """
        _check_fits("k", k, self._keys)
        _check_fits("v", v, self._values)
        if k.shape[-2] != v.shape[-2]:
            raise ValueError(f"k has {k.shape[-2]} tokens but v has {v.shape[-2]}")
        end = self.length + k.shape[-2]
        if end > self.max_length:
            raise ValueError(
                f"the cache holds {self.length} of max_length={self.max_length} tokens: "
                f"{k.shape[-2]} more do not fit"
            )
        self._keys = _write(self._keys, k, self.length, end)
        self._values = _write(self._values, v, self.length, end)
        self.length = end
        return self.keys, self.values

    def recall(
        self, batch_size: int, num_kv_heads: int, length: int, d_head: int
    ) -> tuple[Float[Tensor, "B H_kv T_k d"], Float[Tensor, "B H_kv T_k d_v"]]:
        """The keys and values of a context that was written before, if they have these sizes.

        Raises:
            ValueError: the cache was filled from a context of another size or by another layer.
        """
        wanted, keys = (batch_size, num_kv_heads, length, d_head), self.keys
        if keys.shape != wanted:
            raise ValueError(
                f"context needs keys of shape (B, H_kv, T, d)={wanted}, "
                f"but the cache holds {tuple(keys.shape)}"
            )
        return keys, self.values

    def truncate(self, length: int) -> None:
        """Forget all tokens from position ``length`` on, as after a rejected draft.

        Raises:
            ValueError: ``length`` is negative or larger than the present length.
        """
        if not 0 <= length <= self.length:
            raise ValueError(f"length={length} must lie between 0 and {self.length}")
        self.length = length

    def reorder(self, index: Int[Tensor, " B"]) -> None:
        """Let row ``b`` continue the sequence of row ``index[b]``, as beam search needs.

        Raises:
            ValueError: ``index`` does not hold one row for each row of the batch.
        """
        if index.shape != self._keys.shape[:1]:
            raise ValueError(
                f"index has shape {tuple(index.shape)}, expected ({self._keys.shape[0]},)"
            )
        self.select(index)

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Go on with these rows, in this order: rows may be dropped, moved and repeated.

        Only the tokens written so far are copied, and in place if the number of rows stays.
        """
        self._keys = _select(self._keys, rows, self.length)
        self._values = _select(self._values, rows, self.length)

    def __repr__(self) -> str:
        B, H_kv, T_max, d = self._keys.shape
        return (
            f"KVCache(batch_size={B}, num_kv_heads={H_kv}, d_head={d}, "
            f"length={self.length}, max_length={T_max}, dtype={self._keys.dtype})"
        )


class DecoderCache:
    """The caches of all layers of a decoder, one for each of its attentions.

    Made by ``new_cache`` of the model that it serves, and handed to each of its calls.

    Args:
        own: the caches of self-attention, in the order of the layers.
        memory: the caches of cross-attention, if there is any. The first call fills them, so keys
            and values of the memory are computed once.

    >>> cache = DecoderCache([KVCache(1, 2, max_length=8, d_head=3)])
    >>> cache.length
    0
    """

    def __init__(self, own: Sequence[KVCache], memory: Sequence[KVCache] = ()) -> None:
        self.own, self.memory = list(own), list(memory)

    @property
    def length(self) -> int:
        """Number of tokens that the decoder has seen, and so the position of the next."""
        return self.own[0].length

    def pairs(self, num_layers: int) -> list[tuple[KVCache, KVCache | None]]:
        """The caches of each layer, of self- and of cross-attention.

        Raises:
            ValueError: this cache was made for another number of layers.
        """
        if len(self.own) != num_layers or len(self.memory) not in (0, num_layers):
            raise ValueError(
                f"the cache serves {len(self.own)} layers of self-attention and "
                f"{len(self.memory)} of cross-attention, but there are {num_layers} layers"
            )
        memory: list[KVCache] | list[None] = self.memory or [None] * num_layers
        return list(zip(self.own, memory, strict=True))

    def truncate(self, length: int) -> None:
        """Forget all tokens from position ``length`` on; the memory stays.

        Raises:
            ValueError: ``length`` is negative or larger than the present length.
        """
        for cache in self.own:
            cache.truncate(length)

    def reorder(self, index: Int[Tensor, " B"]) -> None:
        """Let row ``b`` continue the sequence of row ``index[b]``, as beam search needs.

        Raises:
            ValueError: ``index`` does not hold one row for each row of the batch.
        """
        for cache in (*self.own, *self.memory):
            cache.reorder(index)


def _write(storage: Tensor, new: Tensor, start: int, end: int) -> Tensor:
    """Write in place or, while gradients are recorded, out of place: backward needs the old."""
    if torch.is_grad_enabled() and (new.requires_grad or storage.requires_grad):
        return storage.slice_scatter(new, dim=-2, start=start, end=end)
    storage[..., start:end, :] = new
    return storage


def _select(storage: Tensor, rows: Tensor, length: int) -> Tensor:
    """Storage whose first tokens are those of the chosen rows."""
    chosen = storage[..., :length, :].index_select(0, rows)
    if len(rows) != len(storage):
        storage = storage.new_empty(len(rows), *storage.shape[1:])
    return _write(storage, chosen, 0, length)


def _check_fits(name: str, new: Tensor, storage: Tensor) -> None:
    B, H_kv, _, d = storage.shape
    if new.dim() != 4 or (*new.shape[:2], new.shape[-1]) != (B, H_kv, d):
        raise ValueError(
            f"{name} has shape {tuple(new.shape)}, but the cache takes ({B}, {H_kv}, T, {d})"
        )
    if new.dtype != storage.dtype:
        raise ValueError(f"{name} is {new.dtype}, but the cache stores {storage.dtype}")
