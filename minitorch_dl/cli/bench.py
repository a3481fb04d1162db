"""``minitorch-dl bench``: the speed suite, which lies beside the package in its repository."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from .parser import UsageError

SUITE = Path(__file__).parents[2] / "benchmarks"


def configure(parser: argparse.ArgumentParser) -> None:
    """Hand every option on to ``python -m benchmarks``."""
    parser.prefix_chars = "\0"  # no option is this parser's own, not even --help
    parser.add_argument("options", nargs=argparse.REMAINDER)
    parser.set_defaults(run=run, program=parser.prog)


def run(arguments: argparse.Namespace) -> int:
    """Run the suite; files that it writes go where the user is."""
    if not (SUITE / "__main__.py").is_file():
        raise UsageError(
            f"the speed suite is not part of an installed package ({SUITE} does not exist): clone "
            "the repository and run 'python -m benchmarks' there",
            arguments.program,
        )
    options = [one for i, one in enumerate(arguments.options) if one != "--" or i]
    sys.path.insert(0, str(SUITE.parent))
    return import_module("benchmarks.__main__").main(options)
