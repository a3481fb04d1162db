"""The memory behind tensors: a row of bytes (``UntypedStorage``) or of numbers of one dtype
(``TypedStorage``), shared by all views of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import prod
from typing import Any

from ..autograd.inplace import check_writable
from ..autograd.primitive import TensorBase
from ..autograd.public_functions import guarded
from ..autograd.versions import mark_moved, mark_written, owner_of
from ..backend import array_module, device_of, dtypes, shared_memory
from ..backend.warning import warn_once
from . import from_data
from .creation import empty
from .layout import data_ptr, on_memory

__all__ = [
    "TypedStorage", "UntypedStorage", "is_storage", "set_", "storage", "untyped_storage",
]  # fmt: skip


def _flat(array: Any) -> Any:
    """All of the memory that an array lies in, as one row."""
    owner = owner_of(array)
    return (owner if owner.flags.c_contiguous else owner.T).reshape(-1)


class _Memory:
    """A row of elements in memory, ``_row``, a Tensor."""

    _row: Any

    @classmethod
    def over(cls, row: Any) -> Any:
        """The memory of an array with one dimension."""
        made = object.__new__(cls)
        made._row = TensorBase.wrap(row)
        return made

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return data_ptr(self._row)

    def nbytes(self) -> int:
        """The number of bytes."""
        return int(self._row.array.nbytes)

    def element_size(self) -> int:
        """Bytes per element."""
        return int(self._row.array.itemsize)

    def size(self) -> int:
        """The number of elements."""
        return int(self._row.array.size)

    __len__ = size

    @property
    def device(self) -> Any:
        return device_of(self._row.array)

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._around(self._row[index])
        return self._row[index].item()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._row[index] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return self._row.tolist()

    def fill_(self, value: Any) -> Any:
        """Set every element to ``value``."""
        self._row.fill_(value)
        return self

    def copy_(self, source: Any, non_blocking: bool = False) -> Any:
        """Overwrite the elements with those of another storage."""
        self._row.copy_(source._row)
        return self

    def clone(self) -> Any:
        """The same elements in memory of their own."""
        return self._around(self._row.clone())

    def cpu(self) -> Any:
        """The elements in the host's memory."""
        return self._around(self._row.cpu())

    def cuda(self, device: Any = "cuda", non_blocking: bool = False) -> Any:
        """The elements in a GPU's memory."""
        return self._around(self._row.to(device))

    def is_shared(self) -> bool:
        """Whether processes share the memory, by ``Tensor.share_memory_``."""
        return shared_memory.is_shared(self._row.array)

    def pin_memory(self) -> Any:
        """Accepted for PyTorch's sake."""
        return self

    def share_memory_(self) -> Any:
        """Refused, unless it is shared: the tensors in this memory would not follow."""
        if not self.is_shared():
            raise RuntimeError("share_memory_(): call it on the tensor, not on its storage")
        return self

    def typed(self, dtype: Any) -> Any:
        """The memory as an array of this dtype."""
        return self._row.array.view(dtype.numpy)

    def _around(self, row: Any) -> Any:
        made = object.__new__(type(self))
        made._row = row
        return made

    def __repr__(self) -> str:
        rows = "".join(f" {x}\n" for x in self.tolist())
        kind = dtypes.from_numpy(self._row.array.dtype)
        return (
            f"{rows}[torch.storage.{type(self).__name__}(dtype={kind}, device={self.device}) "
            f"of size {len(self)}]"
        )


class UntypedStorage(_Memory):
    """The memory that a tensor lies in, as bytes; views share it.

    >>> import minitorch_dl as torch
    >>> torch.zeros(2, 3).untyped_storage().nbytes()
    24
    """

    def __init__(self, size: int = 0, *, device: Any = None) -> None:
        self._row = empty(size, dtype=dtypes.uint8, device=device)

    @classmethod
    def from_file(cls, filename: Any, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """The first ``nbytes`` of a file (all unless given) as memory, read when they are used.
        What is written to it goes to the file if it is ``shared``, which then grows to them."""
        size = nbytes or os.path.getsize(filename)
        return cls.over(from_data.from_file(filename, shared, size, dtype=dtypes.uint8).array)

    def untyped(self) -> UntypedStorage:
        """The storage itself."""
        return self

    def resize_(self, size: int) -> UntypedStorage:
        """Refused: NumPy's memory can't grow or shrink under its arrays, unless nothing changes."""
        if size != self.nbytes():
            raise RuntimeError(
                f"UntypedStorage.resize_: the memory has {self.nbytes()} bytes and can't be given "
                f"{size}; make a new tensor instead"
            )
        return self


class TypedStorage(_Memory):
    """Numbers of one dtype in memory: ``TypedStorage(5, dtype=...)`` of that many,
    ``TypedStorage([1, 2], dtype=...)`` of these; over the memory of ``wrap_storage``, if given.

    >>> import minitorch_dl as torch
    >>> x = torch.zeros(2, 2)
    >>> x.storage()[3] = 7
    >>> x
    tensor([[0., 0.],
            [0., 7.]])
    """

    def __init__(
        self, *data: Any, wrap_storage: Any = None, dtype: Any = None, device: Any = None
    ) -> None:
        dtype = dtypes.get_default_dtype() if dtype is None else dtype
        if wrap_storage is not None:
            self._row = TensorBase.wrap(wrap_storage._row.array.view(dtype.numpy))
        elif data and not hasattr(data[0], "__index__"):
            self._row = from_data.tensor(list(data[0]), dtype=dtype, device=device)
        else:
            self._row = empty(*(data or (0,)), dtype=dtype, device=device)

    @property
    def dtype(self) -> Any:
        return dtypes.from_numpy(self._row.array.dtype)

    def typed(self, dtype: Any) -> Any:
        """The memory as an array of its own dtype, which has to be this one."""
        if dtype is not self.dtype:
            raise RuntimeError(
                f"Expected a Storage of type {dtype} or an UntypedStorage, but got type "
                f"{self.dtype}"
            )
        return self._row.array

    @classmethod
    def from_file(
        cls, filename: Any, shared: bool = False, size: int = 0, *, dtype: Any = None
    ) -> TypedStorage:
        """The first ``size`` numbers of a file as memory; see ``UntypedStorage.from_file``."""
        return cls.over(from_data.from_file(filename, shared, size, dtype=dtype).array)

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return untyped_storage(self._row)

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The numbers in another dtype; without one, the storage's name."""
        if dtype is None:
            return self._row.type().replace("Tensor", "Storage")
        return self._around(self._row.to(getattr(dtype, "dtype", dtype)))


def _converting(name: str) -> Any:
    def method(self: TypedStorage) -> TypedStorage:
        return self._around(getattr(self._row, name)())

    method.__name__, method.__doc__ = name, f"The numbers as ``Tensor.{name}`` makes them."
    return method


for _name in "bfloat16 bool byte char double float half int long short cfloat cdouble".split():
    setattr(TypedStorage, _name, _converting(_name))


def untyped_storage(input: Any) -> UntypedStorage:
    """The memory that the tensor lies in, as bytes."""
    return UntypedStorage.over(_flat(input.array).view("uint8"))


def storage(input: Any) -> TypedStorage:
    """The memory that the tensor lies in, as numbers of its dtype."""
    warn_once(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be "
        "the only storage class. To access UntypedStorage directly, use tensor.untyped_storage()."
    )
    return TypedStorage.over(_flat(input.array).view(input.array.dtype))


def storage_type(input: Any) -> str:
    """The name of the tensor's storage, such as ``torch.FloatStorage``."""
    return storage(input).type()


@guarded
def is_storage(obj: Any) -> bool:
    """Whether ``obj`` is memory: a ``TypedStorage`` or an ``UntypedStorage``."""
    return isinstance(obj, _Memory)


def set_(
    input: Any, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None
) -> Any:
    """Have the tensor lie in the memory of ``source``, a tensor or a storage.

    Args:
        storage_offset, size, stride: where in a storage, and how, in elements (default: all of it,
            as one row).
    """
    check_writable(input, "set_")
    old, dtype = input.array, input.array.dtype
    if source is None:
        input.array = array_module(old).empty(0, dtype)
        mark_moved(old, input.array, "set_")
        return input
    mark_written(old, "set_")
    if isinstance(source, TensorBase):
        row = _flat(source.array)
    else:
        row = source.typed(dtypes.from_numpy(dtype))
    if isinstance(source, TensorBase) and size is None:
        if source.array.dtype != dtype:
            raise RuntimeError(
                f"set_: Could not set tensor of dtype {dtypes.from_numpy(source.array.dtype)} to a "
                f"tensor of dtype {dtypes.from_numpy(dtype)}"
            )
        input.array, input._view = source.array, source._view
        return input
    row = row.view(dtype)
    shape = (row.size - storage_offset,) if size is None else tuple(size)
    steps = [prod(shape[d + 1 :]) for d in range(len(shape))] if stride is None else stride
    last = storage_offset + sum((n - 1) * s for n, s in zip(shape, steps, strict=True))
    if 0 not in shape and last >= row.size:
        raise RuntimeError(
            f"set_: sizes {list(shape)}, strides {list(steps)} and storage offset "
            f"{storage_offset} are out of bounds for storage of size {row.nbytes}"
        )
    n = row.itemsize
    input.array = on_memory(
        array_module(row), row, shape, tuple(s * n for s in steps), storage_offset * n
    )
    return input
