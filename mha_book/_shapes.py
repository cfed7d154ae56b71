"""Shape annotations, ``Float[Tensor, "B T d_model"]``, that cost nothing where jaxtyping is absent.

The letters are those of the book: B batch, T tokens (T_q queries, T_k keys), H query heads,
H_kv key-value heads, d width of a head, d_v width of a value. The tests run with jaxtyping and
beartype installed and check every annotation on every call; without them the subscript is
just the type in front of the comma.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
else:
    try:
        from jaxtyping import Bool, Float, Int
    except ImportError:

        class Float:
            """Stand-in: ``Float[Tensor, "B T"]`` is ``Tensor``."""

            def __class_getitem__(cls, item):
                return item[0]

        Bool = Int = Float

__all__ = ["Bool", "Float", "Int"]
