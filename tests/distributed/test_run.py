"""``torchrun``: the processes of a program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from minitorch_dl.cli import main
from minitorch_dl.distributed import run
from tests.distributed import TIMEOUT

PROGRAM = """
import os
import sys

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing.errors import record


@record
def main():
    dist.init_process_group("gloo")
    x = torch.ones(1) * dist.get_rank()
    dist.all_reduce(x)
    found = [os.environ[name] for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "GROUP_RANK")]
    attempt = os.environ["TORCHELASTIC_RESTART_COUNT"]
    if sys.argv[2:] == ["fail", attempt] and dist.get_rank() == 1:
        raise ValueError("as told")
    with open(f"{sys.argv[1]}/{dist.get_rank()}", "w") as file:
        print(*found, x.item(), attempt, file=file)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def told(folder: Path, ranks: int) -> list[str]:
    return [(folder / str(rank)).read_text().strip() for rank in range(ranks)]


def test_processes_of_a_script(script: Path, tmp_path: Path) -> None:
    options = ["--standalone", "--nproc_per_node=2"]
    assert main(["torchrun", *options, str(script), str(tmp_path)]) == 0
    assert told(tmp_path, 2) == ["0 0 2 0 1.0 0", "1 1 2 0 1.0 0"]


def test_a_process_that_fails_once(script: Path, tmp_path: Path) -> None:
    options = ["--standalone", "--nproc-per-node", "2", "--max-restarts", "1"]
    assert main(["torchrun", *options, str(script), str(tmp_path), "fail", "0"]) == 0
    assert told(tmp_path, 2) == ["0 0 2 0 1.0 1", "1 1 2 0 1.0 1"]


def test_a_process_that_fails(
    script: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--standalone", "--nproc-per-node", "2"]
    assert main(["torchrun", *options, str(script), str(tmp_path), "fail", "0"]) == 1
    printed = capfd.readouterr().err
    assert "ValueError: as told" in printed
    assert "rank 1 (local rank 1, process" in printed
    assert "exit code 1" in printed


def test_two_machines(script: Path, tmp_path: Path, free_port: int) -> None:
    """Their launchers find each other at the endpoint, and number themselves."""
    command = [
        sys.executable, "-m", "minitorch_dl.distributed.run", "--nnodes", "2",
        "--rdzv-endpoint", f"localhost:{free_port}", str(script), str(tmp_path),
    ]  # fmt: skip
    launchers = [subprocess.Popen(command) for _ in range(2)]
    assert [launcher.wait(TIMEOUT) for launcher in launchers] == [0, 0]
    assert told(tmp_path, 2) == ["0 0 2 0 1.0 0", "1 0 2 1 1.0 0"]


def test_command_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(run, "_wait", lambda processes, interval: {})
    monkeypatch.setattr(subprocess, "Popen", lambda command, env: started.append((command, env)))
    run.main(["--standalone", "--nproc-per-node=auto", "--no-python", "echo", "a"])
    assert started[0][0] == ["echo", "a"]
    started.clear()
    run.main(["--standalone", "--role", "trainer", "-m", "package.program", "--a"])
    ((command, environment),) = started
    assert command[1:] == ["-u", "-m", "package.program", "--a"]
    assert environment["ROLE_NAME"] == "trainer"
    assert main(["torchrun", "--nproc-per-node=many", "program.py"]) == 2
    assert "Unsupported nproc_per_node value: many" in capsys.readouterr().err
    started.clear()
    assert main(["torchrun", "--standalone", "missing.py"]) == 2
    assert "there is no file 'missing.py'" in capsys.readouterr().err
    assert not started


def test_a_module_runs_as_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a_program.py").write_text("import sys, torch\nprint(torch.ones(1), sys.argv[1:])")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    assert main(["run", "-m", "a_program", "--a"]) == 0
    assert capsys.readouterr().out == "tensor([1.]) ['--a']\n"
