"""``minitorch-dl gradcheck``: what it prints, writes and refuses."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from minitorch_dl.autograd.primitive import PRIMITIVES
from minitorch_dl.cli import main
from minitorch_dl.testing import suite
from minitorch_dl.testing.op_cases import table


def run(*argv: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = main(["gradcheck", *argv])
    out, err = capsys.readouterr()
    assert err == ""
    return status, out


def test_a_line_for_each_op(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run("--op", "*tanh", "--examples", "1", capsys=capsys)
    lines = out.splitlines()
    assert status == 0
    assert lines[0].split() == "op first order second order points worst point".split()
    names = [line.split()[0] for line in lines[1:-1]]
    assert "tanh" in names
    assert "atanh" in names
    assert re.fullmatch(rf"{len(names)} ops, \d+ points, 0 failed, in \d+\.\d s", lines[-1])
    first, second = next(line for line in lines if line.startswith("tanh ")).split()[1:3]
    assert float(first) < 1e-9
    assert float(second) < 1e-9


@pytest.mark.parametrize(
    "options",
    [
        ["--device", "standin"],
        ["--dtype", "float32"],
        ["--dtype", "float16"],
        ["--order", "1"],
        ["--seed", "7"],
    ],
)
def test_options(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for op in ("softmax", "conv2d", "lstm_cell", "add"):
        status, out = run("--op", op, "--examples", "1", *options, capsys=capsys)
        assert status == 0, out


@pytest.fixture
def wrong_tanh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivative of tanh with a wrong sign inside."""
    plan = PRIMITIVES["tanh"].plan((True,))
    monkeypatch.setitem(plan.rule.__globals__, "d_a", lambda g, y: g * (1 + y * y))


@pytest.mark.usefixtures("wrong_tanh")
def test_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "r.json"
    status, out = run("--op", "tanh", "--report", str(report), capsys=capsys)
    assert status == 1
    assert "FAILED (wrong formula) at sample 0: S(F(3, 4))" in out
    assert re.search(r"analytical: \S+\n\s+numerical:  \S+", out)
    content = json.loads(report.read_text())
    assert content["failed"] == 1
    assert content["ops"][0]["verdict"] == "wrong formula"


def test_a_json_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "r.json"
    run("--op", "relu", "--examples", "2", "--report", str(report), capsys=capsys)
    content = json.loads(report.read_text())
    assert content["examples"] == 2
    assert content["failed"] == 0
    assert {op["name"].split(".")[-1] for op in content["ops"]} == {"relu"}
    assert sum(op["points"] for op in content["ops"]) == content["points"]


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
        (["--op", "tanhh"], "no op matches 'tanhh'; close: tanh"),
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


def test_every_differentiable_row_is_in_the_suite() -> None:
    assert {row.name for row in suite.rows()} == {r.name for r in table() if r.grad and r.numeric}
    assert len(suite.rows("conv?d")) == 3


@pytest.mark.slow
def test_every_op(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run("--examples", "2", "--seed", "11", capsys=capsys)
    assert status == 0, [line for line in out.splitlines() if "FAILED" in line]
