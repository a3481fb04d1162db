"""Modules moved between devices and cast to other dtypes, in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .. import __future__ as switches
from ..autograd import no_grad
from ..backend import device as Device
from ..backend.dtypes import dtype as DType
from ..backend.warning import warn
from ..ops import empty_like
from ..tensor import Tensor
from ..tensor.swapping import swap_tensors
from .parameter import Parameter, is_lazy

Self = TypeVar("Self", bound="Convertible")


class Convertible:
    """The part of :class:`Module` that moves and casts its parameters and buffers."""

    if TYPE_CHECKING:
        _parameters: dict[str, Any]
        _buffers: dict[str, Any]

        def children(self) -> Any: ...

    def _apply(self: Self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace the data of every parameter, its gradient and every buffer by ``fn`` of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with no_grad():
            for name, parameter in self._parameters.items():
                if parameter is not None:
                    grad = parameter.grad
                    parameter.grad = None  # it may not fit while the data changes device or dtype
                    try:
                        made = self._parameters[name] = _converted(parameter, fn)
                    except Exception:
                        parameter.grad = grad
                        raise
                    if grad is not None:
                        made.grad = _converted(grad, fn)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    if is_lazy(buffer):
                        buffer.data = fn(buffer)
                    else:
                        self._buffers[name] = fn(buffer)
        return self

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Move and cast in place: ``to(device)``, ``to(dtype)``, ``to(device, dtype)``,
        ``to(tensor)``, ``to(memory_format=...)``; integer members keep their dtype.
        """
        if "copy" in kwargs:
            raise RuntimeError(".to() does not accept copy argument: modules are moved in place")
        device, dtype, non_blocking, memory_format = _parse_to(*args, **kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={dtype}"
            )
        if dtype is not None and dtype.is_complex:
            warn(
                "Complex modules are a new feature: not every module computes with complex "
                "parameters and buffers",
            )

        def convert(tensor: Tensor) -> Tensor:
            casts = tensor.dtype.is_floating_point or tensor.dtype.is_complex
            options = {}
            if memory_format is not None and tensor.dim() in (4, 5):
                options["memory_format"] = memory_format
            target = dtype if casts and dtype is not None else tensor.dtype
            where = tensor.device if device is None else device
            return tensor.to(where, target, non_blocking, **options)

        return self._apply(convert)

    def to_empty(self: Self, *, device: Any, recurse: bool = True) -> Self:
        """Move to ``device`` without copying: the values are undefined afterwards."""
        return self._apply(lambda t: empty_like(t, device=device), recurse=recurse)

    def share_memory(self: Self) -> Self:
        """Move all parameters and buffers to memory that processes share, as
        ``Tensor.share_memory_`` does."""
        return self._apply(lambda t: t.share_memory_())

    def cpu(self: Self) -> Self:
        """Move all parameters and buffers to the CPU."""
        return self._apply(lambda t: t.cpu())

    def cuda(self: Self, device: Any = None) -> Self:
        """Move all parameters and buffers to a GPU."""
        return self._apply(lambda t: t.cuda(device))

    def type(self: Self, dst_type: Any) -> Self:
        """Cast all parameters and buffers to ``dst_type``."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self: Self) -> Self:
        """Cast floating point parameters and buffers to float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self: Self) -> Self:
        """Cast floating point parameters and buffers to float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self: Self) -> Self:
        """Cast floating point parameters and buffers to float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self: Self) -> Self:
        """Cast floating point parameters and buffers to bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)


def _converted(tensor: Any, fn: Callable[[Tensor], Tensor]) -> Any:
    """The parameter, or its gradient, with the data that ``fn`` makes; another one where the
    switches in ``torch.__future__`` ask for it, and on the way from or to device ``meta``."""
    made, swaps = fn(tensor), switches.get_swap_module_params_on_conversion()
    overwrites = switches.get_overwrite_module_params_on_conversion() or (
        not swaps and (made.device.type == "meta") != (tensor.device.type == "meta")
    )
    if not overwrites and not swaps:
        tensor.data = made
        return tensor
    if isinstance(tensor, Parameter):
        made = Parameter(made, tensor.requires_grad)
    else:
        made.requires_grad_(tensor.requires_grad)
    if overwrites:
        return made
    swap_tensors(tensor, made)
    return tensor


def typename(value: Any) -> str:
    """The type of ``value`` as error messages name it."""
    kind = type(value)
    prefix = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return prefix + kind.__qualname__


_DEVICE, _DTYPE = (Device, str, int, type(None)), (DType, type(None))
_TO_FORMS: tuple[tuple[tuple[str, ...], tuple[Any, ...]], ...] = (
    (("tensor", "non_blocking"), (Tensor, bool)),
    (("dtype", "non_blocking"), (DType, bool)),
    (("device", "dtype", "non_blocking"), (_DEVICE, _DTYPE, bool)),
)
"""What ``to`` takes by position, and of which types."""


def _parse_to(*args: Any, **kwargs: Any) -> tuple[Any, Any, bool, Any]:
    """``(device, dtype, non_blocking, memory_format)`` from the arguments of ``to``."""
    known = {"device", "dtype", "non_blocking", "memory_format", "tensor"}
    rest = list(args)
    found = dict(kwargs)
    for names, kinds in _TO_FORMS:
        if rest and isinstance(rest[0], kinds[0]) and not isinstance(rest[0], bool):
            for name, kind in zip(names, kinds):
                if rest and isinstance(rest[0], kind):
                    found[name] = rest.pop(0)
                else:
                    break
            break
    if rest or not known.issuperset(found) or not (args or kwargs):
        got = ", ".join([*map(typename, args), *(f"{k}={typename(v)}" for k, v in kwargs.items())])
        raise TypeError(
            f"to() received an invalid combination of arguments - got ({got}), but expected "
            "(device, dtype), (dtype), (tensor), each with non_blocking=False, or memory_format=..."
        )
    other = found.get("tensor")
    if other is not None:
        found.update(device=other.device, dtype=other.dtype)
    device = found.get("device")
    if device is not None and not isinstance(device, Device):
        device = Device(device)
    return device, found.get("dtype"), found.get("non_blocking", False), found.get("memory_format")
