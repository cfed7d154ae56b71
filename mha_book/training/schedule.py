"""How large a step is at each moment of training."""

__all__ = ["inverse_square_root", "paper_peak"]


def inverse_square_root(step: int, warmup: int) -> float:
    r"""The share of the peak learning rate: up in a straight line, then down slowly.

    :math:`\min(s / w,\; \sqrt{w / s})` at step *s* with *w* steps of warm-up; 1 where both meet.
    Adam's first estimates of the gradient's size rest on few numbers, so the first steps are small.

    Args:
        step: number of the step, from 1 on.
        warmup: number of the step at which the peak is reached.

    Source: Vaswani et al. (2017), section 5.3, equation 3, where the peak is
    :func:`paper_peak`.

    >>> [inverse_square_root(step, warmup=100) for step in (1, 50, 100, 400)]
    [0.01, 0.5, 1.0, 0.5]
    """
    return min(step / warmup, (warmup / step) ** 0.5)


def paper_peak(d_model: int, warmup: int) -> float:
    r"""The peak learning rate of the 2017 paper, :math:`1 / \sqrt{d_{model}\,w}`.

    Source: Vaswani et al. (2017), section 5.3, equation 3, at step *w*.

    >>> round(paper_peak(d_model=512, warmup=4000), 6)
    0.000699
    """
    return float((d_model * warmup) ** -0.5)
