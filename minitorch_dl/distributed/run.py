"""Start the processes of a program on this machine: PyTorch's ``torchrun``.

Each gets RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT and others in its environment, by
which ``init_process_group()`` finds the others. The launcher of the first machine serves the store.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..compat.names import path_for_children
from .errors import ChildFailedError, DistNetworkError
from .tcp_store import TCPStore

__all__ = ["get_args_parser", "main", "parse_args", "run"]

_GRACE_SECONDS = 5.0
_OPTIONS = {  # name: default, what it is
    "nnodes": ("1", "how many machines take part, each with a launcher"),
    "nproc-per-node": ("1", "how many processes to start on each; auto, cpu: one per core"),
    "node-rank": (None, "which machine this is, from 0 on; default: in the order of coming"),
    "master-addr": ("127.0.0.1", "the address of the first machine"),
    "master-port": ("29500", "a port of the first machine"),
    "rdzv-endpoint": ("", "HOST:PORT, in place of --master-addr and --master-port"),
    "rdzv-id": ("none", "a name of this run"),
    "rdzv-backend": ("static", "accepted: the store is served over TCP"),
    "max-restarts": ("0", "how often to start all again when one fails (on one machine)"),
    "monitor-interval": ("0.1", "the seconds between looks at the processes"),
    "role": ("default", "a name of the processes"),
}
_IGNORED = ("rdzv-conf", "log-dir", "redirects", "tee", "local-addr", "start-method")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add torchrun's options to a parser; each may be spelled with ``-`` or ``_``."""
    for name, (default, text) in _OPTIONS.items():
        parser.add_argument(*_spellings(name), default=default, help=text)
    for name in _IGNORED:
        parser.add_argument(*_spellings(name), help=argparse.SUPPRESS)
    parser.add_argument(
        "--standalone", action="store_true", help="one machine, and any port that is free"
    )
    parser.add_argument("-m", "--module", action="store_true", help="the program is a module")
    parser.add_argument(
        *_spellings("no-python"), action="store_true", help="the program is no Python program"
    )
    parser.add_argument("training_script", metavar="SCRIPT", help="the program")
    parser.add_argument(
        "training_script_args", metavar="ARGS", nargs=argparse.REMAINDER, help="its arguments"
    ).required = False


def _spellings(name: str) -> list[str]:
    return list(dict.fromkeys([f"--{name}", f"--{name.replace('-', '_')}"]))


def get_args_parser() -> argparse.ArgumentParser:
    """A parser of torchrun's options."""
    parser = argparse.ArgumentParser(description="Run a program as several processes.")
    add_arguments(parser)
    return parser


def parse_args(args: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line."""
    return get_args_parser().parse_args(args)


def main(args: Sequence[str] | None = None) -> None:
    """Run a command line: ``python -m minitorch_dl.distributed.run --nproc-per-node 2 SCRIPT``."""
    try:
        run(parse_args(args))
    except (ChildFailedError, FileNotFoundError) as error:
        sys.exit(str(error))


@dataclass
class _Node:
    """This machine among the others."""

    rank: int
    count: int
    store: TCPStore
    host: str


def run(args: argparse.Namespace) -> None:
    """Start the processes, and wait until all have ended.

    Raises:
        ChildFailedError: one failed, and the others were ended.
    """
    each = _processes_per_node(str(args.nproc_per_node))
    _check_script(args)
    node = _join_nodes(args)
    for attempt in range(int(args.max_restarts) + 1):
        processes = [_start(args, node, each, local, attempt) for local in range(each)]
        failed = _wait(processes, float(args.monitor_interval))
        if not failed:
            return
    ends = [
        f"rank {node.rank * each + local} (local rank {local}, process {processes[local].pid}) "
        f"with {f'exit code {code}' if code > 0 else f'signal {-code}'}"
        for local, code in failed.items()
    ]
    raise ChildFailedError(f"{args.training_script} failed: {'; '.join(ends)}")


def _processes_per_node(text: str) -> int:
    if text in ("auto", "cpu"):
        return os.cpu_count() or 1
    if not text.isdecimal() or text == "0":
        raise ValueError(f"Unsupported nproc_per_node value: {text}")
    return int(text)


def _check_script(args: argparse.Namespace) -> None:
    """Refuse a program that isn't there, before any process is started."""
    if not (args.module or args.no_python or os.path.exists(args.training_script)):
        raise FileNotFoundError(
            f"torchrun: there is no file {args.training_script!r} in {os.getcwd()!r}. Modules are "
            "run by -m, programs that are not of Python by --no-python"
        )


def _join_nodes(args: argparse.Namespace) -> _Node:
    """Serve the store, or connect to the machine that does, and find which machine this is."""
    count = int(str(args.nnodes).rpartition(":")[2])
    host, port = args.master_addr, int(args.master_port)
    if args.standalone:
        host, port = "127.0.0.1", 0
    elif args.rdzv_endpoint:
        host, _, given = args.rdzv_endpoint.rpartition(":")
        host, port = (host, int(given)) if host else (given, 29400)
    rank = None if args.node_rank is None else int(args.node_rank)
    if count == 1:
        rank = 0
    store = None
    if rank == 0 or (rank is None and _is_here(host)):
        try:
            store = TCPStore(host, port, is_master=True)
        except DistNetworkError:
            if rank == 0:
                raise
    store = store or TCPStore(host, port)
    if rank is None:
        rank = store.add(f"nodes/{args.rdzv_id}", 1) - 1
    return _Node(rank, count, store, host)


def _is_here(host: str) -> bool:
    """Whether a host name means this machine."""
    try:
        socket.create_server((host, 0)).close()
    except OSError:
        return False
    return True


def _start(
    args: argparse.Namespace, node: _Node, each: int, local: int, attempt: int
) -> subprocess.Popen[bytes]:
    rank, size = node.rank * each + local, node.count * each
    environment = {
        "RANK": rank,
        "LOCAL_RANK": local,
        "GROUP_RANK": node.rank,
        "ROLE_RANK": rank,
        "ROLE_NAME": args.role,
        "WORLD_SIZE": size,
        "LOCAL_WORLD_SIZE": each,
        "GROUP_WORLD_SIZE": node.count,
        "ROLE_WORLD_SIZE": size,
        "MASTER_ADDR": node.host,
        "MASTER_PORT": node.store.port,
        "TORCHELASTIC_RESTART_COUNT": attempt,
        "TORCHELASTIC_MAX_RESTARTS": args.max_restarts,
        "TORCHELASTIC_RUN_ID": args.rdzv_id,
        "TORCHELASTIC_USE_AGENT_STORE": True,
    }
    inherited = {**os.environ, "PYTHONPATH": path_for_children()}
    if each > 1:
        inherited.setdefault("OMP_NUM_THREADS", "1")
    return subprocess.Popen(
        _command(args), env={**inherited, **{k: str(v) for k, v in environment.items()}}
    )


def _command(args: argparse.Namespace) -> list[str]:
    program = [args.training_script, *args.training_script_args]
    if args.no_python:
        return program
    return [sys.executable, "-u", *(["-m"] if args.module else []), *program]


def _wait(processes: Sequence[subprocess.Popen[bytes]], interval: float) -> dict[int, int]:
    """Wait for all to end, or one to fail, after which the others are ended; which failed, and
    their exit codes."""
    try:
        while True:
            codes = {i: process.poll() for i, process in enumerate(processes)}
            failed = {i: code for i, code in codes.items() if code}
            if failed or None not in codes.values():
                return failed
            time.sleep(interval)
    finally:
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in processes:
            _end(process, deadline - time.monotonic())


def _end(process: subprocess.Popen[Any], seconds: float) -> None:
    try:
        process.wait(max(seconds, 0.0))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
