"""Running reductions along a dim: cumulative sums, products and extrema, differences and the
trapezoidal rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.engine_ops import cast
from ..autograd.errors import require_kind
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase, fused, primitive, write_out
from ..backend import device_of, dtypes, running
from ..backend.precision import in_float32, summed_in
from ..backend.row_major import in_rows
from . import return_types
from .dims import several, wrap_dim
from .elementwise import complex_logaddexp
from .extrema import picked
from .joining import cat
from .movement import clone_p
from .slicing import slice_along

__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "gradient",
    "logcumsumexp", "trapezoid", "trapz",
]  # fmt: skip


def _prepared(op: str, input: Any, dim: int, dtype: Any, out: Any) -> tuple[Any, int]:
    """The input in the result's dtype (integers are summed in int64), and the dim counted from the
    front."""
    dim = wrap_dim(dim, input.ndim)
    if dtype is None and out is not None:
        dtype = out.dtype
    if dtype is None and input.array.dtype.kind in "iub":
        dtype = dtypes.int64
    if dtype is dtypes.bool and input.array.ndim:
        raise NotImplementedError(f"{op}(): not implemented for torch.bool")
    if dtype is not None and dtype is not input.dtype:
        input = cast(input, dtype=dtypes.as_dtype(dtype).name)
    return input, dim


def _doubling(xp: Any, combine: Any, a: Any, dim: int) -> Any:
    """``combine.accumulate`` in log(n) steps over whole arrays, for array modules that have it for
    sums only.

    After step k each element holds the combination of the 2^k elements that end there (Hillis and
    Steele, 1986).
    """
    y = xp.moveaxis(a, dim, 0)
    step = 1
    while step < len(y):
        y = xp.concatenate([y[:step], combine(y[:-step], y[step:])])
        step *= 2
    return xp.moveaxis(y, 0, dim)


def _one_by_one(xp: Any, combine: Any, a: Any, dim: int) -> Any:
    """``combine.accumulate`` for a function that is no ufunc, in the order of the elements."""
    if xp.__name__ != "numpy":
        return _doubling(xp, combine, a, dim)
    y = a.copy()
    rows = xp.moveaxis(y, dim, 0)
    for i in range(1, len(rows)):
        rows[i] = combine(rows[i - 1], rows[i])
    return y


def accumulate(xp: Any, ufunc: str, a: Any, dim: int) -> Any:
    combine = getattr(xp, ufunc)
    if xp.__name__ != "numpy":
        return _doubling(xp, combine, a, dim)
    return running.accumulate(combine, a, dim)


def _in_wide(xp: Any, ufunc: str, a: Any, dim: int) -> Any:
    """Running sums ("add") or products ("multiply"), of 16-bit floats in float32."""
    if xp is np:
        y = running.accumulate(getattr(np, ufunc), a, dim, summed_in(a.dtype))
    else:
        y = (a.cumsum if ufunc == "add" else a.cumprod)(dim, summed_in(a.dtype))
    return y.astype(a.dtype, copy=False)


# -- sums ------------------------------------------------------------------------------------------


@primitive(complex=True)
@in_rows
def cumsum_p(xp: Any, a: Any, *, dim: int, reverse: bool) -> Any:
    if not a.ndim:
        return a.copy()
    if reverse:
        a = xp.flip(a, dim)
    y = _in_wide(xp, "add", a, dim)
    return xp.flip(y, dim) if reverse else y


cumsum_p.defvjp(a=lambda g, dim, reverse: cumsum_p(g, dim=dim, reverse=not reverse))


def cumsum(input: Any, dim: int, *, dtype: Any = None, out: Any = None) -> Any:
    """The sums of the elements up to each one along ``dim``; integers and bools are summed in
    int64.

    >>> import minitorch_dl as torch
    >>> torch.cumsum(torch.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([1., 3., 6.])
    """
    input, dim = _prepared("cumsum", input, dim, dtype, out)
    y = cumsum_p(input, dim=dim, reverse=False)
    return y if out is None else write_out("cumsum", out, y, exact=True)


# -- products --------------------------------------------------------------------------------------


def _cumprod_steps(a: Any, *, dim: int) -> Any:
    """The running product by doubling, whose derivatives of any order are right where factors are
    0."""
    if not a.ndim:
        return clone_p(a)
    y, n, step = a, a.shape[dim], 1
    while step < n:
        longer = slice_along(y, dim, 0, n - step) * slice_along(y, dim, step, n)
        y = cat([slice_along(y, dim, 0, step), longer], dim)
        step *= 2
    return clone_p(y) if y is a else y


@fused(composite=_cumprod_steps, complex=True)
@in_rows
def cumprod_p(xp: Any, a: Any, *, dim: int) -> Any:
    if not a.ndim:
        return a.copy()
    return _in_wide(xp, "multiply", a, dim)


@cumprod_p.defbackward
def _cumprod_gradients(g: Any, xp: Any, a: Any, y: Any, dim: int) -> tuple[Any]:
    if not a.ndim:
        return (g,)
    if xp is np and a.all():  # on another device, asking would wait for it
        rest = xp.flip(xp.flip(g * y, dim).cumsum(dim, summed_in(a.dtype)), dim)
        return (rest.astype(a.dtype, copy=False) / a,)
    # With factors of 0: dL/da_i = y_{i-1} r_i, where r_i = g_i + a_{i+1} r_{i+1}.
    a, g, y = (xp.moveaxis(x, dim, 0) for x in (a, g, y))
    n, step = len(a), 1
    r, factor = g.copy(), xp.concatenate((a[1:], xp.zeros_like(a[:1])))
    while step < n:  # by doubling: then r covers 2 step terms, and factor joins as many
        r[:-step] += factor[:-step] * r[step:]
        factor[:-step] *= factor[step:].copy()
        step *= 2
    r[1:] *= y[:-1]
    return (xp.moveaxis(r, 0, dim),)


def cumprod(input: Any, dim: int, *, dtype: Any = None, out: Any = None) -> Any:
    """The products of the elements up to each one along ``dim``; integers and bools are multiplied
    in int64."""
    input, dim = _prepared("cumprod", input, dim, dtype, out)
    y = cumprod_p(input, dim=dim)
    return y if out is None else write_out("cumprod", out, y, exact=True)


# -- sums of exponentials --------------------------------------------------------------------------


@primitive(complex="holomorphic")
@in_rows
@in_float32
def logcumsumexp_p(xp: Any, a: Any, *, dim: int) -> Any:
    if not a.ndim:
        return a.copy()
    if a.dtype.kind == "c":
        return _one_by_one(xp, complex_logaddexp, a, dim)
    return accumulate(xp, "logaddexp", a, dim)


@primitive(complex="holomorphic")
@in_float32
def share_of_exps(xp: Any, v: Any, a: Any, b: Any, *, dim: int, back: bool) -> Any:
    """``r_i = sum_{j >= i} v_j exp(a_i - b_j)``; the sum is over ``j <= i`` if ``back``.

    It runs over ``v`` weighted by ``exp(level_i - level_j)`` with the ``level`` (b, or a if
    ``back``) that makes these at most 1 where a is what was summed to b, or -b and -a are.
    """
    own = xp.exp(a - b)
    if not a.ndim:
        return v * own
    s, level = (v * own, a) if back else (v, b)
    order = slice(None, None, 1 if back else -1)
    s, level = xp.moveaxis(s, dim, 0)[order], xp.moveaxis(level, dim, 0)[order]
    above, below = level[1:], level[:-1]
    decay = xp.exp(xp.where(above == below, 0, above - below))  # infinities may be equal
    decay = xp.concatenate([xp.zeros_like(level[:1]), decay])
    step = 1
    while step < len(s):
        s = xp.concatenate([s[:step], s[step:] + decay[step:] * s[:-step]])
        decay = xp.concatenate([decay[:step], decay[step:] * decay[:-step]])
        step *= 2
    r = xp.moveaxis(s[order], 0, dim)
    return r if back else r * own


share_of_exps.defvjp(
    v=lambda g, a, b, dim, back: share_of_exps(g, -b, -a, dim=dim, back=not back),
    a=lambda g, y: g * y,
    b=lambda g, v, a, b, dim, back: -v * share_of_exps(g, -b, -a, dim=dim, back=not back),
)
logcumsumexp_p.defvjp(a=lambda g, a, y, dim: share_of_exps(g, a, y, dim=dim, back=False))


@as_one()
def logcumsumexp(input: Any, dim: int, *, out: Any = None) -> Any:
    """``log(cumsum(exp(input)))`` along ``dim``, computed without overflow."""
    if input.array.dtype.kind in "iub":
        raise RuntimeError(f"logcumsumexp(): expected a floating point dtype, got {input.dtype}")
    y = logcumsumexp_p(input, dim=wrap_dim(dim, input.ndim))
    return y if out is None else write_out("logcumsumexp", out, y, exact=True)


# -- running extrema -------------------------------------------------------------------------------


@primitive
@in_rows
def running_position(xp: Any, a: Any, *, dim: int, ufunc: str) -> Any:
    """Where the extremum of the elements so far is: the last of several, NaN before all."""
    if not a.ndim:
        return xp.zeros((), "i8")
    best = accumulate(xp, ufunc, a, dim)
    here = xp.arange(a.shape[dim]).reshape([-1 if i == dim else 1 for i in range(a.ndim)])
    taken = (a == best) | (a != a)
    return accumulate(xp, "maximum", taken * here, dim)


@as_one("CummaxBackward0")
def cummax(input: Any, dim: int, *, out: Any = None) -> Any:
    """The largest element so far along ``dim``, and where it is: ``(values, indices)``.

    >>> import minitorch_dl as torch
    >>> torch.cummax(torch.tensor([1.0, 3.0, 2.0]), dim=0).values
    tensor([1., 3., 3.])
    """
    index = running_position(input, dim=wrap_dim(dim, input.ndim), ufunc="maximum")
    return picked("cummax", return_types.cummax, input, index, dim, True, out)


@as_one("CumminBackward0")
def cummin(input: Any, dim: int, *, out: Any = None) -> Any:
    """The smallest element so far along ``dim``, and where it is: ``(values, indices)``."""
    index = running_position(input, dim=wrap_dim(dim, input.ndim), ufunc="minimum")
    return picked("cummin", return_types.cummin, input, index, dim, True, out)


# -- differences and integrals ---------------------------------------------------------------------


def diff(
    input: Any,
    n: int = 1,
    dim: int = -1,
    prepend: Any = None,
    append: Any = None,
    *,
    out: Any = None,
) -> Any:
    """The ``n``-th difference of neighbours along ``dim``, after joining ``prepend`` and
    ``append``; of bools whether they differ.

    >>> import minitorch_dl as torch
    >>> torch.diff(torch.tensor([1, 4, 9, 16]))
    tensor([3, 5, 7])
    """
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    dim = wrap_dim(dim, input.ndim)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    parts = [x for x in (prepend, input, append) if x is not None]
    for name, x in (("prepend", prepend), ("append", append)):
        if x is not None and x.ndim != input.ndim:
            raise RuntimeError(
                f"diff expects prepend or append to be the same dimension as input: '{name}' has "
                f"{x.ndim} dims, not {input.ndim}"
            )
        for d, size in enumerate(input.shape):
            if x is not None and d != dim and x.shape[d] != size:
                raise RuntimeError(
                    "diff expects the shape of tensor to prepend or append to match that of input "
                    f"except along the differencing dimension; input.size({d}) = {size}, but got "
                    f"{name}.size({d}) = {x.shape[d]}"
                )
    y = cat(parts, dim) if n and len(parts) > 1 else input
    for _ in range(min(n, y.shape[dim])):
        later, earlier = (
            slice_along(y, dim, 1, y.shape[dim]),
            slice_along(y, dim, 0, y.shape[dim] - 1),
        )
        y = later != earlier if y.array.dtype.kind == "b" else later - earlier
    if y is input:
        y = clone_p(y)
    return y if out is None else write_out("diff", out, y)


def _areas(op: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """The trapezoids between neighbours along ``dim``."""
    for points in (y, x):
        require_kind(op, "integer", points)
    dim = wrap_dim(dim, y.ndim)
    n = y.shape[dim] if y.ndim else 0
    pairs = slice_along(y, dim, 1, max(n, 1)) + slice_along(y, dim, 0, max(n - 1, 0))
    if x is None:
        return pairs * dx / 2, dim
    if x.ndim == 1:
        if len(x) != n:
            raise RuntimeError(f"{op}(): There must be one `x` value for each sample point")
        shape = [1] * y.ndim
        shape[dim] = n
        x = x.reshape(shape)
    else:
        while x.ndim < y.ndim:
            x = x[None]
        dim_x = dim + x.ndim - y.ndim
        if x.shape[dim_x] not in (1, n):
            raise RuntimeError(f"{op}(): There must be one `x` value for each sample point")
        return pairs * diff(x, dim=dim_x) / 2, dim
    return pairs * diff(x, dim=dim) / 2, dim


def trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The integral of ``y`` along ``dim`` by the trapezoidal rule, at the points ``x`` or at
    spacing ``dx``.

    >>> import minitorch_dl as torch
    >>> torch.trapezoid(torch.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    areas, dim = _areas("trapezoid", y, x, dx, dim)
    return areas.sum(dim)


trapz = trapezoid


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The integrals of ``y`` along ``dim`` up to each point, by the trapezoidal rule; one fewer
    than there are points."""
    areas, dim = _areas("cumulative_trapezoid", y, x, dx, dim)
    return cumsum(areas, dim)


# -- derivatives of sampled functions --------------------------------------------------------------


def gradient(
    input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1
) -> tuple[Any, ...]:
    """The derivative along each of ``dim`` (default: all) by second-order differences, one tensor
    per dim.

    Args:
        spacing: the distance of the samples (default 1), a number per dim, or their coordinates, a
            1-d tensor per dim.
        edge_order: 1 or 2, the order of the one-sided differences at both ends.

    >>> import minitorch_dl as torch
    >>> torch.gradient(torch.tensor([1.0, 4.0, 9.0, 16.0]))
    (tensor([3., 4., 6., 7.]),)
    """
    require_kind("gradient", "integer", input)
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    given = range(input.ndim) if dim is None else several(dim)
    dims = [wrap_dim(d, input.ndim) for d in given]
    if len(set(dims)) != len(dims):
        twice = next(d for d in dims if dims.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    if not isinstance(spacing, (list, tuple)):
        spacing = [1.0 if spacing is None else spacing] * len(dims)
    if len(spacing) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or a list of length "
            f"{len(dims)}, got a list of length {len(spacing)}"
        )
    places = {str(device_of(x.array)) for x in (input, *spacing) if isinstance(x, TensorBase)}
    if len(places) > 1:
        raise RuntimeError(
            "torch.gradient expected each tensor to be on the same device, but got tensors on "
            f"{' and '.join(sorted(places))}"
        )
    if input.array.dtype.kind in "iub":
        input = cast(input, dtype=dtypes.get_default_dtype().name)
    return tuple([_gradient(input, d, h, edge_order) for d, h in zip(dims, spacing)])


def _gradient(f: Any, dim: int, spacing: Any, edge_order: int) -> Any:
    n = f.shape[dim]
    if n <= edge_order:
        raise RuntimeError(
            f"torch.gradient expected each dimension size to be at least {edge_order + 1}, got {n}"
        )
    across = (1,) * dim + (-1,) + (1,) * (f.ndim - dim - 1)
    if hasattr(spacing, "ndim") and spacing.ndim:
        if tuple(spacing.shape) != (n,):
            raise RuntimeError(
                f"torch.gradient expected each coordinate tensor to have one value per sample: "
                f"{n}, got shape {tuple(spacing.shape)}"
            )
        steps = diff(spacing).reshape(across)
        f = cast(f, dtype=dtypes.result_type(f.array, steps.array).name)
        even = False
    else:
        steps = f.new_full((n - 1,), 1.0).reshape(across) * spacing
        even = True
    slopes = diff(f, dim=dim) / steps
    before, after = slice_along(slopes, dim, 0, n - 2), slice_along(slopes, dim, 1, n - 1)
    h, k = slice_along(steps, dim, 0, n - 2), slice_along(steps, dim, 1, n - 1)
    if even:  # between infinities, the sample in the middle must not count
        inside = (slice_along(f, dim, 2, n) - slice_along(f, dim, 0, n - 2)) / (h + k)
    else:
        inside = (before * k + after * h) / (h + k)
    first, last = slice_along(slopes, dim, 0, 1), slice_along(slopes, dim, n - 2, n - 1)
    if edge_order == 2:
        bend = (after - before) / (h + k)
        first = first - slice_along(bend, dim, 0, 1) * slice_along(steps, dim, 0, 1)
        last = last + slice_along(bend, dim, n - 3, n - 2) * slice_along(steps, dim, n - 2, n - 1)
    return cat([first, inside, last], dim)
