"""Training steps that race have one batch, one loss and a working optimiser."""

import random
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from experiments.contestants import TorchTransformer, marian
from experiments.steps import SMOOTHING, agree, batch, marians, ours, step, torchs
from mha_book import Transformer, TransformerConfig
from mha_book.data.batches import Batch
from mha_book.training.loss import TranslationLoss

SIZES = {"d_model": 12, "num_heads": 2, "d_ff": 17, "encoder_layers": 1, "decoder_layers": 2}


def model() -> Transformer:
    torch.manual_seed(3)
    return Transformer(TransformerConfig(19, **SIZES))


def test_a_batch_is_as_long_as_its_longest_pair():
    b = batch(19, rows=11, shortest=3, longest=7)
    assert b.src.shape == b.tgt_in.shape == (11, 7)
    assert 3 <= b.src_keep.sum(dim=1).min() < b.src_keep.sum(dim=1).max() == 7
    assert batch(19, rows=11, shortest=7, longest=7).src_keep.all()
    assert batch(19, rows=1, shortest=2, longest=997).src.shape == (1, 997)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_three_libraries_agree_and_another_weight_does_not():
    random.seed(3)
    mine, b = model(), batch(19, rows=5, shortest=3, longest=7)
    contenders = {
        "ours": (TranslationLoss(mine, SMOOTHING), ours),
        "torch": (TorchTransformer(mine, as_ours=False), torchs),
        "Marian": (marian(mine), marians),
    }
    agree(contenders, b, 1e-5, nullcontext)
    with torch.no_grad():
        contenders["Marian"][0].get_input_embeddings().weight[b.src[0, 0]].add_(0.5)
    with pytest.raises(SystemExit, match="differ in their loss"):
        agree(contenders, b, 1e-5, nullcontext)


@pytest.mark.parametrize("fused", [True, False])
def test_a_step_changes_the_weights_as_adam_does(fused: bool):
    one = nn.Linear(3, 1, bias=False)
    before, b = one.weight.clone(), batch(19, rows=1, shortest=3, longest=3)

    def loss(module: nn.Module, _: Batch) -> Tensor:
        return module(torch.tensor([1.0, -2.0, 3.0])).sum()

    step((one, loss), b, fused=fused)()
    change = (one.weight - before) / 1e-4  # Adam's first step is the sign of the gradient
    torch.testing.assert_close(change, torch.tensor([[-1.0, 1.0, -1.0]]), atol=1e-2, rtol=0)
