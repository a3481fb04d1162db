"""Wrong arguments made from right ones: one change at a time to a sample of the op table."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import minitorch_dl as torch
from minitorch_dl import Tensor
from minitorch_dl.testing import fake_gpu
from minitorch_dl.testing.op_cases import Row, leaves, replace

ALLOWED = (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError, AssertionError)
OTHER_VALUES = (99, -99, True, 1.5, "text", None, (0, 0), (7, -9), object())


class Call:
    """A call that somebody might make by mistake.

    Attributes:
        kind: of the mistake, in words.
        what: the same, and where.
        args, kwargs: with Tensors.
    """

    def __init__(self, kind: str, where: str, args: Any, kwargs: Any) -> None:
        self.kind, self.what, self.args, self.kwargs = kind, f"{where}: {kind}", args, kwargs
        self.before = [self.bytes_of(x) for x in leaves((args, kwargs), Tensor)]

    @staticmethod
    def bytes_of(x: Tensor) -> bytes:
        array = x.array.get() if hasattr(x.array, "get") else x.array
        return bytes(np.ascontiguousarray(array).tobytes())

    def unchanged(self) -> bool:
        return self.before == [self.bytes_of(x) for x in leaves((self.args, self.kwargs), Tensor)]


def mistakes(row: Row, most: int) -> Iterator[Call]:
    """Some of the wrong versions of the row's samples, always the same ones."""
    fake_gpu.register()
    found = []
    for i in row.cases:
        args, kwargs = row.values(i)
        parts = leaves((args, kwargs), np.ndarray)
        for k, part in enumerate(parts):
            found += [(i, k, what) for what in _ARRAY_CHANGES if _applies(what, part)]
        for position in [*range(len(args)), *kwargs]:
            value = args[position] if isinstance(position, int) else kwargs[position]
            if not leaves(value, np.ndarray):
                found += [(i, position, other) for other in OTHER_VALUES if other != value]
    rng = np.random.default_rng(zlib.crc32(row.name.encode()))
    for pick in rng.permutation(len(found))[:most]:
        yield _made(row, *found[pick])


_ARRAY_CHANGES = {
    "one dim more": lambda t: t.unsqueeze(-1).repeat(*[1] * t.dim(), 3),
    "two dims more": lambda t: t.unsqueeze(0).unsqueeze(0),
    "no dims": lambda t: t.reshape(-1)[0],
    "another size": lambda t: torch.cat([t, t[:1]]),
    "empty": lambda t: t[:0],
    "int64": lambda t: t.to(torch.int64),
    "bool": lambda t: t.to(torch.bool),
    "float16": lambda t: t.to(torch.float16),
    "another device": lambda t: t.to("fakegpu"),
    "None": lambda t: None,
    "a string": lambda t: "text",
    "an object": lambda t: object(),
    "a list": lambda t: t.tolist(),
}


def _applies(what: str, part: np.ndarray) -> bool:
    if what in ("no dims", "another size"):
        return part.size > 0 and part.ndim > 0
    return what != "empty" or part.ndim > 0


def _made(row: Row, i: int, where: Any, change: Any) -> Call:
    args, kwargs = row.values(i)
    if isinstance(change, str) and change in _ARRAY_CHANGES:
        count = iter(range(10**6))

        def tensor(a: np.ndarray) -> Any:
            t = torch.from_numpy(a.copy())
            return _ARRAY_CHANGES[change](t) if next(count) == where else t

        args, kwargs = replace((args, kwargs), tensor, np.ndarray)
        return Call(change, f"sample {i}, tensor {where}", args, kwargs)
    args, kwargs = replace((args, kwargs), lambda a: torch.from_numpy(a.copy()), np.ndarray)
    if isinstance(where, int):
        args = (*args[:where], change, *args[where + 1 :])
    else:
        kwargs = {**kwargs, where: change}
    return Call("another value", f"sample {i}, argument {where}, {change!r}", args, kwargs)
