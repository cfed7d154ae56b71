"""What a checkpoint holds comes back as it was, and what does not fit changes nothing."""

import pytest
import torch
from safetensors.torch import load_file
from safetensors.torch import load_model as load_model_as_others_do

from mha_book.checkpoint import CheckpointError
from mha_book.data.batches import State
from mha_book.training import adam
from mha_book.training.progress import Progress
from mha_book.training.snapshot import load_model, pack, unpack
from tests.builders import says
from tests.training.cases import model, same_weights, settings

MEANS = ("exp_avg", "exp_avg_sq")


def packed(scaler: torch.amp.GradScaler | None = None) -> tuple:
    """A model after some steps, its optimiser, and the files of both."""
    net, chosen = model(), settings()
    optimiser = adam(net, chosen)
    for step in range(3):
        for p in net.parameters():
            p.grad = torch.full_like(p, step + 1.0)
        optimiser.param_groups[0]["lr"] = 0.01
        optimiser.step()
    return net, optimiser, pack(net, optimiser, scaler, Progress(3, State(1, 2), 4.5), chosen)


def test_everything_comes_back():
    scaler = torch.amp.GradScaler("cpu", init_scale=32.0)
    net, optimiser, files = packed(scaler)
    other = model(seed=1)
    fresh, other_scaler = adam(other, settings()), torch.amp.GradScaler("cpu")
    progress = unpack(files, other, fresh, other_scaler, settings())
    assert progress == Progress(3, State(1, 2), 4.5)
    assert same_weights(net, other)
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        assert optimiser.state[p].keys() == fresh.state[q].keys() == {"step", *MEANS}
        assert all(torch.equal(optimiser.state[p][k], fresh.state[q][k]) for k in MEANS)
        assert fresh.state[q]["step"] == 3
    assert other_scaler.get_scale() == 32.0
    assert unpack(files, other, fresh, None, settings()) == progress


def test_a_scaler_that_is_new_to_a_run_begins_anew():
    _, _, files = packed()
    other = model()
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    unpack(files, other, adam(other, settings()), scaler, settings())
    assert scaler.get_scale() == 8.0


def test_tied_weights_are_one_tensor_in_the_file(tmp_path):
    net, _, files = packed()
    (tmp_path / "weights").write_bytes(files["model.safetensors"])
    found = load_file(tmp_path / "weights")
    assert sum(t.numel() for t in found.values()) == sum(p.numel() for p in net.parameters())
    other = model(seed=1)
    load_model_as_others_do(other, tmp_path / "weights")
    assert same_weights(net, other)


def test_a_model_is_made_from_its_files():
    net, _, files = packed()
    made = load_model(files)
    assert same_weights(net, made)
    assert made.config == net.config
    assert not made.training
    del files["config.json"]
    says(lambda: load_model(files), CheckpointError, "the checkpoint has no config.json")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"d_model": 12},
            "encoder.embedding.table.weight is (13, 8) in model.safetensors, but (13, 12) in the "
            "model",
        ),
        (
            {"encoder_layers": 2},
            "encoder.layers.1.attention.q_proj.weight is missing in model.safetensors, but (8, 8) "
            "in the model",
        ),
        (
            {"norm": "rms"},
            "decoder.layers.0.cross_residual.norm.bias is (8,) in model.safetensors, but "
            "missing in the model",
        ),
    ],
)
def test_a_checkpoint_of_another_shape_changes_nothing(changes, message):
    _, _, files = packed()
    other, untouched = model(seed=1, **changes), model(seed=1, **changes)
    optimiser = adam(other, settings())
    says(
        lambda: unpack(files, other, optimiser, None, settings()),
        CheckpointError,
        f"the checkpoint does not fit the model: {message}",
    )
    assert same_weights(other, untouched)
    assert not optimiser.state


def test_other_settings_are_refused_unless_no_number_depends_on_them():
    _, _, files = packed()
    other = model()
    chosen = settings(peak_lr=2e-2, seed=7, steps=99, save_every=3, max_seconds=1.0)
    message = (
        "the run was started with other settings: peak_lr was 0.01, is 0.02; seed was 0, is 7; it "
        "can only be resumed with those"
    )
    optimiser = adam(other, chosen)
    says(lambda: unpack(files, other, optimiser, None, chosen), CheckpointError, message)
    chosen = settings(steps=99, save_every=3, max_seconds=1.0)
    assert unpack(files, other, optimiser, None, chosen).step == 3


def test_what_holds_no_tensors_is_named():
    _, _, files = packed()
    files["model.safetensors"] = files["model.safetensors"][:-1]
    with pytest.raises(CheckpointError, match=r"^model.safetensors holds no tensors: "):
        load_model(files)
