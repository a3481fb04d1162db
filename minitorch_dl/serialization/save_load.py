"""``save`` and ``load``: tensors, state dicts and whole objects, in PyTorch's files."""

from __future__ import annotations

import os
import pickle
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from ..backend.warning import warn
from . import archive, legacy_format, pickles, torch_format
from .atomic import atomic_write
from .map_location import MapLocation, StorageMapper
from .safe_globals import is_permitted
from .zip_file import Source

__all__ = ["get_unsafe_globals_in_checkpoint", "load", "save"]

File = str | os.PathLike[str] | BinaryIO


def save(
    obj: Any,
    f: File,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write ``obj`` to a path or an open file, in PyTorch's format, which PyTorch reads too.

    A path is written whole or not at all; one that can't be written is a RuntimeError. Tensors that
    share memory still share it when they are loaded. Tensors, state dicts, numbers, strings and
    nested containers of them are loaded as data; anything else, a whole model for one, only with
    ``weights_only=False``.

    Args:
        pickle_module: whose ``Pickler`` writes what is no tensor.
        pickle_protocol: PyTorch loads those of protocol 2 as data.
        _use_new_zipfile_serialization: False: the format of before PyTorch 1.6.

    >>> import io, minitorch_dl as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    is_path = isinstance(f, (str, os.PathLike))
    if not is_path and not hasattr(f, "write"):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute: save "
            f"expected a path or a file opened for writing bytes, got {type(f).__name__}"
        )
    legacy = not _use_new_zipfile_serialization
    content, storages = pickles.dumps(obj, pickle_module, pickle_protocol, legacy)

    def write(file: BinaryIO, name: str) -> None:
        if legacy:
            legacy_format.write(file, content, storages)
        else:
            torch_format.write(file, name, content, storages)

    if is_path:
        path = Path(f)  # type: ignore[arg-type]
        if not legacy and not path.parent.is_dir():
            raise RuntimeError(f"Parent directory {path.parent} does not exist.")
        try:
            with atomic_write(path) as file:
                write(file, path.stem or "archive")
        except OSError as error:
            if legacy:
                raise
            raise RuntimeError(
                f"save: open file failed with strerror: {error.strerror}: {str(path)!r}"
            ) from error
    else:
        buffer = BytesIO()  # the file may not be seekable, and may hold something already
        write(buffer, "archive")
        f.write(buffer.getvalue())  # type: ignore[union-attr]
        if hasattr(f, "flush"):
            f.flush()


def load(
    f: File,
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read what :func:`save`, here or in PyTorch, wrote.

    Args:
        map_location: the device to load tensors to instead of the one they were on; a dict from
            one to the other, or a function of ``(storage, location)`` that returns the storage (a
            flat tensor on the CPU), moved or not, or None for the default.
        pickle_module: whose ``Unpickler`` makes the objects, with ``weights_only=False``.
        weights_only: True (default: unless there is a ``pickle_module``) reads data alone; False
            also makes whole objects, for which code from the file is run.
        mmap: True leaves the tensors' values in the file, at a path, until they are touched.

    Raises:
        OSError: no such file, or none that can be opened.
        ArchiveError: (a RuntimeError) the file is truncated, damaged, empty (an EOFError, too) or
            of another kind (an UnpicklingError, too).
        pickle.UnpicklingError: it holds whole objects, ``weights_only`` is not False, and their
            classes are not among ``serialization.get_safe_globals()``.
        RuntimeError: a device that is not here; give ``map_location="cpu"``.
    """
    weights_only = _decided(weights_only, pickle_module)
    if weights_only and pickle_module is not None:
        raise RuntimeError(
            "load: Can not safely load weights when explicit pickle_module is specified; give "
            "weights_only=False if you trust the file"
        )
    mapper = StorageMapper(map_location)
    options: dict[str, Any] = {
        "weights_only": weights_only, "pickle_module": pickle_module or pickle,
    }  # fmt: skip
    load_args = {"encoding": "utf-8", **options, **pickle_load_args}
    with Source(f) as source:
        if mmap and source.path is None:
            raise ValueError("load: f must be a file path in order to use the mmap argument")
        if source.is_zip():
            with source.open_zip() as opened:
                if torch_format.is_torch_zip(opened):
                    path = source.path if mmap else None
                    return torch_format.read(opened, source.name, mapper, path, **load_args)
                return archive.read(opened, source.name, mapper, **options)
        if mmap:
            raise RuntimeError(
                "load: mmap can only be used with files saved with "
                "`torch.save(_use_new_zipfile_serialization=True)`"
            )
        return legacy_format.read(source, mapper, **load_args)


def load_from_bytes(b: bytes) -> Any:
    """The storage that a pickle holds which PyTorch's tensors were put into without ``save``."""
    return load(BytesIO(b), weights_only=False)


def get_unsafe_globals_in_checkpoint(f: File) -> list[str]:
    """The classes and functions that a zip file names, and that ``load`` would refuse as data."""
    with Source(f) as source, source.open_zip() as opened:
        return [
            ".".join(path)
            for path in torch_format.globals_of(opened)
            if not is_permitted(*pickles.renamed(*path))
        ]


def _decided(weights_only: bool | None, pickle_module: Any) -> bool:
    """Whether to load data alone: as asked, as the environment says, or by default."""
    force, allow = (
        os.environ.get(f"TORCH_FORCE_{name}WEIGHTS_ONLY_LOAD", "0").lower()
        in ("1", "y", "yes", "true")
        for name in ("", "NO_")
    )
    if force and allow:
        raise RuntimeError(
            "load: Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or "
            "`TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` should be set, but both were set."
        )
    if force:
        return True
    if weights_only is None and allow:
        warn(
            "Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected, since the "
            "`weights_only` argument was not explicitly passed to `torch.load`, forcing "
            "weights_only=False.",
            UserWarning,
        )
        return False
    return pickle_module is None if weights_only is None else weights_only
