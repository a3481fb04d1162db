"""Tracing: a module's ``forward`` is called with symbols, and its graph comes out."""

from __future__ import annotations

import builtins
import inspect
import itertools
import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..backend.warning import warn
from ..compat.symbolic import _assert
from ..nn import Module, Parameter, Sequential, functional
from ..overrides import get_overridable_functions
from ..tensor import Tensor
from .graph import Graph
from .graph_module import GraphModule
from .node import Node, default_of, has_side_effect, map_aggregate
from .proxy import ParameterProxy, Proxy, TracerBase, watching

__all__ = ["Tracer", "symbolic_trace", "wrap"]

_LAYERS = f"{__name__.partition('.')[0]}.nn"
_wrapped: dict[tuple[int, str], dict[str, Any]] = {}


class Tracer(TracerBase):
    """Makes the graph of a module or function.

    Parameters become nodes; buffers are values, unless ``proxy_buffer_attributes`` is set. With
    ``record_stack_traces`` each node's ``stack_trace`` says where the program made it.

    Args:
        autowrap_modules: Python modules whose functions are recorded as calls when they get a
            symbol (``math.sqrt``).
        autowrap_functions: further functions to record.
        param_shapes_constant: have a parameter's shape be known while tracing.
    """

    proxy_buffer_attributes = False
    traced_func_name = "forward"

    def __init__(
        self,
        autowrap_modules: tuple[Any, ...] = (),
        autowrap_functions: tuple[Callable[..., Any], ...] = (),
        param_shapes_constant: bool = False,
    ) -> None:
        self._wrapped_modules = (math, *autowrap_modules)
        self._wrapped_functions = autowrap_functions
        self.param_shapes_constant = param_shapes_constant
        self.submodule_paths: dict[Module, str] | None = None
        self.root: Module = Module()

    # -- what a subclass may decide otherwise ------------------------------------------------------

    def is_leaf_module(self, m: Module, module_qualified_name: str) -> bool:
        """Whether a module is one call of the graph: those of ``torch.nn`` are, but containers."""
        return m.__module__.startswith(_LAYERS) and not isinstance(m, Sequential)

    def path_of_module(self, mod: Module) -> str:
        """The name under which the root has the module."""
        for name, module in self.root.named_modules():
            if module is mod:
                return name
        raise NameError("module is not installed as a submodule")

    def call_module(
        self, m: Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Record the call of a leaf, or trace into the module."""
        path = self.path_of_module(m)
        if not self.is_leaf_module(m, path):
            return forward(*args, **kwargs)
        return self.create_proxy("call_module", path, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """What a module's attribute is while tracing: of a parameter, a symbol."""
        kinds: list[Any] = [self.root.named_parameters] if isinstance(attr_val, Parameter) else []
        if self.proxy_buffer_attributes and isinstance(attr_val, Tensor):
            kinds.append(self.root.named_buffers)
        for named in kinds:
            for name, value in named():
                if value is attr_val:
                    if name not in parameter_proxy_cache:
                        parameter_proxy_cache[name] = self._attribute(name, value)
                    return parameter_proxy_cache[name]
        return attr_val

    def _attribute(self, name: str, value: Any) -> Proxy:
        if self.param_shapes_constant and isinstance(value, Parameter):
            return self.create_proxy(
                "get_attr", name, (), {},
                proxy_factory_fn=lambda node: ParameterProxy(self, node, name, value),
            )  # fmt: skip
        return self.create_proxy("get_attr", name, (), {})

    def _leaf(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._tensor(value)
        return super()._leaf(value)

    def _tensor(self, value: Tensor) -> Node:
        for named in (self.root.named_parameters, self.root.named_buffers):
            for name, one in named():
                if one is value:
                    return self.create_node("get_attr", name, (), {})
        for name, one in vars(self.root).items():
            if one is value:
                return self.create_node("get_attr", name, (), {})
        number = 0
        while hasattr(self.root, f"_tensor_constant{number}"):
            number += 1
        setattr(self.root, f"_tensor_constant{number}", value)
        return self.create_node("get_attr", f"_tensor_constant{number}", (), {})

    # -- tracing -----------------------------------------------------------------------------------

    def trace(
        self, root: Module | Callable[..., Any], concrete_args: dict[str, Any] | None = None
    ) -> Graph:
        """The graph of a module's ``forward``, or of a function.

        Args:
            concrete_args: values for some parameters; the others become inputs.

        Raises:
            TraceError: the program branches on a tensor's value, or goes through a tensor.
        """
        if isinstance(root, Module):
            if not hasattr(type(root), self.traced_func_name):
                raise AssertionError(
                    f"traced_func_name={self.traced_func_name} doesn't exist in "
                    f"{type(root).__name__}"
                )
            self.root, function = root, getattr(type(root), self.traced_func_name)
            first: tuple[Any, ...] = (root,)
        else:
            self.root, function, first = Module(), root, ()
        self.graph = Graph(tracer_cls=type(self))
        function, args, kwargs = self._inputs(function, len(first), concrete_args or {})
        with _Patches(self, function), watching():
            result = self.create_arg(function(*first, *args, **kwargs))
            kind = inspect.signature(function).return_annotation
            kind = None if kind in (inspect.Signature.empty, "Any") else kind
            self.create_node("output", "output", (result,), {}, type_expr=kind)
        return self.graph

    def _inputs(
        self, function: Any, skip: int, concrete: dict[str, Any]
    ) -> tuple[Any, list[Any], dict[str, Any]]:
        """The function, and a symbol or value for each of its parameters."""
        args, stars, kwargs = [], [], {}
        parameters = list(inspect.signature(function).parameters.values())
        if any(p.kind is p.VAR_POSITIONAL for p in parameters[:skip]):
            raise RuntimeError("``self`` argument cannot be part of *args expansion!")
        for p in sorted(
            parameters[skip:], key=lambda p: p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ):
            star = "*" if p.kind is p.VAR_POSITIONAL else "**" if p.kind is p.VAR_KEYWORD else ""
            if p.name in concrete:
                value = concrete[p.name]
                self._decide(p, value)
            else:
                # The layers here say "Any", for arrays and symbols, where PyTorch's say nothing.
                kind = None if star or p.annotation in (p.empty, "Any") else p.annotation
                value = self.create_proxy(
                    "placeholder", star + p.name, default_of(p), {}, type_expr=kind
                )
            if star:
                stars.append(value)
            elif p.kind is p.KEYWORD_ONLY:
                kwargs[p.name] = value
            else:
                args.append(value)
        if stars:
            return _without_stars(function), [*args, *kwargs.values(), *stars], {}
        return function, args, kwargs

    def _decide(self, parameter: inspect.Parameter, value: Any) -> None:
        """Make an input whose value is known, and let the graph check it."""
        name = parameter.name
        given: Any = self.create_proxy("placeholder", f"{name}_1", default_of(parameter), {})
        text = f"{name} has been specialized to have value {value} but got another value"
        if value is None:
            self.create_proxy("call_function", _assert_is_none, (given, text), {})
        elif isinstance(value, (bool, int, float, complex, str)):
            _assert(given == value, text)
        else:
            warn(
                f"Was not able to add assertion to guarantee correct input {name} to specialized "
                "function: the graph holds for the value given here only.",
            )


_RECORDED_BY_OVERRIDE = "cdist einsum is_storage is_tensor norm tensordot".split()
"""Ops left to ask the symbols by ``__torch_function__``: PyTorch has them in Python, and what it
records of a call isn't the arguments as written. No other property of an op tells them apart."""


_BUILT_IN = set(
    """
    adaptive_avg_pool1d avg_pool1d avg_pool2d avg_pool3d bilinear celu_ channel_shuffle conv1d
    conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity
    elu_ gelu hardshrink hardtanh_ leaky_relu_ linear logsigmoid native_channel_shuffle one_hot
    pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu relu_ rrelu_
    scaled_dot_product_attention selu_ sigmoid softplus softshrink tanh threshold_
    """.split()
)
"""What PyTorch's ``nn.functional`` has from C++, and two that call methods: calls of these are
recorded as written, those of its other functions with all options."""


class _Patches:
    """While a tracer works, modules are called and read through it, and wrapped functions record
    themselves."""

    def __init__(self, tracer: Tracer, function: Callable[..., Any]) -> None:
        self.tracer = tracer
        functions = [function, *[type(m).forward for m in tracer.root.modules()]]
        found = [getattr(inspect.unwrap(f), "__globals__", {}) for f in functions]
        self.namespaces = list({id(namespace): namespace for namespace in found}.values())
        self.undo: list[Callable[[], None]] = []

    def __enter__(self) -> None:
        tracer, parameters = self.tracer, {}  # type: ignore[var-annotated]
        call, get = Module.__call__, Module.__getattr__

        def traced_call(module: Module, *args: Any, **kwargs: Any) -> Any:
            return tracer.call_module(module, lambda *a, **k: call(module, *a, **k), args, kwargs)

        def traced_getattr(module: Module, name: str) -> Any:
            return tracer.getattr(name, get(module, name), parameters)

        self._set(Module, "__call__", traced_call)
        self._set(Module, "__getattr__", traced_getattr)
        for (_, name), namespace in _wrapped.items():
            if name in namespace:
                self._set_item(namespace, name, recorded(namespace[name], wrapped=True))
            elif hasattr(builtins, name):
                self._set_item(namespace, name, recorded(getattr(builtins, name), wrapped=True))
        # Ops would ask the symbols themselves, but can't tell how their arguments were given.
        ops = {space: ops for space, ops in get_overridable_functions().items() if space != Tensor}
        modules = [vars(module) for module in tracer._wrapped_modules]
        chosen = {id(f) for f in tracer._wrapped_functions}
        chosen |= {
            id(f) for f in itertools.chain(*ops.values()) if f.__name__ not in _RECORDED_BY_OVERRIDE
        }
        chosen |= {
            id(value)
            for members in modules
            for name, value in members.items()
            if not name.startswith("_") and callable(value)
        }
        for namespace in [*modules, *map(vars, ops), *self.namespaces]:
            for name, value in list(namespace.items()):
                if id(value) in chosen:
                    named = namespace is vars(functional) and name not in _BUILT_IN
                    self._set_item(namespace, name, recorded(value, by_name=named))

    def __exit__(self, *exc: object) -> None:
        for undo in reversed(self.undo):
            undo()

    def _set(self, owner: Any, name: str, value: Any) -> None:
        if name in vars(owner):
            before = vars(owner)[name]
            self.undo.append(lambda: setattr(owner, name, before))
        else:  # it has it from a base
            self.undo.append(lambda: delattr(owner, name))
        setattr(owner, name, value)

    def _set_item(self, namespace: dict[str, Any], name: str, value: Any) -> None:
        if name in namespace:
            before = namespace[name]
            self.undo.append(lambda: namespace.__setitem__(name, before))
        else:
            self.undo.append(lambda: namespace.__delitem__(name))
        namespace[name] = value


def _without_stars(function: Any) -> Any:
    """The function with ``*args`` and ``**kwargs`` as its two last ordinary parameters."""
    function = inspect.unwrap(function)
    code = function.__code__
    stars = (inspect.CO_VARARGS, inspect.CO_VARKEYWORDS)
    count = code.co_argcount + code.co_kwonlyargcount + sum(bool(code.co_flags & s) for s in stars)
    changed = code.replace(
        co_flags=code.co_flags & ~(stars[0] | stars[1]), co_argcount=count, co_posonlyargcount=0,
        co_kwonlyargcount=0,
    )  # fmt: skip
    return FunctionType(
        changed, function.__globals__, function.__name__, None, function.__closure__
    )


@has_side_effect
def _assert_is_none(value: Any, message: str) -> None:
    if value is not None:
        raise AssertionError(message)


def recorded(
    function: Callable[..., Any], *, wrapped: bool = False, by_name: bool = False
) -> Callable[..., Any]:
    """The function, whose call is recorded where an argument is a symbol.

    Args:
        wrapped: it is so by ``wrap``, which the code of the graph then does too.
        by_name: all its options are recorded, by their names.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        symbols: list[Proxy] = []
        map_aggregate((args, kwargs), lambda x: symbols.append(x) if isinstance(x, Proxy) else x)
        if not symbols:
            return function(*args, **kwargs)
        if by_name:
            args, kwargs = _options_by_name(function, args, kwargs)
        result = symbols[0].tracer.create_proxy("call_function", function, args, kwargs)
        if wrapped:
            result.node.meta["is_wrapped"] = True
        return result

    call.__name__ = getattr(function, "__name__", "call")
    return call


def _options_by_name(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call: those that it must have by position, all others by name."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    given = bound.arguments
    options = {
        name: given.pop(name)
        for name, p in bound.signature.parameters.items()
        if p.default is not p.empty
    }
    if options.get("out") is None:
        options.pop("out", None)
    return tuple(given.values()), options


def wrap(fn_or_name: str | Callable[..., Any]) -> Any:
    """Have a function of the calling file be one call of the graph, not traced into.

    To be called at the top of a file with the function's name, or used as a decorator.
    """
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    if frame.f_back.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    namespace = frame.f_back.f_globals
    _wrapped[id(namespace), name] = namespace
    return fn_or_name


def symbolic_trace(
    root: Module | Callable[..., Any], concrete_args: dict[str, Any] | None = None
) -> GraphModule:
    """The module or function as a :class:`GraphModule`.

    Args:
        concrete_args: values for some parameters; the others become inputs.
    """
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    name = type(root).__name__ if isinstance(root, Module) else root.__name__
    return GraphModule(tracer.root, graph, name)
