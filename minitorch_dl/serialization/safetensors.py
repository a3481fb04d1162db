"""The safetensors format: named tensors, and nothing else.

A file is the length of its header (8 bytes, little-endian), the header as JSON,
``{name: {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}}``, and the values, row by
row, little-endian.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import device as Device, move, to_host
from ..backend.dtypes import as_dtype, dtype
from ..tensor import Tensor
from .atomic import atomic_write
from .zip_file import ArchiveError

__all__ = ["load", "load_file", "save", "save_file"]

_NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64",
    "int32": "I32", "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32",
    "uint16": "U16", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
_DTYPES = {short: as_dtype(name) for name, short in _NAMES.items()}
_METADATA = "__metadata__"


def save(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a file that holds these tensors by name; each is stored for itself.

    ``metadata``: strings by name. Raises ValueError for anything but tensors.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.serialization import safetensors
    >>> safetensors.load(safetensors.save({"w": torch.ones(2)}))
    {'w': tensor([1., 1.])}
    """
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor) or name == _METADATA:
            raise ValueError(
                "safetensors.save expected a dict of names to tensors, got "
                f"{type(tensor).__name__} under {name!r}"
            )
    if metadata is not None and not all(
        isinstance(text, str) for pair in metadata.items() for text in pair
    ):
        raise ValueError("safetensors.save expected metadata of strings by name")
    header: dict[str, Any] = {} if metadata is None else {_METADATA: dict(metadata)}
    values = []
    start = 0
    # Wide dtypes first keeps every tensor aligned.
    for name in sorted(tensors, key=lambda name: (-tensors[name].itemsize, name)):
        array = np.ascontiguousarray(to_host(tensors[name].array))
        content = array.tobytes()
        header[name] = {
            "dtype": _NAMES[tensors[name].dtype.name],
            "shape": list(tensors[name].shape),
            "data_offsets": [start, start + len(content)],
        }
        start += len(content)
        values.append(content)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *values])


def save_file(
    tensors: Mapping[str, Tensor],
    filename: str | os.PathLike[str],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write :func:`save` of the tensors to a path, whole or not at all."""
    content = save(tensors, metadata)
    with atomic_write(filename) as file:
        file.write(content)


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors in the bytes of a file. Raises ArchiveError for any others."""
    return _read(data, "the bytes", Device("cpu"))


def load_file(filename: str | os.PathLike[str], device: Any = "cpu") -> dict[str, Tensor]:
    """The tensors in a file, on ``device``.

    Raises FileNotFoundError, and ArchiveError for a file that is truncated or of another kind.
    """
    return _read(Path(filename).read_bytes(), repr(str(filename)), Device(device))


def _read(data: bytes, name: str, where: Device) -> dict[str, Tensor]:
    try:
        start = 8 + int.from_bytes(data[:8], "little")
        if len(data) < 8 or start > len(data):
            raise ValueError(f"its header should end at byte {start}, and it has {len(data)}")
        header = json.loads(data[8:start].decode())
        header.pop(_METADATA, None)
        end = 0
        tensors = {}
        for key, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            kind: dtype = _DTYPES[entry["dtype"]]
            shape = tuple(entry["shape"])
            begin, after = entry["data_offsets"]
            if begin != end or after - begin != math.prod(shape) * kind.itemsize:
                raise ValueError(f"the tensor {key!r} has the wrong place or length")
            end = after
            values = bytearray(data[start + begin : start + after])
            array = np.frombuffer(values, kind.numpy).reshape(shape)
            tensors[key] = Tensor.wrap(move(array, where))
        if start + end != len(data):
            raise ValueError(f"its values should end at byte {start + end}, and it has {len(data)}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(
            f"expected a safetensors file in {name}, but it is truncated or of another kind "
            f"({type(error).__name__}: {error})"
        ) from error
    return {key: tensors[key] for key in header}
