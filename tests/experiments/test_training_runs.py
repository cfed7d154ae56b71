"""Training runs for records: they go on where they ended, and average their last weights."""

import signal
from pathlib import Path

import pytest
import torch

from experiments.scoring import plain
from experiments.training_runs import averaged, fresh, scored, settled, trained
from mha_book.checkpoint import read
from mha_book.training.snapshot import load_model
from mha_book.translator import Translator
from tests.experiments.tiny import tiny_task


def weights(path: Path) -> dict[str, torch.Tensor]:
    return dict(load_model(read(path)).named_parameters())


def checkpoints(folder: Path) -> list[Path]:
    return sorted((folder / "checkpoints").iterdir())


def test_the_average_is_the_mean_of_each_weight(tmp_path: Path):
    scored(tiny_task(steps=7, save_every=2), tmp_path, width=1, average=3)
    paths = checkpoints(tmp_path)
    assert [path.name[-1] for path in paths] == ["4", "6", "7"]
    model, parts = averaged(paths), [weights(path) for path in paths]
    assert not model.training
    assert model.output.weight is model.decoder.embedding.table.weight  # still tied
    for name, weight in model.named_parameters():
        mean = torch.stack([part[name] for part in parts]).double().mean(dim=0)
        torch.testing.assert_close(weight.double(), mean, rtol=1e-5, atol=1e-7)
        assert not torch.equal(parts[0][name], parts[-1][name])


def test_it_is_the_average_that_translates(tmp_path: Path, monkeypatch):
    model, asked, said = fresh(tiny_task(seed=7)).model.eval(), [], []
    monkeypatch.setattr("experiments.training_runs.averaged", lambda p: asked.append(p) or model)

    def scale(translations, references, language):
        said.extend([*translations, language])
        return {"references": references}

    task = tiny_task(steps=5, save_every=1)
    found = scored(task, tmp_path, scale, width=2, average=2)
    assert asked == [checkpoints(tmp_path)[-2:]]
    assert found["averaged"] == ["step-00000004", "step-00000005"]
    test = task.corpus.splits["test"]
    translations = Translator(model, task.tokenizers).translate([e.source for e in test], width=2)
    assert said == [*translations, "de"]
    assert found["scores"] == {"scale": {"references": [e.target for e in test]}}


@pytest.mark.parametrize("run", [scored, lambda task, folder, **_: trained(task, ["test"])])
def test_what_ctrl_c_ended_is_not_scored(run, tmp_path: Path, monkeypatch):
    def interrupt(seed: int, step: int, rank: int) -> None:
        if step == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("mha_book.training.loop.reseed", interrupt)
    monkeypatch.setattr(Translator, "translate", lambda *_, **__: pytest.fail("it was scored"))
    with pytest.raises(SystemExit, match="nothing is recorded"):
        run(tiny_task(steps=7), tmp_path, width=1)


def test_a_run_that_was_ended_comes_to_the_same_weights(tmp_path: Path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    scored(tiny_task(steps=4), whole, width=1)
    scored(tiny_task(steps=2), parts, width=1)
    again = scored(tiny_task(steps=4), parts, width=1)
    assert again["steps"] == 4
    one, other = weights(checkpoints(whole)[-1]), weights(checkpoints(parts)[-1])
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_finished_run_is_scored_again_without_a_step(tmp_path: Path):
    first = scored(tiny_task(steps=3), tmp_path, plain, width=1)
    assert scored(tiny_task(steps=3), tmp_path, plain, width=1) == first
    assert first["steps"] == 3


def test_fewer_checkpoints_may_be_averaged_later(tmp_path: Path):
    task = tiny_task(steps=3, save_every=1)
    assert len(scored(task, tmp_path, width=1, average=3)["averaged"]) == 3
    assert scored(task, tmp_path, width=1)["averaged"] == ["step-00000003"]


def test_scores_on_the_way_are_kept():
    found = trained(tiny_task(steps=3, evaluate_every=2), ["test", "valid"])
    assert [record["step"] for record in found["on_the_way"]] == [2, 3]
    assert found["scores"].keys() == {"test", "valid"}
    assert found["parameters"] == sum(p.numel() for p in fresh(tiny_task()).model.parameters())


def test_what_decided_a_run_is_told():
    task = tiny_task(steps=3)
    found = settled(task, "test")
    assert found["settings"]["steps"] == 3
    assert found["pairs"] == {"train": 200, "valid": 5, "test": 5}
    assert found["digests"] == {"test": task.corpus.digest("test")}


def test_the_seed_decides_the_first_weights():
    one, same, other = (fresh(tiny_task(seed=seed)).model.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert not all(torch.equal(one[k], other[k]) for k in one)
