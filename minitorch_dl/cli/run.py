"""``minitorch-dl run``: a program written for PyTorch, on this engine."""

from __future__ import annotations

import argparse
import runpy
import sys
import traceback
from pathlib import Path

from ..compat.alias import as_torch
from .parser import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the script and its arguments to the parser of ``run``."""
    parser.add_argument(
        "script", metavar="SCRIPT", type=Path, help="a Python file that imports torch"
    )
    rest = parser.add_argument(
        "arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="the script's own arguments"
    )
    rest.required = False  # or argparse would name it, too, where SCRIPT is missing
    parser.usage = f"{parser.prog} [-h] SCRIPT [ARGS ...]"
    parser.set_defaults(run=run_script, program=parser.prog)


def run_script(arguments: argparse.Namespace) -> int:
    """Run it as ``python SCRIPT ARGS`` would, with ``import torch`` meaning this package."""
    script: Path = arguments.script
    if not script.is_file():
        raise UsageError(f"no such file: {str(script)!r}", arguments.program)
    sys.argv = [str(script), *arguments.arguments]
    sys.path.insert(0, str(script.resolve().parent))
    with as_torch():
        try:
            runpy.run_path(str(script), run_name="__main__")
        except Exception as error:
            _print_traceback(error, str(script))
            return 1
    return 0


def _print_traceback(error: Exception, script: str) -> None:
    """Print the traceback from the script on, without the frames of what runs it."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != script:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames or error.__traceback__)
