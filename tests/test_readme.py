"""What the README shows is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_there_are_two_set_up_commands_of_one_line() -> None:
    training, tests = blocks("sh")
    for command in (training, tests):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert command.count("\n") == 1
    assert training.endswith("minitorch-dl train digits\n")
    assert "pytest" in tests.split("&&")[-1]


def test_the_tour_prints_what_its_comments_say() -> None:
    tour, _ = blocks("python")
    assert len([line for line in tour.splitlines() if line]) <= 25
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(tour, "README.md", "exec"), {})
    comments = re.findall(r"^print\(.*\)  # (.*)$", tour, re.MULTILINE)
    printed = output.getvalue().splitlines()
    assert len(printed) == tour.count("print(") == len(comments)
    for line, comment in zip(printed, comments):
        assert comment.split(",  ")[0].startswith(line)


def test_the_files_that_it_names_exist() -> None:
    root = Path(__file__).resolve().parents[1]
    names = re.findall(r"\]\((docs/[^)]+)\)|`([A-Z]+\.md|minitorch_dl/[\w/]+)`", README)
    assert len(names) >= 4
    for name in ["".join(pair) for pair in names]:
        assert (root / name).exists(), name
