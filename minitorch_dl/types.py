"""Types for annotations."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import IO, Any

from .backend.devices import device
from .backend.dtypes import dtype
from .size import Size
from .tensor import Tensor

__all__ = ["Device", "FileLike", "Number", "Storage"]

FileLike = builtins.str | os.PathLike[builtins.str] | IO[bytes]
Number = builtins.int | builtins.float | builtins.bool
Device = device | builtins.str | builtins.int | None
Storage = Any

_Number = (builtins.int, builtins.float, builtins.bool)
_TensorOrTensors = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors = Tensor | Sequence[Tensor | None]

_int, _float, _bool = builtins.int, builtins.float, builtins.bool
_str, _bytes = builtins.str, builtins.bytes
_complex, _dtype, _device = builtins.complex, dtype, device
_size = Size | list[builtins.int] | tuple[builtins.int, ...]
