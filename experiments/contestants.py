"""Other libraries' Transformers in the shape of ours, with its weights."""

import torch.nn.functional as F
from torch import Tensor, nn

from mha_book import Transformer, TransformerConfig
from mha_book.attention import MultiHeadAttention
from mha_book.data.special import BOS, EOS, PAD
from mha_book.masks import causal as hide_future
from mha_book.parts import TokenEmbedding
from mha_book.positions import sinusoidal
from mha_book.sublayers import FeedForward
from tests import weights

__all__ = ["CONFIGS", "TorchTransformer", "explicit", "marian", "shape", "written_out"]

#: The shapes that are raced, in the norm order that all libraries know: a model that learns in a
#: minute on two CPU cores, and the one that the book trains on Multi30k.
CONFIGS = [
    TransformerConfig(4000, d_model=128, num_heads=4, encoder_layers=2, decoder_layers=2),
    TransformerConfig(8000, d_model=256, num_heads=8, encoder_layers=3, decoder_layers=3),
]
POSITIONS = 128


def shape(config: TransformerConfig) -> str:
    """The sizes of a config, as a record names them."""
    c = config
    layers = f"{c.encoder_layers}+{c.decoder_layers}"
    return f"d_model={c.d_model} H={c.num_heads} layers={layers} V={c.vocabulary}"


def marian(model: Transformer, eos: int = EOS) -> nn.Module:
    """Hugging Face's translation model, which takes and gives what it always does."""
    from transformers import MarianConfig, MarianMTModel

    c = model.config
    d_ff = c.d_ff or 4 * c.d_model
    theirs = MarianMTModel(
        MarianConfig(
            vocab_size=c.vocabulary,
            d_model=c.d_model,
            encoder_layers=c.encoder_layers,
            decoder_layers=c.decoder_layers,
            encoder_attention_heads=c.num_heads,
            decoder_attention_heads=c.num_heads,
            encoder_ffn_dim=d_ff,
            decoder_ffn_dim=d_ff,
            max_position_embeddings=POSITIONS,
            activation_function=c.activation,
            scale_embedding=c.scale_embeddings,
            dropout=c.dropout,
            pad_token_id=PAD,
            decoder_start_token_id=BOS,
            eos_token_id=eos,
            forced_eos_token_id=None,
        )
    )
    table = sinusoidal(POSITIONS, c.d_model)
    theirs.load_state_dict({k: v.clone() for k, v in weights.marian(model, table).items()})
    return theirs


class TorchTransformer(nn.Module):
    """torch's Transformer between our embedding and the product with its table.

    torch's only dropout drops attention weights and hidden units too; with ``as_ours`` it drops
    what the paper drops.
    """

    def __init__(self, model: Transformer, *, as_ours: bool) -> None:
        super().__init__()
        c = model.config
        table = nn.Embedding.from_pretrained(model.output.weight.detach().clone(), freeze=False)
        self.embedding = TokenEmbedding(c, table)
        self.body = nn.Transformer(
            c.d_model,
            c.num_heads,
            c.encoder_layers,
            c.decoder_layers,
            c.d_ff or 4 * c.d_model,
            c.dropout,
            batch_first=True,
        )
        self.body.encoder.norm = self.body.decoder.norm = None  # as in the paper, unlike torch
        state = {k: v.clone() for k, v in weights.torch_transformer(model).items()}
        self.body.load_state_dict(state)
        for layer in (*self.body.encoder.layers, *self.body.decoder.layers) if as_ours else ():
            layer.dropout.p = layer.self_attn.dropout = 0.0
            if hasattr(layer, "multihead_attn"):
                layer.multihead_attn.dropout = 0.0

    def forward(self, src: Tensor, tgt: Tensor, src_keep: Tensor) -> Tensor:
        """The logits after all target tokens."""
        T = tgt.shape[1]
        features = self.body(
            self.embedding(src),
            self.embedding(tgt),
            tgt_mask=~hide_future(T, device=tgt.device),
            src_key_padding_mask=~src_keep,
            memory_key_padding_mask=~src_keep,
            tgt_is_causal=True,
        )
        return features @ self.embedding.table.weight.T


class Explicit(MultiHeadAttention):
    """Attention as it is first written down: scores, mask, softmax, average, all in memory."""

    def forward(  # type: ignore[override]
        self,
        x: Tensor,
        context: Tensor | None = None,
        *,
        keep: Tensor | None = None,
        causal: bool = False,
        **_: None,
    ) -> Tensor:
        """Let each token of ``x`` gather from ``context`` or from ``x`` itself."""
        source = x if context is None else context
        q = self._split(self.q_proj(x))
        k, v = self._split(self.k_proj(source)), self._split(self.v_proj(source))
        scores = q @ k.mT / self.d_head**0.5
        if causal:
            scores = scores.masked_fill(~hide_future(x.shape[1], device=x.device), -1e9)
        if keep is not None:
            scores = scores.masked_fill(~keep, -1e9)
        heads = F.dropout(scores.softmax(dim=-1), self.dropout, self.training) @ v
        return self.out_proj(heads.transpose(1, 2).reshape(x.shape))


class WrittenNorm(nn.LayerNorm):
    """LayerNorm as it is first written down: subtract the mean, divide by the deviation."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each token."""
        centred = x - x.mean(dim=-1, keepdim=True)
        variance = centred.square().mean(dim=-1, keepdim=True)
        return self.weight * centred / (variance + self.eps).sqrt() + self.bias


def explicit(model: Transformer) -> Transformer:
    """Our model with its attention written out."""
    return _rewritten(model, {MultiHeadAttention: Explicit})


def written_out(model: Transformer, *, as_ours: bool) -> Transformer:
    """Our model with attention and norms written out.

    Like the Annotated Transformer it drops attention weights and hidden units too; with ``as_ours``
    only what ours drops.
    """
    copy = _rewritten(model, {MultiHeadAttention: Explicit, nn.LayerNorm: WrittenNorm})
    for module in copy.modules() if not as_ours else ():
        if isinstance(module, MultiHeadAttention):
            module.dropout = model.config.dropout
        elif isinstance(module, FeedForward):
            module.dropout.p = model.config.dropout
    return copy


def _rewritten(model: Transformer, classes: dict[type, type]) -> Transformer:
    """A copy of the model in which modules of some classes compute in another way."""
    copy = Transformer(model.config)
    copy.load_state_dict(model.state_dict())
    for module in copy.modules():
        module.__class__ = classes.get(type(module), type(module))
    return copy
