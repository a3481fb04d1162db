"""``minitorch-dl torchrun``: a program written for PyTorch, as several processes."""

from __future__ import annotations

import argparse
import sys

from ..distributed.errors import ChildFailedError, DistError
from ..distributed.run import add_arguments, run
from .parser import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add torchrun's options, the script and its arguments to the parser of ``torchrun``."""
    add_arguments(parser)
    parser.usage = f"{parser.prog} [OPTIONS] SCRIPT [ARGS ...]"
    parser.set_defaults(run=run_processes, program=parser.prog)


def run_processes(arguments: argparse.Namespace) -> int:
    """Start the processes, and wait for them."""
    try:
        run(arguments)
    except (DistError, FileNotFoundError, ValueError) as error:
        raise UsageError(str(error), arguments.program) from error
    except ChildFailedError as error:
        print(f"{arguments.program}: {error}", file=sys.stderr)
        return 1
    return 0
