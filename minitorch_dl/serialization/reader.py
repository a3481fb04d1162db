"""``PyTorchFileReader``: the records of an archive in PyTorch's format, by name."""

from __future__ import annotations

import zipfile
from typing import Any

from ..backend import dtypes
from ..ops import frombuffer
from ..tensor import Tensor


class PyTorchFileReader:
    """The records of a zip archive in PyTorch's format, such as ``data.pkl`` and ``data/0``.

    Raises:
        RuntimeError: there is no such record.
    """

    def __init__(self, file: Any) -> None:
        self._archive = zipfile.ZipFile(file)
        self._folder = self._archive.namelist()[0].partition("/")[0] + "/"

    def get_all_records(self) -> list[str]:
        """The names of all records."""
        return [name.removeprefix(self._folder) for name in self._archive.namelist()]

    def has_record(self, name: str) -> bool:
        """Whether there is a record of that name."""
        return self._folder + name in self._archive.namelist()

    def get_record(self, name: str) -> bytes:
        """The bytes of a record."""
        if not self.has_record(name):
            raise RuntimeError(f"PyTorchFileReader: the archive has no record {name!r}")
        return self._archive.read(self._folder + name)

    def get_storage_from_record(self, name: str, numel: int, dtype: Any) -> Tensor:
        """The first ``numel`` numbers of a record, as a tensor of their own."""
        content = bytearray(self.get_record(name))
        kind = getattr(dtype, "dtype", dtypes.uint8) if isinstance(dtype, type) else dtype
        return frombuffer(content, dtype=kind, count=numel) if numel else Tensor([]).to(kind)
