"""The device that a storage read from a file goes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..backend import backend_for, device, move
from ..tensor import Tensor

MapLocation = Callable[[Tensor, str], Any] | device | str | Mapping[str, str] | None


class StorageMapper:
    """Puts flat CPU storages where ``map_location`` says."""

    def __init__(self, map_location: MapLocation) -> None:
        if not (
            map_location is None
            or isinstance(map_location, (str, device, Mapping))
            or callable(map_location)
        ):
            raise TypeError(
                "load: map_location should be None, a device, a string, a dict or a function, got "
                f"{type(map_location).__name__}"
            )
        self._map = map_location

    def put(self, storage: np.ndarray, location: str) -> Any:
        """The storage on its device, given the one it was saved from."""
        target: Any = self._map
        if isinstance(target, Mapping):
            target = target.get(location, location)
        elif callable(target) and not isinstance(target, (str, device)):
            moved = target(Tensor.wrap(storage), location)
            if moved is not None:
                return moved.array
            target = location
        elif target is None:
            target = location
        return _moved(storage, target, location)


def default_restore_location(storage: Tensor, location: str) -> Tensor:
    """What ``load`` does with a storage without ``map_location``: put it on the device that its
    ``location`` names. A function given as ``map_location`` calls it with another location.

    >>> import io
    >>> import minitorch_dl as torch
    >>> file = io.BytesIO()
    >>> torch.save(torch.tensor([1.0, 2.0]), file)
    >>> _ = file.seek(0)
    >>> torch.load(file, map_location=lambda s, _: default_restore_location(s, "cpu"))
    tensor([1., 2.])
    """
    return Tensor.wrap(_moved(storage.array, location, location))


def _moved(storage: Any, target: Any, location: str) -> Any:
    wanted = device(target)
    try:
        backend_for(wanted)
    except RuntimeError as error:
        raise RuntimeError(
            f"load: Attempting to deserialize object on a {wanted.type.upper()} device: the "
            f"file holds tensors that were saved on {location!r}, which is not to be had here "
            f"({error}); load with map_location='cpu' to have them on the CPU"
        ) from error
    return move(storage, wanted)
