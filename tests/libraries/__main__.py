"""Libraries written for PyTorch, run on PyTorch and on this package: the same numbers?

    python -m tests.libraries [timm_models] [torchvision_models] [transformers_models]

needs PyTorch and the libraries; see ``docs/libraries.md``. Each program prints a model's name and
numbers per line: outputs, losses, gradients, weights drawn from one seed.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?$")


def lines(*command: str) -> dict[str, list[str]]:
    """What a program prints, by the first word of each line."""
    done = subprocess.run([sys.executable, "-W", "ignore", *command], stdout=subprocess.PIPE)
    words = [line.split() for line in done.stdout.decode().splitlines()]
    return {line[0]: line[1:] for line in words if line}


def same(a: str, b: str) -> bool:
    if NUMBER.match(a) and NUMBER.match(b):
        return math.isclose(float(a), float(b), rel_tol=1e-4, abs_tol=2e-3)
    return a == b


def compare(name: str) -> int:
    program = str(HERE / f"{name}.py")
    theirs, ours = lines(program), lines("-m", "minitorch_dl", "run", program)
    different = 0
    for model, wanted in theirs.items():
        got = ours.get(model, ["(nothing)"])
        if len(got) != len(wanted) or not all(map(same, got, wanted)):
            different += 1
            print(f"{name} {model}\n  PyTorch:      {' '.join(wanted)}")
            print(f"  minitorch_dl: {' '.join(got)}")
    print(f"{name}: {len(theirs) - different} of {len(theirs)} models give the same numbers")
    return different or not theirs


if __name__ == "__main__":
    failed = [name for name in sys.argv[1:] or PROGRAMS if compare(name)]
    sys.exit(bool(failed))
