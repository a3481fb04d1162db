from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend import blocks, threads
from minitorch_dl.backend.blocks import BLOCK, MOST, in_blocks
from minitorch_dl.backend.threads import set_thread_count, share, thread_count

F = torch.nn.functional


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "_LONGEST", math.inf)  # whatever else runs here, work is shared
    monkeypatch.setattr(threads, "_alone", 0)
    monkeypatch.setattr(threads, "_delayed", 0)
    before = thread_count()
    yield
    set_thread_count(before)


def meet(count: int) -> Callable[[Any], None]:
    """Work that ends only when ``count`` parts are at it at the same time."""
    barrier = threading.Barrier(count, timeout=30)
    return lambda part: barrier.wait() and None


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_part_is_done_once(count: int) -> None:
    set_thread_count(count)
    for size in (1, 2, 7, 100):
        done = np.zeros(size, int)
        share(lambda i, done=done: done.__setitem__(i, done[i] + 1), range(size))
        assert (done == 1).all()


def test_parts_run_at_the_same_time() -> None:
    set_thread_count(3)
    share(meet(3), range(3))


def test_one_thread_is_the_callers() -> None:
    set_thread_count(1)
    seen = set()
    share(lambda i: seen.add(threading.get_ident()), range(5))
    assert seen == {threading.get_ident()}


def test_no_more_threads_than_asked_for() -> None:
    set_thread_count(4)
    share(lambda i: time.sleep(0.01), range(8))  # now there are helpers
    seen = set()

    def work(i: int) -> None:
        seen.add(threading.get_ident())
        time.sleep(0.01)

    share(work, range(8), most=2)
    assert len(seen) <= 2


def test_without_new_threads_the_caller_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the interpreter is about to end."""

    def refuse(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_helpers", [])
    monkeypatch.setattr(threads._Helper, "start", refuse)
    set_thread_count(3)
    done: list[int] = []
    share(done.append, range(5))
    assert done == [0, 1, 2, 3, 4]


def test_work_within_work_stays_in_its_thread() -> None:
    set_thread_count(2)
    outer, inner = meet(2), []

    def work(i: int) -> None:
        outer(i)
        seen: set[int] = set()
        share(lambda j: seen.add(threading.get_ident()), range(4))
        inner.append(seen == {threading.get_ident()})

    share(work, range(2))
    assert inner == [True, True]


def test_two_threads_may_share_at_the_same_time() -> None:
    set_thread_count(2)
    totals = [0, 0]
    both = threading.Barrier(2, timeout=30)

    def caller(k: int) -> None:
        both.wait()
        for _ in range(200):
            found: list[int] = []
            share(found.append, range(10))
            totals[k] += sum(found)

    callers = [threading.Thread(target=caller, args=(k,)) for k in range(2)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert totals == [200 * 45] * 2


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_ends_the_work(count: int, error: type[BaseException]) -> None:
    set_thread_count(count)

    def work(i: int) -> None:
        if i == 3:
            raise error("part 3")

    with pytest.raises(error, match="part 3"):
        share(work, range(1000))
    done: list[int] = []
    share(done.append, range(10))  # and leaves no trace
    assert sorted(done) == list(range(10))


def test_a_helpers_error_is_raised_in_the_caller() -> None:
    set_thread_count(2)
    caller, together = threading.get_ident(), meet(2)

    def work(i: int) -> None:
        together(i)
        if threading.get_ident() != caller:
            raise ValueError("in the helper")

    with pytest.raises(ValueError, match="in the helper"):
        share(work, range(2))


def test_numpys_error_state_is_the_callers() -> None:
    set_thread_count(2)
    together, states = meet(2), []

    def work(i: int) -> None:
        together(i)
        states.append(np.geterr()["over"])

    with np.errstate(over="raise"):
        share(work, range(2))
    assert states == ["raise", "raise"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_has_its_own_threads() -> None:
    """As PyTorch's forked workers, whose pools must not wait for threads that they don't have."""
    program = (
        "import os, threading\n"
        "from minitorch_dl.backend.threads import set_thread_count, share\n"
        "set_thread_count(2)\n"
        "def both():\n"
        "    barrier = threading.Barrier(2, timeout=30)\n"
        "    share(lambda i: barrier.wait(), range(4))\n"
        "both()\n"
        "child = os.fork()\n"
        "both()\n"
        "if child:\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, timeout=120
    )
    assert done.stdout.decode().split() == ["done"] * 2, done.stderr.decode()


USABLE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def test_the_environment_sets_the_number_of_threads() -> None:
    program = "import minitorch_dl as torch; print(torch.get_num_threads())"
    for value, expected in (("3", "3"), ("1", "1"), ("", str(USABLE))):
        environment = {**os.environ, "OMP_NUM_THREADS": value}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, env=environment, timeout=120
        )
        assert done.stdout.decode().strip() == expected


def test_who_waits_awake_sees_what_is_set_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = threads._Watch()
    monkeypatch.setattr(watch, "_FAR_LONGER", math.inf)  # however long it takes here
    watch.wait()  # ends by itself
    assert not watch._found.any()
    watch.end()
    watch.wait()
    assert watch._found[:-1].all()
    assert not watch._found[-1]
    watch.clear()
    watch.wait()
    assert not watch._found.any()


def test_nobody_waits_awake_for_a_while_where_others_want_the_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = threads._Watch()
    monkeypatch.setattr(watch, "_FAR_LONGER", -1)
    watch.wait()
    watch.end()
    for _ in range(watch._PAUSE):
        watch.wait()
        assert not watch._found.any()  # it has not looked
    watch.wait()
    assert watch._found[:-1].all()


def test_short_work_that_sharing_delayed_is_done_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    set_thread_count(2)
    monkeypatch.setattr(threads, "_LONGEST", -1)
    for _ in range(threads._TRIES):
        share(meet(2), range(2))
    seen = set()
    for _ in range(threads._PAUSE):
        share(lambda i: seen.add(threading.get_ident()), range(2))
        share(meet(2), range(4))  # longer work is shared
    assert seen == {threading.get_ident()}
    share(meet(2), range(2))


# -- blocks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "width"), [(10, 3), (BLOCK + 1, 1), (700, 1000), (3, 2 * MOST)])
@pytest.mark.parametrize("passes", [1, 1000])
def test_blocks_cover_all_rows_once(rows: int, width: int, passes: int) -> None:
    seen = np.zeros(rows, int)
    sizes = []

    def work(part: slice) -> None:
        seen[part] += 1
        sizes.append(len(seen[part]) * width)

    in_blocks(np, work, rows, width, passes)
    assert (seen == 1).all()
    assert max(sizes) <= max(MOST, width)


def test_small_work_wakes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "share", lambda *args: pytest.fail("shared"))
    in_blocks(np, lambda part: None, BLOCK, passes=1000)
    in_blocks(np, lambda part: None, 2 * BLOCK, passes=2)


def test_the_buffers_of_ufuncs_are_the_callers_afterwards() -> None:
    before, inside = np.getbufsize(), set()
    in_blocks(np, lambda part: inside.add(np.getbufsize()), 1000, 1024)
    assert inside == {16}
    assert np.getbufsize() == before


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "softmax": lambda x: F.softmax(x, -1),
    "softmax(dim=1)": lambda x: F.softmax(x.view(8, 100, -1), 1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "cross_entropy": lambda x: F.cross_entropy(x, torch.arange(len(x)) % 900, reduction="none"),
    "layer_norm": lambda x: F.layer_norm(x, x.shape[-1:], x[0].detach(), x[1].detach()),
    "batch_norm": lambda x: F.batch_norm(x.view(4, 200, -1), None, None, training=True),
    "group_norm": lambda x: F.group_norm(x.view(4, 200, -1), 10),
    "gelu": F.gelu,
    "gelu(tanh)": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "relu": F.relu,
    "erf": torch.erf,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_number_of_threads_changes_no_bit(name: str) -> None:
    results = []
    for count in (1, 2, 3):
        set_thread_count(count)
        x = torch.linspace(-9, 9, 720_000).view(800, 900).sin().mul(5).requires_grad_()
        y = FUNCTIONS[name](x)
        y.backward(torch.linspace(-1, 1, y.numel()).view(y.shape))
        results.append((y.detach().numpy().tobytes(), x.grad.numpy().tobytes()))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_large_arrays_are_shared(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = []

    def watched(work: Any, parts: Any, *options: Any) -> None:
        shared.append(len(parts))
        share(work, parts, *options)

    monkeypatch.setattr(blocks, "share", watched)
    x = torch.ones(2048, 1000).requires_grad_()
    y = FUNCTIONS[name](x)
    assert len(shared) == 1
    y.backward(torch.ones_like(y))
    assert len(shared) == 2 or name in ("erf", "cross_entropy")
    assert min(shared) >= 4


# How many arrays of the input's size are made: by the forward pass, to be returned or kept for the
# backward pass, and by the backward pass.
MADE = {"gelu": (2, 1), "gelu(tanh)": (2, 1), "silu": (2, 1), "erf": (1, 3)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_temporary_is_as_large_as_the_input(name: str) -> None:
    x = torch.ones(2048, 1000).requires_grad_()
    forward, backward = MADE.get(name, (1, 1))

    def peak(step: Callable[[], Any]) -> tuple[Any, float]:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        result = step()
        return result, (tracemalloc.get_traced_memory()[1] - before) / x.nbytes

    tracemalloc.start()
    try:
        set_thread_count(1)
        y, made = peak(lambda: FUNCTIONS[name](x))
        assert made < forward + 0.5
        ones = torch.ones_like(y)
        _, made = peak(lambda: y.backward(ones))
        assert made < backward + 0.5
    finally:
        tracemalloc.stop()


def test_helpers_do_not_keep_the_process() -> None:
    program = (
        "from minitorch_dl.backend.threads import *; set_thread_count(2); share(print, [1, 2])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
