"""What every test and doctest shares."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _deterministic(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace["torch"] = torch
    torch.manual_seed(0)
