"""The loss is the formula, counted where there is something to predict."""

import pytest
import torch

from mha_book.data.batches import Batch
from mha_book.data.special import PAD
from mha_book.symbolic.label_smoothing import smoothed_target
from mha_book.training import TranslationLoss, adam
from tests.builders import close, same_values_and_gradients
from tests.training.cases import V, model, pairs, settings


@pytest.mark.formula("eq-label-smoothing")
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_it_is_the_definition_token_by_token(smoothing):
    net, batch = model().double().eval(), Batch.of(pairs(7))
    expected = torch.zeros((), dtype=torch.float64)
    for row, length in enumerate((batch.tgt_out != PAD).sum(dim=1).tolist()):
        T_s = int(batch.src_keep[row].sum())
        logits = net(batch.src[row : row + 1, :T_s], batch.tgt_in[row : row + 1, :length])[0]
        for t in range(length):
            y = int(batch.tgt_out[row, t])
            share = [float(smoothed_target(j, y, smoothing, V)) for j in range(V)]
            expected = expected - torch.tensor(share, dtype=torch.float64) @ logits[t].log_softmax(
                dim=0
            )
    actual = TranslationLoss(net, smoothing)(batch)
    same_values_and_gradients(actual, expected, list(net.parameters()))


def test_padding_changes_neither_loss_nor_gradient():
    net, rows = model().double().eval(), pairs(7)
    objective = TranslationLoss(net, 0.1)
    alone = sum(objective(Batch.of([row])) for row in rows)
    same_values_and_gradients(objective(Batch.of(rows)), alone, list(net.parameters()))


def test_a_batch_with_nothing_to_predict_costs_nothing():
    net, batch = model().double(), Batch.of(pairs(3))
    batch.tgt_out.fill_(PAD)
    loss = TranslationLoss(net, 0.1)(batch)
    loss.backward()
    close(loss, torch.zeros((), dtype=torch.float64))
    assert all(not p.grad.any() for p in net.parameters())


def test_a_step_of_adam_by_hand():
    net = model().double()
    optimiser = adam(net, settings(betas=(0.8, 0.9), eps=1e-3))
    before = [p.detach().clone() for p in net.parameters()]
    first = [torch.randn_like(p) for p in before]
    second = [torch.randn_like(p) for p in before]
    for grads in (first, second):
        for p, g in zip(net.parameters(), grads, strict=True):
            p.grad = g.clone()
        optimiser.param_groups[0]["lr"] = 0.01
        optimiser.step()
    for p, start, g, h in zip(net.parameters(), before, first, second, strict=True):
        step_1 = g / (g.abs() + 1e-3)
        mean = (0.8 * 0.2 * g + 0.2 * h) / (1 - 0.8**2)
        size = (0.9 * 0.1 * g**2 + 0.1 * h**2) / (1 - 0.9**2)
        close(p.detach(), start - 0.01 * step_1 - 0.01 * mean / (size.sqrt() + 1e-3))
    assert optimiser.defaults["fused"]
    assert adam(net, settings()).defaults["betas"] == (0.9, 0.98)
