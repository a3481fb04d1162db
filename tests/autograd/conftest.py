from __future__ import annotations

from types import ModuleType

import pytest

import minitorch_dl


@pytest.fixture(params=["minitorch_dl", pytest.param("torch", marks=pytest.mark.parity)])
def torch(request: pytest.FixtureRequest) -> ModuleType:
    """The package, and PyTorch itself: a test of a shared meaning must hold for both."""
    return minitorch_dl if request.param == "minitorch_dl" else pytest.importorskip("torch")
