"""Memory that several processes see: an unnamed file that each of them maps."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from typing import Any

import numpy as np

__all__ = ["is_shared", "placed", "received", "share"]


class Segment(mmap.mmap):
    """A piece of shared memory, with the descriptor of its file, which ends with it."""

    descriptor: int

    @classmethod
    def of(cls, descriptor: int, size: int) -> Segment:
        """The first ``size`` bytes of a file."""
        made = cls(descriptor, size)
        made.descriptor = descriptor
        weakref.finalize(made, os.close, descriptor)
        return made


def segment_of(array: Any) -> Segment | None:
    """The shared memory that an array lies in; None: it is the process's own."""
    base = array
    while isinstance(base, np.ndarray):
        base = base.base
    base = base.obj if isinstance(base, memoryview) else base
    return base if isinstance(base, Segment) else None


def is_shared(array: Any) -> bool:
    """Whether other processes may see what is written to the array."""
    return segment_of(array) is not None


def share(array: np.ndarray) -> np.ndarray:
    """The array in shared memory: itself if it lies there, else a copy."""
    if is_shared(array):
        return array
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("array")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    size = max(array.nbytes, 1)  # nothing can't be mapped
    os.ftruncate(descriptor, size)
    shared: np.ndarray = np.ndarray(array.shape, array.dtype, Segment.of(descriptor, size))
    shared[...] = array
    return shared


def placed(array: np.ndarray) -> tuple[Any, ...] | None:
    """What :func:`received` makes the array of in the process that this is being sent to; None: it
    lies in no shared memory."""
    from multiprocessing.reduction import DupFd  # late: few programs start processes

    segment = segment_of(array)
    if segment is None:
        return None
    start = np.frombuffer(segment, np.uint8).__array_interface__["data"][0]
    offset = array.__array_interface__["data"][0] - start if array.size else 0
    descriptor = DupFd(segment.descriptor)
    return descriptor, len(segment), array.dtype, array.shape, array.strides, offset


def received(
    descriptor: Any, size: int, dtype: Any, shape: Any, strides: Any, offset: int
) -> np.ndarray:
    """The array that another process sent, over the same memory."""
    segment = Segment.of(descriptor.detach(), size)
    return np.ndarray(shape, dtype, segment, offset, strides)
