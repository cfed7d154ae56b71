"""What races under another name computes what it says."""

import torch

from experiments.contestants import Explicit, explicit, written_out
from mha_book import Transformer, TransformerConfig, masks
from mha_book.sublayers import FeedForward

CONFIG = TransformerConfig(
    19, d_model=12, num_heads=3, d_ff=17, encoder_layers=1, decoder_layers=2, dropout=0.3
)


def dropped(model: Transformer) -> set[tuple[type, float]]:
    """Which modules drop what they compute inside, and how much of it."""
    attention = {(Explicit, m.dropout) for m in model.modules() if isinstance(m, Explicit)}
    hidden = {(type(m), m.dropout.p) for m in model.modules() if isinstance(m, FeedForward)}
    return attention | hidden


def test_written_out_is_the_same_function_in_evaluation():
    model = Transformer(CONFIG).double().eval()
    src, tgt = torch.randint(4, 19, (2, 5)), torch.randint(4, 19, (2, 7))
    expected = model(src, tgt, src_keep=masks.padding([5, 3], 5)[:, 0, 0])
    for other in (explicit(model), *(written_out(model, as_ours=same) for same in (True, False))):
        logits = other.double().eval()(src, tgt, src_keep=masks.padding([5, 3], 5)[:, 0, 0])
        torch.testing.assert_close(logits, expected)


def test_a_textbook_drops_weights_and_hidden_units_unless_it_is_to_be_as_ours():
    model = Transformer(CONFIG)
    assert dropped(written_out(model, as_ours=True)) == {(Explicit, 0.0), (FeedForward, 0.0)}
    assert dropped(written_out(model, as_ours=False)) == {(Explicit, 0.3), (FeedForward, 0.3)}
    assert dropped(model) == {(FeedForward, 0.0)}


def test_attention_written_out_drops_weights_in_training_alone():
    attention = explicit(Transformer(CONFIG)).encoder.layers[0].attention
    attention.dropout, x = 1.0, torch.randn(2, 5, 12)
    nothing = attention.out_proj.bias.expand(2, 5, 12)
    assert torch.equal(attention.train()(x), nothing)
    assert not torch.allclose(attention.eval()(x), nothing)
