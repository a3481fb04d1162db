"""Tests of several processes: those of a ``World`` run one function after the other."""

from __future__ import annotations

import importlib
import multiprocessing
import tempfile
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

TIMEOUT = 60.0
"""Seconds after which a process is taken to hang, also on a busy machine."""


class World:
    """``size`` processes in a process group of a library, minitorch_dl or PyTorch.

    A function to run in them takes the library, the rank and the size.
    """

    def __init__(self, library: str, size: int) -> None:
        self.broken = False
        self._folder = tempfile.TemporaryDirectory()
        context = multiprocessing.get_context("spawn")
        self.connections, self.processes = [], []
        for rank in range(size):
            ours, theirs = context.Pipe()
            path = str(Path(self._folder.name, "store"))
            process = context.Process(target=_serve, args=(library, rank, size, path, theirs))
            process.start()
            theirs.close()
            self.connections.append(ours)
            self.processes.append(process)

    def run(self, function: Callable[..., Any], *args: Any) -> list[Any]:
        """What ``function(torch, rank, size, *args)`` returns in each process; raises what it
        raised in the first that failed."""
        self.broken = True  # until all have answered
        for connection in self.connections:
            connection.send((function, args))
        answers = []
        for rank, connection in enumerate(self.connections):
            assert connection.poll(TIMEOUT), f"rank {rank} does not answer"
            answers.append(connection.recv())
        for _, text in answers:
            assert text is None, text
        self.broken = False
        return [result for result, _ in answers]

    def close(self) -> None:
        for connection in self.connections:
            connection.close()  # which ends the process
        for process in self.processes:
            process.join(0 if self.broken else TIMEOUT)
            process.kill()
            process.join()
            process.close()
        self._folder.cleanup()


def _serve(library: str, rank: int, size: int, path: str, connection: Any) -> None:
    torch = importlib.import_module(library)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{path}", rank=rank, world_size=size,
        timeout=timedelta(seconds=TIMEOUT / 2),
    )  # fmt: skip
    try:
        while True:
            function, args = connection.recv()
            torch.manual_seed(0)
            try:
                connection.send((function(torch, rank, size, *args), None))
            except Exception:
                connection.send((None, traceback.format_exc()))
    except EOFError:
        torch.distributed.destroy_process_group()
