"""The arguments that cuBLAS gets, checked by a stand-in that multiplies in host memory."""

from types import SimpleNamespace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, strategies as st

import minitorch_dl as torch
from minitorch_dl.backend.cublas import Matmul, describe_operand
from minitorch_dl.backend.cublas_library import _SIGNATURES, WORKSPACE, CublasLibrary
from minitorch_dl.backend.graph_capture import recording
from tests.devices import NEEDS_GPU

KINDS = {"float16": 2, "bfloat16": 14, "float32": 0, "float64": 1}
DTYPES = {2: np.float16, 14: ml_dtypes.bfloat16, 0: np.float32, 1: np.float64}
N, T = 0, 1


class Blas(SimpleNamespace):
    """cuBLAS's ``gemmStridedBatchedEx``: matrices by columns, in memory given by addresses."""

    CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_GEMM_DEFAULT = N, T, -1
    CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_64F = 68, 70
    CUBLAS_COMPUTE_32F_FAST_16BF, CUBLAS_COMPUTE_32F_FAST_TF32 = 75, 77

    def gemmStridedBatchedEx(
        self, handle, transa, transb, m, n, k, alpha, a, a_type, lda, stride_a,
        b, b_type, ldb, stride_b, beta, c, c_type, ldc, stride_c, batch, compute, algo,
    ) -> None:  # fmt: skip
        assert (handle, algo) == (7, -1)
        factor = np.float64 if compute == self.CUBLAS_COMPUTE_64F else np.float32
        assert [memory(x, factor, (1,), (1,))[0] for x in (alpha, beta)] == [1, 0]
        # The library refuses a leading dim that is less than the rows as they are stored.
        assert lda >= max(1, m if transa == N else k)
        assert ldb >= max(1, k if transb == N else n)
        assert ldc >= max(1, m)

        def matrices(at, kind, transposed, rows, columns, leading, stride):
            steps = (stride, leading, 1) if transposed else (stride, 1, leading)
            return memory(at, DTYPES[kind], (batch, rows, columns), steps)

        left = matrices(a, a_type, transa == T, m, k, lda, stride_a)
        right = matrices(b, b_type, transb == T, k, n, ldb, stride_b)
        result = matrices(c, c_type, False, m, n, ldc, stride_c)
        result[...] = np.matmul(left.astype(factor), right.astype(factor)).astype(result.dtype)
        self.compute, self.calls = compute, getattr(self, "calls", 0) + 1


def memory(address: int, dtype: Any, shape: tuple[int, ...], steps: tuple[int, ...]) -> Any:
    """The array in host memory at an address."""
    dtype = np.dtype(dtype)
    extent = 1 + sum((n - 1) * s for n, s in zip(shape, steps))
    assert extent > 0
    interface = {
        "data": (address, False), "shape": (extent,), "version": 3,
        "typestr": f"<V{dtype.itemsize}",
    }  # fmt: skip
    flat = np.asarray(SimpleNamespace(__array_interface__=interface)).view(dtype)
    return np.lib.stride_tricks.as_strided(
        flat, shape, [s * dtype.itemsize for s in steps], writeable=True
    )


class Counted:
    """NumPy, counting the copies of operands."""

    copies = 0

    def __getattr__(self, name: str) -> Any:
        if name == "ascontiguousarray":
            self.copies += 1
        return getattr(np, name)


def product() -> Matmul:
    return Matmul(Counted(), Blas(), KINDS, lambda: 7, lambda array: array.ctypes.data)


def draw(shape: tuple[int, ...], dtype: Any = np.float64) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES.values())
@pytest.mark.parametrize("a_turned", [False, True])
@pytest.mark.parametrize("b_turned", [False, True])
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_transposed_operands_are_not_copied(
    batch: Any, b_turned: bool, a_turned: bool, dtype: Any
) -> None:
    a = draw((*batch, 5, 4), dtype).swapaxes(-1, -2) if a_turned else draw((*batch, 4, 5), dtype)
    b = draw((*batch, 6, 5), dtype).swapaxes(-1, -2) if b_turned else draw((*batch, 5, 6), dtype)
    matmul = product()
    y = matmul(a, b)
    assert y.dtype == dtype
    assert matmul.xp.copies == 0
    assert matmul.blas.calls == 1
    wide = np.float64 if dtype is np.float64 else np.float32
    expected = np.matmul(a.astype(wide), b.astype(wide)).astype(dtype)
    np.testing.assert_array_equal(y.astype(wide), expected.astype(wide))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (draw((4,)), draw((4,))),
        (draw((4,)), draw((3, 4, 2))),
        (draw((3, 2, 4)), draw((4,))),
        (draw((3, 2, 4)), draw((4, 5))),
        (draw((2, 1, 2, 4)), draw((3, 4, 5))),
        (draw((2, 4))[:, :3], draw((3, 5))),
        (draw((6, 4))[::2, ::2], draw((2, 5))),
        (draw((6, 4))[::-1], draw((4, 5))),
        (np.broadcast_to(draw((4, 1)), (4, 3)), draw((3, 2))),
        (draw((2, 5, 3, 4)).swapaxes(1, 2), draw((2, 5, 3, 4)).transpose(0, 2, 3, 1)),
        (draw((3, 0)), draw((0, 2))),
        (draw((0, 3)), draw((3, 2))),
        (draw((2, 1, 3)), draw((2, 3, 1))),
        (draw((1, 3)).T, draw((1, 3))),
        (np.arange(6).reshape(2, 3), np.arange(6).reshape(3, 2)),
    ],
)
def test_the_product_is_numpys(a: np.ndarray, b: np.ndarray) -> None:
    expected = np.matmul(a, b)
    y = product()(a, b)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-13)
    if expected.ndim:
        for out in (np.empty_like(expected), np.empty(expected.shape[::-1], expected.dtype).T):
            assert product()(a, b, out=out) is out
            np.testing.assert_allclose(out, expected, rtol=1e-13)


@given(st.data())
def test_any_strides(data: Any) -> None:
    sizes = st.integers(1, 3)
    batch = data.draw(st.lists(sizes, max_size=2))
    n, k, m = data.draw(st.tuples(sizes, sizes, sizes))

    def operand(rows: int, columns: int) -> np.ndarray:
        shape = [data.draw(st.sampled_from([1, size])) for size in batch] + [rows, columns]
        order = data.draw(st.permutations(range(len(shape))))
        step = data.draw(st.sampled_from([1, 2]))
        wide = draw(tuple(shape[d] * step for d in order))
        x = wide[tuple(slice(None, None, step) for _ in order)].transpose(np.argsort(order))
        return np.broadcast_to(x, (*batch, rows, columns)) if data.draw(st.booleans()) else x

    a, b = operand(n, k), operand(k, m)
    np.testing.assert_allclose(product()(a, b), np.matmul(a, b), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("images", "calls", "copies"), [(1, 1, 0), (3, 3, 0), (9, 1, 2)])
def test_heads_beside_features_are_not_copied_for_few_images(
    images: int, calls: int, copies: int
) -> None:
    q, k = draw((2, images, 5, 2, 4))
    matmul = product()
    heads, features = q.swapaxes(1, 2), k.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(matmul(heads, features), heads @ features, rtol=1e-12)
    assert (matmul.blas.calls, matmul.xp.copies) == (calls, copies)


def test_a_shape_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="3 columns meet 4 rows"):
        product()(draw((2, 3)), draw((4, 2)))


def test_only_what_can_not_be_read_is_copied() -> None:
    assert describe_operand((3, 4), (32, 8), 8) == (False, 4, 0)
    assert describe_operand((4, 3), (8, 32), 8) == (True, 4, 0)
    assert describe_operand((2, 3, 4), (0, 32, 8), 8) == (False, 4, 0)
    assert describe_operand((2, 5, 3, 4), (480, 32, 160, 8), 8) is None  # heads beside features
    assert describe_operand((3, 4), (64, 16), 8) is None


def test_float32_precision_chooses_the_arithmetic() -> None:
    a = draw((2, 2), np.float32)
    matmul = product()
    try:
        for precision, compute in (("highest", 68), ("high", 77), ("medium", 75)):
            torch.set_float32_matmul_precision(precision)
            matmul(a, a)
            assert matmul.blas.compute == compute
            matmul(a.astype(np.float64), a.astype(np.float64))
            assert matmul.blas.compute == 70
        torch.backends.cuda.matmul.allow_tf32 = False
        assert torch.get_float32_matmul_precision() == "highest"
        torch.backends.cuda.matmul.allow_tf32 = True
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert torch.backends.cuda.matmul.allow_tf32 is False


class Library:
    """cuBLAS's C interface, over ``Blas``."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        for name in _SIGNATURES:
            setattr(self, name, self._function(name))

    def _function(self, name: str) -> Any:
        def call(*args: Any) -> int:
            self.asked.append((name, args))
            if name == "cublasCreate_v2":
                args[0]._obj.value = 7
            if name == "cublasGemmStridedBatchedEx":
                Blas().gemmStridedBatchedEx(args[0].value, *args[1:])
            return self.status if hasattr(self, "status") else 0

        return call


def gpu() -> Any:
    """What of CuPy the library asks."""
    queue = SimpleNamespace(ptr=11)
    return SimpleNamespace(cuda=SimpleNamespace(
        Device=lambda: SimpleNamespace(id=0), get_current_stream=lambda: queue,
    ))  # fmt: skip


def test_captured_products_go_through_our_own_binding() -> None:
    library = Library()
    matmul = product()
    matmul._make_library = lambda: CublasLibrary(gpu(), library)
    a, b = draw((2, 3, 4)), draw((2, 5, 4)).swapaxes(1, 2)
    matmul(a, b)
    assert library.asked == []
    for address in (8192, 4096):  # of two graphs: the handle is made once
        matmul.prepare_capture(SimpleNamespace(ptr=address))
    assert [name for name, _ in library.asked] == ["cublasCreate_v2"]
    library.asked.clear()
    with recording():
        y = matmul(a, b)
    np.testing.assert_allclose(y, np.matmul(a, b), rtol=1e-13)
    # The stream first: setting it brings the library's own workspace back.
    names = [name for name, _ in library.asked]
    assert names == ["cublasSetStream_v2", "cublasSetWorkspace_v2", "cublasGemmStridedBatchedEx"]
    assert library.asked[0][1][1] == 11
    assert library.asked[1][1][1:] == (4096, WORKSPACE)
    library.status = 13
    with recording(), pytest.raises(RuntimeError, match="failed with status 13"):
        matmul(a, b)


def test_the_library_has_what_is_asked_of_it() -> None:
    pytest.importorskip("cuda.pathfinder")
    CublasLibrary(gpu())  # every name is found, or this raises


@pytest.mark.gpu
@NEEDS_GPU
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_on_a_gpu(dtype: str) -> None:
    a, b = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 4, 6)
    given = [x.to(getattr(torch, dtype)) for x in (a, b)]
    tolerance = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 1e-5, "float64": 1e-12}[dtype]
    for turned in (
        lambda x: x,
        lambda x: x.mT.contiguous().mT,
        lambda x: x.transpose(1, 2).contiguous().transpose(1, 2),  # heads beside features
    ):
        on_gpu = [turned(x.to("cuda")) for x in given]
        y = torch.matmul(*on_gpu).cpu().double()
        expected = torch.matmul(*(x.double() for x in given))
        torch.testing.assert_close(y, expected, rtol=tolerance, atol=tolerance)
