"""How a module's state is written to a dict and read back."""

from __future__ import annotations

import weakref
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .. import __future__ as switches
from ..autograd import no_grad
from ..autograd.hook_handles import RemovableHandle, add_hook
from ..backend.warning import warn
from ..tensor import Tensor
from ..tensor.swapping import swap_tensors
from .parameter import Parameter, is_lazy

if TYPE_CHECKING:
    from .module import Module

__all__ = ["Stateful"]

EXTRA_STATE = "_extra_state"


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class _WithModule:
    """A hook that gets its module as first argument, held weakly so that no cycle keeps it."""

    def __init__(self, hook: Callable[..., Any], module: Any) -> None:
        self.hook, self.module = hook, weakref.ref(module)

    def __call__(self, *args: Any) -> Any:
        return self.hook(self.module(), *args)

    def __getstate__(self) -> tuple[Callable[..., Any], Any]:
        return self.hook, self.module()

    def __setstate__(self, state: tuple[Callable[..., Any], Any]) -> None:
        self.__init__(*state)  # type: ignore[misc]


class _Metadata(dict[str, Any]):
    """The metadata that a module's state was saved with, and the list of the writes planned so far,
    which happen once all of the dict has been checked."""

    writes: list[Callable[[], None]]


class _Loading:
    """What loading a dict into a module and its children would write, and what speaks against it.

    Attributes:
        metadata: per module the version that its state was saved under.
        assign: whether the given tensors take the places of the module's own.
    """

    def __init__(self, metadata: Mapping[str, Any], assign: bool) -> None:
        self.metadata, self.assign = metadata, assign
        self.keys = _IncompatibleKeys([], [])
        self.errors: list[str] = []
        self.writes: list[Callable[[], None]] = []
        self.post_hooks: list[tuple[Stateful, Callable]] = []

    def plan(self, module: Stateful, state: Mapping[str, Any], prefix: str) -> None:
        """Add what ``state``, whose keys start with ``prefix``, would write into the module."""
        own = _Metadata(self.metadata.get(prefix[:-1], {}))
        own.writes = self.writes
        if self.assign:
            own["assign_to_params_buffers"] = True
        module._load_from_state_dict(state, prefix, own, True, *self.keys, self.errors)
        for name, child in module._modules.items():
            if child is not None:
                start = f"{prefix}{name}."
                self.plan(child, {k: v for k, v in state.items() if k.startswith(start)}, start)
        self.post_hooks.extend((module, h) for h in module._load_state_dict_post_hooks.values())


class Stateful:
    """The part of :class:`Module` that saves and loads its parameters and persistent buffers."""

    _version: int = 1
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    if TYPE_CHECKING:  # typing.get_type_hints of a module looks for these names here
        _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]
    _state_dict_hooks: OrderedDict[int, Callable]
    _state_dict_pre_hooks: OrderedDict[int, Callable]
    _load_state_dict_pre_hooks: OrderedDict[int, Callable]
    _load_state_dict_post_hooks: OrderedDict[int, Callable]

    # --- saving

    def state_dict(
        self,
        *args: Any,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """All parameters and persistent buffers by dotted name, sharing memory with the module.

        ``destination``: a dict to fill; ``prefix``: put before every name; ``keep_vars``: leave
        the tensors attached to autograd.

        >>> import minitorch_dl as torch
        >>> list(torch.nn.Sequential(torch.nn.Linear(2, 1)).state_dict())
        ['0.weight', '0.bias']
        """
        if args:
            warn(
                "Positional args are being deprecated, use kwargs instead: "
                "state_dict(destination=..., prefix=..., keep_vars=...)",
                FutureWarning,
            )
            positional = dict(zip(("destination", "prefix", "keep_vars"), args))
            named = {"destination": destination, "prefix": prefix, "keep_vars": keep_vars}
            return self.state_dict(**{**named, **positional})
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata

        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                child_prefix = f"{prefix}{name}."
                module.state_dict(destination=destination, prefix=child_prefix, keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            replaced = hook(self, destination, prefix, local_metadata)
            if replaced is not None:
                if getattr(hook, "_from_public_api", False):
                    raise RuntimeError("state_dict post-hook must return None")
                destination = replaced
        assert destination is not None
        return destination

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Write this module's own state, without its children's, to ``destination``."""
        for name, tensor in self._own_state().items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not Stateful.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def _own_state(self) -> dict[str, Tensor]:
        """This module's own parameters, then its persistent buffers."""
        state: dict[str, Tensor] = {n: p for n, p in self._parameters.items() if p is not None}
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                state[name] = buffer
        return state

    def get_extra_state(self) -> Any:
        """Define this and ``set_extra_state`` to keep more than tensors in the state_dict."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called: a module "
            "that defines set_extra_state() must define get_extra_state() too."
        )

    # --- loading

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy ``state_dict`` into this module's parameters and buffers.

        ``strict``: the keys must be those of ``state_dict()``, or RuntimeError. ``assign``: take
        the given tensors themselves, with their dtype and device, instead of copying. Returns the
        named tuple ``(missing_keys, unexpected_keys)``. One RuntimeError lists every missing,
        unexpected and misshapen key, and then nothing was loaded (where a load post-hook is
        registered, only misshapen keys are known that early).

        >>> import minitorch_dl as torch
        >>> layer = torch.nn.Linear(2, 1)
        >>> layer.load_state_dict({"weight": torch.ones(1, 2), "bias": torch.zeros(1)})
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        metadata = getattr(state_dict, "_metadata", None) or {}
        state: OrderedDict[str, Any] = OrderedDict(state_dict)
        state._metadata = metadata  # type: ignore[attr-defined]
        loading = _Loading(metadata, assign)
        loading.plan(self, state, "")
        keys, errors = loading.keys, loading.errors
        if errors or (strict and not loading.post_hooks):
            self._raise_load_errors(keys, errors, strict)
        with no_grad():
            for write in loading.writes:
                write()
        for module, hook in loading.post_hooks:
            if hook(module, keys) is not None:
                raise AssertionError(
                    "Hooks registered with register_load_state_dict_post_hook are not expected to "
                    "return new values; edit incompatible_keys in place instead."
                )
        self._raise_load_errors(keys, errors, strict)
        return keys

    def _raise_load_errors(self, keys: _IncompatibleKeys, errors: list[str], strict: bool) -> None:
        lines = list(errors)
        if strict and keys.unexpected_keys:
            lines.insert(0, f"Unexpected key(s) in state_dict: {_quoted(keys.unexpected_keys)}. ")
        if strict and keys.missing_keys:
            lines.insert(0, f"Missing key(s) in state_dict: {_quoted(keys.missing_keys)}. ")
        if lines:
            listed = "\n\t".join(lines)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own state, without its children's; subclasses may override it.

        ``local_metadata`` holds the version under which the state was saved. Where it comes from
        ``load_state_dict``, writes are planned only.
        """
        told = (prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        for hook in self._load_state_dict_pre_hooks.values():
            hook(state_dict, *told)
        assign = local_metadata.get("assign_to_params_buffers", False)
        writes: list[Callable[[], None]] = []
        missing = []
        own = self._own_state()
        for name, current in own.items():
            key = prefix + name
            if key not in state_dict:
                missing.append(key)
                continue
            given = state_dict[key]
            if is_lazy(current) and is_lazy(given):
                continue
            if isinstance(given, Tensor) and current.dim() == 0 and tuple(given.shape) == (1,):
                given = given[0]  # scalars were saved with one dimension long ago
            misfit = _misfit(key, current, given, assign)
            if misfit is not None:
                error_msgs.append(misfit)
            else:
                writes.append(self._write(name, current, given, assign))

        known = set(own)
        if type(self).set_extra_state is not Stateful.set_extra_state:
            known.add(EXTRA_STATE)
            if prefix + EXTRA_STATE in state_dict:
                extra = state_dict[prefix + EXTRA_STATE]
                writes.append(lambda: self.set_extra_state(extra))
            else:
                missing.append(prefix + EXTRA_STATE)
        if strict:
            missing_keys += missing
            unexpected_keys += self._unexpected(state_dict, prefix, known)

        if isinstance(local_metadata, _Metadata):
            local_metadata.writes += writes
        else:
            with no_grad():
                for write in writes:
                    write()

    def _unexpected(
        self, state_dict: Mapping[str, Any], prefix: str, known: set[str]
    ) -> Iterator[str]:
        """The keys that are neither ``known`` ones of this module nor its children's."""
        for key in state_dict:
            if key.startswith(prefix):
                first, dot, _ = key[len(prefix) :].partition(".")
                if first not in (self._modules if dot else known):
                    yield key

    def _write(self, name: str, current: Tensor, given: Tensor, assign: bool) -> Callable[[], None]:
        """The step that puts ``given`` in place of ``current``."""

        def in_its_place(new: Tensor) -> Tensor:
            if not isinstance(current, Parameter):
                return new
            if isinstance(new, Parameter):
                return new.requires_grad_(current.requires_grad)
            return Parameter(new, requires_grad=current.requires_grad)

        def swap() -> None:
            new = current.module_load(given, assign=assign)
            if new is given or new is current:
                raise RuntimeError(
                    f"{name}: module_load returned one of self or other, please .detach() the "
                    "result if returning one of the inputs in module_load"
                )
            swap_tensors(current, in_its_place(new))

        def assign_given() -> None:
            setattr(self, name, in_its_place(given))

        def copy_given() -> None:
            current.copy_(given)

        if switches.get_swap_module_params_on_conversion():
            return swap
        return assign_given if assign else copy_given

    def set_extra_state(self, state: Any) -> None:
        """Define this and ``get_extra_state`` to keep more than tensors in the state_dict."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called: a module "
            "that defines get_extra_state() must define set_extra_state() too."
        )

    # --- hooks

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)``; it may return another dict."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously "
                "registered via register_state_dict_post_hook"
            )
        return add_hook(self._state_dict_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` at the end of state_dict."""
        hook._from_public_api = True  # type: ignore[attr-defined]
        return add_hook(self._state_dict_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` at the start of state_dict."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., None], with_module: bool = False
    ) -> RemovableHandle:
        """Like the public name, but ``hook`` gets the module only ``with_module``."""
        hook = _WithModule(hook, self) if with_module else hook
        return add_hook(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)`` before this module's own state is loaded.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def register_load_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after loading; it may edit the lists in place.

        Clearing both lists makes a strict load pass.
        """
        return add_hook(self._load_state_dict_post_hooks, hook)


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Take ``prefix`` off the keys of a ``state_dict()`` that start with it, in place.

    >>> import minitorch_dl as torch
    >>> state = torch.nn.DataParallel(torch.nn.Linear(2, 1)).state_dict()
    >>> consume_prefix_in_state_dict_if_present(state, "module.")
    >>> list(state)
    ['weight', 'bias']
    """
    for key in [key for key in state_dict if key.startswith(prefix)]:
        state_dict[key[len(prefix) :]] = state_dict.pop(key)
    metadata = getattr(state_dict, "_metadata", None) or {}
    for key in [key for key in metadata if f"{key}.".startswith(prefix)]:
        metadata[key[len(prefix) :]] = metadata.pop(key)


def _misfit(key: str, current: Tensor, given: Any, assign: bool) -> str | None:
    """Why what a dict has for this key can't be loaded."""
    if not isinstance(given, Tensor):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
            f"object from checkpoint but received {type(given)}"
        )
    if given.shape != current.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, "
            f"the shape in current model is {current.shape}."
        )
    if current.is_meta and not (given.is_meta or assign):
        warn(
            f"for {key}: copying from a non-meta parameter in the checkpoint to a meta parameter "
            "in the current model, which is a no-op. (Did you mean to pass `assign=True` to assign "
            "items in the state dictionary to their corresponding key in the module instead of "
            "copying them in place?)"
        )
    return None


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)
