"""Reading the files that ``save`` wrote before it wrote PyTorch's format.

Such an archive is an uncompressed zip: ``tree.json`` holds the nesting and the scalars, each array
is one ``.npy`` member that the tree refers to by its number, and a whole object is a pickle in such
an array, with its tensors beside it.
"""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from typing import Any

import numpy as np

from ..backend import device
from ..backend.dtypes import as_dtype
from ..nn.parameter import Parameter
from ..size import Size
from ..tensor import Tensor
from .map_location import StorageMapper
from .rebuild import strided
from .safe_globals import permitted
from .zip_file import ArchiveError, content_of, damaged

FORMAT = "minitorch_dl archive"
VERSION = 1
TREE = "tree.json"

_SEQUENCES: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
_MAPPINGS: dict[str, type] = {"dict": dict, "OrderedDict": OrderedDict}


def read(
    archive: zipfile.ZipFile,
    name: str,
    mapper: StorageMapper,
    weights_only: bool = True,
    pickle_module: Any = pickle,
) -> Any:
    """What an open archive holds; ArchiveError for one that is damaged or foreign."""
    if TREE not in archive.namelist():
        some = ", ".join(archive.namelist()[:3]) or "nothing"
        raise ArchiveError(
            f"load: expected a file of torch.save in {name}, but it is another kind of zip file "
            f"(it holds {some})"
        )
    try:
        header = json.loads(content_of(archive, TREE))
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}")
        if header["version"] > VERSION:
            raise ArchiveError(
                f"load: the archive {name} has version {header['version']}, and this "
                f"minitorch_dl reads up to version {VERSION}; install a newer minitorch_dl"
            )
        return _Reader(archive, mapper, weights_only, pickle_module).decode(header["tree"])
    except ArchiveError:
        raise
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ArchiveError(
            f"load: the contents of {name} are not those of a {FORMAT} ({error}); "
            "copy it again from its source or take an earlier one"
        ) from error
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise damaged(name, error) from error


class _Reader:
    """Turns a JSON tree back into nested data."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        mapper: StorageMapper,
        weights_only: bool,
        pickle_module: Any,
    ) -> None:
        self._archive, self._mapper = archive, mapper
        self._weights_only, self._pickle_module = weights_only, pickle_module
        self._arrays: dict[int, np.ndarray] = {}
        self._storages: dict[tuple[int, str, str], Any] = {}
        self._tensors: dict[int, Tensor] = {}

    def decode(self, node: Any) -> Any:
        """The value of a tree."""
        if not isinstance(node, dict):
            return node
        ((kind, content),) = node.items()
        if kind in _SEQUENCES:
            return _SEQUENCES[kind](self.decode(item) for item in content)
        if kind in _MAPPINGS:
            return _MAPPINGS[kind]((self.decode(key), self.decode(item)) for key, item in content)
        method = getattr(self, f"_{kind}", None)
        if method is None:
            raise ValueError(f"it holds an unknown kind of value, {kind!r}")
        return method(content)

    def _float(self, content: str) -> float:
        return float(content)

    def _complex(self, content: list[str]) -> complex:
        return complex(*map(float, content))

    def _bytes(self, content: int) -> bytes:
        return self._array(content).tobytes()

    def _scalar(self, content: int) -> Any:
        return self._array(content)[()]

    def _Size(self, content: list[int]) -> Size:
        return Size(content)

    def _dtype(self, content: str) -> Any:
        return as_dtype(content)

    def _device(self, content: str) -> device:
        return device(content)

    def _attributed(self, content: list[Any]) -> Any:
        value, attributes = map(self.decode, content)
        if type(value) is not OrderedDict:
            raise ValueError(f"it gives attributes to a {type(value).__name__}")
        value.__dict__.update(attributes)
        return value

    def _array(self, number: int) -> np.ndarray:
        """The array of this number: one object, however often it is asked for."""
        if number not in self._arrays:
            content = io.BytesIO(content_of(self._archive, f"arrays/{number}.npy"))
            self._arrays[number] = np.lib.format.read_array(content, allow_pickle=False)
        return self._arrays[number]

    def _tensor(self, content: dict[str, Any]) -> Tensor:
        kind = as_dtype(content["dtype"])
        key = (content["storage"], content["device"], kind.name)
        if key not in self._storages:
            array = self._array(content["storage"])
            if array.dtype != kind.numpy:
                array = array.view(kind.numpy)
            self._storages[key] = self._mapper.put(array, content["device"])
        array = self._storages[key]
        if "strides" in content:
            array = strided(array, content["shape"], content["strides"], content["offset"])
        tensor = Tensor.wrap(array)
        if content["class"] == "Parameter":
            tensor = Parameter(tensor, content["requires_grad"])
        elif content["requires_grad"]:
            tensor.requires_grad_()
        self._tensors[content["number"]] = tensor
        return tensor

    def _again(self, content: int) -> Tensor:
        return self._tensors[content]

    def _pickle(self, content: dict[str, Any]) -> Any:
        tensors = [self.decode(node) for node in content["tensors"]]
        weights_only = self._weights_only

        class Unpickler(self._pickle_module.Unpickler):  # type: ignore[name-defined]
            def persistent_load(self, pid: int) -> Tensor:
                return tensors[pid]

            def find_class(self, module: str, qualname: str) -> Any:
                if weights_only:
                    return permitted(module, qualname)
                return super().find_class(module, qualname)

        return Unpickler(io.BytesIO(self._array(content["content"]).tobytes())).load()
