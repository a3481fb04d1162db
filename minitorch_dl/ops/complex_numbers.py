"""Complex numbers: made of parts, taken apart, conjugated.

The gradient of a real loss L by z = x + iy is dL/dx + i dL/dy, as in PyTorch. The ops here are not
holomorphic, so their formulas give just that; ``g`` is the gradient of the output.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast, conj as _conj, is_complex, zero
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import dtypes
from .selection import keep
from .trigonometric import cos, sin

__all__ = [
    "angle", "complex", "conj", "conj_physical", "imag", "is_conj", "is_neg", "isreal", "polar",
    "real", "resolve_conj", "resolve_neg", "view_as_complex", "view_as_real",
]  # fmt: skip


# -- parts -----------------------------------------------------------------------------------------


@primitive(name="real", view=True)
def real_part(xp: Any, a: Any) -> Any:
    """The real parts of complex numbers."""
    return a.real


real_part.defvjp(a=lambda g, a_dtype: cast(g, dtype=_name(a_dtype)))


@primitive(name="imag", view=True)
def imaginary_part(xp: Any, a: Any) -> Any:
    """The imaginary parts of complex numbers."""
    return a.imag


def _name(dtype: Any) -> str:
    return dtypes.from_numpy(dtype).name


imaginary_part.defvjp(a=lambda g, a_dtype: cast(g, dtype=_name(a_dtype)) * 1j)


def real(input: Any) -> Any:
    """The real parts, a view; of real numbers ``input`` itself."""
    return real_part(input) if is_complex(input) else input


def imag(input: Any) -> Any:
    """The imaginary parts of complex numbers, a view.

    >>> import minitorch_dl as torch
    >>> torch.imag(torch.tensor([1 + 2j, 3.0]))
    tensor([2., 0.])
    """
    if not is_complex(input):
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return imaginary_part(input)


@primitive(view=True)
def view_as_real_p(xp: Any, a: Any) -> Any:
    return a[..., None].view(a.real.dtype)


view_as_real_p.defvjp(a=lambda g: view_as_complex_p(g))


@primitive(view=True)
def view_as_complex_p(xp: Any, a: Any) -> Any:
    if not a.flags.c_contiguous and (
        a.strides[-1] != a.itemsize or any(s % (2 * a.itemsize) for s in a.strides[:-1])
    ):
        a = a.copy()  # of a gradient; the public function refuses
    return a.view(f"c{2 * a.itemsize}")[..., 0]


view_as_complex_p.defvjp(a=lambda g: view_as_real_p(g))


def view_as_real(input: Any) -> Any:
    """Complex ``(*)`` as pairs ``(*, 2)`` of real and imaginary part, a view.

    >>> import minitorch_dl as torch
    >>> torch.view_as_real(torch.tensor([1 + 2j, 3.0]))
    tensor([[1., 2.],
            [3., 0.]])
    """
    if not is_complex(input):
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return view_as_real_p(input)


@as_one()
def view_as_complex(input: Any) -> Any:
    """Pairs ``(*, 2)`` of floats as complex ``(*)``, a view.

    Raises:
        RuntimeError: the last dim isn't 2, or its elements don't lie side by side.
    """
    a = input.array
    if a.dtype not in ("float32", "float64"):
        raise RuntimeError(
            "view_as_complex is only supported for tensors of float32 or float64, but got a tensor "
            f"of scalar type: {input.dtype}"
        )
    if not a.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if a.shape[-1] != 2:
        raise RuntimeError(
            f"Tensor must have a last dimension of size 2, got shape {list(a.shape)}"
        )
    if not a.flags.c_contiguous:
        if a.strides[-1] != a.itemsize:
            raise RuntimeError("Tensor must have a last dimension with stride 1")
        if any(s % (2 * a.itemsize) for s in a.strides[:-1]):
            raise RuntimeError(
                "Tensor must have a stride divisible by 2 for all but last dimension"
            )
    return view_as_complex_p(input)


@primitive(broadcasts=True)
def complex_p(xp: Any, a: Any, b: Any) -> Any:
    y = xp.empty(np.broadcast_shapes(a.shape, b.shape), f"c{2 * a.itemsize}")
    y.real, y.imag = a, b
    return y


complex_p.defvjp(a=lambda g: real_part(g), b=lambda g: imaginary_part(g))


def _check_parts(op: str, first: Any, second: Any, out: Any) -> None:
    raw = [x.array if isinstance(x, TensorBase) else x for x in (first, second)]
    kinds = [dtypes.LEGACY_NAMES.get(a.dtype.name) for a in raw]
    if not set(kinds) <= {"Float", "Double"}:
        raise RuntimeError(
            f"{op}(): Expected both inputs to be Half, Float or Double tensors but got "
            f"{kinds[0]} and {kinds[1]}, and complex numbers are of float32 or float64 here"
        )
    if kinds[0] != kinds[1]:
        raise RuntimeError(
            f"{op}(): Expected object of scalar type {kinds[0]} but got scalar type {kinds[1]} for "
            "second argument"
        )
    if out is not None and (got := dtypes.LEGACY_NAMES[out.dtype.name]) != f"Complex{kinds[0]}":
        raise RuntimeError(
            f"{op}(): Expected object of scalar type Complex{kinds[0]} but got scalar type {got} "
            "for argument 'out'"
        )


def complex(real: Any, imag: Any, *, out: Any = None) -> Any:
    """``real + imag * i`` of float tensors.

    >>> import minitorch_dl as torch
    >>> torch.complex(torch.tensor([1.0, 2.0]), torch.tensor([0.0, -1.0]))
    tensor([1.+0.j, 2.-1.j])
    """
    _check_parts("complex", real, imag, out)
    y = complex_p(real, imag)
    return y if out is None else write_out("complex", out, y)


@as_one("PolarBackward0")
def polar(abs: Any, angle: Any, *, out: Any = None) -> Any:
    """``abs * (cos(angle) + sin(angle) * i)`` of float tensors.

    >>> import minitorch_dl as torch
    >>> torch.polar(torch.tensor([2.0]), torch.tensor([0.0]))
    tensor([2.+0.j])
    """
    _check_parts("polar", abs, angle, out)
    y = complex_p(abs * cos(angle), abs * sin(angle))
    return y if out is None else write_out("polar", out, y)


# -- direction -------------------------------------------------------------------------------------


@primitive(promotes="float", complex=True)
def angle(xp: Any, a: Any) -> Any:
    """The angle of a complex number, in ``[-pi, pi]``; pi for negative numbers, 0 for others, NaN
    for NaN."""
    if is_complex(a):
        return xp.arctan2(a.imag, a.real)
    return xp.where(a < 0, math.pi, xp.where(a == a, 0, a)).astype(a.dtype)


def _d_angle(g: Any, a: Any) -> Any:
    return keep(g * 1j / _conj(a + (a == 0)), a != 0) if is_complex(a) else zero(g)


angle.defvjp(a=_d_angle)

# -- conjugates ------------------------------------------------------------------------------------


def conj(input: Any) -> Any:
    """The complex conjugates, a copy (PyTorch: a view); of real numbers ``input`` itself.

    >>> import minitorch_dl as torch
    >>> torch.conj(torch.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    return _conj(input) if is_complex(input) else input


def conj_physical(input: Any, *, out: Any = None) -> Any:
    """The complex conjugates."""
    y = conj(input)
    return y if out is None else write_out("conj_physical", out, y, exact=True)


def resolve_conj(input: Any) -> Any:
    """``input`` itself: conjugates are never pending here."""
    return input


def is_conj(input: Any) -> bool:
    """Always False: conjugates are never pending here."""
    return False


resolve_neg, is_neg = resolve_conj, is_conj


@primitive(complex=True)
def isreal(xp: Any, a: Any) -> Any:
    """Whether each element is real: has no imaginary part but 0."""
    return xp.equal(a.imag, 0) if is_complex(a) else xp.ones(a.shape, dtype=bool)
