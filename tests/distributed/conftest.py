"""The processes that tests share."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.distributed import World


@pytest.fixture(scope="session")
def worlds() -> Iterator[Callable[[str], World]]:
    """Three processes of a library, started when first asked for, and anew after a failure, which
    leaves some of them waiting for others."""
    made: dict[str, World] = {}

    def world_of(library: str) -> World:
        if library in made and made[library].broken:
            made.pop(library).close()
        if library not in made:
            made[library] = World(library, 3)
        return made[library]

    yield world_of
    for world in made.values():
        world.close()


@pytest.fixture(params=["minitorch_dl", pytest.param("torch", marks=pytest.mark.parity)])
def world(request: pytest.FixtureRequest, worlds: Callable[[str], World]) -> World:
    """Three processes of this package, and three of PyTorch."""
    if request.param == "torch":
        pytest.importorskip("torch")
    return worlds(request.param)


@pytest.fixture
def our_world(worlds: Callable[[str], World]) -> World:
    """Three processes of this package."""
    return worlds("minitorch_dl")


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
