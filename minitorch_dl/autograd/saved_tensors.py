"""Saved values that hooks keep elsewhere or in another form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .base import TensorBase
from .modes import no_grad
from .versions import version_of


class _Kept(NamedTuple):
    """A saved value as returned by a pack hook."""

    value: Any
    unpack: Callable[[Any], Any]

    def restored(self) -> Any:
        with no_grad():
            tensor = self.unpack(self.value)
        if not isinstance(tensor, TensorBase):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of "
                f"type {type(tensor).__name__}"
            )
        return tensor.array


class Packed:
    """The values that a node saved, of which hooks packed some; the node itself has none then."""

    def __init__(self, node: Any) -> None:
        self.values = list(node.saved)
        self._names = dict(node.saved_places().values())

    @classmethod
    def of(cls, node: Any) -> Packed:
        """Move what ``node`` saved here, if it is not here already."""
        if node.packed is None:
            node.packed, node.saved, node.watched = cls(node), (), True
        return node.packed

    def pack(self, node: Any, i: int, pack: Any, unpack: Any) -> None:
        """Keep what ``pack`` makes of the arrays at place ``i``."""
        self.values[i] = _packed(node, self._names.get(i, ""), self.values[i], pack, unpack)

    def pack_all(self, node: Any, pack: Any, unpack: Any) -> None:
        """Keep what ``pack`` makes of all arrays, in PyTorch's order."""
        order = [place[0] for _, place in sorted(node.saved_places().items())]
        for i in order + [i for i in range(len(self.values)) if i not in self._names]:
            self.pack(node, i, pack, unpack)

    def restore(self) -> tuple[Any, ...]:
        """The saved values again."""
        return tuple(_restored(value) for value in self.values)


def _packed(node: Any, name: str, value: Any, pack: Any, unpack: Any) -> Any:
    if type(value) is list:
        return [_packed(node, "", one, pack, unpack) for one in value]
    if not hasattr(value, "strides"):
        return value
    version = version_of(value)
    with no_grad():
        kept = pack(node.input_tensor(name, value))
    if version_of(value) != version:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input "
            "to a pack hook can not be modified by in-place operations, in order to ensure that "
            "the saved tensors are not modified"
        )
    return _Kept(kept, unpack)


def _restored(value: Any) -> Any:
    if type(value) is list:
        return [_restored(one) for one in value]
    return value.restored() if type(value) is _Kept else value


class SavedTensor:
    """One of the values that a node saved, such as ``grad_fn._raw_saved_self``."""

    _node: Any
    _place: int

    def __init__(self, *args: Any) -> None:
        raise RuntimeError(
            "Trying to create a SavedTensor object from Python is forbidden: a node's "
            "_raw_saved_... attributes are some"
        )

    @classmethod
    def at(cls, node: Any, place: int) -> SavedTensor:
        """What ``node`` saved at this place."""
        self = object.__new__(cls)
        self._node, self._place = node, place
        return self

    def register_hooks(self, pack_hook: Any, unpack_hook: Any = None) -> None:
        """Keep what ``pack_hook`` makes of the tensor, which ``unpack_hook`` makes a tensor of
        again when it is needed.

        Raises:
            TypeError: they are no functions.
            RuntimeError: it has hooks already, no tensor was saved, or it was freed.
        """
        if not callable(pack_hook) or not callable(unpack_hook):
            raise TypeError(
                "register_hooks(): incompatible function arguments: expected pack_hook and "
                f"unpack_hook, got {type(pack_hook).__name__} and {type(unpack_hook).__name__}"
            )
        self._node.check_saved()
        packed = Packed.of(self._node)
        value = packed.values[self._place]
        if value is None:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor with value None is forbidden"
            )
        if type(value) is _Kept:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor whose hooks have already been set"
            )
        packed.pack(self._node, self._place, pack_hook, unpack_hook)
