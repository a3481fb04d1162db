"""The parts that a file holds of a tensor, and the functions that make the tensor of them. What
PyTorch's files call these functions is in :mod:`.names`."""

from __future__ import annotations

import codecs
import copyreg
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from .. import ops
from ..backend import array_module, dtypes, layouts
from ..backend.dtypes import dtype
from ..backend.layouts import layout
from ..nested import as_nested_tensor, nested_tensor_from_jagged
from ..nested.tensor import JaggedTensor
from ..nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from ..ops import empty_strided
from ..ops.storage import TypedStorage, UntypedStorage
from ..sparse import sparse_compressed_tensor, sparse_coo_tensor
from ..sparse.compressed import CompressedTensor
from ..sparse.tensor import SparseTensor
from ..tensor import Tensor
from ..tensor.protocols import Protocols
from ..utils.hooks import warn_if_has_hooks

Parts = tuple[Callable[..., Any], tuple[Any, ...]]

# -- taking apart ----------------------------------------------------------------------------------


def parts_of(tensor: Any, stored: Callable[[Any], tuple[Any, int, tuple[int, ...]]]) -> Parts:
    """A function of this file and its arguments, which make the tensor; for a class that says
    itself how it is pickled, NotImplemented.

    ``stored(array)`` gives an array's storage, its offset and its strides in it.
    """
    cls = type(tensor)
    if isinstance(tensor, SparseTensor):
        return _sparse_parts(tensor)
    if isinstance(tensor, JaggedTensor):
        return rebuild_from_type_v2, (rebuild_njt, JaggedTensor, (_jagged_parts(tensor),), {})
    if tensor.is_nested:
        return rebuild_nested_tensor, _nested_parts(tensor)
    if getattr(cls, "__reduce_ex__", None) is not Protocols.__reduce_ex__:
        return NotImplemented
    if isinstance(tensor, (UninitializedParameter, UninitializedBuffer)):
        return cls, (tensor.requires_grad, tensor.device, tensor.dtype)
    made: Parts
    if isinstance(tensor, Parameter):
        made = rebuild_parameter, (tensor.detach(), tensor.requires_grad, OrderedDict())
    else:
        warn_if_has_hooks(tensor)
        made = _dense_parts(tensor, stored)
    if cls is Buffer:
        return made
    state = _state_of(tensor)
    if cls is Parameter and state:
        return rebuild_parameter_with_state, (*made[1], state)
    if cls not in (Tensor, Parameter) or state:
        return rebuild_from_type_v2, (*made[:1], cls, made[1], state)
    return made


def _dense_parts(tensor: Any, stored: Callable[..., Any]) -> Parts:
    array = tensor.array
    if tensor.is_meta:
        args = tensor.dtype, array.shape, tensor.stride(), tensor.requires_grad
        return rebuild_meta_tensor_no_storage, args
    if any(step < 0 or step % array.itemsize for step in array.strides):
        array = array_module(array).ascontiguousarray(array)
    storage, offset, strides = stored(array)
    hooks: Any = OrderedDict()
    parts = storage, offset, array.shape, strides, tensor.requires_grad, hooks
    if storage.kind is UntypedStorage:
        return rebuild_tensor_v3, (*parts, tensor.dtype)
    return rebuild_tensor_v2, parts


def _sparse_parts(tensor: Any) -> Parts:
    if isinstance(tensor, CompressedTensor):
        data = *tensor.line_indices(), tensor.values().detach(), tensor.shape
    else:
        entries = tensor._values().detach()
        data = tensor._indices(), entries, tensor.shape, tensor.is_coalesced()
    return rebuild_sparse_tensor, (tensor.layout, data)


def _nested_parts(tensor: Any) -> tuple[Any, ...]:
    rows = [(row.shape, row.stride()) for row in tensor.detach().unbind()]
    sizes, strides = (ops.tensor(list(x), dtype=dtypes.int64) for x in zip(*rows))
    ends = sizes.prod(1).cumsum(0)
    return tensor.values().detach(), sizes, strides, ends - sizes.prod(1)


def _jagged_parts(tensor: JaggedTensor) -> dict[str, Any]:
    return {
        "values": tensor.values().detach(), "offsets": tensor.offsets(), "lengths": None,
        "_ragged_idx": tensor._ragged, "_metadata_cache": {},
        "requires_grad": tensor.requires_grad,
    }  # fmt: skip


def parts_of_layout(obj: layout) -> Parts:
    """As :func:`parts_of`."""
    return get_layout, (repr(obj),)


def _state_of(tensor: Any) -> Any:
    """What the tensor's class, or the program, has added to it."""
    cls = type(tensor)
    if getattr(cls, "__getstate__", None) is not getattr(object, "__getstate__", None):
        return tensor.__getstate__()
    slots = [
        name
        for name in copyreg._slotnames(cls)  # type: ignore[attr-defined]
        if name not in copyreg._slotnames(Parameter) and hasattr(tensor, name)  # type: ignore[attr-defined]
    ]
    if slots:
        return tensor.__dict__, {name: getattr(tensor, name) for name in slots}
    return tensor.__dict__


# -- putting together ------------------------------------------------------------------------------


def strided(storage: Any, shape: Any, strides: Any, offset: int) -> Any:
    """An array over a flat storage; ValueError when it would leave it."""
    shape, strides = tuple(map(int, shape)), tuple(map(int, strides))
    if len(shape) != len(strides) or min((offset, *shape, *strides)) < 0:
        raise ValueError(f"a tensor has shape {shape} and strides {strides} at {offset}")
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides))
    if 0 not in shape and last >= storage.size:
        raise ValueError(
            f"a tensor of shape {shape} and strides {strides} at {offset} leaves its storage of "
            f"{storage.size} elements"
        )
    xp = array_module(storage)
    steps = tuple(step * storage.itemsize for step in strides)
    return xp.lib.stride_tricks.as_strided(storage[offset:], shape, steps)


def rebuild_tensor(storage: Any, offset: int, size: Any, stride: Any) -> Tensor:
    """A tensor over a storage, as the oldest files have it."""
    return Tensor.wrap(strided(storage._row.array, size, stride, offset))


def rebuild_tensor_v2(
    storage: Any,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    """A tensor over a storage of its dtype."""
    tensor = rebuild_tensor(storage, offset, size, stride)
    for pending, now in (("conj", Tensor.conj), ("neg", Tensor.neg)):
        if metadata and metadata.get(pending):
            tensor = now(tensor)
    return tensor.requires_grad_() if requires_grad else tensor


def rebuild_tensor_v3(
    storage: Any,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any,
    dtype: dtype,
    metadata: Any = None,
) -> Tensor:
    """A tensor over a storage of bytes: of the dtypes that have no storage of their own."""
    typed = TypedStorage(wrap_storage=storage, dtype=dtype)
    return rebuild_tensor_v2(typed, offset, size, stride, requires_grad, None, metadata)


def rebuild_meta_tensor_no_storage(
    dtype: dtype, size: Any, stride: Any, requires_grad: bool
) -> Tensor:
    """A tensor without elements."""
    made = empty_strided(size, stride, dtype=dtype, device="meta")
    return made.requires_grad_(requires_grad)


def rebuild_parameter(data: Any, requires_grad: bool, backward_hooks: Any = None) -> Parameter:
    """A parameter over a tensor's memory."""
    return Parameter(data, requires_grad)


def rebuild_parameter_with_state(
    data: Any, requires_grad: bool, backward_hooks: Any, state: Any
) -> Parameter:
    """A parameter with attributes."""
    return _with_state(Parameter(data, requires_grad), state)


def rebuild_from_type_v2(
    func: Callable[..., Any], new_type: type, args: tuple[Any, ...], state: Any
) -> Any:
    """A tensor of a subclass, or with attributes."""
    tensor = func(*args)
    if type(tensor) is not new_type:
        grad = tensor.requires_grad
        tensor = tensor.detach().as_subclass(new_type).requires_grad_(grad)
    return _with_state(tensor, state)


def _with_state(tensor: Any, state: Any) -> Any:
    if hasattr(type(tensor), "__setstate__"):
        tensor.__setstate__(state)
        return tensor
    attributes, slots = state if isinstance(state, tuple) else (state, {})
    tensor.__dict__.update(attributes or {})
    for name, value in (slots or {}).items():
        setattr(tensor, name, value)
    return tensor


def rebuild_sparse_tensor(layout: layout, data: tuple[Any, ...]) -> Any:
    """A sparse tensor of its indices, values and size."""
    if layout == SparseTensor.layout:
        indices, values, size, *merged = data
        return sparse_coo_tensor(
            indices, values, size, check_invariants=True, is_coalesced=merged[0] if merged else None
        )
    return sparse_compressed_tensor(*data, layout=layout)


def rebuild_nested_tensor(buffer: Any, sizes: Any, strides: Any, offsets: Any) -> Any:
    """A nested tensor of parts of one vector, each of its size, strides and offset."""
    parts = zip(sizes.tolist(), strides.tolist(), offsets.tolist())
    return as_nested_tensor([buffer.as_strided(*part) for part in parts])


def rebuild_njt(parts: dict[str, Any]) -> Any:
    """A nested tensor of layout ``torch.jagged`` of its values and of where its tensors start."""
    made = nested_tensor_from_jagged(
        parts["values"], parts["offsets"], parts["lengths"], parts["_ragged_idx"]
    )
    return made.requires_grad_() if parts["requires_grad"] else made


class DimRange:
    """What is known of a dim's size, which jagged tensors tell ``torch.compile``; not used here."""

    def __setstate__(self, state: Any) -> None:
        pass


def get_layout(name: str) -> layout:
    """The layout of this name, such as ``"torch.strided"``."""
    found: layout = vars(layouts)[name.removeprefix("torch.")]
    return found


def encode(text: str, encoding: str = "utf-8") -> bytes:
    """How protocol 2 spells bytes."""
    return codecs.encode(text, encoding)
