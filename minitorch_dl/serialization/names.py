"""What PyTorch's files call the classes and functions of this package, in both directions."""

from __future__ import annotations

import functools
import importlib
import pickle
import sys
from collections import Counter, OrderedDict
from typing import Any

import numpy as np
from numpy._core.multiarray import _reconstruct, scalar

from ..backend import device, layouts
from ..backend.dtypes import ALL, ONLY_NAMED
from ..compat import legacy_types
from ..compat.legacy_types import STORAGE_DTYPES
from ..compat.module_map import PRIVATE
from ..nested.tensor import JaggedTensor
from ..nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from ..ops.storage import TypedStorage, UntypedStorage
from ..size import Size
from ..tensor import Tensor
from . import rebuild

Path = tuple[str, str]
"""A module and a name in it."""

_PACKAGE = __name__.partition(".")[0]

_OURS: dict[Path, Any] = {
    **{
        ("torch._utils", f"_{function.__name__}"): function
        for function in (
            rebuild.rebuild_tensor,
            rebuild.rebuild_tensor_v2,
            rebuild.rebuild_tensor_v3,
            rebuild.rebuild_meta_tensor_no_storage,
            rebuild.rebuild_parameter,
            rebuild.rebuild_parameter_with_state,
            rebuild.rebuild_sparse_tensor,
            rebuild.rebuild_nested_tensor,
        )
    },
    ("torch._tensor", "_rebuild_from_type_v2"): rebuild.rebuild_from_type_v2,
    ("torch.nested._internal.nested_tensor", "_rebuild_njt"): rebuild.rebuild_njt,
    ("torch.nested._internal.nested_tensor", "NestedTensor"): JaggedTensor,
    ("torch._dynamo.decorators", "_DimRange"): rebuild.DimRange,
    ("torch.serialization", "_get_layout"): rebuild.get_layout,
    **{
        ("torch.nn.parameter", cls.__name__): cls
        for cls in (Parameter, Buffer, UninitializedParameter, UninitializedBuffer)
    },
    ("torch", "Tensor"): Tensor,
    ("torch", "Size"): Size,
    ("torch", "device"): device,
    ("torch.storage", "UntypedStorage"): UntypedStorage,
    ("torch.storage", "TypedStorage"): TypedStorage,
    **{("torch", dtype.name): dtype for dtype in (*ALL, *ONLY_NAMED.values())},
    **{
        ("torch", constant.name): constant
        for constant in vars(layouts).values()
        if isinstance(constant, (layouts.memory_format, layouts.qscheme))
    },
    **{
        ("torch", f"{name}Storage"): getattr(legacy_types, f"{name}Storage")
        for name in STORAGE_DTYPES
    },
}

DATA: dict[Path, Any] = {
    **_OURS,
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "Counter"): Counter,
    ("_codecs", "encode"): rebuild.encode,
    **{("builtins", kind.__name__): kind for kind in (set, frozenset, bytearray, complex)},
    **{("numpy", kind.__name__): kind for kind in (np.ndarray, np.dtype)},
    **{
        (f"numpy.{core}.multiarray", function.__name__): function
        for core in ("core", "_core")  # its name before NumPy 2, and since
        for function in (_reconstruct, scalar)
    },
}
"""What any file may name, because it makes data and nothing else."""

STORAGE_OF = {
    dtype: getattr(legacy_types, f"{name}Storage") for name, dtype in STORAGE_DTYPES.items()
}
"""The class of storages of a dtype; dtypes that have none lie in bytes."""

_PATHS = {known: path for path, known in _OURS.items()}

_NN_FILES = {
    "attention": "activation",
    "containers": "container",
    "embedding": "sparse",
    "margin_loss": "loss",
    "rnn_cells": "rnn",
}
"""PyTorch's files in ``torch.nn.modules``, where they are called otherwise."""

_NN_CLASSES = {
    "LinearCrossEntropy": "loss",
    "BatchNorm": "batchnorm",
    "InstanceNorm": "instancenorm",
    "ChannelShuffle": "channelshuffle",
    "Pixel": "pixelshuffle",
    "old": "fold",
    "LazyConv": "conv",
    "LazyLinear": "linear",
}
"""And those of classes whose names have a part in common."""


def path_in_pytorch(obj: Any) -> Path | None:
    """Where PyTorch has its counterpart of a class, function or dtype of this package, or None."""
    try:
        known = _PATHS.get(obj)
    except TypeError:
        return None
    module = getattr(obj, "__module__", None)
    if known is not None or not isinstance(module, str) or module.split(".")[0] != _PACKAGE:
        return known
    return _public_path(obj, module)


@functools.cache
def _public_path(obj: Any, module: str) -> Path | None:
    name, nn = obj.__qualname__, f"{_PACKAGE}.nn."
    for home in _homes(module):
        public = vars(sys.modules[home]).get(name)
        if obj is public or obj is getattr(public, "__wrapped__", None):
            if home == f"{_PACKAGE}.nn" or (module.startswith(nn) and name in PRIVATE):
                return _nn_file(module, name), name
            return f"torch{home.removeprefix(_PACKAGE)}", name
    return None


def _homes(module: str) -> list[str]:
    """The namespaces that may have what a module defines, from the outermost one on."""
    parts = module.split(".")
    if parts[1:2] == ["ops"]:  # whose files have no counterpart
        return [_PACKAGE, f"{_PACKAGE}.nn.functional"]
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _nn_file(module: str, name: str) -> str:
    file = module.split(".")[2]
    if file == "parallel":
        return module.replace(_PACKAGE, "torch", 1)
    if file in ("adaptive", "normalization", "sync_batch_norm", "flatten", "lazy"):
        file = next((home for part, home in _NN_CLASSES.items() if part in name), file)
    return f"torch.nn.modules.{_NN_FILES.get(file, file)}"


def counterpart(module: str, name: str) -> Any:
    """This package's own object for one of PyTorch's."""
    known = DATA.get((module, name))
    if known is not None:
        return known
    path = module.removeprefix("torch").strip(".")
    path = "nn" if path.startswith("nn.modules") else path
    try:
        value: Any = importlib.import_module(f"{_PACKAGE}.{path}".rstrip("."))
        for part in name.split("."):
            value = getattr(value, part)
    except (ImportError, AttributeError):
        raise pickle.UnpicklingError(f"minitorch_dl has no {module}.{name}") from None
    return value
