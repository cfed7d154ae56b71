"""Why the residual stream lets gradients through: plain, pre-norm and post-norm stacks compared."""

from collections.abc import Callable
from itertools import islice
from typing import Any, Literal

import torch
import traitlets
from torch import Tensor

from mha_book.layers import Residual
from mha_book.widgets.base import Widget, check_range
from mha_book.widgets.pictures import Sheet
from mha_book.widgets.seeded import gaussians

__all__ = ["ResidualStream"]

Kind = Literal["plain", "pre", "post"]
KINDS: tuple[Kind, ...] = ("plain", "pre", "post")
WIDTH = 24
NAMES = {"plain": "plain", "pre": "pre-norm", "post": "post-norm"}


class ResidualStream(Widget, script="residual_stream"):
    r"""Follow the size of a signal and of its gradient through a deep stack (eq-residual).

    .. math:: \mathrm{plain}: \; c\,Wx, \qquad \mathrm{pre}: \; x + c\,W\,\mathrm{LN}(x),
              \qquad \mathrm{post}: \; \mathrm{LN}(x + c\,Wx)

    Each layer has its own random matrix W of width 24 with entries of variance 1/24, the same for
    all three kinds. The sublayer is linear, so what bends the lines is the residual and the norm.
    Input and gradient at the top have size one.

    Args:
        depth: number of layers, 1 to 64.
        gain: the factor c, 0.05 to 2.
        kind: the stack that is read out: ``"plain"``, ``"pre"`` or ``"post"``.
        seed: of the input, the gradient and the matrices, 0 to 99.
        language: ``"en"`` or ``"zh_CN"``; that of the page if omitted.

    Raises:
        ValueError: a setting is out of its range, or the kind is unknown.

    Source: He et al. (2016), the identity path; Xiong et al. (2020), pre-norm and post-norm.

    >>> ResidualStream(depth=12)
    ResidualStream(depth=12, gain=0.6, kind='plain', seed=1)
    """

    depth = traitlets.CInt(24).tag(sync=True)
    gain = traitlets.CFloat(0.6).tag(sync=True)
    kind = traitlets.Unicode("plain").tag(sync=True)
    seed = traitlets.CInt(1).tag(sync=True)

    def __init__(
        self,
        *,
        depth: int = 24,
        gain: float = 0.6,
        kind: Kind = "plain",
        seed: int = 1,
        language: str = "",
    ) -> None:
        check_range("depth", depth, 1, 64, whole=True)
        check_range("gain", gain, 0.05, 2)
        check_range("seed", seed, 0, 99, whole=True)
        if kind not in KINDS:
            raise ValueError(f"kind={kind!r} must be one of {', '.join(KINDS)}")
        super().__init__(depth=depth, gain=gain, kind=kind, seed=seed, language=language)

    def norms(self, kind: Kind | None = None) -> dict[str, list[float]]:
        """Root mean square of the stream and norm of the gradient at layers 0 to ``depth``.

        The numbers that the widget shows, by automatic differentiation and the book's own layers.
        """
        x, top, matrices = setting(self.depth, self.seed)
        layer = _layer(kind or self.kind, self.gain)
        stream = [x.requires_grad_()]
        for matrix in matrices:
            stream.append(layer(stream[-1], matrix))
        gradients = torch.autograd.grad(stream[-1] @ top, stream)
        return {
            "forward": [y.square().mean().sqrt().item() for y in stream],
            "gradient": [y.norm().item() for y in gradients],
        }

    def summary(self) -> str:
        """The four settings."""
        return f"depth={self.depth}, gain={self.gain:g}, kind={self.kind!r}, seed={self.seed}"

    def picture(self) -> str:
        """Both sizes for the three kinds, on logarithmic axes."""
        runs = {kind: self.norms(kind) for kind in KINDS}
        sheet = Sheet(2, height=2.6)
        titles = {"forward": "size of the stream", "gradient": "size of the gradient"}
        for panel, (name, title) in enumerate(titles.items()):
            sheet.lines(panel, {NAMES[kind]: runs[kind][name] for kind in KINDS}, title=title)
            sheet.axes[panel].set_yscale("log")
        return sheet.svg()


def setting(depth: int, seed: int) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Input of mean square one, gradient of norm one at the top, and one matrix a layer."""
    numbers = gaussians(seed)

    def draw(*shape: int) -> Tensor:
        count = torch.Size(shape).numel()
        return torch.tensor(list(islice(numbers, count)), dtype=torch.float64).reshape(shape)

    x, top = draw(WIDTH), draw(WIDTH)
    matrices = [draw(WIDTH, WIDTH) / WIDTH**0.5 for _ in range(depth)]
    return x / x.square().mean().sqrt(), top / top.norm(), matrices


def _layer(kind: str, gain: float) -> Callable[[Tensor, Tensor], Any]:
    """One layer as a function of its input and its matrix."""
    if kind == "plain":
        return lambda x, matrix: gain * (matrix @ x)
    residual = Residual(WIDTH, order="pre" if kind == "pre" else "post").double()
    return lambda x, matrix: residual(x, lambda y: gain * (matrix @ y))
