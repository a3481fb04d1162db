"""One peer in a process of its own: builds workloads and times them when asked.

Reads a JSON object a line from standard input, ``{"workload": name, "seconds": s}``, and answers
with ``{"times": [...]}`` (seconds per step) or ``{"error": text}``. Its arguments are the library,
the number of threads, and the device, which is followed by ``+capture`` where steps are to be
captured, ``+high`` where float32 products may round, and ``+bfloat16`` for mixed precision.
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


Clock = Callable[[Callable[[], Any], int], float]
"""How long some runs of a step take, in seconds."""


def load(peer: str, threads: int, device: str) -> tuple[str, dict[str, Build], Clock]:
    """The peer's version, what builds the steps of the workloads it has, and its clock; its threads
    and device are set."""
    if peer in peers.LIBRARIES:
        library = peers.LIBRARIES[peer](threads)
        return (
            peers.version(peer),
            {name: functools.partial(build, library) for name, build in peers.WORKLOADS.items()},
            wall_time,
        )
    torch = importlib.import_module(peer)
    torch.set_num_threads(threads)

    device, *options = device.split("+")
    captured = "capture" in options
    if device == "fakegpu":
        importlib.import_module(f"{peer}.testing.fake_gpu").register()
    torch.set_default_device(device)
    torch.empty(1)  # raises what is missing

    def build(workload: Workload) -> Callable[[], Any]:
        torch.manual_seed(0)
        step = workload.build(torch)
        if "bfloat16" in options:
            step = _mixed(torch, step, "cuda" if device.startswith("cuda") else "cpu")
        return torch.cuda.capture(step) if captured else step

    if "high" in options:
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True

    if captured:
        torch.optim.optimizer.register_optimizer_step_pre_hook(_count_on_device)
    clock = functools.partial(gpu_time, torch) if device.startswith("cuda") else wall_time
    return (
        str(torch.__version__),
        {
            name: functools.partial(build, workload)
            for name, workload in WORKLOADS.items()
            if not captured or name.startswith(("train/", "scaling/"))
        },
        clock,
    )


def _mixed(torch: Any, step: Callable[[], Any], device: str) -> Callable[[], Any]:
    def mixed() -> Any:
        with torch.autocast(device, dtype=torch.bfloat16):
            return step()

    return mixed


def _count_on_device(optimizer: Any, args: Any, kwargs: Any) -> None:
    for group in optimizer.param_groups:
        if "capturable" in group:
            group["capturable"] = True


def wall_time(step: Callable[[], Any], runs: int) -> float:
    """By the host's clock."""
    begin = time.perf_counter()
    for _ in range(runs):
        step()
    return time.perf_counter() - begin


def gpu_time(torch: Any, step: Callable[[], Any], runs: int) -> float:
    """Between two events of the GPU."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(runs):
        step()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1e3


def measure(step: Callable[[], Any], seconds: float, time_of: Clock) -> list[float]:
    """Times of single steps, or of runs of short ones, for about ``seconds``."""
    clock = time.perf_counter
    once = time_of(step, 1)
    repeat = max(1, int(1e-3 / max(once, 1e-9)))  # a run of steps lasts at least a millisecond
    times = []
    end = clock() + seconds
    while not times or clock() < end:
        times.append(time_of(step, repeat) / repeat)
    return times


def main() -> None:
    """Serve requests until standard input ends."""
    peer, threads, device = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    try:
        version, workloads, clock = load(peer, threads, device)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers)
        return
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
                measure(steps[name], request["seconds"], clock)  # warm-up
            gc.collect()
            answer: dict[str, Any] = {"times": measure(steps[name], request["seconds"], clock)}
        except NotImplementedError:
            answer = {"error": "-"}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
