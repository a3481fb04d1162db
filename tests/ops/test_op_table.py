"""Every check of every op, made from the rows of ``minitorch_dl/testing/op_cases``."""

from __future__ import annotations

import importlib
import pkgutil
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from minitorch_dl import Tensor, ops
from minitorch_dl.autograd.modes import listening
from minitorch_dl.autograd.primitive import PRIMITIVES
from minitorch_dl.testing import fake_gpu
from minitorch_dl.testing.op_cases import Row, leaves, replace, table
from tests import finite_differences as fd
from tests.devices import DEVICES, tensor_on
from tests.references import ops as reference

ROWS = table()
CASES = [pytest.param(row, i, id=f"{row.name}-{i}") for row in ROWS for i in row.cases]


def float_inputs(row: Row, i: int) -> list[np.ndarray]:
    return [a for a in leaves(row.values(i), np.ndarray) if a.dtype.kind in "fc"]


SMOOTH = [
    case
    for case in CASES
    if case.values[0].grad and case.values[0].numeric and float_inputs(*case.values)
]
NARROW = [
    pytest.param(row, i, id=row.name)
    for row in ROWS
    for i in [i for i in row.cases if {a.dtype.kind for a in float_inputs(row, i)} == {"f"}][:1]
    if "dtype" not in row.samples[i].kwargs
]
TWICE = [case for case in SMOOTH if case.values[0].gradgrad]


def evaluate(
    row: Row, i: int, dtype: Any = minitorch_dl.float64, lay: Any = np.copy, device: str = "cpu"
) -> dict[str, Any]:
    make = tensor_on(device) if device != "cpu" else lambda a: minitorch_dl.from_numpy(lay(a))
    return reference.evaluate(row, i, minitorch_dl, make, Tensor, dtype)


def scattered(a: np.ndarray) -> np.ndarray:
    """The same values in memory that is not contiguous."""
    wide = np.zeros((*a.shape[::-1], 2), a.dtype)
    view = wide[..., 0].T
    view[...] = a
    return view


def check_against_stored(row: Row, i: int, got: dict[str, Any], rtol: float, atol: float) -> None:
    stored = reference.load(row.family)
    key = f"{row.name}/{i}"
    assert f"{key}/count" in stored, (
        f"{key} has no reference: python -m tests.references.ops {row.family}"
    )
    assert len(got["outputs"]) == stored[f"{key}/count"]
    if not got["outputs"]:
        assert got["result"] == stored[f"{key}/value"]
    for kind in ("outputs", "grads"):
        for k, value in enumerate(got[kind]):
            expected = stored.get(f"{key}/{kind}/{k}")
            name = f"{key}/{kind}/{k}"
            if kind == "grads" and (value is None or expected is None):
                # No gradient and a gradient of zeros mean the same; which of them is the library's
                # choice.
                some = expected if value is None else value.cpu().numpy()
                assert some is None or not np.any(some), f"{name}: one is None"
                continue
            actual = value.detach().cpu().numpy()
            assert actual.shape == expected.shape, (
                f"{name}: shape {actual.shape}, torch {expected.shape}"
            )
            if row.nondeterministic:
                continue
            if expected.dtype.kind in "fc":
                np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol, err_msg=name)
            else:
                np.testing.assert_array_equal(actual, expected, err_msg=name)


@pytest.mark.parametrize(("row", "i"), CASES)
def test_values_and_gradients_are_pytorchs(row: Row, i: int) -> None:
    got = evaluate(row, i)
    check_against_stored(row, i, got, row.rtol, row.rtol)
    stored = reference.load(row.family)
    for k, out in enumerate(got["outputs"]):
        assert out.detach().numpy().dtype == stored[f"{row.name}/{i}/outputs/{k}"].dtype


@pytest.mark.parametrize(("row", "i"), CASES)
def test_float32_stays_float32(row: Row, i: int) -> None:
    wide, got = evaluate(row, i), evaluate(row, i, minitorch_dl.float32)
    for k, (a, b) in enumerate(zip(got["outputs"], wide["outputs"])):
        if "dtype" in row.samples[i].kwargs or not float_inputs(row, i):
            assert a.dtype is b.dtype
        else:
            narrow = {
                minitorch_dl.float64: minitorch_dl.float32,
                minitorch_dl.complex128: minitorch_dl.complex64,
            }
            expected = narrow.get(b.dtype, b.dtype)
            assert a.dtype in (expected, b.dtype) if not row.grad else a.dtype is expected, (
                f"output {k}"
            )
    for x, g in zip(got["inputs"], got["grads"]):
        assert g is None or g.dtype is x.dtype


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # inf - inf, in NumPy's name
@pytest.mark.parametrize("device", ["cpu", *DEVICES])
@pytest.mark.parametrize("dtype", [minitorch_dl.float16, minitorch_dl.bfloat16], ids=str)
@pytest.mark.parametrize(("row", "i"), NARROW)
def test_narrow_floats_stay_narrow(row: Row, i: int, dtype: Any, device: str) -> None:
    if dtype is minitorch_dl.bfloat16:
        pytest.importorskip("ml_dtypes")
    try:
        got = evaluate(row, i, dtype, device=device)
    except RuntimeError as error:
        got = None
        refusal = str(error)
    if got is None:  # LAPACK and quantile take no narrow floats, in PyTorch either
        assert re.search(r"float32 or float64|float or double", refusal)
        return
    wide = evaluate(row, i)
    for k, (a, b) in enumerate(zip(got["outputs"], wide["outputs"])):
        if b.dtype is minitorch_dl.float64 and b.requires_grad:
            assert a.dtype is dtype, f"output {k}"
    for x, g in zip(got["inputs"], got["grads"]):
        assert g is None or g.dtype is x.dtype


@pytest.mark.parametrize(("row", "i"), CASES)
def test_layout_does_not_matter(row: Row, i: int) -> None:
    check_against_stored(row, i, evaluate(row, i, lay=scattered), row.rtol, row.rtol)


@pytest.mark.usefixtures("cpu_numbers")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("row", "i"), CASES)
def test_a_strict_device_gives_the_same(row: Row, i: int, device: str) -> None:
    make = tensor_on(device)
    got = reference.evaluate(row, i, minitorch_dl, make, Tensor, minitorch_dl.float64)
    check_against_stored(row, i, got, row.rtol, row.rtol)


def writes_in_place(row: Row) -> bool:
    return row.name.endswith("_") and not row.name.endswith("__")


@pytest.mark.parametrize(
    ("row", "i"), [case for case in CASES if not writes_in_place(case.values[0])]
)
def test_inputs_are_not_changed(row: Row, i: int) -> None:
    got = evaluate(row, i)
    before = leaves(row.values(i), np.ndarray)
    after = leaves((got["args"], got["kwargs"]), Tensor)
    for a, b in zip(after, before, strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b)


def scalar_of(row: Row, i: int, arrays: list[np.ndarray]) -> float:
    """The weighted sum of the outputs with the float inputs replaced by ``arrays``, complex ones
    given as pairs."""
    given = iter(arrays)

    def tensor(a: np.ndarray) -> Tensor:
        is_float = a.dtype.kind in "fc"
        return minitorch_dl.from_numpy(
            reference.as_complex(next(given), a) if is_float else a.copy()
        )

    args, kwargs = replace(row.values(i), tensor, np.ndarray)
    minitorch_dl.manual_seed(0)
    outputs = leaves(row.function(minitorch_dl)(*args, **kwargs), Tensor)
    total = 0.0
    for k, out in enumerate(outputs):
        if out.dtype.is_floating_point or out.dtype.is_complex:
            y = reference.as_real(out.detach().numpy())
            total += float((y * reference.weights(y.shape, k)).sum())
    return total


@pytest.mark.parametrize(("row", "i"), SMOOTH)
def test_first_derivative_by_finite_differences(row: Row, i: int) -> None:
    got = evaluate(row, i)
    xs = [reference.as_real(x) for x in float_inputs(row, i)]
    grads = [
        np.zeros_like(x) if g is None else reference.as_real(g.numpy())
        for x, g in zip(xs, got["grads"])
    ]
    assert got["grads"]
    rng = np.random.default_rng(0)
    for _ in range(3):
        vs = [fd.direction(x, rng) for x in xs]
        numeric = fd.gradient_along(lambda moved: scalar_of(row, i, moved), xs, vs)
        analytic = sum(float((g * v).sum()) for g, v in zip(grads, vs))
        assert analytic == pytest.approx(numeric, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(("row", "i"), TWICE)
def test_second_derivative_by_finite_differences(row: Row, i: int) -> None:
    rng = np.random.default_rng(1)
    xs = [reference.as_real(x) for x in float_inputs(row, i)]
    ws = [fd.direction(x, rng) for x in xs]

    def slope(arrays: list[np.ndarray], create_graph: bool) -> Any:
        """The first derivative along ``ws`` at ``arrays``, and the inputs as tensors."""
        given = iter(arrays)
        inputs = []

        def tensor(a: np.ndarray) -> Tensor:
            if a.dtype.kind not in "fc":
                return minitorch_dl.from_numpy(a.copy())
            moved = minitorch_dl.from_numpy(reference.as_complex(next(given), a))
            inputs.append(moved.requires_grad_())
            return inputs[-1]

        args, kwargs = replace(row.values(i), tensor, np.ndarray)
        minitorch_dl.manual_seed(0)
        total = None
        for k, out in enumerate(leaves(row.function(minitorch_dl)(*args, **kwargs), Tensor)):
            if out.requires_grad:
                part = reference.weighted_sum(minitorch_dl, out, k, minitorch_dl.from_numpy)
                total = part if total is None else total + part
        if total is None:
            return None, inputs
        grads = minitorch_dl.autograd.grad(
            total, inputs, create_graph=create_graph, allow_unused=True
        )
        pairs = [
            minitorch_dl.view_as_real(g) if g is not None and g.is_complex() else g for g in grads
        ]
        parts = [(g * minitorch_dl.from_numpy(w)).sum() for g, w in zip(pairs, ws) if g is not None]
        return sum(parts[1:], parts[0]) if parts else None, inputs

    first, inputs = slope(xs, create_graph=True)
    assert first is not None
    if first.requires_grad:
        second = minitorch_dl.autograd.grad(first, inputs, allow_unused=True)
    else:
        second = [None] * len(inputs)
    vs = [fd.direction(x, rng) for x in xs]
    numeric = fd.gradient_along(lambda moved: slope(moved, False)[0].item(), xs, vs)
    analytic = sum(
        float((reference.as_real(g.numpy()) * v).sum()) for g, v in zip(second, vs) if g is not None
    )
    assert analytic == pytest.approx(numeric, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("row", "i"), CASES)
def test_fused_equals_composite(row: Row, i: int) -> None:
    def compare(primitive: Any, args: Any, params: Any, outputs: Any) -> None:
        if primitive.composite is None:
            return
        plain = leaves(primitive.composite(*args, **params), Tensor)
        for a, b in zip(outputs, plain):
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-9)

    with listening(compare):
        evaluate(row, i)


def test_every_primitive_is_exercised_by_a_row() -> None:
    seen: set[str] = set()
    fake_gpu.register()  # moving between devices needs a second one
    with listening(lambda primitive, *_: seen.add(primitive.name)):
        minitorch_dl.ones(1).to("fakegpu")
        for row in ROWS:
            for i in row.cases:
                got = evaluate(row, i)
                live = [o for o in got["outputs"] if o.requires_grad]
                if live:
                    first = minitorch_dl.autograd.grad(
                        [o.abs().sum() for o in live],
                        got["inputs"],
                        create_graph=row.gradgrad,
                        allow_unused=True,
                    )
                    twice = [g.abs().sum() for g in first if g is not None and g.requires_grad]
                    if twice and row.gradgrad:
                        minitorch_dl.autograd.grad(
                            twice, got["inputs"], create_graph=True, allow_unused=True
                        )
    missing = set(PRIMITIVES) - seen
    assert not missing, (
        f"primitives that no row of minitorch_dl/testing/op_cases exercises: {sorted(missing)}"
    )


# Public functions that need no row: they make tensors, say something about one or about its memory,
# or refuse.
FAMILIES_WITHOUT_ROWS = (
    "creation", "deprecated", "from_data", "inspection", "random", "sequences", "storage",
)  # fmt: skip
WITHOUT_ROW = {
    name
    for family in FAMILIES_WITHOUT_ROWS
    for name in importlib.import_module(f"minitorch_dl.ops.{family}").__all__
}


def test_every_public_op_has_a_row() -> None:
    names = {row.name.partition("(")[0].split(".")[-1].rstrip("_") for row in ROWS}
    with_row = {getattr(ops, name) for name in names if hasattr(ops, name)}
    missing = []
    for module in pkgutil.walk_packages(ops.__path__, f"{ops.__name__}."):
        for name in getattr(importlib.import_module(module.name), "__all__", ()):
            public = getattr(ops, name, None)
            if name.rstrip("_") not in names and name not in WITHOUT_ROW and public not in with_row:
                missing.append(f"{module.name}.{name}")
    assert not missing, f"public ops without a row: {missing}"


def test_a_formula_stands_for_an_op_in_pytorch_alone() -> None:
    row = Row("abs", formula=lambda torch, x: (x * x) ** 0.5)
    assert row.function(minitorch_dl) is minitorch_dl.abs
    assert row.function(SimpleNamespace(__name__="torch"))(-3.0) == 3.0
