"""``python -m tests.mutation``: break every formula, list what survives."""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from minitorch_dl.autograd.primitive import PRIMITIVES
from minitorch_dl.testing.workers import cores

from .checks import outcome, users


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("patterns", nargs="*", default=["*"], help="of the primitives' names")
    parser.add_argument("--jobs", type=int, default=cores(), help="processes to use")
    arguments = parser.parse_args()
    names = [
        name
        for name in sorted(PRIMITIVES)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in arguments.patterns)
    ]
    start = time.perf_counter()
    caught, explained, survived = 0, 0, 0
    with ProcessPoolExecutor(arguments.jobs, get_context("spawn"), users) as processes:
        for done, found in enumerate(processes.map(outcome, names), 1):
            caught += found.caught
            explained += len(found.explained)
            survived += len(found.survived)
            for text in found.survived:
                print(f"SURVIVED {text}", flush=True)
            if sys.stderr.isatty():
                print(f"\r{done}/{len(names)} primitives", end="", file=sys.stderr, flush=True)
    print(
        f"{caught + explained + survived} mutants of {len(names)} primitives: {caught} caught, "
        f"{explained} without effect (explained), {survived} survived, "
        f"in {time.perf_counter() - start:.0f} s"
    )
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
