"""CuPy for kernels' launches: their CUDA source, compiled and run on the host."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

_HERE = Path(__file__).parent
_SIGNATURE = re.compile(r'extern "C" __global__ void (\w+)\(([^)]*)\)')


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

    def RawModule(self, code: str, options: Any) -> Any:
        wrappers = []
        for name, given in _SIGNATURE.findall(code):
            types = [p.rsplit(None, 1)[0] + "*" * p.count("*", p.rfind(" ")) for p in
                     (" ".join(p.split()) for p in given.split(","))]  # fmt: skip
            values = ", ".join(f"*(std::decay_t<{t}>*)args[{i}]" for i, t in enumerate(types))
            wrappers.append(f'extern "C" void host_{name}(void** args) {{ {name}({values}); }}')
        stem = self.folder / f"kernels{abs(hash(code))}"
        text = '#include <type_traits>\n#include "cuda_on_host.h"\n' + code + "\n".join(wrappers)
        stem.with_suffix(".cpp").write_text(text, encoding="utf-8")
        options = ["-std=c++17", f"-I{_HERE}"]
        self._compile(stem.with_suffix(".cpp"), stem.with_suffix(".so"), options)
        return _Module(self, ctypes.CDLL(str(stem.with_suffix(".so"))))


class _Module:
    def __init__(self, host: HostCupy, library: Any) -> None:
        self.host, self.library = host, library

    def get_function(self, name: str) -> Any:
        kernel = getattr(self.library, f"host_{name}")

        def run(blocks: Any, threads: Any, args: Any, shared_mem: int) -> None:
            assert shared_mem <= 1 << 16
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
        assert x.flags.c_contiguous or x.size <= 1 or x.base is not None
        return np.array([x.ctypes.data], np.uint64)
    return np.asarray(x)
