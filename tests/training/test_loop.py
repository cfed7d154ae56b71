"""The loop learns, ends when it should, tells what it did, and stops at an impossible loss."""

import logging
import signal
import threading
from itertools import count

import pytest
import torch

from mha_book.data.batches import Batches, padding_share
from mha_book.training import Output, TrainingError, TranslationLoss, adam, train
from mha_book.training import run as run_module
from mha_book.training.devices import reseed
from tests.training.cases import model, pairs, same_weights, settings


def test_a_model_learns():
    net, chosen = model(d_model=32), settings(steps=150, warmup=30, log_every=50)
    losses = [r["loss"] for r in train(net, pairs(), chosen, quiet=True).of("train")]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.7 * losses[0]
    assert not net.training


def test_it_is_the_plain_loop_of_the_book():
    chosen = settings(steps=7, log_every=3, label_smoothing=0.2, max_norm=0.5, seed=3)
    net, other = model(), model()
    history = train(net, pairs(), chosen, quiet=True)
    objective, optimiser, losses, norms = TranslationLoss(other, 0.2), adam(other, chosen), [], []
    stream = Batches(pairs(), chosen.max_tokens, seed=3).stream()
    for step in range(1, 8):
        batch, state = next(stream)
        optimiser.param_groups[0]["lr"] = chosen.learning_rate(step)
        reseed(3, step, 0)
        loss = objective(batch) / batch.num_tokens
        optimiser.zero_grad()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(other.parameters(), 0.5)))
        optimiser.step()
        losses.append(float(loss.detach()))
    assert same_weights(net, other)
    records = history.of("train")
    assert [r["step"] for r in records] == [3, 6, 7]
    means = [sum(losses[:3]) / 3, sum(losses[3:6]) / 3, losses[6]]
    assert [r["loss"] for r in records] == pytest.approx(means, rel=1e-6)
    assert [r["grad_norm"] for r in records] == pytest.approx([norms[i] for i in (2, 5, 6)])
    assert [r["lr"] for r in records] == [chosen.learning_rate(r["step"]) for r in records]
    assert records[-1]["epoch"] == state.epoch
    assert max(norms) > 0.5


def test_metrics_count_tokens_and_padding():
    chosen = settings(steps=9, log_every=9)
    [record] = train(model(), pairs(), chosen, quiet=True).of("train")
    stream = Batches(pairs(), chosen.max_tokens, seed=0).stream()
    batches = [next(stream)[0] for _ in range(9)]
    assert record["padding"] == pytest.approx(padding_share(batches))
    tokens = sum(batch.num_tokens for batch in batches)
    assert record["tokens_per_second"] == pytest.approx(tokens / record["seconds"])


def test_it_evaluates_when_due_and_at_the_end():
    net, modes = model(), []

    def evaluate() -> dict[str, float]:
        modes.append((net.training, torch.is_grad_enabled()))
        torch.rand(3)
        return {"bleu": float(len(modes))}

    history = train(net, pairs(), settings(evaluate_every=5), evaluate=evaluate, quiet=True)
    found = [(r["step"], r["bleu"]) for r in history.of("evaluate")]
    assert found == [(5, 1.0), (10, 2.0), (12, 3.0)]
    assert modes == [(False, False)] * 3
    other = model()
    train(other, pairs(), settings(), quiet=True)
    assert same_weights(net, other)  # looking on changes nothing


def ticking(monkeypatch, seconds: float) -> None:
    """A clock by which every look takes so many seconds."""
    now = count()
    monkeypatch.setattr("time.perf_counter", lambda: next(now) * seconds)


def test_it_ends_in_time_and_does_not_count_what_is_not_training(monkeypatch):
    ticking(monkeypatch, 0.25)
    chosen = settings(steps=1000, max_seconds=30.0, evaluate_at=(19.0, 7.0), log_every=1000)
    history = train(model(), pairs(), chosen, evaluate=lambda: {"bleu": 1.0}, quiet=True)
    [end] = history.of("end")
    assert end["reason"] == "seconds"
    assert 30.0 - 1.5 <= end["seconds"] <= 30.0
    marks = [record["seconds"] for record in history.of("evaluate")]
    assert marks == pytest.approx([7.0, 19.0, 30.0], abs=1.5)


def test_an_interrupt_ends_it_after_the_step_without_evaluation(tmp_path):
    steps = []

    class Pairs(list):
        def __getitem__(self, i):
            if len(steps) == 40:
                signal.raise_signal(signal.SIGINT)
            steps.append(i)
            return super().__getitem__(i)

    output = Output(tmp_path)
    history = train(
        model(), Pairs(pairs()), settings(steps=99), evaluate=dict, output=output, quiet=True
    )
    [end] = history.of("end")
    assert end["reason"] == "interrupt"
    assert history.of("evaluate") == []
    assert history.of("save") == [
        {"event": "save", "step": end["step"], "checkpoint": f"step-{end['step']:08d}"}
    ]


def test_it_trains_in_another_thread():
    histories = []
    work = threading.Thread(
        target=lambda: histories.append(train(model(), pairs(), settings(), quiet=True))
    )
    work.start()
    work.join()
    assert histories[0].of("end")[0]["reason"] == "steps"


def test_an_impossible_loss_names_the_step(monkeypatch, tmp_path):
    forward = TranslationLoss.forward
    seen = count(1)

    def broken(self, batch):
        loss = forward(self, batch)
        return loss * float("nan") if next(seen) == 8 else loss

    monkeypatch.setattr(TranslationLoss, "forward", broken)
    chosen = settings(save_every=6)
    message = (
        "^the loss is nan at step 8: a lower peak_lr or a longer warmup may help; "
        "the checkpoint .*step-00000006 is left$"
    )
    with pytest.raises(TrainingError, match=message):
        train(model(), pairs(), chosen, output=Output(tmp_path), quiet=True)
    assert [path.name for path in Output(tmp_path, resume=True).checkpoints.all()] == [
        "step-00000006"
    ]


def test_an_impossible_loss_without_checkpoints(monkeypatch):
    monkeypatch.setattr(
        TranslationLoss, "forward", lambda self, _: self.model.output.weight.sum() * float("inf")
    )
    with pytest.raises(TrainingError, match=r"^the loss is -?inf at step 1: .*; nothing was saved"):
        train(model(), pairs(), settings(), quiet=True)


def test_pairs_that_no_batch_can_hold_are_left_out(caplog):
    long = ([5] * 60, [6])
    with caplog.at_level(logging.WARNING):
        train(model(), [*pairs(), long], settings(steps=3), quiet=True)
    assert "1 of 42 pairs are longer than max_length=60" in caplog.text


def test_half_precision_is_used_and_weights_stay_whole():
    net, types = model(), set()
    net.decoder.layers[0].feed_forward.up_proj.register_forward_hook(
        lambda module, inputs, output: types.add(output.dtype)
    )
    history = train(net, pairs(), settings(precision="bf16"), quiet=True)
    assert types == {torch.bfloat16}
    assert all(p.dtype == torch.float32 for p in net.parameters())
    assert all(r["loss"] < 4 for r in history.of("train"))


def test_a_progress_bar_is_shown_unless_it_is_quiet(capsys):
    train(model(), pairs(), settings(), quiet=True)
    assert capsys.readouterr().err == ""
    train(model(), pairs(), settings())
    assert "12/12" in capsys.readouterr().err


def test_an_infinite_gradient_is_no_number_in_the_journal(monkeypatch):
    monkeypatch.setattr(
        run_module.Window, "add", _with_infinite_norm(run_module.Window.add), raising=True
    )
    records = train(model(), pairs(), settings(), quiet=True).of("train")
    assert all("grad_norm" not in record for record in records)


def _with_infinite_norm(add):
    return lambda self, batch, loss, norm: add(self, batch, loss, norm * float("inf"))
