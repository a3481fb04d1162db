"""Processes that end while others wait for them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from minitorch_dl import distributed as dist, multiprocessing as mp, ones
from tests.distributed import TIMEOUT


def wait_in_vain(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=3)
    dist.barrier()
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        if rank == 0:
            dist.recv(ones(1), 2)  # who waits, too
        dist.all_reduce(ones(10_000))
    except dist.DistBackendError as error:
        Path(folder, f"of {rank}").write_text(str(error))


def leave_early(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=3)
    if rank:
        dist.broadcast(ones(1), 1)
        if rank == 1:
            dist.send(ones(1), 2)
            return  # without destroy_process_group
        x = ones(1)
        dist.recv(x, 1)  # what was sent before the end arrives
        with pytest.raises(dist.DistBackendError, match=r"rank 1 .* has left the process group"):
            dist.recv(x, 1)
        with pytest.raises(dist.DistBackendError, match=r"rank 1 .* has left the process group"):
            dist.send(x, 1)
        Path(folder, "of 2").write_text("told")
    else:
        dist.broadcast(ones(1), 1)


def run(function: Any, folder: Path) -> Any:
    started: Any = mp.spawn(function, (str(folder),), nprocs=3, join=False, start_method="spawn")
    deadline = time.monotonic() + TIMEOUT
    try:
        for process in started.processes:
            process.join(max(0.0, deadline - time.monotonic()))
            assert process.exitcode is not None, "a process hangs"
    finally:
        for process in started.processes:
            process.kill()
    return [process.exitcode for process in started.processes]


def test_a_killed_process_is_named_to_all(tmp_path: Path) -> None:
    assert run(wait_in_vain, tmp_path) == [0, -signal.SIGKILL, 0]
    for rank in (0, 2):
        text = (tmp_path / f"of {rank}").read_text()
        assert "rank 1 (process" in text
        assert "ended unexpectedly" in text


def test_a_process_that_leaves(tmp_path: Path) -> None:
    assert run(leave_early, tmp_path) == [0, 0, 0]
    assert (tmp_path / "of 2").read_text() == "told"
