"""A progress bar on one terminal line; on anything else, silence."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

BAR_WIDTH = 24
CLEAR_LINE = "\r\x1b[2K"


class ProgressBar:
    """Shows how far ``label`` is: a bar, ``done/total`` and a text that changes as it goes.

    The line is redrawn at most every ``interval`` seconds, and ``text`` is a function so that it
    costs nothing between redraws. A stream that is no terminal gets nothing but :meth:`print`'s
    lines.
    """

    def __init__(
        self, total: int, label: str, stream: TextIO | None = None, interval: float = 0.1
    ) -> None:
        self.total = total
        self.label = label
        self.stream = sys.stdout if stream is None else stream
        self.interval = interval
        self._live = self.stream.isatty()
        self._drawn_at = -float("inf")
        self._full, self._empty = _glyphs(self.stream)

    def update(self, done: int, text: Callable[[], str]) -> None:
        """Say that ``done`` of ``total`` steps are behind."""
        now = time.monotonic()
        if not self._live or now - self._drawn_at < self.interval:
            return
        self._drawn_at = now
        filled = BAR_WIDTH * done // self.total
        bar = self._full * filled + self._empty * (BAR_WIDTH - filled)
        line = f"{self.label} {bar} {done}/{self.total}  {text()}"
        self.stream.write(CLEAR_LINE + line[: shutil.get_terminal_size().columns - 1])
        self.stream.flush()

    def print(self, line: str) -> None:
        """Write a line that stays, in place of the bar."""
        self.clear()
        self.stream.write(line + "\n")
        self.stream.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if self._live:
            self.stream.write(CLEAR_LINE)
            self.stream.flush()


def _glyphs(stream: TextIO) -> tuple[str, str]:
    """Return the signs for done and to do that ``stream`` can encode."""
    try:
        "━─".encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return "#", "-"
    return "━", "─"
