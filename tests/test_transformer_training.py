"""The whole Transformer in training, on its way into a file, and in other precisions."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from mha_book import Transformer
from mha_book.parts import initialise
from tests.builders import B, T, close
from tests.models import KINDS, SRC_KEEP, V, batch, config, kinds, make

ROOT = Path(__file__).resolve().parent.parent
COMPILED = """
import torch
from torch.autograd import grad

from tests.builders import close
from tests.models import KINDS, SRC_KEEP, batch, make

torch.set_num_threads(1)
for kind in KINDS:
    model, (src, tgt) = make(kind), batch()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    found, expected = (call(src, tgt, src_keep=SRC_KEEP) for call in (compiled, model))
    close(found, expected)
    weights = list(model.parameters())
    pairs = [grad(out.square().sum(), weights) for out in (found, expected)]
    for ours, theirs in zip(*pairs, strict=True):
        close(ours, theirs)
    print(kind)
"""


@kinds
def test_gradient_reaches_every_parameter(kind):
    model, (src, tgt) = make(kind), batch()
    model(src, tgt, src_keep=SRC_KEEP).square().sum().backward()
    for name, parameter in model.named_parameters():
        reached = parameter.grad.norm() > 1e-8
        # A bias of all keys adds one number to all scores of a query, which softmax does not see.
        blind = name.endswith("k_proj.bias")
        assert reached != blind, name


@pytest.mark.parametrize("name", ["dropout", "attention_dropout", "activation_dropout"])
def test_dropout_acts_in_training_alone(name):
    rates = {"dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0}
    model, (src, tgt) = make("paper", **{**rates, name: 0.3}), batch()
    expected = make("paper", **rates)
    expected.load_state_dict(model.state_dict())
    close(model(src, tgt), expected(src, tgt))
    model.train()
    assert (model(src, tgt) - expected(src, tgt)).abs().max() > 1e-3


@kinds
def test_a_model_learns_one_pair_by_heart(kind):
    torch.manual_seed(0)
    model, (src, tgt) = Transformer(config(kind, dropout=0.0)), batch()
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(60):
        loss = F.cross_entropy(model(src, tgt[:, :-1]).flatten(0, 1), tgt[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert torch.equal(model(src, tgt[:, :-1]).argmax(dim=-1), tgt[:, 1:])


@kinds
def test_a_state_dict_carries_a_model_over(kind):
    model, other, inputs = make(kind), make(kind), batch()
    assert not torch.allclose(other(*inputs), model(*inputs))
    other.load_state_dict(model.state_dict())
    close(other(*inputs), model(*inputs))
    assert set(model.state_dict()) == {
        name for name, _ in model.named_parameters(remove_duplicate=False)
    }


@kinds
def test_a_model_is_made_without_memory_and_filled_later(kind):
    with torch.device("meta"):
        empty = Transformer(config(kind))
        src, tgt = batch()
        assert empty(src, tgt).shape == (B, T, V)
    assert all(p.is_meta for p in empty.parameters())
    model, (src, tgt) = make(kind), batch()
    filled = empty.to_empty(device="cpu").double().eval()
    initialise(filled)
    assert filled(src, tgt).isfinite().all()
    filled.load_state_dict(model.state_dict())
    close(filled(src, tgt), model(src, tgt))


def test_a_seed_fixes_the_first_weights():
    models = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        models.append(Transformer(config("pre")).state_dict())
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])
    assert not torch.equal(models[0]["output.weight"], models[2]["output.weight"])


@kinds
def test_it_runs_in_half_precision(kind):
    model, (src, tgt) = make(kind), batch()
    expected = model(src, tgt, src_keep=SRC_KEEP)
    logits = model.bfloat16()(src, tgt, src_keep=SRC_KEEP)
    assert logits.dtype == torch.bfloat16
    assert (logits - expected).norm() < 0.1 * expected.norm()


def test_it_compiles_into_one_graph_with_the_same_values_and_gradients():
    """In a process of its own, where no call is wrapped to check shapes; a warning is an error."""
    command = [sys.executable, "-W", "error", "-c", COMPILED]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == list(KINDS)
