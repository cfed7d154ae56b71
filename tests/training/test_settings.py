"""Settings refuse what makes no sense, and travel as JSON."""

import json

import pytest

from mha_book.training import Settings
from tests.builders import error_table, says


def test_they_come_back_from_json():
    settings = Settings(
        steps=17, max_seconds=2.5, evaluate_at=(1.0, 2.0), betas=(0.8, 0.9), save_every=5
    )
    text = json.dumps(settings.to_dict())
    assert Settings.from_dict(json.loads(text)) == settings


def test_the_defaults_are_those_of_the_paper():
    settings = Settings()
    assert (settings.betas, settings.eps, settings.warmup) == ((0.9, 0.98), 1e-9, 4000)
    assert (settings.label_smoothing, settings.steps) == (0.1, 100_000)


@error_table(
    {
        "steps=0 must be at least 1": lambda: Settings(steps=0),
        "save_every=-1 must be at least 1": lambda: Settings(save_every=-1),
        "peak_lr=0 must be positive": lambda: Settings(peak_lr=0),
        "max_seconds=nan must be positive": lambda: Settings(max_seconds=float("nan")),
        "cooldown=1.5 must lie between 0 and 1": lambda: Settings(cooldown=1.5),
        "label_smoothing=-1.0 must lie between 0 and 1": lambda: Settings(label_smoothing=-1.0),
        "betas=(0.9, 1.0) must be two numbers from 0 to below 1": lambda: Settings(
            betas=(0.9, 1.0)
        ),
        "betas=(0.9,) must be two numbers from 0 to below 1": lambda: Settings(betas=(0.9,)),
        "evaluate_at=(60, 0) must be a list of positive numbers": lambda: Settings(
            evaluate_at=(60, 0)
        ),
        "evaluate_at='soon' must be a list of positive numbers": lambda: Settings(
            evaluate_at="soon"
        ),
        "precision='int8' must be one of auto, float32, bf16, fp16": lambda: Settings(
            precision="int8"
        ),
    }
)
def test_wrong_values_are_refused(call, message):
    says(call, ValueError, message)


def test_wrong_types_are_refused():
    says(lambda: Settings(steps=1.5), TypeError, "steps=1.5 is float, expected int")
    says(lambda: Settings(seed="x"), TypeError, "seed='x' is str, expected int")


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"unknown settings \['lr'\]; known are \['steps', "):
        Settings.from_dict({"lr": 1e-3})
