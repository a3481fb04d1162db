"""The names by which programs control PyTorch's compiler, of which there is none here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Any

import numpy as np

from .nn import Module
from .ops.from_data import from_numpy
from .tensor import Tensor
from .utils._pytree import tree_map_only

__all__ = [
    "allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable",
    "get_default_backend", "is_compiling", "is_dynamo_compiling", "is_exporting", "list_backends",
    "load_cache_artifacts", "nested_compile_region", "reset", "save_cache_artifacts",
    "set_default_backend", "set_enable_guard_collectives", "set_stance", "substitute_in_graph",
    "wrap_numpy",
]  # fmt: skip


class OptimizedModule(Module):
    """A module that is called as it is, and found under the name that it has in the checkpoints of
    compiled models.

    >>> import minitorch_dl as torch
    >>> list(torch.compile(torch.nn.Linear(2, 1)).state_dict())
    ['_orig_mod.weight', '_orig_mod.bias']
    """

    def __init__(self, mod: Module) -> None:
        super().__init__()
        self._orig_mod = mod

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._orig_mod(*args, **kwargs)

    @property
    def training(self) -> bool:
        """That of the module."""
        return self._orig_mod.training

    @training.setter
    def training(self, mode: bool) -> None:
        self._orig_mod.training = mode

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name) if name == "_orig_mod" else getattr(self._orig_mod, name)

    def __setattr__(self, name: str, value: Any) -> None:
        own = name == "_orig_mod" or hasattr(type(self), name)
        (super().__setattr__ if own else self._orig_mod.__setattr__)(name, value)

    def __delattr__(self, name: str) -> None:
        (super() if hasattr(type(self), name) else self._orig_mod).__delattr__(name)

    def __len__(self) -> int:
        return len(self._orig_mod)


def compile(model: Any = None, *, disable: bool = False, **options: Any) -> Any:
    """Return a function as it is, and a module in an :class:`OptimizedModule`: there is no compiler
    here."""
    if model is None:
        return functools.partial(compile, disable=disable, **options)
    return OptimizedModule(model) if isinstance(model, Module) and not disable else model


def optimize(*args: Any, **options: Any) -> Any:
    """``compile`` as a decorator, ``torch._dynamo.optimize("inductor")(model)``."""
    return compile


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """A decorator, with or without arguments, that returns the function as it is."""
    return compile(fn, disable=True)


def is_compiling() -> bool:
    """Always False: the code runs as Python."""
    return False


is_dynamo_compiling = is_exporting = is_dynamo_supported = is_compiling


def is_fake(x: object) -> bool:
    """Always False: the tensors have values."""
    return False


def reset() -> None:
    """Nothing to forget."""


def _as_it_is(fn: Any) -> Any:
    """Return the function as it is."""
    return fn


allow_in_graph = assume_constant_result = nested_compile_region = _as_it_is


def substitute_in_graph(original_fn: Any, **options: Any) -> Any:
    """A decorator that returns the function as it is."""
    return _as_it_is


def wrap_numpy(fn: Callable[..., Any]) -> Callable[..., Any]:
    """``fn``, written for NumPy arrays, for Tensors."""

    @functools.wraps(fn)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = tree_map_only(Tensor, Tensor.numpy, (args, kwargs))
        return tree_map_only(np.ndarray, from_numpy, fn(*args, **kwargs))

    return wrapped


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """An empty list: there is no compiler."""
    return []


def get_default_backend() -> str:
    """What ``set_default_backend`` set."""
    return _backend[0]


def set_default_backend(backend: str) -> None:
    """Accepted: there is no compiler."""
    _backend[0] = backend


_backend = ["inductor"]


_STANCES = (
    "default", "eager_then_compile", "aot_eager_then_compile", "force_eager",
    "eager_on_recompile", "fail_on_recompile",
)  # fmt: skip


class set_stance:
    """Accepted, as a call, for a block or as a decorator: there is no compiler to steer."""

    def __init__(self, stance: str = "default", **options: Any) -> None:
        if stance not in _STANCES:
            raise RuntimeError(
                f"invalid torch.compile stance {stance!r}: expected one of {', '.join(_STANCES)}"
            )
        self.stance = stance

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...

    def __call__(self, fn: Any) -> Any:
        return fn


def cudagraph_mark_step_begin() -> None:
    """Nothing to mark: see ``cuda.graph`` for what is captured here."""


def set_logs(**options: Any) -> None:
    """Accepted: a compiler would log what it does."""


class Settings(ModuleType):
    """Settings of a compiler, some in groups: kept, without effect."""

    @contextmanager
    def patch(self, *changes: Any, **options: Any) -> Iterator[None]:
        """A context and a decorator in which others would hold."""
        yield


config = Settings("config")
for group in ("aot_inductor", "cpp", "cuda", "trace", "triton"):
    setattr(config, group, Settings(group))


def mark_dynamic(t: Any, index: Any, **options: Any) -> None:
    """Accepted: functions run for every shape."""


maybe_mark_dynamic = mark_static = mark_dynamic


def set_enable_guard_collectives(enabled: bool) -> bool:
    """Accepted: there is no compiler."""
    return False


def save_cache_artifacts() -> None:
    """None: nothing was compiled."""


def load_cache_artifacts(serialized_artifacts: bytes) -> None:
    """Nothing to load: there is no compiler."""


class TransformGetItemToIndex(nullcontext):
    """A context without effect: tensors are indexed by tensors as they are."""


def mark_static_address(t: Any, guard: bool = True) -> None:
    """Accepted: a compiler may note that the tensor stays where it is."""
