"""Option parsing: argparse with one-line errors and the value types that the commands share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any, NoReturn


class UsageError(Exception):
    """The command line, or a file it names, is not usable; one line says what would be."""

    def __init__(self, message: str, program: str = "") -> None:
        super().__init__(" ".join(message.split()))
        self.program = program


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError and takes no abbreviated options."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(**kwargs)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)", self.prog)


def integer(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Return a converter for whole numbers from ``minimum`` to ``maximum``."""
    wanted = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < minimum or (maximum is not None and value > maximum):
            raise argparse.ArgumentTypeError(f"expected a whole number {wanted}, got {text!r}")
        return value

    return convert


def positive(text: str) -> float:
    """Convert a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def probability(text: str) -> float:
    """Convert a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return value
