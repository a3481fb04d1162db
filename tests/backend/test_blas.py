from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from minitorch_dl.backend.blas import dot, set_blas_threads, share_products
from minitorch_dl.backend.threads import set_thread_count, thread_count


def blas_threads() -> int | None:
    """The number that OpenBLAS itself gives, or None where NumPy uses another library."""
    library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    for prefix in ("scipy_", ""):
        for suffix in ("64_", ""):
            getter = getattr(library, f"{prefix}openblas_get_num_threads{suffix}", None)
            if getter is not None:
                return getter()
    return None


@pytest.fixture(autouse=True)
def put_back():
    before = blas_threads()
    yield
    if before is not None:
        set_blas_threads(before)


@pytest.mark.parametrize("count", [2, 1])
def test_blas_uses_as_many_threads_as_it_was_told(count: int) -> None:
    could_be_told = set_blas_threads(count)
    assert could_be_told == (blas_threads() is not None)
    if could_be_told:
        assert blas_threads() == count


def test_the_wheels_for_linux_can_be_told() -> None:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    if sys.platform == "linux" and "openblas" in blas:
        assert set_blas_threads(1)


def test_shared_products_use_one_thread_each() -> None:
    before = thread_count()
    could_be_told = set_blas_threads(3)
    seen: list[int | None] = []

    def work(part: int) -> None:
        share_products(np, lambda inner: seen.append(blas_threads()), [1, 2])
        if part == 3:
            raise ValueError(part)

    try:
        set_thread_count(2)
        share_products(np, work, [0, 1])
        with pytest.raises(ValueError, match="3"):
            share_products(np, work, [2, 3])
    finally:
        set_thread_count(before)
    assert set(seen) == {1 if could_be_told else None}
    assert blas_threads() == (3 if could_be_told else None)


def test_threads_set_meanwhile_hold_afterwards() -> None:
    before = thread_count()
    seen: list[int | None] = []

    def work(part: int) -> None:
        set_blas_threads(3)
        seen.append(blas_threads())

    try:
        set_thread_count(2)
        share_products(np, work, [0, 1])
    finally:
        set_thread_count(before)
    could_be_told = blas_threads() is not None
    assert seen == [1 if could_be_told else None] * 2
    assert blas_threads() == (3 if could_be_told else None)


@pytest.mark.parametrize(
    ("m", "k", "n"),
    [(40, 3000, 90), (300, 1000, 170), (64, 9216, 128), (7, 90_000, 11), (3, 50, 70), (90, 200, 3)],
)
@pytest.mark.parametrize("turned", [False, True])
def test_products_do_not_depend_on_the_number_of_threads(
    m: int, k: int, n: int, turned: bool
) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k), np.float32), rng.standard_normal((k, n), np.float32)
    if turned:
        a, b = np.asfortranarray(a), np.asfortranarray(b)
    before, results = thread_count(), []
    could_be_told = set_blas_threads(1)
    try:
        for count in (1, 2, 3):
            set_thread_count(count)
            if could_be_told:
                set_blas_threads(count)
            results.append(dot(np, a, b))
    finally:
        set_thread_count(before)
    expected = a.astype(np.float64) @ b.astype(np.float64)
    np.testing.assert_allclose(results[0], expected, rtol=0, atol=1e-6 * k)
    if could_be_told:
        assert all(np.array_equal(result, results[0]) for result in results)


def test_a_product_leaves_blas_its_threads() -> None:
    before = thread_count()
    could_be_told = set_blas_threads(3)
    try:
        set_thread_count(2)
        for size in (4, 100, 300):
            dot(np, np.ones((size, size)), np.ones((size, size)))
    finally:
        set_thread_count(before)
    assert blas_threads() == (3 if could_be_told else None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_forked_meanwhile_can_share() -> None:
    program = (
        "import os\n"
        "import numpy as np\n"
        "from minitorch_dl.backend.blas import share_products\n"
        "from minitorch_dl.backend.threads import set_thread_count\n"
        "set_thread_count(2)\n"
        "def work(part):\n"
        "    if part == 0 and (child := os.fork()):\n"
        "        assert os.waitpid(child, 0)[1] == 0\n"
        "    elif part == 0:\n"
        "        done = []\n"
        "        share_products(np, done.append, [1, 2])\n"
        "        os._exit(0 if sorted(done) == [1, 2] else 1)\n"
        "share_products(np, work, [0, 1])\n"
        "print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, timeout=120
    )
    assert done.stdout.decode().split() == ["done"], done.stderr.decode()
