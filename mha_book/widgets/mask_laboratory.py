"""A mask under the microscope: what it hides, which rows turn to NaN, which gradients die."""

from typing import Any

import numpy as np
import torch
import traitlets
from numpy.typing import ArrayLike

from mha_book import attention_weights, masks
from mha_book.figures import COLORS
from mha_book.widgets.base import Widget, check_range, finite_array
from mha_book.widgets.pictures import Sheet
from mha_book.widgets.seeded import gaussians

__all__ = ["MaskLaboratory"]

PATTERNS = ("causal", "padding", "left_padding", "window", "prefix", "block", "painted")
HIDINGS = ("add", "fill", "large")
LIBRARIES = ("mha_book", "scaled_dot_product_attention", "nn.MultiheadAttention")
T_MIN, T_MAX, WIDTH = 3, 16, 4


class MaskLaboratory(Widget, script="mask_laboratory"):
    r"""Paint a mask and see scores, weights, dead gradients and NaN (eq-attention-weights).

    .. math:: A = \mathrm{softmax}(S), \qquad
              \frac{\partial L}{\partial S_{ij}} = A_{ij}\Bigl(\frac{\partial L}{\partial A_{ij}}
              - \sum_l A_{il}\frac{\partial L}{\partial A_{il}}\Bigr)

    Here L is the sum of all outputs AV. Queries, keys and values are drawn once from ``seed``.

    Args:
        pattern: ``"causal"``, ``"padding"``, ``"left_padding"`` (causal too, as in batched
            generation), ``"window"`` (causal too), ``"prefix"``, ``"block"`` (each block of
            tokens sees itself; the first sees all and is seen by all) or ``"painted"``.
        keep: a mask of your own, square, True where query *i* may attend to key *j*; ``pattern``
            is then ``"painted"``.
        tokens: number of tokens T, 3 to 16; that of ``keep`` if given, 6 otherwise.
        size: number of real tokens in a padded sequence, length of a window (its own position
            included) or of a prefix, edge of a block.
        hiding: how the other softmax hides: ``"add"`` adds -inf, ``"fill"`` puts -inf in place of
            a score, ``"large"`` puts -1e9.
        library: whose code is shown: ``"mha_book"``, ``"scaled_dot_product_attention"`` or
            ``"nn.MultiheadAttention"``.
        seed: of the draws.
        language: ``"en"`` or ``"zh_CN"``; that of the page if omitted.

    Raises:
        ValueError: ``keep`` is ragged, not square, too small or too large, or not made of True
            and False; a choice is unknown; a number is out of its range.

    Source: Zaheer et al. (2020), section 2, for global and local blocks; issue 41508 of PyTorch
        for rows that see nothing.

    >>> MaskLaboratory("window", tokens=5, size=2)
    MaskLaboratory(pattern='window', tokens=5, visible=9 of 25)
    """

    pattern = traitlets.Enum(PATTERNS, "causal").tag(sync=True)
    tokens = traitlets.Int(6, min=T_MIN, max=T_MAX).tag(sync=True)
    size = traitlets.Int(4, min=0, max=T_MAX).tag(sync=True)
    painted = traitlets.List(traitlets.List(traitlets.Bool())).tag(sync=True)
    hiding = traitlets.Enum(HIDINGS, "add").tag(sync=True)
    library = traitlets.Enum(LIBRARIES, "mha_book").tag(sync=True)
    vectors = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        pattern: str = "left_padding",
        *,
        keep: ArrayLike | None = None,
        tokens: int | None = None,
        size: int | None = None,
        hiding: str = "add",
        library: str = "mha_book",
        seed: int = 0,
        language: str = "",
    ) -> None:
        painted = [] if keep is None else _square(keep)
        if painted and tokens not in (None, len(painted)):
            raise ValueError(f"tokens={tokens}, but keep has {len(painted)} rows")
        tokens = len(painted) or (6 if tokens is None else tokens)
        pattern = "painted" if painted else pattern
        _one_of("pattern", pattern, PATTERNS)
        _one_of("hiding", hiding, HIDINGS)
        _one_of("library", library, LIBRARIES)
        if pattern == "painted" and not painted:
            raise ValueError("pattern='painted' needs keep, a square mask")
        check_range("tokens", tokens, T_MIN, T_MAX, whole=True)
        size = min(4, tokens) if size is None else size
        check_range("size", size, int(pattern in ("window", "block")), tokens, whole=True)
        numbers = gaussians(seed)
        drawn = {
            name: [[round(next(numbers), 2) for _ in range(WIDTH)] for _ in range(T_MAX)]
            for name in "qkv"
        }
        super().__init__(
            pattern=pattern,
            tokens=tokens,
            size=size,
            painted=painted,
            hiding=hiding,
            library=library,
            vectors=drawn,
            language=language,
        )

    def keep(self) -> torch.Tensor:
        """The mask that the widget shows now, T×T: True where query i may attend to key j."""
        T, pattern = self.tokens, self.pattern
        size = min(T, max(self.size, int(pattern in ("window", "block"))))
        if pattern == "causal":
            return masks.causal(T)
        if pattern == "padding":
            return masks.padding([size], T)[0, 0].repeat(T, 1)
        if pattern == "left_padding":
            return masks.causal(T) & masks.padding([size], T)[0, 0].flip(-1)
        if pattern == "window":
            return masks.sliding_window(T, size=size)
        if pattern == "prefix":
            return masks.prefix(T, size)
        if pattern == "block":
            block = torch.arange(T) // size
            return (block[:, None] == block) | (block[:, None] == 0) | (block == 0)
        keep = torch.ones(T, T, dtype=torch.bool)
        known = torch.tensor(self.painted)[:T, :T]
        keep[: known.shape[0], : known.shape[1]] = known
        return keep

    def scores(self) -> torch.Tensor:
        """The scaled scores of all pairs, hidden or not."""
        q, k, _ = self._vectors()
        return q @ k.mT / WIDTH**0.5

    def weights(self) -> torch.Tensor:
        """The weights of ``mha_book``: a row that sees nothing is all zeros."""
        q, k, _ = self._vectors()
        return attention_weights(q[None], k[None], keep=self.keep())[0]

    def plain_weights(self) -> torch.Tensor:
        """The weights of a plain softmax that hides as ``hiding`` says."""
        return self._plain(self.scores())

    def gradients(self, *, plain: bool = False) -> dict[str, torch.Tensor]:
        """Length of the gradient of the sum of all outputs, for each query, key and value."""
        q, k, v = (x.requires_grad_() for x in self._vectors())
        if plain:
            weights = self._plain(q @ k.mT / WIDTH**0.5)
        else:
            weights = attention_weights(q[None], k[None], keep=self.keep())[0]
        found = torch.autograd.grad((weights @ v).sum(), (q, k, v))
        return {name: x.norm(dim=-1) for name, x in zip("qkv", found, strict=True)}

    def _vectors(self) -> tuple[torch.Tensor, ...]:
        return tuple(
            torch.tensor(self.vectors[name][: self.tokens], dtype=torch.float64) for name in "qkv"
        )

    def _plain(self, scores: torch.Tensor) -> torch.Tensor:
        hide = ~self.keep()
        if self.hiding == "add":
            return (scores + torch.zeros_like(scores).masked_fill(hide, -torch.inf)).softmax(-1)
        return scores.masked_fill(hide, -torch.inf if self.hiding == "fill" else -1e9).softmax(-1)

    def summary(self) -> str:
        """Pattern, number of tokens and of visible pairs."""
        T, visible = self.tokens, int(self.keep().sum())
        return f"pattern={self.pattern!r}, tokens={T}, visible={visible} of {T * T}"

    def picture(self) -> str:
        """The mask, our weights, and those of a plain softmax with its NaN."""
        sheet = Sheet(3, width=7.5, height=2.7)
        small = self.tokens <= 8
        plain = self.plain_weights().numpy()
        sheet.heatmap(0, self.keep().int(), fmt=".0f" if small else None, title="mask")
        sheet.heatmap(1, self.weights(), fmt=".1f" if small else None, title="safe softmax")
        sheet.heatmap(2, np.nan_to_num(plain), title="plain softmax")
        for (i, j), number in np.ndenumerate(plain):
            if small or np.isnan(number):
                text = "NaN" if np.isnan(number) else format(number, ".1f")
                ink = COLORS["paper" if number > 0.6 else "ink"]
                sheet.axes[2].text(
                    j, i, text, ha="center", va="center", color=ink, size=8 if small else 4
                )
        return sheet.svg()


def _square(keep: Any) -> list[list[bool]]:
    """A mask as lists; ValueError if it is none."""
    cells = finite_array("keep", keep, ndim=2)
    rows, cols = cells.shape
    if rows != cols or not T_MIN <= rows <= T_MAX:
        raise ValueError(
            f"keep has shape {cells.shape}, expected a square of {T_MIN} to {T_MAX} tokens"
        )
    if not np.isin(cells, (0, 1)).all():
        where = tuple(int(i) for i in np.argwhere(~np.isin(cells, (0, 1)))[0])
        raise ValueError(f"keep holds {cells[where]} at {where}, expected True or False")
    mask: list[list[bool]] = cells.astype(bool).tolist()
    return mask


def _one_of(name: str, value: str, names: tuple[str, ...]) -> None:
    if value not in names:
        raise ValueError(f"{name}={value!r} must be one of {', '.join(names)}")
