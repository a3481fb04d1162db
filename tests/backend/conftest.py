"""A GPU's kernels on the host."""

from collections.abc import Iterator

import pytest

from minitorch_dl.backend import special
from minitorch_dl.backend.kernels import launching

from .cuda_host import HostCupy


def forget() -> None:
    """Compile the kernels anew."""
    launching._module.cache_clear()
    launching._function.cache_clear()


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostCupy]:
    """The kernels on the host, with few threads to a block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launching, "THREADS", 64)
        patch.setattr(special, "_native", lambda xp, name: None)
        forget()
        yield HostCupy(tmp_path_factory.mktemp("kernels"))
    forget()
