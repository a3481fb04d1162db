"""``minitorch-dl gradcheck``: what it prints, writes and refuses."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.autograd.primitive import PRIMITIVES
from minitorch_dl.cli import main
from minitorch_dl.testing import module_cases, op_cases, suite


def run(*argv: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = main(["gradcheck", *argv])
    out, err = capsys.readouterr()
    assert err == ""
    return status, out


def test_a_line_for_each_op(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run("--op", "*tanh", "--examples", "1", capsys=capsys)
    lines = out.splitlines()
    assert status == 0
    assert lines[0].split() == "op or module first order second order points worst point".split()
    names = [line.split()[0] for line in lines[1:-1]]
    assert "tanh" in names
    assert "atanh" in names
    assert {"nn.Tanh", "nn.Hardtanh"} < set(names)
    totals = rf"{len(names) - 2} ops, 2 modules, \d+ points, 0 failed, in \d+\.\d s"
    assert re.fullmatch(totals, lines[-1])
    first, second = next(line for line in lines if line.startswith("tanh ")).split()[1:3]
    assert float(first) < 1e-9
    assert float(second) < 1e-9


@pytest.mark.parametrize(
    "options",
    [
        ["--device", "fakegpu"],
        ["--dtype", "float32"],
        ["--dtype", "float16"],
        ["--order", "1"],
        ["--seed", "7"],
    ],
)
def test_options(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for op in ("softmax", "conv2d", "lstm_cell", "add", "nn.Dropout", "nn.BatchNorm1d"):
        status, out = run("--op", op, "--examples", "1", *options, capsys=capsys)
        assert status == 0, out


@pytest.fixture
def wrong_tanh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivative of tanh with a wrong sign inside."""
    vjp = PRIMITIVES["tanh"].vjp((True,))
    monkeypatch.setitem(vjp.on_arrays.__globals__, "d_a", lambda g, y: g * (1 + y * y))


@pytest.mark.usefixtures("wrong_tanh")
def test_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "r.json"
    status, out = run("--op", "tanh", "--report", str(report), capsys=capsys)
    assert status == 1
    assert "1 op, 1 module, 0 points, 2 failed" in out
    assert "FAILED (wrong formula) at sample 0: S(F(3, 4))" in out
    assert re.search(r"analytical: \S+\n\s+numerical:  \S+", out)
    content = json.loads(report.read_text())
    assert content["failed"] == 2
    assert [result["verdict"] for result in content["results"]] == ["wrong formula"] * 2
    assert [result["kind"] for result in content["results"]] == ["op", "module"]


def test_a_json_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "r.json"
    run("--op", "relu", "--examples", "2", "--report", str(report), capsys=capsys)
    content = json.loads(report.read_text())
    assert content["examples"] == 2
    assert content["failed"] == 0
    assert {op["name"].split(".")[-1] for op in content["results"]} == {"relu", "ReLU"}
    assert sum(op["points"] for op in content["results"]) == content["points"]


class Page(HTMLParser):
    """Counts tags and collects what would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]


def test_an_html_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "r.html"
    run("--op", "*log*", "--examples", "1", "--report", str(report), capsys=capsys)
    page = Page()
    page.feed(report.read_text(encoding="utf-8"))
    assert page.tags.count("svg") == page.tags.count("section") > 5
    assert page.tags.count("circle") > 50
    assert all(link.startswith("#") for link in page.links), "a page that stands alone"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--op", "tanhh"], "nothing matches 'tanhh'; close: tanh"),
        (["--order", "3"], "invalid choice: 3"),
        (["--examples", "0"], "expected a whole number of at least 1, got '0'"),
        (["--report", "r.txt"], "expected a name ending in .json or .html, got 'r.txt'"),
        (["--report", "nowhere/r.json"], "'nowhere' is no directory"),
        (["--dtype", "int64"], "invalid choice: 'int64'"),
    ],
)
def test_refusals(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gradcheck", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_the_suite_is_both_tables() -> None:
    names = [subject.name for subject in suite.subjects()]
    ops = [row.name for row in op_cases.table() if row.grad and row.numeric]
    modules = [f"nn.{row.name}" for row in module_cases.table()]
    assert names == ops + modules
    assert len(set(names)) == len(names)
    assert len(suite.subjects("conv?d")) == 6
    assert len(suite.subjects("nn.Conv?d")) == 3


def test_processes_find_what_one_finds(capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for jobs in ("1", "2"):
        options = ["--op", "nn.*Loss", "--examples", "1", "--jobs", jobs]
        status, out = run(*options, capsys=capsys)
        assert status == 0
        found.append(out.splitlines()[:-1])  # the last line tells the time
    assert found[0] == found[1]
    assert len(found[0]) > 20


def calls(name: str) -> list[Any]:
    (subject,) = suite.subjects(name)
    return list(subject.calls(examples=2, seed=0))


def test_a_module_is_a_function_of_inputs_and_parameters() -> None:
    first = calls("nn.Linear")[0]
    x, weight, bias = first.inputs
    (y,) = first(x, weight, bias)
    np.testing.assert_allclose(y.numpy(), x.numpy() @ weight.numpy().T + bias.numpy())
    assert first(x, weight * 2, bias)[0].tolist() != y.tolist()


def test_complex_numbers_count_as_pairs_of_floats() -> None:
    call = next(call for call in calls("conj") if "C(" in str(call))
    (pairs,) = call.inputs
    (conjugate,) = call(pairs)
    assert conjugate.tolist() == (pairs * torch.tensor([1.0, -1.0])).tolist()


def test_a_module_draws_and_normalizes_the_same_each_time() -> None:
    for name in ("nn.Dropout", "nn.BatchNorm1d", "nn.RReLU"):
        for call in calls(name):
            one, two = call(*call.inputs), call(*call.inputs)
            assert [y.tolist() for y in one] == [y.tolist() for y in two]


def test_evaluation_is_checked_where_it_differs() -> None:
    def modes(name: str) -> set[bool]:
        return {str(call).endswith(", evaluating") for call in calls(name)}

    assert modes("nn.BatchNorm1d") == {True, False}
    assert modes("nn.Linear") == {False}


@pytest.mark.slow
def test_everything(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run("--examples", "2", "--seed", "11", capsys=capsys)
    assert status == 0, [line for line in out.splitlines() if "FAILED" in line]
