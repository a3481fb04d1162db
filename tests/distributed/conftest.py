"""The processes that the tests of a file share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.distributed import World


@pytest.fixture(
    scope="module", params=["minitorch_dl", pytest.param("torch", marks=pytest.mark.parity)]
)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Three processes of this package, and three of PyTorch."""
    if request.param == "torch":
        pytest.importorskip("torch")
    made = World(request.param, 3)
    yield made
    made.close()


@pytest.fixture(scope="module")
def our_world() -> Iterator[World]:
    """Three processes of this package."""
    made = World("minitorch_dl", 3)
    yield made
    made.close()
