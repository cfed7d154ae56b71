"""Everything that decides how a model is trained, as one frozen record that travels as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from mha_book._checks import check_probability, check_sizes
from mha_book.training.schedule import inverse_square_root

__all__ = ["Precision", "Settings"]

Precision = Literal["auto", "float32", "bf16", "fp16"]
_WHOLE = ("seed", "steps", "warmup", "max_tokens", "log_every", "evaluate_every", "save_every")
_POSITIVE = ("peak_lr", "eps", "max_norm", "max_seconds")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a model is trained. What it is made of says ``TransformerConfig``.

    Attributes:
        steps: how often the weights are changed.
        max_seconds: end earlier when so much time went into steps; evaluating and saving is not
            counted. None for no limit.
        max_tokens: elements of a batch, as for ``Batches``; several processes share one batch.
        peak_lr: the largest learning rate.
        warmup: the step at which it is reached; then it falls as 1/√step.
        cooldown: the last share of all steps, in which it falls to zero in a straight line on
            top of that; 0 for the schedule of the 2017 paper.
        label_smoothing: share of each target that is spread over the vocabulary.
        betas: decay of Adam's running means of the gradient and of its square.
        eps: what Adam adds to the root of the latter.
        max_norm: a longer gradient, all weights taken together, is shortened to this.
        seed: decides the order of batches and what dropout drops; the first weights are the
            caller's.
        device: "auto" for the fastest there is, "cpu", "cuda", "mps" or one of several, "cuda:1".
        precision: of the matrix products; the weights are float32 always. "auto" is bf16 on GPUs
            that compute in it, fp16 with a scaled loss on older ones, float32 elsewhere.
        log_every: steps between two lines of metrics.
        evaluate_every: steps between two evaluations; None for one at the end.
        evaluate_at: seconds, on the same clock as ``max_seconds``, after which to evaluate.
        save_every: steps between two checkpoints; None for one at each evaluation and at the end.
        tensorboard: whether metrics are written for TensorBoard too.

    Raises:
        TypeError: a number is no number.
        ValueError: a value is out of its range, or a word is unknown.

    Source: the defaults are those of Vaswani et al. (2017), sections 5.3 and 5.4, but for the
    peak, which is theirs for the base model rounded, and for the clipped gradient.

    >>> settings = Settings(steps=1000, warmup=100, peak_lr=2e-3)
    >>> [round(settings.learning_rate(step), 6) for step in (1, 100, 400)]
    [2e-05, 0.002, 0.001]
    >>> Settings.from_dict(settings.to_dict()) == settings
    True
    """

    steps: int = 100_000
    max_seconds: float | None = None
    max_tokens: int = 4096
    peak_lr: float = 7e-4
    warmup: int = 4000
    cooldown: float = 0.0
    label_smoothing: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-9
    max_norm: float = 1.0
    seed: int = 0
    device: str = "auto"
    precision: Precision = "auto"
    log_every: int = 50
    evaluate_every: int | None = None
    evaluate_at: tuple[float, ...] = ()
    save_every: int | None = None
    tensorboard: bool = False

    def __post_init__(self) -> None:
        for name in _WHOLE:
            value = getattr(self, name)
            if value is not None and type(value) is not int:
                raise TypeError(f"{name}={value!r} is {type(value).__name__}, expected int")
            if value is not None and name != "seed":
                check_sizes(**{name: value})
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name}={value} must be positive")
        for name in ("cooldown", "label_smoothing"):
            check_probability(name, getattr(self, name))
        if self.precision not in get_args(Precision):
            words = ", ".join(get_args(Precision))
            raise ValueError(f"precision={self.precision!r} must be one of {words}")
        times = self.evaluate_at
        if not isinstance(times, tuple) or not all(
            isinstance(t, int | float) and t > 0 for t in times
        ):
            raise ValueError(f"evaluate_at={times!r} must be a list of positive numbers")
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas={self.betas} must be two numbers from 0 to below 1")

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step, the first of which is number 1."""
        left = (self.steps - step + 1) / max(self.cooldown * self.steps, 1.0)
        return self.peak_lr * inverse_square_root(step, self.warmup) * min(1.0, left)

    def to_dict(self) -> dict[str, Any]:
        """The values by name, ready for ``json.dumps``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Settings":
        """The settings with these values; what is missing takes its default.

        Raises:
            ValueError: a name is unknown, or a value is out of its range.
        """
        known = [f.name for f in fields(cls)]
        unknown = [key for key in values if key not in known]
        if unknown:
            raise ValueError(f"unknown settings {unknown}; known are {known}")
        lists = {k: tuple(v) for k, v in values.items() if isinstance(v, list)}  # JSON has no tuple
        return cls(**{**values, **lists})
