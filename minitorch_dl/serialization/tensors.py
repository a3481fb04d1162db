"""``save`` and ``load``: tensors, state dicts and what holds them, in an archive without code."""

from __future__ import annotations

import io
import os
import pickle
from typing import Any, BinaryIO

import numpy as np

from ..autograd.versions import owner_of
from ..backend import device, to_host
from ..backend.dtypes import as_dtype, dtype
from ..nn.parameter import Buffer, Parameter
from ..size import Size
from ..tensor import Tensor
from . import archive, torch_format
from .archive import Codec, Reader, Writer
from .safe_globals import permitted
from .storages import MapLocation, Places, strided

__all__ = ["load", "save"]

File = str | os.PathLike[str] | BinaryIO

_CLASSES: dict[str, type[Tensor]] = {"Tensor": Tensor, "Parameter": Parameter}
_KINDS = {Tensor: "Tensor", Parameter: "Parameter", Buffer: "Tensor"}


def save(
    obj: Any,
    f: File,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write ``obj`` to a path or an open file.

    A path is written whole or not at all. State dicts, tensors, numbers, strings and nested
    containers of them are stored without code (see :mod:`minitorch_dl.serialization.archive`);
    tensors that share memory still share it when they are loaded. Anything else, a whole model for
    one, is pickled inside the file, with the tensors beside it.

    >>> import io, minitorch_dl as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, "write"):
        raise AttributeError(
            f"save expected a path or a file opened for writing bytes, got {type(f).__name__}"
        )
    try:
        archive.save(obj, f, _Encoder())
    except TypeError as error:
        whole = _Pickled(obj, str(error), pickle_module, pickle_protocol)
        archive.save(whole, f, _Encoder())


def load(
    f: File,
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read what :func:`save` wrote, or a zip file of PyTorch's ``torch.save``.

    Args:
        map_location: the device to load tensors to instead of the one they were on; a dict from
            one to the other, or a function of ``(storage, location)`` that returns the storage (a
            flat tensor on the CPU), moved or not, or None for the default.
        weights_only: the default True reads data alone; False also makes whole objects, for which
            code from the file is run.
        mmap: accepted for PyTorch's sake.

    Raises:
        FileNotFoundError: no such file.
        ArchiveError: (a RuntimeError) the file is truncated, damaged or of another kind.
        pickle.UnpicklingError: it holds whole objects, ``weights_only`` is not False, and their
            classes are not among ``serialization.get_safe_globals()``.
        RuntimeError: a device that is not here; give ``map_location="cpu"``.
    """
    opened, name = archive.open_zip(f)
    places = Places(map_location)
    with opened:
        if torch_format.is_torch_zip(opened):
            return torch_format.read(opened, name, places, weights_only is not False)
        decoder = _Decoder(places, name, weights_only is not False, pickle_module or pickle)
        return archive.read(opened, name, decoder)


class _Pickled:
    """A whole object on its way into the file, and why it can't be stored as plain data."""

    def __init__(self, obj: Any, why: str, pickle_module: Any, protocol: int) -> None:
        self.obj, self.why, self.pickle_module, self.protocol = obj, why, pickle_module, protocol


# -- writing ---------------------------------------------------------------------------------------


class _Encoder(Codec):
    """Stores tensors once each, and memory that several share once for all."""

    def __init__(self) -> None:
        self._nodes: dict[int, dict[str, Any]] = {}
        self._shared: dict[int, list[tuple[dict[str, Any], Any]]] = {}  # by the memory's owner
        self._alive: list[Any] = []

    def encode(self, value: Any, writer: Writer, place: str) -> dict[str, Any]:
        kind = type(value)
        if kind in _KINDS:
            return self._tensor(value)
        if kind is Size:
            return {"Size": list(value)}
        if kind is dtype:
            return {"dtype": value.name}
        if kind is device:
            return {"device": str(value)}
        if kind is _Pickled:
            return self._pickled(value, writer)
        raise TypeError(f"{place} is a {kind.__module__}.{kind.__qualname__}")

    def _tensor(self, tensor: Tensor) -> dict[str, Any]:
        number = len(self._nodes)
        if id(tensor) in self._nodes:
            return {"again": self._nodes[id(tensor)]["number"]}
        content = self._nodes[id(tensor)] = {
            "number": number,
            "class": _KINDS[type(tensor)],
            "dtype": tensor.dtype.name,
            "device": str(tensor.device),
            "requires_grad": tensor.requires_grad,
        }
        self._alive.append(tensor)
        owner = owner_of(tensor.array)
        self._shared.setdefault(id(owner), []).append((content, tensor.array))
        return {"tensor": content}

    def finish(self, writer: Writer) -> None:
        for members in self._shared.values():
            owner = owner_of(members[0][1])
            if len({id(array) for _, array in members}) == 1 or not _can_share(owner, members):
                stored: dict[int, int] = {}
                for content, array in members:
                    if id(array) not in stored:
                        stored[id(array)] = writer.store(to_host(array))
                    content["storage"] = stored[id(array)]
            else:
                number = writer.store(to_host(owner.ravel(order="K")))
                size, start = owner.itemsize, _address(owner)
                for content, array in members:
                    content.update(
                        storage=number,
                        shape=list(array.shape),
                        strides=[step // size for step in array.strides],
                        offset=(_address(array) - start) // size,
                    )

    def _pickled(self, value: _Pickled, writer: Writer) -> dict[str, Any]:
        tensors: list[Tensor] = []
        positions: dict[int, int] = {}

        class Pickler(value.pickle_module.Pickler):  # type: ignore[name-defined]
            def persistent_id(self, obj: Any) -> int | None:
                if type(obj) not in (Tensor, Parameter):
                    return None
                if id(obj) not in positions:
                    positions[id(obj)] = len(tensors)
                    tensors.append(obj)
                return positions[id(obj)]

        buffer = io.BytesIO()
        Pickler(buffer, value.protocol).dump(value.obj)
        return {
            "pickle": {
                "why": value.why,
                "content": writer.store(np.frombuffer(buffer.getvalue(), np.uint8)),
                "tensors": [self._tensor(t) for t in tensors],
            }
        }


def _can_share(owner: Any, members: list[tuple[dict[str, Any], Any]]) -> bool:
    """Whether all members can be told as strides over the owner's memory."""
    flags = owner.flags
    return (flags.c_contiguous or flags.f_contiguous) and all(
        array.dtype == owner.dtype and all(step >= 0 for step in array.strides)
        for _, array in members
    )


def _address(array: Any) -> int:
    """Where an array's first element lies."""
    return array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr


# -- reading ---------------------------------------------------------------------------------------


def _made(array: Any, kind: str, requires_grad: bool) -> Tensor:
    """A tensor of one of the classes that files name."""
    tensor = Tensor.wrap(array)
    if _CLASSES[kind] is Parameter:
        return Parameter(tensor, requires_grad)
    return tensor.requires_grad_() if requires_grad else tensor


class _Decoder(Codec):
    def __init__(self, places: Places, name: str, weights_only: bool, pickle_module: Any) -> None:
        self._places, self._name = places, name
        self._weights_only, self._pickle = weights_only, pickle_module
        self._storages: dict[tuple[int, str, str], Any] = {}
        self._tensors: dict[int, Tensor] = {}

    def decode(self, kind: str, content: Any, reader: Reader) -> Any:
        if kind == "tensor":
            return self._tensor(content, reader)
        if kind == "again":
            return self._tensors[content]
        if kind == "Size":
            return Size(content)
        if kind == "dtype":
            return as_dtype(content)
        if kind == "device":
            return device(content)
        if kind == "pickle":
            return self._unpickled(content, reader)
        return super().decode(kind, content, reader)

    def _tensor(self, content: dict[str, Any], reader: Reader) -> Tensor:
        kind = as_dtype(content["dtype"])
        key = (content["storage"], content["device"], kind.name)
        if key not in self._storages:
            array = reader.array(content["storage"])
            if array.dtype != kind.numpy:
                array = array.view(kind.numpy)
            self._storages[key] = self._places.put(array, content["device"])
        array = self._storages[key]
        if "strides" in content:
            array = strided(array, content["shape"], content["strides"], content["offset"])
        tensor = _made(array, content["class"], content["requires_grad"])
        self._tensors[content["number"]] = tensor
        return tensor

    def _unpickled(self, content: dict[str, Any], reader: Reader) -> Any:
        tensors = [reader.decode(node) for node in content["tensors"]]

        weights_only, name = self._weights_only, self._name

        class Unpickler(self._pickle.Unpickler):  # type: ignore[name-defined]
            def persistent_load(self, pid: int) -> Tensor:
                return tensors[pid]

            def find_class(self, module: str, qualname: str) -> Any:
                if not weights_only:
                    return super().find_class(module, qualname)
                try:
                    return permitted(module, qualname)
                except pickle.UnpicklingError as error:
                    raise pickle.UnpicklingError(
                        f"{error}. ({name} holds a whole object: {content['why']})"
                    ) from None

        return Unpickler(io.BytesIO(reader.array(content["content"]).tobytes())).load()
