"""One peer in a process of its own: builds workloads and times them when asked.

Reads a JSON object a line from standard input, ``{"workload": name, "seconds": s}``, and answers
with ``{"times": [...]}`` (seconds per step) or ``{"error": text}``.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from . import peers
from .workloads import WORKLOADS, Workload

Build = Callable[[], Callable[[], Any]]


def load(peer: str, threads: int) -> tuple[str, dict[str, Build]]:
    """The peer's version, and what builds the steps of the workloads it has; its threads are
    set."""
    if peer in peers.LIBRARIES:
        library = peers.LIBRARIES[peer](threads)
        return peers.version(peer), {
            name: functools.partial(build, library) for name, build in peers.WORKLOADS.items()
        }
    torch = importlib.import_module(peer)
    torch.set_num_threads(threads)

    def build(workload: Workload) -> Callable[[], Any]:
        torch.manual_seed(0)
        return workload.build(torch)

    return str(torch.__version__), {
        name: functools.partial(build, workload) for name, workload in WORKLOADS.items()
    }


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
    peer, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    version, workloads = load(peer, threads)
    print(json.dumps({"version": version}), file=answers)
    steps: dict[str, Callable[[], Any]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["workload"]
        if name not in workloads:
            print(json.dumps({"error": "-"}), file=answers)
            continue
        try:
            if name not in steps:
                steps.clear()
                steps[name] = workloads[name]()
                measure(steps[name], request["seconds"])  # warm-up
            gc.collect()
            answer: dict[str, Any] = {"times": measure(steps[name], request["seconds"])}
        except NotImplementedError:
            answer = {"error": "-"}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
