"""``minitorch-dl run``: a program written for PyTorch, on this engine."""

from __future__ import annotations

import argparse
import os
import runpy
import sys
import traceback
from pathlib import Path

from ..compat.alias import as_torch
from ..compat.names import path_for_children
from .parser import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the script and its arguments to the parser of ``run``."""
    parser.add_argument(
        "-m", dest="module", action="store_true", help="SCRIPT is a module, as for python -m"
    )
    parser.add_argument("script", metavar="SCRIPT", help="a Python file that imports torch")
    rest = parser.add_argument(
        "arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="the script's own arguments"
    )
    rest.required = False  # or argparse would name it, too, where SCRIPT is missing
    parser.usage = f"{parser.prog} [-h] [-m] SCRIPT [ARGS ...]"
    parser.set_defaults(run=run_script, program=parser.prog)


def run_script(arguments: argparse.Namespace) -> int:
    """Run it as ``python SCRIPT ARGS`` would, with ``import torch`` meaning this package."""
    script: str = arguments.script
    if not arguments.module and not Path(script).is_file():
        raise UsageError(f"no such file: {script!r}", arguments.program)
    sys.argv = [script, *arguments.arguments]
    sys.path.insert(0, os.getcwd() if arguments.module else str(Path(script).resolve().parent))
    os.environ["PYTHONPATH"] = path_for_children()
    with as_torch():
        try:
            if arguments.module:
                runpy.run_module(script, run_name="__main__", alter_sys=True)
            else:
                runpy.run_path(script, run_name="__main__")
        except Exception as error:
            _print_traceback(error, script)
            return 1
    return 0


def _print_traceback(error: Exception, script: str) -> None:
    """Print the traceback from the script on, without the frames of what runs it."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != script:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames or error.__traceback__)
