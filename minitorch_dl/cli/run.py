"""``minitorch-dl run``: a PyTorch program on this engine."""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

from ..torch_alias import as_torch
from .parser import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the script and its arguments to the parser of ``run``."""
    parser.add_argument("script", metavar="SCRIPT", type=Path, help="a Python file")
    parser.add_argument(
        "arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="what the script gets"
    )
    parser.set_defaults(run=run_script, program=parser.prog)


def run_script(arguments: argparse.Namespace) -> int:
    """Run it as ``python SCRIPT ARGS`` would, with ``import torch`` meaning this package."""
    script: Path = arguments.script
    if not script.is_file():
        raise UsageError(f"no such file: {str(script)!r}", arguments.program)
    sys.argv = [str(script), *arguments.arguments]
    sys.path.insert(0, str(script.resolve().parent))
    with as_torch():
        runpy.run_path(str(script), run_name="__main__")
    return 0
