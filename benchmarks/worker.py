"""One peer in a process of its own: builds workloads and times them when asked.

Reads a JSON object a line from standard input, ``{"workload": name, "seconds": s}``, and answers
with
``{"times": [...]}`` (seconds per step) or ``{"error": text}``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def load(peer: str, threads: int) -> Any:
    """The peer's module, its threads set."""
    torch = importlib.import_module(peer)
    torch.set_num_threads(threads)
    return torch


def measure(step: Callable[[], Any], seconds: float) -> list[float]:
    """Times of single steps, or of runs of short ones, for about ``seconds``."""
    clock = time.perf_counter
    begin = clock()
    step()
    once = clock() - begin
    repeat = max(1, int(1e-3 / max(once, 1e-9)))  # a run of steps lasts at least a millisecond
    times = []
    end = clock() + seconds
    while not times or clock() < end:
        begin = clock()
        for _ in range(repeat):
            step()
        times.append((clock() - begin) / repeat)
    return times


def main() -> None:
    """Serve requests until standard input ends."""
    from .workloads import WORKLOADS

    peer, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    torch = load(peer, threads)
    print(json.dumps({"version": str(torch.__version__)}), file=answers)
    steps: dict[str, Callable[[], Any]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["workload"]
        try:
            if name not in steps:
                steps.clear()
                torch.manual_seed(0)
                steps[name] = WORKLOADS[name].build(torch)
                measure(steps[name], request["seconds"])  # warm-up
            gc.collect()
            answer: dict[str, Any] = {"times": measure(steps[name], request["seconds"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
