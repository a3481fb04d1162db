"""``python -m tests.mutation``: break every formula, list what survives."""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time

from minitorch_dl.autograd.primitive import PRIMITIVES

from .checks import killer, users
from .equivalent import explanation
from .mutants import mutants


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("pattern", nargs="?", default="*", help="of the primitives' names")
    arguments = parser.parse_args()
    names = [name for name in sorted(PRIMITIVES) if fnmatch.fnmatchcase(name, arguments.pattern)]
    users()
    start = time.perf_counter()
    made = survived = explained = 0
    for name in names:
        for mutant in mutants(PRIMITIVES[name]):
            made += 1
            if killer(mutant) is not None:
                continue
            if explanation(mutant):
                explained += 1
                continue
            survived += 1
            print(f"SURVIVED {mutant}", flush=True)
    seconds = time.perf_counter() - start
    print(
        f"{made} mutants of {len(names)} primitives: {made - survived - explained} caught, "
        f"{explained} without effect (explained), {survived} survived, in {seconds:.0f} s"
    )
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
