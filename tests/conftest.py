"""What holds for every test."""

from types import ModuleType

import pytest
from hypothesis import settings

import minitorch_dl
from minitorch_dl.backend.blas import set_blas_threads
from minitorch_dl.backend.random import CounterGenerator, Generator, generator

set_blas_threads(1)  # the workers of pytest-xdist share the cores already

# The same examples on every run, so that a failure is the change's; `--hypothesis-profile=explore`
# draws new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Every test draws the same numbers, whichever tests ran before it."""
    minitorch_dl.manual_seed(0)


@pytest.fixture
def cpu_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """All devices get the numbers that the CPU, and PyTorch's, draws, so that results compare."""
    generators = {device: Generator() for device in ("fakegpu", "cuda")}
    monkeypatch.setattr(generator, "_defaults", generators)


@pytest.fixture
def device_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU gets the numbers that the other devices draw."""
    monkeypatch.setattr(generator, "_defaults", {"cpu": CounterGenerator("cpu")})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the GPU's share of the tables unless it is asked for with ``-m gpu``."""
    if "gpu" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("gpu")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("gpu")]


@pytest.fixture(params=["minitorch_dl", pytest.param("torch", marks=pytest.mark.parity)])
def torch(request: pytest.FixtureRequest) -> ModuleType:
    """The package, and PyTorch itself: a test of a shared meaning must hold for both."""
    return minitorch_dl if request.param == "minitorch_dl" else pytest.importorskip("torch")
