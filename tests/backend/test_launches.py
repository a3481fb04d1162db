"""What a launch hands to a kernel is checked as strictly as CUDA would punish it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .cuda_host import HostArray, HostCupy

SOURCE = """
typedef float T;
typedef float A;
struct Pair { long long first, second; };
extern "C" __global__ void store(T* y, A value, long long size, Pair pair) {
    for (long long i = threadIdx.x; i < size; i += blockDim.x) y[i] = value;
}
"""
PAIR = np.zeros(1, [("first", np.int64), ("second", np.int64)])
ROOM = np.zeros((4, 4), np.float32).view(HostArray)
GOOD = (ROOM, np.float32(2), np.int64(16), PAIR)


def changed(place: int, value: Any) -> tuple[Any, ...]:
    return (*GOOD[:place], value, *GOOD[place + 1 :])


def test_what_fits_is_run(host: HostCupy) -> None:
    host.RawModule(SOURCE, ()).get_function("store")((1,), (32,), GOOD)
    assert (ROOM == 2).all()


@pytest.mark.parametrize(
    "args",
    [
        changed(0, ROOM[:, ::2]),  # its strides would be ignored
        changed(0, ROOM.astype(np.float64)),
        changed(0, 17),
        changed(1, 2.0),
        changed(1, np.float64(2)),
        changed(2, 16),
        changed(2, np.int32(16)),
        changed(3, PAIR[["first"]].astype([("first", np.int64)])),
        changed(3, None),
        GOOD[:-1],
    ],
)
def test_what_cuda_would_read_wrongly_is_refused(args: Any, host: HostCupy) -> None:
    with pytest.raises(AssertionError, match="store"):
        host.RawModule(SOURCE, ()).get_function("store")((1,), (32,), args)


@pytest.mark.parametrize(
    ("blocks", "threads", "shared"),
    [((0,), (32,), 0), ((1 << 31,), (32,), 0), ((1, 1), (32,), 0), ((1,), (2048,), 0),
     ((1,), (32,), 1 << 16)],
)  # fmt: skip
def test_what_cuda_would_not_launch_is_refused(
    blocks: Any, threads: Any, shared: int, host: HostCupy
) -> None:
    with pytest.raises(AssertionError, match="store"):
        host.RawModule(SOURCE, ()).get_function("store")(blocks, threads, GOOD, shared_mem=shared)
