"""The names by which programs mark code for TorchScript. There is no TorchScript here: functions
and modules stay as they are, and ``save`` writes the whole object."""

from __future__ import annotations

import builtins
import functools
import typing
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Optional as _Optional

from .compiler import _as_it_is
from .futures import Future, wait_all
from .nn import Module
from .serialization import load as _load, save as _save

__all__ = [
    "Attribute", "CompilationUnit", "Error", "Final", "Future", "ScriptFunction", "ScriptModule",
    "TracerWarning", "annotate", "enable_onednn_fusion", "export", "export_opnames", "fork",
    "freeze", "ignore", "interface", "is_scripting", "is_tracing", "isinstance", "load",
    "onednn_fusion_enabled", "optimize_for_inference", "save", "script", "script_if_tracing",
    "script_method", "set_fusion_strategy", "strict_fusion", "trace", "trace_module", "unused",
    "wait",
]  # fmt: skip

Error = RuntimeError


class TracerWarning(Warning):
    """What PyTorch warns with when a trace would hold for its example only; never given here."""


class ScriptModule(Module):
    """A module to derive from, which is an ordinary one here."""


class ScriptFunction:
    """What ``script`` makes of functions in PyTorch; here they stay functions."""


class Graph:
    """The program that PyTorch's compiler reads, to be named in annotations: there is none here."""


class Value:
    """What a node of it computes, to be named in annotations: there is none here."""


def _get_tracing_state() -> None:
    """None: nothing is being traced."""


def _no_fuser(*settings: Any) -> bool:
    """Accepted: there is no compiler whose passes could be chosen. False: none is on."""
    return False


def script(obj: Any, *args: Any, **options: Any) -> Any:
    """Return the function or module as it is; a module gets a method ``save``."""
    if builtins.isinstance(obj, Module):
        obj.__dict__["save"] = functools.partial(save, obj)
    return obj


def trace(func: Any, example_inputs: Any = None, **options: Any) -> Any:
    """Return the function or module as it is, which runs for every input."""
    return script(func)


def trace_module(mod: Any, inputs: Any, **options: Any) -> Any:
    """Return the module as it is."""
    return script(mod)


def _get_trace_graph(f: Any, args: Any = (), kwargs: Any = None, **options: Any) -> Any:
    """Refused: there is no graph of TorchScript's nodes; ``torch.fx`` traces into its own."""
    raise RuntimeError(
        "jit._get_trace_graph: there is no TorchScript here to write a graph in; "
        "torch.fx.symbolic_trace makes one of its own kind"
    )


def freeze(mod: Any, preserved_attrs: Any = None, optimize_numerics: bool = True) -> Any:
    """Return the module, which has to be in evaluation mode, as it is."""
    if builtins.isinstance(mod, Module) and mod.training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call .eval() "
            "on your module before freezing."
        )
    return mod


def optimize_for_inference(mod: Any, other_methods: Any = None) -> Any:
    """Return the module as it is."""
    return mod


def save(m: Any, f: Any, _extra_files: dict[str, Any] | None = None) -> None:
    """Write a whole module to a file, for ``load``, in a process that can import its class.

    >>> import io, minitorch_dl as torch
    >>> scripted, file = torch.jit.script(torch.nn.Linear(2, 1)), io.BytesIO()
    >>> torch.jit.save(scripted, file)
    >>> _ = file.seek(0)
    >>> torch.jit.load(file)
    Linear(in_features=2, out_features=1, bias=True)
    """
    if _extra_files:
        raise RuntimeError("jit.save: extra files are not written here; save them beside the file")
    bound = vars(m).pop("save", None)
    try:
        _save(m, f)
    finally:
        if bound is not None:
            vars(m)["save"] = bound


def load(f: Any, map_location: Any = None, **options: Any) -> Any:
    """Read a module that ``save`` wrote. It runs code from the file: load what you trust."""
    return script(_load(f, map_location, weights_only=False))


def _overload(fn: Any) -> Any:
    """Return the function, whose signature is one of several, as it is."""
    return fn


def ignore(drop: Any = False, **options: Any) -> Any:
    """A decorator, with or without arguments, that returns the function as it is."""
    return drop if callable(drop) else _as_it_is


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value: types are Python's own here."""
    return the_value


def isinstance(obj: Any, target_type: Any) -> bool:
    """Whether ``obj`` is of the type, which may be ``list[int]``, ``dict[str, Tensor]``,
    ``Optional[...]`` and the like: then what it holds counts too.

    >>> import minitorch_dl as torch
    >>> torch.jit.isinstance([1, 2], list[int]), torch.jit.isinstance([1, "a"], list[int])
    (True, False)
    """
    if builtins.isinstance(target_type, tuple):
        return any(isinstance(obj, one) for one in target_type)
    origin, args = typing.get_origin(target_type), typing.get_args(target_type)
    if origin is None:
        return target_type is Any or builtins.isinstance(obj, target_type)
    if not builtins.isinstance(origin, type) or origin.__name__ == "UnionType":
        return any(isinstance(obj, one) for one in args)
    if not issubclass(type(obj), origin):
        return False
    if origin is dict:
        return all(isinstance(k, args[0]) and isinstance(v, args[1]) for k, v in obj.items())
    if origin is tuple and (len(args) < 2 or args[1] is not ...):
        return len(obj) == len(args) and all(map(isinstance, obj, args))
    return all(isinstance(x, args[0]) for x in obj)


def Attribute(value: Any, type: Any) -> Any:
    """The value: types are Python's own here."""
    return value


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
    """Run ``func`` at once; ``wait`` gives what it returned."""
    future: Future[Any] = Future()
    future.set_result(func(*args, **kwargs))
    return future


def wait(future: Future) -> Any:
    """What the function that ``fork`` ran has returned."""
    return wait_all([future])[0]


_fork, _wait = fork, wait


def is_scripting() -> bool:
    """Always False: the code runs as Python."""
    return False


def is_tracing() -> bool:
    """Always False: the code runs as Python."""
    return False


def set_fusion_strategy(strategy: Any) -> list[Any]:
    """Accepted: nothing is compiled."""
    return []


def enable_onednn_fusion(enabled: bool) -> None:
    """Accepted: nothing is compiled."""


def onednn_fusion_enabled() -> bool:
    """Always False: nothing is compiled."""
    return False


def strict_fusion() -> AbstractContextManager[None]:
    """A block in which nothing changes."""
    return nullcontext()


def optimized_execution(should_optimize: bool) -> AbstractContextManager[None]:
    """A block in which nothing changes."""
    return nullcontext()


def export_opnames(m: Any) -> list[str]:
    """An empty list: there is no program to read the names of ops from."""
    return []


class CompilationUnit:
    """Refused: it would be code as text, for a compiler that isn't here."""

    def __init__(self, lang: Any = None, **options: Any) -> None:
        raise RuntimeError("jit.CompilationUnit: there is no compiler here; define the functions")


def _marked(obj: Any, *args: Any, **options: Any) -> Any:
    """Return the function or class as it is."""
    return obj


export = interface = script_if_tracing = script_method = unused = _marked
_copy_to_script_wrapper = _overload_method = _script_if_tracing = _marked
BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = list
List, Dict, Optional, Tuple = list, dict, _Optional, tuple  # of `torch.jit.annotations`
