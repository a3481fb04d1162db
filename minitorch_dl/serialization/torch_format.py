"""Reading the zip files that PyTorch's ``torch.save`` writes (since 1.6).

Such a file holds a pickle, ``<name>/data.pkl``, and each storage's bytes, ``<name>/data/<key>``.
The pickle is read by an unpickler that knows the few names that tensors and containers need, so no
code from the file is run.
"""

from __future__ import annotations

import codecs
import importlib
import io
import pickle
import zipfile
from collections import Counter, OrderedDict
from typing import Any

import numpy as np

from ..backend import device
from ..backend.dtypes import ALL, as_dtype, dtype
from ..nn.parameter import Parameter
from ..size import Size
from ..tensor import Tensor
from .archive import content_of, damaged
from .safe_globals import permitted
from .storages import Places, strided

_STORAGES = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16",
    "Byte": "uint8", "Char": "int8", "Short": "int16", "Int": "int32", "Long": "int64",
    "Bool": "bool", "ComplexFloat": "complex64", "ComplexDouble": "complex128",
}  # fmt: skip


def is_torch_zip(archive: zipfile.ZipFile) -> bool:
    """Whether an open zip file is one of PyTorch's."""
    return _root(archive) is not None


def _root(archive: zipfile.ZipFile) -> str | None:
    """The folder that all members are in."""
    for name in archive.namelist():
        folder, _, rest = name.rpartition("/")
        if rest == "data.pkl" and "/" not in folder:
            return f"{folder}/" if folder else ""
    return None


def read(archive: zipfile.ZipFile, name: str, places: Places, weights_only: bool) -> Any:
    """What the file holds, its tensors where ``places`` puts them."""
    root = _root(archive)
    assert root is not None
    try:
        order = "little"
        if f"{root}byteorder" in archive.namelist():
            order = content_of(archive, f"{root}byteorder").decode().strip()
        content = io.BytesIO(content_of(archive, f"{root}data.pkl"))
        return _Unpickler(content, archive, root, order, places, weights_only).load()
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError, IndexError, OSError) as error:
        raise damaged(name, error) from error


class _Storage:
    """A flat array, of which tensors are views."""

    def __init__(self, array: Any) -> None:
        self.array = array


def _tensor(
    storage: _Storage,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    tensor = Tensor.wrap(strided(storage.array, size, stride, offset))
    for pending, now in (("conj", Tensor.conj), ("neg", Tensor.neg)):
        if metadata and metadata.get(pending):
            tensor = now(tensor)
    return tensor.requires_grad_() if requires_grad else tensor


def _tensor_of_dtype(
    storage: _Storage,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any,
    kind: dtype,
    metadata: Any = None,
) -> Tensor:
    typed = _Storage(storage.array.view(kind.numpy))
    return _tensor(typed, offset, size, stride, requires_grad, None, metadata)


def _parameter(data: Tensor, requires_grad: bool, *rest: Any) -> Parameter:
    return Parameter(data, requires_grad)


def _encoded(text: str, encoding: str = "utf-8") -> bytes:
    """How protocol 2 spells bytes."""
    return codecs.encode(text, encoding)


_KNOWN: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor_of_dtype,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch.nn.parameter", "Parameter"): Parameter,
    ("torch", "Size"): Size,
    ("torch", "device"): device,
    ("torch.storage", "UntypedStorage"): as_dtype("uint8"),
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "Counter"): Counter,
    ("_codecs", "encode"): _encoded,
    **{("torch", kind.name): kind for kind in ALL},
    **{("torch", f"{old}Storage"): as_dtype(new) for old, new in _STORAGES.items()},
    **{
        (module, kind.__name__): kind
        for module in ("builtins", "__builtin__")
        for kind in (set, frozenset, bytearray, complex)
    },
}


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        content: Any,
        archive: zipfile.ZipFile,
        root: str,
        order: str,
        places: Places,
        weights_only: bool,
    ) -> None:
        super().__init__(content)
        self._archive, self._root, self._places = archive, root, places
        self._order = "<" if order == "little" else ">"
        self._weights_only = weights_only
        self._storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN.get((module, name))
        if known is not None:
            return known
        if self._weights_only:
            return permitted(module, name)
        if module == "torch" or module.startswith("torch."):
            return _counterpart(module, name)
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> _Storage:
        kind, stored, key, location, _ = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"expected a storage in the file, got {kind!r}")
        if key not in self._storages:
            content = content_of(self._archive, f"{self._root}data/{key}")
            native = stored.numpy
            array = np.frombuffer(bytearray(content), native)
            if self._order == ">" and native.itemsize > 1:
                array = array.byteswap()
            self._storages[key] = _Storage(self._places.put(array, location))
        return self._storages[key]


def _counterpart(module: str, name: str) -> Any:
    """This package's own class for one of PyTorch's."""
    package = __name__.partition(".")[0]
    path = module.removeprefix("torch").strip(".")
    path = "nn" if path.startswith("nn.modules") else path
    try:
        return getattr(importlib.import_module(f"{package}.{path}".rstrip(".")), name)
    except (ImportError, AttributeError):
        raise pickle.UnpicklingError(f"minitorch_dl has no {module}.{name}") from None
