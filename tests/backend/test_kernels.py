"""The GPU's own kernels: they compile, and give what their twins give."""

from __future__ import annotations

import re
from typing import Any

import ml_dtypes  # noqa: F401  gives NumPy bfloat16
import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend import backend_for, checks, kernels, softmax
from minitorch_dl.backend.graph_capture import recording
from minitorch_dl.backend.kernels import launching
from minitorch_dl.optim import flat
from tests.devices import NEEDS_GPU

from .cuda_host import HostArray, HostCupy

KERNELS = {
    name: kernel
    for name in kernels.__all__
    if isinstance(kernel := getattr(kernels, name), kernels.Kernel)
}
FAMILIES = (
    "labels pointwise random recurrent segments softmax standardization updates windows".split()
)
REALS = ["float32", "float64", "float16", "bfloat16"]
EXAMINED = [
    (name, dtype) for name in KERNELS for dtype in (["uint32"] if name == "random_words" else REALS)
]
COMPILED = [(family, dtype) for family in FAMILIES for dtype in REALS] + [
    ("ranges", dtype) for dtype in ("int64", "int32", "uint8")
]


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


@pytest.mark.parametrize(("family", "dtype"), COMPILED)
def test_the_kernels_compile(family: str, dtype: str) -> None:
    source = launching.source(family, dtype)
    names = re.findall(r'extern "C" __global__ void (\w+)\(', source)
    code = compiled(source)
    assert names
    for name in names:
        assert f".entry {name}(" in code


def test_a_wrong_kernel_does_not_compile() -> None:
    with pytest.raises(Exception, match="undefined"):
        compiled('extern "C" __global__ void wrong(float* y) { y[0] = missing; }')


@pytest.mark.parametrize(("name", "dtype"), EXAMINED)
def test_a_kernel_gives_what_its_twin_gives(name: str, dtype: str, host: HostCupy) -> None:
    before = len(host.launches)
    assert KERNELS[name]._disagreement(host, dtype) == ""
    assert len(host.launches) > before


def test_a_kernel_is_examined_once_for_each_dtype(host: HostCupy) -> None:
    kernel = kernels.Kernel("softmax", kernels.softmax._launch, kernels.softmax._samples)
    examined = []
    kernel.twin(lambda xp, a, axis: examined.append(a) or softmax.softmax(xp, a, axis))
    a = np.ones((2, 3), np.float32).view(HostArray)
    for _ in range(2):
        np.testing.assert_allclose(kernel(host, a, axis=1), 1 / 3, rtol=1e-6)
    samples = len([*kernels.softmax._samples(np.random.default_rng(0), "float32")])
    assert len(examined) == samples
    kernel(host, a.astype(np.float64), axis=1)
    assert len(examined) == 2 * samples


def test_a_kernel_that_is_wrong_is_left_aside(host: HostCupy) -> None:
    def half(xp: Any, a: Any) -> Any:
        return a / 2

    def samples(random: Any, dtype: str) -> Any:
        yield (np.ones(3, dtype),), {}

    kernel = kernels.Kernel("double", half, samples)
    kernel.twin(lambda xp, a: a * 2)
    with pytest.warns(RuntimeWarning, match="'double' for float32 .* other numbers"):
        assert kernel(host, np.ones(3, np.float32).view(HostArray)) is None
    assert kernel(host, np.ones(3, np.float32).view(HostArray)) is None  # said once


def test_a_kernel_that_fails_is_left_aside(host: HostCupy) -> None:
    def failing(xp: Any, a: Any) -> Any:
        raise ValueError("no such function")

    kernel = kernels.Kernel("failing", failing, lambda random, dtype: [((np.ones(3, dtype),), {})])
    kernel.twin(lambda xp, a: a)
    with pytest.warns(RuntimeWarning, match="fails: no such function"):
        assert kernel(host, np.ones(3, np.float32).view(HostArray)) is None


def test_the_twin_serves_elsewhere(host: HostCupy) -> None:
    a = np.ones((2, 3), np.float16).view(HostArray)
    assert kernels.softmax(np, a, axis=1) is None  # another device
    with kernels.aside():
        assert kernels.softmax(host, a, axis=1) is None  # switched off
    fresh = kernels.Kernel("softmax", kernels.softmax._launch, kernels.softmax._samples)
    with recording():
        assert fresh(host, a, axis=1) is None  # comparing would wait
    assert kernels.softmax(host, a.astype(np.int64), axis=1) is None
    assert not kernels.note_outside(np, np.ones(2, int), 0, 1, None, 1, np.zeros(2, int))


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_checks_on_the_host(dtype: str, host: HostCupy) -> None:
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


def test_rows_for_places_out_of_range_are_added_nowhere(host: HostCupy) -> None:
    """Their check raises later, and until then nothing may lie in other arrays' memory."""
    a = np.arange(1, 6, dtype=np.float32)[:, None].view(HostArray)
    index = np.array([2, -1, 3, 2, 0]).view(HostArray)
    got = kernels.add_rows_in_order._launch(host, a, index, 3)
    assert got.tolist() == [[5], [0], [5]]


@pytest.mark.parametrize("count", [1, 3, 300])
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_an_optimizer_updates_all_parameters_in_one_launch(
    name: str, count: int, host: HostCupy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to 128 of them; some have no gradient, so that runs start in between."""

    def steps(on_host: bool) -> Any:
        random = np.random.default_rng(1)
        draw = lambda: random.normal(size=int(random.integers(1, 9))).astype("float32")  # noqa: E731
        values = [draw() for _ in range(count)]
        options = {"momentum": 0.9} if name == "SGD" else {}
        params = []
        for value in values:
            p = torch.nn.Parameter(torch.from_numpy(value))
            p.array = p.array.view(HostArray) if on_host else p.array
            params.append(p)
        optimizer = getattr(torch.optim, name)(params, lr=0.1, weight_decay=0.1, **options)
        for step in range(3):
            for i, p in enumerate(params):
                array = random.normal(size=p.array.shape).astype("float32").view(HostArray)
                p.grad = None if i == step + 1 else torch.Tensor.wrap(array)
            optimizer.step()
        return [np.array(p.array) for p in params]

    expected = steps(False)
    monkeypatch.setattr(flat, "array_module", lambda array: host)
    kernel = getattr(kernels, "sgd" if name == "SGD" else "adam")
    steps(True)  # the kernel is examined
    host.launches.clear()
    got = steps(True)
    for a, b in zip(got, expected):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert set(host.launches) == {kernel.name}
    if count == 1:
        assert len(host.launches) == 3


def test_steps_are_counted_where_the_kernel_reads_them(host: HostCupy) -> None:
    """A count and a learning rate in the device's memory give what the host's numbers give."""
    results = []
    for lr, step in ((0.01, 3.0), (np.full((), 0.01, np.float32), np.full((), 3, np.float32))):
        if not isinstance(lr, float):
            lr, step = lr.view(HostArray), step.view(HostArray)
        given = [
            np.random.default_rng(i).random(7).astype("float32").view(HostArray) for i in range(4)
        ]
        rest = {"betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.0, "decoupled": False}
        done = kernels.adam._launch(
            host, given[:1], given[1:2], given[2:], [0, 7], False, lr=lr, step=step, **rest
        )
        assert done
        results.append(given[0])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)


@pytest.mark.gpu
@NEEDS_GPU
@pytest.mark.parametrize(("name", "dtype"), EXAMINED)
def test_a_kernel_gives_what_its_twin_gives_on_a_gpu(name: str, dtype: str) -> None:
    xp = backend_for("cuda")[0].xp
    assert KERNELS[name]._disagreement(xp, dtype) == ""


@pytest.mark.gpu
@NEEDS_GPU
def test_checks_on_a_gpu() -> None:
    index = backend_for("cuda")[0].xp.asarray([0, 3, 9, -1])
    checks.check_range(index, 10, IndexError, "found {}", ignore=-1)
    checks.raise_noted()
    checks.check_range(index, 5, IndexError, "found {}", ignore=-1)
    with pytest.raises(IndexError, match="found 9"):
        checks.raise_noted()
