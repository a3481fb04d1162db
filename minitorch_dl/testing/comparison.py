"""``assert_close``: whether two results are the same up to rounding, by PyTorch's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..backend import dtypes, to_host
from ..backend.layouts import strided
from ..backend.warning import warn
from ..ops import as_tensor
from ..tensor import Tensor

_TOLERANCES = {  # dtype: (rtol, atol)
    dtypes.float16: (1e-3, 1e-5),
    dtypes.bfloat16: (1.6e-2, 1e-5),
    dtypes.float32: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7),
}

_OLDER = {
    **_TOLERANCES,
    dtypes.float16: (1e-3, 1e-3),
    dtypes.float32: (1e-4, 1e-5),
    dtypes.float64: (1e-5, 1e-8),
}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise unless ``|actual - expected| <= atol + rtol * |expected|`` everywhere.

    Tensors, NumPy arrays, numbers, and sequences and mappings of them are compared, nested at will.
    The default tolerances follow the dtype; with two dtypes the looser of each counts:

    ======== ========= ========
    dtype    ``rtol``  ``atol``
    ======== ========= ========
    float16  1e-3      1e-5
    bfloat16 1.6e-2    1e-5
    float32  1.3e-6    1e-5
    float64  1e-7      1e-7
    others   0         0
    ======== ========= ========

    Args:
        rtol, atol: the tolerances; give both or none.
        equal_nan: NaN equals NaN.
        check_device, check_dtype, check_stride: compare these too; when False, tensors are brought
            to one device and dtype first.
        msg: the text of the error instead of the report, or a function of the report.

    Raises:
        AssertionError: they differ; says how many elements, where and by how much.
        TypeError: such objects can't be compared.
        ValueError: only one of rtol and atol is given, or one is negative.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.testing import assert_close
    >>> assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.000001]))
    >>> assert_close([torch.ones(2)], [torch.tensor([1.0, 3.0])])
    Traceback (most recent call last):
    AssertionError: Tensor-likes are not close!
    <BLANKLINE>
    Mismatched elements: 1 / 2 (50.0%)
    Greatest absolute difference: 2.0 at index (1,) (up to 1e-05 allowed)
    Greatest relative difference: 0.6666666865348816 at index (1,) (up to 1.3e-06 allowed)
    <BLANKLINE>
    The failure occurred for item [0]
    """
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(
            f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
        )
    if rtol is not None and atol is not None and (rtol < 0 or atol < 0):
        raise ValueError(f"rtol and atol must not be negative, got rtol={rtol}, atol={atol}")
    rules = _Rules(
        rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride,
        allow_subclasses,
    )  # fmt: skip
    problem = rules.compare(actual, expected, ())
    if problem is None:
        return
    if msg is not None:
        raise AssertionError(msg(problem) if callable(msg) else msg)
    raise AssertionError(problem)


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """``assert_close`` as it was before: looser, dtypes and devices may differ, NaN equals NaN."""
    warn(
        "torch.testing.assert_allclose is deprecated; use torch.testing.assert_close", FutureWarning
    )
    actual, expected = as_tensor(actual), as_tensor(expected)
    if (rtol is None) != (atol is None):
        raise ValueError("rtol and atol must both be specified or both be unspecified")
    if rtol is None or atol is None:
        rtol, atol = max(_OLDER.get(x.dtype, (0.0, 0.0)) for x in (actual, expected))
    assert_close(
        actual,
        expected,
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_device=False,
        check_dtype=False,
        msg=msg or None,
    )


def default_tolerances(*kinds: dtypes.dtype) -> tuple[float, float]:
    """The loosest ``(rtol, atol)`` of these dtypes."""
    pairs = [_TOLERANCES.get(kind.to_real(), (0.0, 0.0)) for kind in kinds]
    return max(r for r, _ in pairs), max(a for _, a in pairs)


class _Rules:
    """The options of one ``assert_close``. The methods return what is wrong, or None."""

    def __init__(
        self,
        rtol: float | None,
        atol: float | None,
        equal_nan: bool,
        check_device: bool,
        check_dtype: bool,
        check_layout: bool,
        check_stride: bool,
        allow_subclasses: bool,
    ) -> None:
        self.rtol, self.atol, self.equal_nan = rtol, atol, equal_nan
        self.check_device, self.check_dtype = check_device, check_dtype
        self.check_layout, self.check_stride = check_layout, check_stride
        self.allow_subclasses = allow_subclasses

    def compare(self, actual: Any, expected: Any, path: tuple[Any, ...]) -> str | None:
        if _is_sequence(actual) and _is_sequence(expected):
            if len(actual) != len(expected):
                lengths = f"{len(actual)} != {len(expected)}"
                return _at(f"The length of the sequences mismatch: {lengths}", path)
            items: Any = range(len(actual))
        elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
            missing, extra = expected.keys() - actual.keys(), actual.keys() - expected.keys()
            if missing or extra:
                return _at(
                    "The keys of the mappings do not match:\n"
                    f"Missing keys in the actual mapping: {sorted(missing, key=str)}\n"
                    f"Additional keys in the actual mapping: {sorted(extra, key=str)}",
                    path,
                )
            items = expected.keys()
        else:
            problem = self.compare_one(actual, expected)
            return None if problem is None else _at(problem, path)
        for item in items:
            problem = self.compare(actual[item], expected[item], (*path, item))
            if problem is not None:
                return problem
        return None

    def compare_one(self, actual: Any, expected: Any) -> str | None:
        if actual is None or expected is None:
            same = actual is expected
            return None if same else f"None mismatch: {actual} is not {expected}"
        if _is_bool(actual) and _is_bool(expected):
            same = bool(actual) == bool(expected)
            return None if same else f"Booleans mismatch: {actual} is not {expected}"
        if _is_number(actual) and _is_number(expected):
            return self.compare_numbers(actual, expected)
        related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
        if type(actual) is not type(expected) and not (self.allow_subclasses and related):
            raise _incomparable(actual, expected)
        if not isinstance(actual, (Tensor, np.ndarray)):
            raise _incomparable(actual, expected)
        return self.compare_tensors(as_tensor(actual), as_tensor(expected))

    def compare_numbers(self, actual: Any, expected: Any) -> str | None:
        kinds = [
            {float: dtypes.float64, complex: dtypes.complex128}.get(type(x), dtypes.int64)
            for x in (actual, expected)
        ]
        if self.check_dtype and type(actual) is not type(expected):
            return f"The (d)types do not match: {type(actual)} != {type(expected)}."
        return self.compare_values(
            np.asarray(actual), np.asarray(expected), kinds, actual, expected
        )

    def compare_tensors(self, actual: Tensor, expected: Tensor) -> str | None:
        attributes: list[tuple[str, Any, Any]] = [("shape", actual.shape, expected.shape)]
        if self.check_layout:
            attributes.append(("layout", actual.layout, expected.layout))
        if self.check_device:
            attributes.append(("device", actual.device, expected.device))
        if self.check_dtype:
            attributes.append(("dtype", actual.dtype, expected.dtype))
        if self.check_stride:
            attributes.append(("stride()", actual.stride(), expected.stride()))
        for name, a, b in attributes:
            if a != b:
                return f"The values for attribute '{name}' do not match: {a} != {b}."
        if actual.layout == expected.layout != strided:
            return self.compare_sparse(actual, expected)
        actual, expected = (x if x.layout == strided else x.to_dense() for x in (actual, expected))
        return self.compare_arrays(actual, expected)

    def compare_sparse(self, actual: Any, expected: Any) -> str | None:
        """Compare the parts of two tensors of the same sparse layout."""
        kind = f"Sparse {str(actual.layout).removeprefix('torch.sparse_').upper()}"
        if actual._nnz() != expected._nnz():
            return (
                f"The number of specified values in {kind[0].lower()}{kind[1:]} tensors does not "
                f"match: {actual._nnz()} != {expected._nnz()}"
            )
        exact = _Rules(0, 0, False, False, False, False, False, False)
        for (name, a), (_, b) in zip(actual._named_parts(), expected._named_parts()):
            rules = self if name == "values" else exact
            problem = rules.compare_arrays(a, b, f"{kind} {name}")
            if problem is not None:
                return problem
        return None

    def compare_arrays(
        self, actual: Tensor, expected: Tensor, what: str = "Tensor-likes"
    ) -> str | None:
        """Compare two dense tensors of one shape."""
        kinds = [actual.dtype, expected.dtype]
        a, b = to_host(actual.array), to_host(expected.array)
        scalars = () if actual.ndim else (a.item(), b.item())
        return self.compare_values(a, b, kinds, *scalars, what=what)

    def compare_values(
        self,
        actual: np.ndarray,
        expected: np.ndarray,
        kinds: Sequence[dtypes.dtype],
        *scalars: Any,
        what: str = "Tensor-likes",
    ) -> str | None:
        """Compare two arrays of one shape; of 0-d ones ``scalars`` are the two numbers."""
        if self.rtol is None or self.atol is None:
            rtol, atol = default_tolerances(*kinds)
        else:
            rtol, atol = self.rtol, self.atol
        exact = all(kind.kind < dtypes.FLOAT for kind in kinds)
        a, b = (_widest(x, exact) for x in (actual, expected))
        equal = a == b  # also where both are the same infinity
        if self.equal_nan:
            equal |= (a != a) & (b != b)
        with np.errstate(all="ignore"):
            gap = np.where(equal, 0, np.abs(a - b))
            size = np.abs(b)
            relative = np.where(equal, 0.0, gap / size.astype(np.float64))
            close = equal | ((gap <= atol + rtol * size) & np.isfinite(size.astype(np.float64)))
        if close.all():
            return None
        title = "equal" if rtol == atol == 0 else "close"
        bounds = (
            ("", "")
            if title == "equal"
            else (f" (up to {atol} allowed)", f" (up to {rtol} allowed)")
        )
        if scalars:
            found = _in_dtype(gap, kinds).item(), relative.item()
            return (
                f"Scalars are not {title}!\n\nExpected {scalars[1]} but got {scalars[0]}.\n"
                f"Absolute difference: {found[0]}{bounds[0]}\n"
                f"Relative difference: {found[1]}{bounds[1]}"
            )
        wrong = int((~close).sum())
        lines = [
            f"{what} are not {title}!\n",
            f"Mismatched elements: {wrong} / {close.size} ({wrong / close.size:.1%})",
        ]
        differences = (_in_dtype(gap, kinds), relative if exact else _in_dtype(relative, kinds))
        for kind, values, bound in zip(("absolute", "relative"), differences, bounds):
            worst = int(np.argmax(np.where(close, -1, values)))
            index = tuple(int(i) for i in np.unravel_index(worst, values.shape))
            lines.append(
                f"Greatest {kind} difference: {values[index].item()} at index {index}{bound}"
            )
        return "\n".join(lines)


def _widest(x: np.ndarray, exact: bool) -> np.ndarray:
    """The values where their difference is exact: integers of any size stay integers."""
    if not exact:
        return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    return x.astype(object) if x.dtype == np.uint64 else x.astype(np.int64)


def _in_dtype(values: np.ndarray, kinds: Sequence[dtypes.dtype]) -> np.ndarray:
    """Differences rounded as the compared tensors are, so that no digits of noise are reported."""
    kind = dtypes.promote_types(*kinds).to_real()
    return values.astype(kind.numpy) if kind.is_floating_point else values


def _is_sequence(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, (str, bytes))


def _is_bool(x: Any) -> bool:
    return isinstance(x, (bool, np.bool_))


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float, complex, np.number)) and not _is_bool(x)


def _incomparable(actual: Any, expected: Any) -> TypeError:
    return TypeError(
        f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}."
    )


def _at(problem: str, path: tuple[Any, ...]) -> str:
    where = "".join(f"[{item!r}]" for item in path)
    return f"{problem}\n\nThe failure occurred for item {where}" if path else problem
