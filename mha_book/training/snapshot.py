"""From a run to the files of a checkpoint and back: weights, Adam's means, and how far it came."""

import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of
from torch import Tensor, nn
from torch.amp import GradScaler

from mha_book.checkpoint import CheckpointError
from mha_book.config import TransformerConfig
from mha_book.training.progress import Progress
from mha_book.training.settings import Settings
from mha_book.transformer import Transformer

__all__ = ["load_model", "pack", "unpack"]

_MODEL, _OPTIMISER = "model.safetensors", "optimizer.safetensors"

#: Settings that a resumed run may change: they decide where it goes, not what a step computes. Only
#: with a cooldown do the steps that are left decide the learning rate.
FREE = {
    *("steps", "max_seconds", "device", "precision", "tensorboard"),
    *("log_every", "evaluate_every", "evaluate_at", "save_every"),
}


def pack(
    model: Transformer,
    optimiser: torch.optim.Optimizer,
    scaler: GradScaler | None,
    progress: Progress,
    settings: Settings,
) -> dict[str, bytes]:
    """The files that hold a run.

    Tied weights are one parameter, so they are one tensor in the file, under their first name.
    """
    weights = dict(model.named_parameters())
    means = {
        f"{name}.{key}": value
        for name, parameter in weights.items()
        for key, value in optimiser.state[parameter].items()
    }
    about = {**progress.to_dict(), "scaler": None if scaler is None else scaler.state_dict()}
    return {
        _MODEL: bytes_of(_cpu(weights), metadata={"format": "pt"}),
        _OPTIMISER: bytes_of(_cpu(means)),
        "config.json": _json(model.config.to_dict()),
        "settings.json": _json(settings.to_dict()),
        "progress.json": _json(about),
    }


def unpack(
    files: Mapping[str, bytes],
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    scaler: GradScaler | None,
    settings: Settings,
) -> Progress:
    """Put model, optimiser and scaler into the state in which :func:`pack` found them.

    Raises:
        CheckpointError: the model is of another shape, or the settings would give other numbers.
    """
    _check_settings(json.loads(files["settings.json"]), settings)
    _fill(model, files)
    means = _tensors(files, _OPTIMISER)
    state: dict[int, dict[str, Tensor]] = {}
    for number, (name, _) in enumerate(model.named_parameters()):
        state[number] = {
            key.removeprefix(f"{name}."): value
            for key, value in means.items()
            if key.rpartition(".")[0] == name
        }
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    about = json.loads(files["progress.json"])
    if scaler is not None and about["scaler"] is not None:
        scaler.load_state_dict(about["scaler"])
    return Progress.from_dict(about)


def load_model(files: Mapping[str, bytes]) -> Transformer:
    """The model of a checkpoint, ready for use.

    Raises:
        CheckpointError: the files are not those of a run.
    """
    if missing := [name for name in (_MODEL, "config.json") if name not in files]:
        raise CheckpointError(f"the checkpoint has no {' and no '.join(missing)}")
    model = Transformer(TransformerConfig.from_dict(json.loads(files["config.json"])))
    _fill(model, files)
    return model.eval()


@torch.no_grad()
def _fill(model: nn.Module, files: Mapping[str, bytes]) -> None:
    """Copy weights into a model of the same names and shapes, or leave it as it was."""
    found, wanted = _tensors(files, _MODEL), dict(model.named_parameters())
    for name in [*wanted, *sorted(found)]:
        there, here = (_shape(weights.get(name)) for weights in (found, wanted))
        if there != here:
            raise CheckpointError(
                f"the checkpoint does not fit the model: {name} is {there} in {_MODEL}, but "
                f"{here} in the model"
            )
    for name, parameter in wanted.items():
        parameter.copy_(found[name])


def _shape(tensor: Tensor | None) -> str:
    return "missing" if tensor is None else str(tuple(tensor.shape))


def _tensors(files: Mapping[str, bytes], name: str) -> dict[str, Tensor]:
    try:
        return tensors_of(files[name])
    except SafetensorError as error:
        raise CheckpointError(f"{name} holds no tensors: {error}") from error


def _check_settings(saved: dict[str, Any], settings: Settings) -> None:
    before, now = Settings.from_dict(saved).to_dict(), settings.to_dict()
    changed = [
        f"{name} was {before[name]}, is {now[name]}"
        for name in now
        if name not in FREE and before[name] != now[name]
    ]
    if changed:
        raise CheckpointError(
            f"the run was started with other settings: {'; '.join(changed)}; it can only be "
            "resumed with those"
        )


def _cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _json(values: object) -> bytes:
    return json.dumps(values, indent=2, ensure_ascii=False).encode()
