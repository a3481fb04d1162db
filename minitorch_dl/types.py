"""Types for annotations."""

from __future__ import annotations

import builtins
from typing import Any

from .backend.devices import device
from .backend.dtypes import dtype
from .size import Size
from .tensor import Tensor

__all__ = ["Device", "Number", "Storage"]

Number = builtins.int | builtins.float | builtins.bool
Device = device | builtins.str | builtins.int | None
Storage = Any

_TensorOrTensors = Tensor | tuple[Tensor, ...]
_int, _float, _bool = builtins.int, builtins.float, builtins.bool
_complex, _dtype, _device = builtins.complex, dtype, device
_size = Size | list[builtins.int] | tuple[builtins.int, ...]
