"""``minitorch-dl bench`` hands over to the suite, or says where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from minitorch_dl.cli import bench
from minitorch_dl.cli.main import main


def test_it_runs_the_suite(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--list", "Inference"]) == 0
    assert capfd.readouterr().out == "inference/MLP one sample\n"


def test_without_a_checkout_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "SUITE", tmp_path / "benchmarks")
    assert main(["bench"]) == 2
    assert "clone the repository" in capsys.readouterr().err
