"""One sentence through one head, matrix by matrix: step, change a number, watch what follows."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from mha_book.attention import MultiHeadAttention
from mha_book.widgets.base import Widget, check_range, finite_array
from mha_book.widgets.pictures import Sheet

__all__ = ["AttentionStepper"]

MAX_WORDS = 12
MAX_WIDTH = 512
MAX_HEAD = 64
STEPS = ("embed", "project", "scores", "scale", "mask", "softmax", "output")
_KINDS = (
    {"the", "a", "an", "this", "that", "every"},
    {"cat", "dog", "bird", "mat", "mouse", "child", "tree"},
    {"sat", "ran", "saw", "likes", "chased", "sleeps"},
)
# Rows are determiner, noun, verb, position; columns the kind that is asked for, offered, passed on.
_ASK = [[0.0, 2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]
_OFFER = [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0], [0.5, 0.5, 0.5]]
_PASS = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]

Matrix = NDArray[np.float64]


class AttentionStepper(Widget, script="attention_stepper"):
    r"""Step through scaled dot-product attention (eq-scaled-dot-product) and change its numbers.

    .. math:: Q = XW^Q, \quad K = XW^K, \quad V = XW^V, \qquad
              O = \mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d}}\right) V

    Without a model the weights are made to be read: if every word is one of a few known ones, X
    holds its kind (determiner, noun or verb) and its position, a verb asks for nouns and a noun
    for determiners. Otherwise X is drawn from the spelling of the words and the weights from a
    fixed seed.

    Args:
        sentence: one to twelve words, or the tokens as a list.
        model: take the weights of one head of this module.
        embeddings: X, one row for each token; needed with a model.
        head: which head of the model.
        causal: whether a token sees only itself and earlier ones.
        step: the step shown first, from 0 (embed) to 6 (output).
        query: the token whose row is followed; the middle one if omitted.
        language: ``"en"`` or ``"zh_CN"``; that of the page if omitted.

    Raises:
        TypeError: ``model`` is no ``MultiHeadAttention``.
        ValueError: a size does not agree, a number is not finite, or there are too many of them.

    Source: Vaswani et al. (2017), section 3.2.1; the mask: section 3.2.3.

    >>> AttentionStepper("the cat sat", causal=True)
    AttentionStepper(tokens=['the', 'cat', 'sat'], d_model=4, d=3, causal=True, step='embed')
    """

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    features = traitlets.List(traitlets.Unicode()).tag(sync=True)
    x = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    w_q = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    w_k = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    w_v = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    b_q = traitlets.List(traitlets.Float()).tag(sync=True)
    b_k = traitlets.List(traitlets.Float()).tag(sync=True)
    b_v = traitlets.List(traitlets.Float()).tag(sync=True)
    causal = traitlets.Bool(False).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    query = traitlets.Int(0).tag(sync=True)
    column = traitlets.Int(0).tag(sync=True)
    cell = traitlets.List(["x", 0, 0]).tag(sync=True)
    show_all = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        sentence: str | Sequence[str] = "the cat sat",
        model: MultiHeadAttention | None = None,
        *,
        embeddings: ArrayLike | None = None,
        head: int = 0,
        causal: bool = False,
        step: int = 0,
        query: int | None = None,
        language: str = "",
    ) -> None:
        tokens = _tokens(sentence)
        query = len(tokens) // 2 if query is None else query
        state: dict[str, Any]
        if model is not None:
            state = _from_model(tokens, model, embeddings, head)
        elif embeddings is not None:
            state = _seeded(_embeddings(tokens, embeddings, None))
        else:
            state = _readable(tokens)
        super().__init__(
            tokens=tokens, causal=causal, step=step, query=query, language=language, **state
        )

    @traitlets.validate("x", "w_q", "w_k", "w_v")
    def _same_shape(self, proposal: Any) -> list[list[float]]:
        """Let only finite numbers in, and no other shape than before."""
        name = proposal["trait"].name
        new, old = finite_array(name, proposal["value"], ndim=2), getattr(self, name)
        if old and new.shape != np.shape(old):
            raise ValueError(f"{name} has shape {new.shape}, expected {np.shape(old)}")
        return new.tolist()

    @traitlets.validate("step", "query")
    def _in_range(self, proposal: Any) -> int:
        """Let only steps and tokens in that there are."""
        name = proposal["trait"].name
        last = len(STEPS) if name == "step" else len(self.tokens)
        check_range(name, proposal["value"], 0, last - 1, whole=True)
        return int(proposal["value"])

    def steps(self) -> dict[str, Matrix]:
        """All matrices at the present numbers, in the order in which they arise."""
        x = np.asarray(self.x)
        q, k, v = (
            x @ np.asarray(getattr(self, f"w_{name}")) + np.asarray(getattr(self, f"b_{name}"))
            for name in "qkv"
        )
        scores = q @ k.T
        scaled = scores / np.sqrt(q.shape[1])
        hidden = np.triu(np.full(scores.shape, self.causal), 1)
        masked = np.where(hidden, -np.inf, scaled)
        e = np.exp(masked - masked.max(axis=1, keepdims=True))
        weights = e / e.sum(axis=1, keepdims=True)
        named = {"x": x, "q": q, "k": k, "v": v, "scores": scores, "scaled": scaled}
        return {**named, "masked": masked, "weights": weights, "output": weights @ v}

    def summary(self) -> str:
        """Tokens, widths, mask and step."""
        return (
            f"tokens={self.tokens}, d_model={len(self.w_q)}, d={len(self.w_q[0])}, "
            f"causal={self.causal}, step={STEPS[self.step]!r}"
        )

    def picture(self) -> str:
        """Embeddings, scaled scores, weights and output as tiles."""
        named = self.steps()
        titles = {"x": "X", "scaled": "scaled scores", "weights": "weights A", "output": "output O"}
        tall = 1.0 + 0.16 * len(self.tokens)
        sheet = Sheet(len(titles), width=8.0, height=max(1.9, tall))
        for panel, (name, title) in enumerate(titles.items()):
            matrix = named[name][:, :16]
            fmt = ".1f" if max(matrix.shape) <= 5 else None
            rows = self.tokens if panel == 0 else None
            sheet.heatmap(panel, matrix, rows=rows, fmt=fmt, title=title)
        return sheet.svg()


def _tokens(sentence: str | Sequence[str]) -> list[str]:
    tokens = sentence.split() if isinstance(sentence, str) else list(sentence)
    if not all(isinstance(token, str) for token in tokens):
        raise ValueError(f"sentence is {sentence!r}, expected a string or a list of strings")
    if not 1 <= len(tokens) <= MAX_WORDS:
        raise ValueError(f"sentence has {len(tokens)} tokens, expected 1 to {MAX_WORDS}")
    return tokens


def _embeddings(tokens: list[str], embeddings: ArrayLike | None, d_model: int | None) -> Matrix:
    width = MAX_WIDTH if d_model is None else d_model
    if embeddings is None:
        raise ValueError(f"embeddings is missing, expected shape ({len(tokens)}, {width})")
    x = finite_array("embeddings", embeddings, ndim=2)
    if len(x) != len(tokens):
        raise ValueError(f"embeddings has {len(x)} rows, expected one for each of {tokens}")
    if d_model not in (None, x.shape[1]):
        raise ValueError(f"embeddings has width {x.shape[1]}, expected d_model={d_model}")
    if x.shape[1] > MAX_WIDTH:
        raise ValueError(f"embeddings has width {x.shape[1]}, expected at most {MAX_WIDTH}")
    return x


def _state(x: Matrix, weights: Sequence[Any], biases: Sequence[Any]) -> dict[str, Any]:
    """Values of the traits; numbers of a model in as few digits as float32 needs."""
    state = {"x": _short(finite_array("x", x, ndim=2))}
    for name, w, b in zip("qkv", weights, biases, strict=True):
        state[f"w_{name}"] = _short(finite_array(f"{name}_proj.weight", w, ndim=2))
        state[f"b_{name}"] = _short(finite_array(f"{name}_proj.bias", b, ndim=1))
    return state


def _short(array: Matrix) -> Any:
    """Nested lists of the shortest numbers that are the same in float32."""
    return np.vectorize(lambda x: float(str(np.float32(x))), otypes=[float])(array).tolist()


def _from_model(
    tokens: list[str], model: MultiHeadAttention, embeddings: ArrayLike | None, head: int
) -> dict[str, Any]:
    if not isinstance(model, MultiHeadAttention):
        raise TypeError(f"model is a {type(model).__name__}, expected a MultiHeadAttention")
    if model.rotary is not None:
        raise ValueError("model turns its queries by rotary positions, which no step here shows")
    check_range("head", head, 0, model.num_heads - 1, whole=True)
    check_range("d_head", model.d_head, 1, MAX_HEAD, whole=True)
    x = _embeddings(tokens, embeddings, model.d_model)
    group = model.num_heads // model.num_kv_heads
    weights, biases = [], []
    parts = ((model.q_proj, head), (model.k_proj, head // group), (model.v_proj, head // group))
    for projection, index in parts:
        rows = slice(index * model.d_head, (index + 1) * model.d_head)
        weights.append(projection.weight[rows].T)
        given = projection.bias is not None
        biases.append(projection.bias[rows] if given else np.zeros(model.d_head))
    return _state(x, weights, biases)


def _seeded(x: Matrix) -> dict[str, Any]:
    """Weights of width three from a fixed seed, in steps of a tenth."""
    draw = np.random.default_rng(0)
    weights = [draw.normal(0, 1, (x.shape[1], 3)).round(1) for _ in "qkv"]
    return _state(x, weights, [np.zeros(3)] * 3)


def _readable(tokens: list[str]) -> dict[str, Any]:
    """Embeddings and weights with a meaning if all words are known, else drawn ones."""
    kinds = [[float(token.lower() in kind) for kind in _KINDS] for token in tokens]
    if all(map(any, kinds)):
        x = np.array([[*kind, i / 10] for i, kind in enumerate(kinds)])
        state = _state(x, (_ASK, _OFFER, _PASS), [np.zeros(3)] * 3)
        return {**state, "features": ["determiner", "noun", "verb", "position"]}
    seeds = [zlib.crc32(token.lower().encode()) for token in tokens]
    rows = [np.random.default_rng(seed).normal(0, 1, 4).round(1) for seed in seeds]
    return _seeded(np.array(rows))
