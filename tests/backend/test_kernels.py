"""The GPU's own kernels: they compile, and do what their twins do."""

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend import backend_for, checks, exponentials, kernels
from tests.devices import NEEDS_GPU


def compiled(source: str) -> str:
    """The PTX that NVRTC makes of a source, which needs its library but no GPU."""
    cupy = pytest.importorskip("cupy")
    from cupy.cuda import compiler

    options = ("-arch=compute_90", "-std=c++17", f"-I{cupy.__path__[0]}/_core/include")
    try:
        program = compiler._NVRTCProgram(source, "kernels.cu")
    except ImportError as error:
        pytest.skip(f"nvidia-cuda-nvrtc is not installed: {error}")
    code, _ = program.compile(options)
    return code.decode() if isinstance(code, bytes) else str(code)


def test_the_kernels_compile() -> None:
    code = compiled(kernels.source())
    for real in ("float", "double"):
        for kind in ("softmax", "log_softmax"):
            assert f".entry {kind}_{real}(" in code
    for name in ("int64", "int32", "uint8"):
        assert f".entry note_outside_{name}(" in code


def test_a_wrong_kernel_does_not_compile() -> None:
    with pytest.raises(Exception, match="undefined"):
        compiled('extern "C" __global__ void wrong(float* y) { y[0] = missing; }')


def test_they_are_off_on_other_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "enabled", True)
    assert not kernels.serve(np, np.ones(2))
    assert not kernels.note_outside(np, np.ones(2, int), 0, 1, None, 1, np.zeros(2, int))


class Host:
    """CuPy for the kernels' launches: the same source, run by threads of the host."""

    __name__ = "cupy"

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def RawModule(self, code: str, options: Any) -> Any:
        return self

    def get_function(self, name: str) -> Any:
        function = getattr(self.library, f"host_{name}")

        def launch(blocks: Any, threads: Any, args: Any, shared_mem: int) -> None:
            sizes = [ctypes.c_uint(n[0]) for n in (blocks, threads)]
            given = [
                ctypes.c_void_p(x.ctypes.data)
                if isinstance(x, np.ndarray)
                else np.ctypeslib.as_ctypes_type(x.dtype)(x.item())
                for x in args
            ]
            function(*sizes, *given)

        return launch


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "kernels.cu").write_text(kernels.source(), encoding="utf-8")
    library = folder / "kernels.so"
    options = ["-std=c++20", "-O1", "-shared", "-fPIC", "-pthread", "-DKERNELS=<kernels.cu>"]
    program = Path(__file__).with_name("cuda_on_host.cpp")
    subprocess.run([compiler, *options, f"-I{folder}", program, "-o", library], check=True)
    return Host(ctypes.CDLL(str(library)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "axis"), [((5,), 0), ((2, 700), 1), ((2, 3, 2), 1)])
def test_rows_on_the_host(
    shape: Any, axis: int, dtype: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "enabled", True)
    a = 5 * np.random.default_rng(0).normal(size=shape).astype(dtype)
    a.flat[1] = -np.inf
    assert kernels.serve(host, a)
    tolerance = {"float32": 2e-6, "float64": 1e-13}[dtype]
    for kind in ("softmax", "log_softmax"):
        expected = getattr(exponentials, kind)(np, a, axis=axis)
        got = kernels.normalize(host, kind, a, axis)
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_checks_on_the_host(dtype: str, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "enabled", True)
    index = (np.arange(600) % 10).astype(dtype)
    found = np.zeros(2, np.int64)
    assert kernels.note_outside(host, index, 0, 10, None, 3, found)
    assert found.tolist() == [0, 0]
    assert kernels.note_outside(host, index, 0, 9, 9, 4, found)
    assert found.tolist() == [0, 0]
    assert kernels.note_outside(host, index, 0, 9, None, 5, found)
    assert found.tolist() == [5, 9]
    assert kernels.note_outside(host, index, 2, 10, None, 6, found)
    assert found.tolist() == [5, 9]  # the first one stays


@pytest.mark.gpu
@NEEDS_GPU
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "axis"), [((5,), 0), ((3, 1000), 1), ((3, 7, 5), 1)])
def test_on_a_gpu(shape: Any, axis: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "enabled", True)
    host = np.random.default_rng(0).normal(size=shape).astype(dtype)
    host.flat[1] = -np.inf
    a = torch.from_numpy(host).to("cuda").array
    xp = backend_for("cuda")[0].xp
    tolerance = {"float32": 1e-6, "float64": 1e-13}[dtype]
    for kind in ("softmax", "log_softmax"):
        expected = getattr(exponentials, kind)(np, host, axis=axis)
        got = kernels.normalize(xp, kind, a, axis).get()
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
    index = xp.asarray([0, 3, 9, -1])
    checks.check_range(index, 10, IndexError, "found {}", ignore=-1)
    checks.raise_noted()
    checks.check_range(index, 5, IndexError, "found {}", ignore=-1)
    with pytest.raises(IndexError, match="found 9"):
        checks.raise_noted()
