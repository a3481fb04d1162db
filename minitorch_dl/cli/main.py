"""Find the command, parse its options, run it, and turn expected failures into messages."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from ..version import __version__
from .parser import Parser, UsageError

PROGRAM = "minitorch-dl"
COMMANDS = {  # name: help; cli/<name>.py holds it
    "train": "train a network on real data",
    "run": "run a program written for PyTorch on this engine",
    "torchrun": "run such a program as several processes",
    "gradcheck": "check the derivatives of every op and module",
    "bench": "compare the speed with PyTorch's and other libraries'",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: the program's) and return its exit status.

    0: done. 1: the run failed. 2: the command line, or a file it names, is not usable. 130: Ctrl-C.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(argv)
    try:
        arguments, unknown = parser.parse_known_args(argv)
        if unknown:
            program = getattr(arguments, "program", PROGRAM)
            raise UsageError(
                f"unrecognized arguments: {' '.join(unknown)} (see {program} --help)", program
            )
        if "run" not in arguments:
            parser.print_help()
            return 0
        return arguments.run(arguments)
    except UsageError as error:
        print(f"{error.program or PROGRAM}: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output is gone, as in: minitorch-dl ... | head -1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        return 130


def _parser(argv: Sequence[str]) -> Parser:
    """Build the parser; only the command that is asked for is imported."""
    parser = Parser(prog=PROGRAM, description="A deep-learning engine in plain Python over NumPy.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, summary in COMMANDS.items():
        description = f"{summary[0].upper()}{summary[1:]}."
        command = commands.add_parser(name, help=summary, description=description)
        if name in argv[:1]:
            import_module(f".{name}", __package__).configure(command)
    return parser
