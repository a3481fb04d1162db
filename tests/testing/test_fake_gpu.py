"""The stand-in device refuses what CuPy refuses, and counts what makes the host wait."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from minitorch_dl.testing import fake_gpu
from minitorch_dl.testing.cupy_api import table

xp = fake_gpu.xp


def on_device(*values: Any, dtype: Any = None) -> Any:
    return xp.asarray(np.asarray(values, dtype))


REFUSED = {
    "a keyword of NumPy's": (lambda a: xp.sum(a, where=a > 0), TypeError, "where"),
    "a method's keyword": (lambda a: a.max(initial=0.0), TypeError, "initial"),
    "a ufunc's keyword": (lambda a: xp.add(a, a, where=a > 0), TypeError, "where"),
    "a missing function": (lambda a: xp.vecdot(a, a), AttributeError, "vecdot"),
    "a missing method": (lambda a: a.setflags(write=False), AttributeError, "setflags"),
    "a missing flag": (lambda a: a.flags.writeable, AttributeError, "writeable"),
    "a NumPy operand": (lambda a: a + np.ones(3), TypeError, "NumPy array"),
    "an unasked copy": (lambda a: np.asarray(a), TypeError, "use .get()"),
    "a reduction by a ufunc": (lambda a: xp.maximum.reduce(a), NotImplementedError, "reduce"),
    "a scan by a ufunc": (lambda a: xp.maximum.accumulate(a), NotImplementedError, "accumulate"),
    "a product at indices": (
        lambda a: xp.multiply.at(a, on_device(0), a[:1]),
        NotImplementedError,
        "at",
    ),
    "a dtype without atomics": (
        lambda a: xp.maximum.at(a.astype("int64"), on_device(0), 1),
        TypeError,
        "int64",
    ),
    "a missing loop": (
        lambda a: xp.logical_not(a.astype("complex64")),
        TypeError,
        "CuPy has no loop",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cupy_lacks_is_refused(what: str) -> None:
    call, error, text = REFUSED[what]
    with pytest.raises(error, match=text):
        call(on_device(1.0, -2.0, 3.0))


def test_bfloat16_is_served_as_far_as_cupys_loops_go() -> None:
    pytest.importorskip("ml_dtypes")
    a = on_device(1.0, -2.0, 3.0).astype("bfloat16")
    assert (a + a).dtype == a.dtype
    assert xp.where(a > 0, a, a).dtype == np.float32  # CuPy's has no loop of bfloat16
    assert xp.clip(a, 0, 1).dtype == np.float32
    assert a.cumsum(0, "float32").dtype == np.float32
    for call in (lambda: xp.sort(a), lambda: xp.dot(a, a), lambda: a.cumsum(0)):
        with pytest.raises(NotImplementedError, match="no kernel for bfloat16"):
            call()


@pytest.mark.parametrize(
    "call",
    [
        lambda a: a @ a,
        lambda a: xp.dot(a, a),
        lambda a: xp.einsum("i,i->", a, a),
        lambda a: xp.linalg.norm(a),
    ],
)
def test_libraries_refuse_while_a_step_is_captured(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = on_device(1.0, -2.0, 3.0)
    call(a)
    monkeypatch.setattr(fake_gpu, "recorder", lambda *asked: None)
    with pytest.raises(NotImplementedError, match="stream capture"):
        call(a)


WAITS = {
    "a number": lambda a: float(a[0]),
    "a condition": lambda a: bool((a > 0).all()),
    "a mask read": lambda a: a[a > 0],
    "a mask written": lambda a: a.__setitem__(a > 0, 0.0),
    "nonzero": lambda a: a.nonzero(),
    "where of one": lambda a: xp.where(a),
    "unique": lambda a: xp.unique(a),
    "bincount": lambda a: xp.bincount(a.astype("int64") + 3),
}


@pytest.mark.parametrize("what", WAITS)
def test_what_makes_the_host_wait_is_counted(what: str) -> None:
    a = on_device(1.0, -2.0, 3.0)
    before = Counter(fake_gpu.counts)
    WAITS[what](a)
    assert fake_gpu.counts - before == {"synchronisation": 1}


def test_copies_are_counted() -> None:
    before = Counter(fake_gpu.counts)
    a = xp.asarray([1.0, 2.0])
    a.get()
    a.sum()
    xp.full((), 2.0)
    assert fake_gpu.counts - before == {"copy to device": 1, "copy to host": 1}


def test_indices_wrap_around() -> None:
    a, index = on_device(10.0, 20.0, 30.0), on_device(3, -4)
    assert a[index].get().tolist() == a.take(index).get().tolist() == [10.0, 30.0]
    assert xp.take_along_axis(a, index, 0).get().tolist() == [10.0, 30.0]
    a[index] = 0.0
    assert a.get().tolist() == [0.0, 20.0, 0.0]
    xp.add.at(a, index, 1.0)
    assert a.get().tolist() == [1.0, 20.0, 1.0]
    grid = xp.zeros((2, 3))
    grid[..., index] = 1.0
    assert grid.get().tolist() == [[1, 0, 1]] * 2


def test_reductions_give_arrays() -> None:
    y = on_device(1.0, 2.0).sum()
    assert isinstance(y, fake_gpu.FakeGPUArray)
    assert y.shape == ()


def test_the_table_is_the_installed_cupys() -> None:
    pytest.importorskip("cupy")
    from tests.references.make_cupy_api import lines

    names = {line.split("(")[0].split(" ")[0] for line in lines()[1:]}
    assert names == set(table())
