"""CuPy for kernels' launches: their CUDA source, compiled and run on the host."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

_HERE = Path(__file__).parent
_SIGNATURE = re.compile(r'extern "C" __global__ void (\w+)\(([^)]*)\)')
_TYPEDEF = re.compile(r"typedef ([\w ]+) (\w);")
_DTYPES = {
    "half_t": "float16", "bfloat16_t": "bfloat16", "float": "float32", "double": "float64",
    "int": "int32", "unsigned": "uint32", "unsigned char": "uint8", "long long": "int64",
    "unsigned long long": "uint64",
}  # fmt: skip
_STEPPED = frozenset(("im2col.columns", "col2im.columns"))
"""The arrays that need not be contiguous, for the kernel is told their strides."""
MOST_THREADS, MOST_BLOCKS, MOST_SHARED = 1024, 2**31 - 1, 48 << 10


class Parameter(NamedTuple):
    """One parameter of a kernel: its name and type, and the dtype that this is; None of a
    structure."""

    name: str
    type: str
    dtype: str | None

    def check(self, x: Any, kernel: str, size: int) -> None:
        """Fail where CUDA would read something else than what is handed over."""
        what = f"{kernel}: {self.type} {self.name} got {type(x).__name__}"
        if self.type.endswith("*"):
            if x is None:
                return
            assert isinstance(x, np.ndarray), f"{what}, not an array of the device"
            assert x.dtype.name == self.dtype, f"{what} of {x.dtype}"
            assert x.flags.c_contiguous or f"{kernel}.{self.name}" in _STEPPED, (
                f"{what} that is not contiguous, shape {x.shape}, strides {x.strides}"
            )
        elif self.dtype is None:
            assert isinstance(x, np.ndarray), what
            assert x.size == 1, f"{what} of shape {x.shape}"
            assert x.dtype.names is not None, f"{what} of {x.dtype}"
            assert x.dtype.itemsize == size, f"{what} of {x.dtype.itemsize} bytes, not {size}"
        else:  # of a Python number CuPy makes what it likes
            assert isinstance(x, np.generic), f"{what}: {x!r}"
            assert x.dtype.name == self.dtype, f"{what}: {x!r}"


def parameters(code: str) -> dict[str, list[Parameter]]:
    """The parameters of the kernels in a source."""
    typedefs = {short: long for long, short in _TYPEDEF.findall(code)}
    found = {}
    for kernel, given in _SIGNATURE.findall(code):
        found[kernel] = []
        for text in (" ".join(p.split()) for p in given.split(",")):
            held, name = text.rsplit(None, 1)
            bare = held.removeprefix("const ").rstrip("*")
            dtype = _DTYPES.get(typedefs.get(bare, bare))
            found[kernel].append(Parameter(name, held, dtype))
    return found


class HostArray(np.ndarray):
    """An array of host memory that tells its address as CuPy's do."""

    @property
    def data(self) -> Any:  # type: ignore[override]
        return SimpleNamespace(ptr=self.ctypes.data)


class HostCupy:
    """NumPy with CuPy's ``RawModule``."""

    __name__ = "cupy"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.launches: list[str] = []
        compiler = shutil.which("g++")
        if compiler is None:
            pytest.skip("needs a C++ compiler")
        self.compiler = compiler
        options = ["-std=c++20", "-pthread"]
        self._compile(_HERE / "cuda_on_host.cpp", folder / "libhost.so", options)
        self.run = ctypes.CDLL(str(folder / "libhost.so"), ctypes.RTLD_GLOBAL).run

    def _compile(self, program: Path, library: Path, options: list[str]) -> None:
        always = ["-O1", "-shared", "-fPIC", "-w"]
        subprocess.run([self.compiler, *always, *options, program, "-o", library], check=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def array(self, a: Any, dtype: Any = None) -> Any:
        return np.array(a, dtype).view(HostArray)

    def ascontiguousarray(self, a: Any) -> Any:
        return np.ascontiguousarray(a).view(HostArray)

    def RawModule(self, code: str, options: Any) -> Any:
        wrappers, signatures = [], parameters(code)
        for name, given in signatures.items():
            types = [p.type for p in given]
            values = ", ".join(f"*(std::decay_t<{t}>*)args[{i}]" for i, t in enumerate(types))
            sizes = ", ".join(f"sizeof({t})" for t in types)
            wrappers += [
                f'extern "C" void host_{name}(void** args) {{ {name}({values}); }}',
                f'extern "C" {{ long long sizes_{name}[] = {{ {sizes} }}; }}',
            ]
        stem = self.folder / f"kernels{abs(hash(code))}"
        text = '#include <type_traits>\n#include "cuda_on_host.h"\n' + code + "\n".join(wrappers)
        stem.with_suffix(".cpp").write_text(text, encoding="utf-8")
        options = ["-std=c++17", f"-I{_HERE}"]
        self._compile(stem.with_suffix(".cpp"), stem.with_suffix(".so"), options)
        return _Module(self, ctypes.CDLL(str(stem.with_suffix(".so"))), signatures)


class _Module:
    def __init__(
        self, host: HostCupy, library: Any, signatures: dict[str, list[Parameter]]
    ) -> None:
        self.host, self.library, self.signatures = host, library, signatures

    def get_function(self, name: str) -> Any:
        kernel, wanted = getattr(self.library, f"host_{name}"), self.signatures[name]
        sizes = (ctypes.c_longlong * len(wanted)).in_dll(self.library, f"sizes_{name}")

        def run(blocks: Any, threads: Any, args: Any, shared_mem: int = 0) -> None:
            assert len(blocks) == len(threads) == 1, f"{name}: {blocks} blocks of {threads}"
            assert 1 <= blocks[0] <= MOST_BLOCKS, f"{name}: {blocks} blocks"
            assert 1 <= threads[0] <= MOST_THREADS, f"{name}: {threads} threads"
            assert shared_mem <= MOST_SHARED, f"{name}: {shared_mem} bytes of shared memory"
            assert len(args) == len(wanted), f"{name}: {len(args)} arguments for {len(wanted)}"
            for parameter, size, x in zip(wanted, sizes, args):
                parameter.check(x, name, size)
            self.host.launches.append(name)
            held = [_value(x) for x in args]
            places = (ctypes.c_void_p * len(held))(*(v.ctypes.data for v in held))
            at = ctypes.cast(kernel, ctypes.c_void_p)
            self.host.run(at, ctypes.c_uint(blocks[0]), ctypes.c_uint(threads[0]), places)

        return run


def _value(x: Any) -> np.ndarray:
    """An argument as it lies in memory: an array's address, a structure or a number itself."""
    if x is None:
        return np.zeros(1, np.uint64)
    if isinstance(x, np.ndarray) and x.dtype.names is None:
        return np.array([x.ctypes.data], np.uint64)
    return np.asarray(x)
