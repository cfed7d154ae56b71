"""What the tests share."""

from collections.abc import Iterator

import jaxtyping
import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.builders")  # its assertions speak as those of tests do

settings.register_profile("book", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("book")


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Switch the shape checker off, so that the package's own message is the first to come."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
