"""Discrete Fourier transforms, under the names of ``torch.fft``.

Three primitives make a closed family: ``fourier`` of complex numbers, ``fourier_of_real`` to the
half of the frequencies that real numbers need, and ``fourier_to_real`` back from it. The adjoint of
a transform is the one in the other direction with the other scale; between real and complex, the
frequencies that stand for two, themselves and their conjugates, count twice.

``norm`` says which direction divides by the number n of elements: "backward" the inverse one,
"forward" the other, "ortho" both, by the root of n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.engine_ops import cast, conj
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import dtypes
from ..backend.row_major import in_rows
from .dims import several, wrap_dim, wrap_dims
from .rearranging import roll
from .sequences import arange
from .slicing import pad_p, slice_p

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2",
    "ifftn", "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2",
    "rfftfreq", "rfftn",
]  # fmt: skip

_ADJOINT = {"backward": "forward", "forward": "backward", "ortho": "ortho"}
"""The scale of a transform's adjoint, which goes in the other direction; also that of the same
direction under the other name."""

# -- the primitives --------------------------------------------------------------------------------


@primitive(grad_fn="FftC2CBackward0", complex=True)
@in_rows
def fourier_p(xp: Any, a: Any, *, dims: tuple[int, ...], inverse: bool, norm: str) -> Any:
    """``y_k = sum over j of a_j exp(-2 pi i j k / n)`` along ``dims``; ``inverse``: ``+2 pi i``."""
    transform = xp.fft.ifftn if inverse else xp.fft.fftn
    return transform(a, None, dims, norm).astype(a.dtype, copy=False)


fourier_p.defvjp(
    a=lambda g, dims, inverse, norm: fourier_p(
        g, dims=dims, inverse=not inverse, norm=_ADJOINT[norm]
    )
)


@primitive(grad_fn="FftR2CBackward0", complex=True)
@in_rows
def fourier_of_real(xp: Any, a: Any, *, dim: int, norm: str) -> Any:
    """The frequencies 0 to n // 2 of real numbers; the others are their conjugates."""
    y = xp.fft.rfft(a, None, dim, norm)
    return y.astype(dtypes.from_numpy(a.dtype).to_complex().numpy, copy=False)


fourier_of_real.defvjp(
    a=lambda g, a_shape, dim, norm: fourier_to_real(
        weigh_pairs(g, dim=dim, n=a_shape[dim], weight=0.5),
        dim=dim,
        n=a_shape[dim],
        norm=_ADJOINT[norm],
    )
)


@primitive(grad_fn="FftC2RBackward0", complex=True)
@in_rows
def fourier_to_real(xp: Any, a: Any, *, dim: int, n: int, norm: str) -> Any:
    """The ``n`` real numbers whose frequencies 0 to n // 2 are ``a``."""
    return xp.fft.irfft(a, n, dim, norm).astype(a.real.dtype, copy=False)


fourier_to_real.defvjp(
    a=lambda g, dim, n, norm: weigh_pairs(
        fourier_of_real(g, dim=dim, norm=_ADJOINT[norm]), dim=dim, n=n, weight=2.0
    )
)


@primitive(complex=True)
def weigh_pairs(xp: Any, a: Any, *, dim: int, n: int, weight: float) -> Any:
    """The spectrum ``a`` of ``n`` real numbers, frequencies 0 to n // 2, with those multiplied by
    ``weight`` that stand for two: all but 0 and n / 2."""
    y = a.copy()
    y[(slice(None),) * dim + (slice(1, (n + 1) // 2),)] *= weight
    return y


weigh_pairs.defvjp(
    a=lambda g, dim, n, weight: weigh_pairs(g, dim=dim, n=n, weight=weight),
)

# -- arguments -------------------------------------------------------------------------------------


def _scale(norm: str | None) -> str:
    norm = "backward" if norm is None else norm
    if norm not in _ADJOINT:
        raise RuntimeError(
            f'Invalid normalization mode: "{norm}": expected "backward", "forward" or "ortho"'
        )
    return norm


def _floating(op: str, input: Any, real: bool = False) -> Any:
    """The input in a dtype that can be transformed: real numbers for ``real``, else complex."""
    d = input.dtype
    if real and d.is_complex:
        kind = "real-valued" if op.endswith("n") else "real"
        raise RuntimeError(f"{op} expects a {kind} input tensor, but got {d}")
    if d.kind < dtypes.FLOAT:
        d = dtypes.get_default_dtype()
    elif d.itemsize == 2:
        raise RuntimeError(f"{op}: Unsupported dtype {d}: expected float32 or float64")
    d = d if real else d.to_complex()
    return input if input.dtype is d else cast(input, dtype=d.name)


def _axes(input: Any, s: Any, dim: Any, last: int | None = None) -> tuple[Any, Any]:
    """The dims to transform and their sizes; ``last`` is the size of the last one if ``s`` says
    nothing of it."""
    ndim = input.ndim
    if s is not None and not isinstance(s, (tuple, list)):
        if s < 1:
            raise RuntimeError(f"Invalid number of data points ({s}) specified")
        s = several(s)
    if dim is None:
        count = ndim if s is None else len(s)
        if count > ndim:
            raise RuntimeError(
                f"Got shape with {count} values but input tensor only has {ndim} dimensions."
            )
        dims = tuple(range(ndim - count, ndim))
    else:
        given = several(dim)
        if not ndim and given:
            raise IndexError(f"Dimension specified as {given[0]} but tensor has no dimensions")
        dims = tuple([wrap_dim(d, ndim) for d in given])
        if len(set(dims)) < len(dims):
            raise RuntimeError("FFT dims must be unique")
    if s is not None and len(s) != len(dims):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    sizes = [input.shape[d] for d in dims]
    if last is not None and dims:
        sizes[-1] = last if last >= 0 else 2 * (sizes[-1] - 1)
    if s is not None:
        sizes = [n if want == -1 else want for n, want in zip(sizes, s)]
    for n in sizes:
        if n < 1:
            raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return dims, sizes


def _resized(x: Any, dims: Sequence[int], sizes: Sequence[int]) -> Any:
    """``x`` cut off or continued with zeros to these sizes."""
    shape = list(x.shape)
    for d, n in zip(dims, sizes):
        shape[d] = n
    if shape == list(x.shape):
        return x
    if any(n < m for n, m in zip(shape, x.shape)):
        x = slice_p(x, index=tuple([(0, n, None) for n in shape]))
    pads = tuple([(0, n - m) for n, m in zip(shape, x.shape)])
    return pad_p(x, pads=pads, value=0) if any(after for _, after in pads) else x


# -- the four kinds of transforms, of any dims -----------------------------------------------------


def _complex_to_complex(
    op: str, input: Any, s: Any, dim: Any, norm: str | None, inverse: bool, out: Any
) -> Any:
    norm, (dims, sizes) = _scale(norm), _axes(input, s, dim)
    x = _resized(_floating(op, input), dims, sizes)
    y = fourier_p(x, dims=dims, inverse=inverse, norm=norm) if dims else x
    return y if out is None else write_out(op, out, y)


def _real_to_complex(
    op: str, input: Any, s: Any, dim: Any, norm: str | None, inverse: bool, out: Any
) -> Any:
    """``inverse``: the transform with ``+2 pi i``, which is the conjugate."""
    norm, (dims, sizes) = _scale(norm), _axes(input, s, dim)
    if not dims:
        raise RuntimeError(f"{op} must transform at least one axis")
    x = _resized(_floating(op, input, real=True), dims, sizes)
    norm = _ADJOINT[norm] if inverse else norm
    y = fourier_of_real(x, dim=dims[-1], norm=norm)
    if len(dims) > 1:
        y = fourier_p(y, dims=dims[:-1], inverse=False, norm=norm)
    y = conj(y) if inverse else y
    return y if out is None else write_out(op, out, y)


def _complex_to_real(
    op: str, input: Any, s: Any, dim: Any, norm: str | None, inverse: bool, out: Any
) -> Any:
    """Real numbers from half of their spectrum; ``inverse`` False: by the transform with
    ``-2 pi i``, which is the inverse one of the conjugates."""
    norm, (dims, sizes) = _scale(norm), _axes(input, s, dim, last=-1)
    if not dims:
        raise RuntimeError(f"{op} must transform at least one axis")
    n = sizes[-1]
    x = _resized(_floating(op, input), dims, [*sizes[:-1], n // 2 + 1])
    if not inverse:
        x, norm = conj(x), _ADJOINT[norm]
    if len(dims) > 1:
        x = fourier_p(x, dims=dims[:-1], inverse=True, norm=norm)
    y = fourier_to_real(x, dim=dims[-1], n=n, norm=norm)
    if isinstance(out, TensorBase) and out.array.dtype.kind == "c":
        raise RuntimeError(
            f"{op} expects a floating point output tensor, but got {out.array.dtype}"
        )
    return y if out is None else write_out(op, out, y)


# -- of one dim ------------------------------------------------------------------------------------


@as_one()
def fft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """``y_k = sum over j of x_j exp(-2 pi i j k / n)`` along ``dim``, cut off or continued with
    zeros to ``n`` elements.

    >>> import minitorch_dl as torch
    >>> torch.fft.fft(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _complex_to_complex("fft", input, n, dim, norm, False, out)


@as_one()
def ifft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of ``fft``."""
    return _complex_to_complex("ifft", input, n, dim, norm, True, out)


@as_one()
def rfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The frequencies 0 to n // 2 of ``fft`` of real numbers; the others are their conjugates."""
    return _real_to_complex("rfft", input, n, dim, norm, False, out)


@as_one()
def irfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of ``rfft``: ``n`` real numbers, 2 (m - 1) of m frequencies unless given.

    >>> import minitorch_dl as torch
    >>> torch.fft.irfft(torch.fft.rfft(torch.tensor([1.0, 2.0, 4.0])), n=3)
    tensor([1., 2., 4.])
    """
    return _complex_to_real("irfft", input, n, dim, norm, True, out)


@as_one()
def hfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """``fft`` of n numbers whose second half, not given, is the conjugates of the first; real."""
    return _complex_to_real("hfft", input, n, dim, norm, False, out)


@as_one()
def ihfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of ``hfft``."""
    return _real_to_complex("ihfft", input, n, dim, norm, True, out)


# -- of several dims -------------------------------------------------------------------------------


@as_one()
def fftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """``fft`` along each of ``dim`` (all, or the last ``len(s)``), of the sizes ``s``."""
    return _complex_to_complex("fftn", input, s, dim, norm, False, out)


@as_one()
def ifftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of ``fftn``."""
    return _complex_to_complex("ifftn", input, s, dim, norm, True, out)


@as_one()
def rfftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """``rfft`` along the last of ``dim``, then ``fft`` along the others."""
    return _real_to_complex("rfftn", input, s, dim, norm, False, out)


@as_one()
def irfftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of ``rfftn``; ``s`` are the sizes of the result."""
    return _complex_to_real("irfftn", input, s, dim, norm, True, out)


@as_one()
def hfftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """``fft`` along ``dim``, the last by ``hfft``; ``s`` are the sizes of the result."""
    return _complex_to_real("hfftn", input, s, dim, norm, False, out)


@as_one()
def ihfftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of ``hfftn``."""
    return _real_to_complex("ihfftn", input, s, dim, norm, True, out)


@as_one()
def fft2(
    input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """``fftn`` along two dims."""
    return _complex_to_complex("fft2", input, s, dim, norm, False, out)


@as_one()
def ifft2(
    input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of ``fft2``."""
    return _complex_to_complex("ifft2", input, s, dim, norm, True, out)


@as_one()
def rfft2(
    input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """``rfftn`` along two dims."""
    return _real_to_complex("rfft2", input, s, dim, norm, False, out)


@as_one()
def irfft2(
    input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of ``rfft2``; ``s`` are the sizes of the result."""
    return _complex_to_real("irfft2", input, s, dim, norm, True, out)


@as_one()
def hfft2(
    input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """``hfftn`` along two dims."""
    return _complex_to_real("hfft2", input, s, dim, norm, False, out)


@as_one()
def ihfft2(
    input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of ``hfft2``."""
    return _real_to_complex("ihfft2", input, s, dim, norm, True, out)


# -- frequencies and their order -------------------------------------------------------------------


def fftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """The frequencies of ``fft`` of ``n`` samples ``d`` apart: 0, the positive ones, then the
    negative ones.

    >>> import minitorch_dl as torch
    >>> torch.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    k = arange(n, dtype=dtype or dtypes.get_default_dtype(), device=device).array
    k[(n + 1) // 2 :] -= n
    return _frequencies("fftfreq", k, n, d, out, requires_grad)


def rfftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """The frequencies of ``rfft`` of ``n`` samples ``d`` apart."""
    k = arange(n // 2 + 1, dtype=dtype or dtypes.get_default_dtype(), device=device).array
    return _frequencies("rfftfreq", k, n, d, out, requires_grad)


def _frequencies(op: str, k: Any, n: int, d: float, out: Any, requires_grad: bool) -> Any:
    y = TensorBase.wrap(k * (1.0 / (n * d)))
    if requires_grad:
        y.requires_grad_()
    return y if out is None else write_out(op, out, y)


def _shifted(input: Any, dim: Any, shift: Any) -> Any:
    ndim = input.ndim
    dims = range(ndim) if dim is None else several(dim)
    axes = wrap_dims(dims, ndim)
    return roll(input, [shift(input.shape[d]) for d in axes], axes) if axes else input


def fftshift(input: Any, dim: Any = None) -> Any:
    """The frequencies reordered along ``dim`` (all unless given), so that 0 is in the middle."""
    return _shifted(input, dim, lambda n: n // 2)


def ifftshift(input: Any, dim: Any = None) -> Any:
    """The inverse of ``fftshift``."""
    return _shifted(input, dim, lambda n: -(n // 2))
