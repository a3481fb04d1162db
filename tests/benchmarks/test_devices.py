"""The suite on several devices: what is measured, and how it is reported."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import minitorch_dl as torch
from benchmarks import worker
from benchmarks.__main__ import main
from benchmarks.report import crossing
from tests.devices import NEEDS_GPU

SHORT = ["--rounds", "1", "--seconds", "0.01", "--threads", "1", "--peers"]


def test_a_workload_on_two_devices(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = ["--json", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html")]
    only = ["inference/MLP", "scaling/MLP batch 16", "scaling/MLP batch 64"]
    assert main([*only, "--devices", "cpu,fakegpu", *SHORT, *files]) == 0
    out = capfd.readouterr().out
    assert "minitorch_dl cpu" in out
    assert "from size" in out
    results = json.loads((tmp_path / "r.json").read_text())
    assert results["peers"] == ["minitorch_dl cpu"]
    assert len(results["rows"]) == 3
    for row in results["rows"]:
        assert row["ours"] > 0
        assert row["peers"]["minitorch_dl cpu"]["ratio"] > 0
    page = (tmp_path / "r.html").read_text()
    assert page.count("<svg") == 2
    assert "minitorch_dl cpu" in page


@pytest.mark.parametrize("precision", ["high", "bfloat16"])
def test_training_in_less_precision(precision: str, tmp_path: Path) -> None:
    report, only = tmp_path / "r.json", ["train/MLP 32", "train/CNN MNIST", "train/LSTM"]
    given = ["--devices", "cpu,fakegpu", "--precision", precision, "--json", str(report)]
    assert main([*only, *given, *SHORT]) == 0
    results = json.loads(report.read_text())
    assert len(results["rows"]) >= 3
    assert f"minitorch_dl fakegpu+{precision}" in results["versions"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks what holds without a GPU")
def test_without_a_gpu_there_is_one_clear_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["inference/MLP", "--devices", "cpu,cuda", *SHORT]) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("python -m benchmarks: minitorch_dl cuda: ")
    assert "device 'cuda'" in lines[0]


def test_where_curves_cross() -> None:
    assert crossing([(1, 2.0), (10, 3.0)]) == "<= 1"
    assert crossing([(1, 2.0), (10, 0.5)]) == "never"
    assert crossing([(1, 0.25), (16, 4.0), (64, 8.0)]) == "4"
    assert crossing([(1, 3.0), (10, 0.1), (100, 10.0)]) == "32"


def test_the_gpus_clock_is_its_events() -> None:
    asked: list[str] = []

    class Event:
        def __init__(self, enable_timing: bool) -> None:
            assert enable_timing

        def record(self) -> None:
            asked.append("record")

        def synchronize(self) -> None:
            asked.append("synchronize")

        def elapsed_time(self, end: Any) -> float:
            return 6.0

    fake = SimpleNamespace(cuda=SimpleNamespace(Event=Event))
    assert worker.gpu_time(fake, lambda: asked.append("step"), 2) == pytest.approx(6e-3)
    assert asked == ["record", "step", "step", "record", "synchronize"]


def test_captured_steps_count_on_the_device() -> None:
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(1))])
    worker._count_on_device(optimizer, (), {})
    assert optimizer.param_groups[0]["capturable"] is True
    plain = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))])
    worker._count_on_device(plain, (), {})
    assert "capturable" not in plain.param_groups[0]


@pytest.mark.gpu
@NEEDS_GPU
def test_on_a_gpu(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    assert main(["train/MLP 32", "--devices", "cpu,cuda", *SHORT, "--json", str(report)]) == 0
    (row,) = json.loads(report.read_text())["rows"]
    assert row["peers"]["minitorch_dl cpu"]["ratio"] > 0
    assert row["peers"]["minitorch_dl captured"]["ratio"] > 0
