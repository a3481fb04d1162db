from __future__ import annotations

import io

import pytest

from minitorch_dl.train import ProgressBar


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


class AsciiTerminal(Terminal):
    encoding = "ascii"  # type: ignore[assignment]


def test_a_terminal_sees_the_bar_and_then_the_line_in_its_place() -> None:
    terminal = Terminal()
    bar = ProgressBar(4, "epoch 1", terminal, interval=0)
    bar.update(1, lambda: "loss 2.0")
    bar.update(4, lambda: "loss 1.0")
    bar.print("done")
    drawn = terminal.getvalue().split("\r\x1b[2K")
    assert drawn[1:] == [
        "epoch 1 " + "━" * 6 + "─" * 18 + " 1/4  loss 2.0",
        "epoch 1 " + "━" * 24 + " 4/4  loss 1.0",
        "done\n",
    ]


def test_a_terminal_without_line_drawing() -> None:
    terminal = AsciiTerminal()
    ProgressBar(2, "x", terminal, interval=0).update(1, str)
    assert "############------------ 1/2" in terminal.getvalue()


def test_a_line_is_cut_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    ProgressBar(2, "x", terminal, interval=0).update(1, lambda: "y" * 100)
    assert len(terminal.getvalue().removeprefix("\r\x1b[2K")) == 39


def test_between_redraws_the_text_is_not_asked_for() -> None:
    terminal = Terminal()
    bar = ProgressBar(9, "x", terminal, interval=1e9)
    asked: list[int] = []
    for done in range(1, 10):
        bar.update(done, lambda: asked.append(1) or "")
    assert len(asked) == 1


def test_a_file_gets_the_lines_only() -> None:
    file = io.StringIO()
    bar = ProgressBar(2, "x", file, interval=0)
    bar.update(1, lambda: pytest.fail("nothing is drawn, so nothing is asked for"))
    bar.clear()
    bar.print("done")
    assert file.getvalue() == "done\n"
