"""CuPy's functions, parameters and dtypes, from a table listed from an installed CuPy."""

from __future__ import annotations

import functools
import inspect
import re
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

_LINE = re.compile(r"(?P<name>[\w.]+)(\((?P<params>.*)\)| \[(?P<can>.*?)\] (?P<loops>.*))?$")

# The dtypes of which CuPy's scatter kernels have atomic operations.
_ORDERED = frozenset(("int32", "uint32", "uint64", "float32", "float64"))
_ATOMIC = {
    "add": _ORDERED | {"int64", "float16"},
    "maximum": _ORDERED,
    "minimum": _ORDERED,
}


class Entry(NamedTuple):
    """One public name: a function with parameters, a ufunc with loops, or a plain value."""

    name: str
    signature: inspect.Signature | None
    methods: frozenset[str]
    loops: tuple[tuple[tuple[np.dtype, ...], tuple[np.dtype, ...]], ...]

    def check_arguments(self, args: Any, kwargs: Any) -> None:
        """Raise TypeError for arguments that CuPy's function doesn't take."""
        if self.signature is not None:
            try:
                self.signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{self.name}{self.signature}: {error}") from None

    def check_method(self, method: str, dtype: Any = None) -> None:
        """Raise NotImplementedError for a ufunc's method, or its dtype, that CuPy doesn't have."""
        short = self.name.rpartition(".")[2]
        if method not in self.methods:
            raise NotImplementedError(f"`{self.name}.{method}` is not supported by CuPy")
        if method == "at" and dtype.name not in _ATOMIC[short]:
            raise TypeError(f"`{self.name}.at` is not supported by CuPy for {dtype}")

    def check_loop(self, inputs: Any, outputs: Any) -> None:
        """Raise TypeError where CuPy's ufunc has no loop for these operands, or one of another
        result than NumPy's.

        Args:
            inputs: NumPy arrays and numbers.
            outputs: the arrays that NumPy's ufunc made of them.
        """
        arrays = [x.dtype for x in inputs if hasattr(x, "dtype")]
        if not arrays or any(d.kind not in "biufc" for d in arrays):
            return
        common = np.result_type(*[x.dtype if hasattr(x, "dtype") else x for x in inputs])
        given = [x.dtype if hasattr(x, "dtype") else common for x in inputs]
        for loop, results in self.loops:
            if all(np.can_cast(d, wanted) for d, wanted in zip(given, loop)):
                if [y.dtype for y in outputs] != list(results):
                    raise TypeError(
                        f"{self.name}: of {given} CuPy makes {results}, NumPy "
                        f"{[y.dtype for y in outputs]}"
                    )
                return
        raise TypeError(f"{self.name}: CuPy has no loop for {given}")


def _signature(text: str) -> inspect.Signature:
    kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD
    found = []
    for part in filter(None, text.split(", ")):
        name = part.strip("*=")
        if part.startswith("**"):
            found.append(inspect.Parameter(name, inspect.Parameter.VAR_KEYWORD))
        elif part.startswith("*"):
            if name:
                found.append(inspect.Parameter(name, inspect.Parameter.VAR_POSITIONAL))
            kind = inspect.Parameter.KEYWORD_ONLY
        else:
            default = None if part.endswith("=") else inspect.Parameter.empty
            found.append(inspect.Parameter(name, kind, default=default))
    return inspect.Signature(found)


def _loop(text: str) -> tuple[tuple[np.dtype, ...], tuple[np.dtype, ...]]:
    given, _, made = text.partition("->")
    return tuple(np.dtype(c) for c in given), tuple(np.dtype(c) for c in made)


@functools.cache
def table() -> dict[str, Entry]:
    """Every public name: "cupy.linalg.inv" of a namespace, "ndarray.sum" of the array class."""
    text = resources.files(__package__).joinpath("cupy_api.txt").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        match = None if line.startswith("#") else _LINE.match(line)
        if match is not None:
            found[match["name"]] = Entry(
                match["name"],
                None if match["params"] is None else _signature(match["params"]),
                frozenset((match["can"] or "").split()),
                tuple(_loop(loop) for loop in (match["loops"] or "").split()),
            )
    return found
