"""What sparse and nested tensors share: they hold no array, but a dense tensor of their entries.

The graph of the entries is the tensor's graph: every op on such a tensor is composed from
differentiable ops on the entries, so there are no rules of its own. A class takes public functions
over by ``__torch_function__``: those in its table ``functions``. All others are refused, and
nothing in the dense ops knows of these classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from ..autograd.backward import grad
from ..autograd.overriding import DisableTorchFunctionSubclass
from ..autograd.primitive import write_out
from ..backend import dtypes
from . import Tensor

Functions = dict[str, Callable[..., Any]]


def implements(functions: Functions) -> Callable[..., Any]:
    """The decorator ``@implements(*names)`` that puts a function into a table under the names of
    the public functions and methods it serves."""

    def decorator(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            functions.update(dict.fromkeys(names, function))
            return function

        return register

    return decorator


def of_entries(name: str) -> Any:
    """A property that is the entries' one."""
    return property(lambda self: getattr(self._entries, name))


class TensorOfEntries(Tensor):
    """A tensor made of a dense tensor of entries, and of what says where they belong.

    Subclasses define ``make``, ``_parts``, ``with_entries`` and ``entries_of``.
    """

    __slots__ = ("_entries",)

    functions: ClassVar[Functions]
    """What there is for tensors of the class, by the name of the function or method."""
    kind: ClassVar[str]
    """The class in words, for errors, and what else to work on."""
    instead: ClassVar[str]

    _view = None
    _entries: Any
    dtype, device, itemsize = of_entries("dtype"), of_entries("device"), of_entries("itemsize")
    is_cpu, is_cuda, is_meta = of_entries("is_cpu"), of_entries("is_cuda"), of_entries("is_meta")
    _node = of_entries("_node")

    @classmethod
    def make(cls, *parts: Any) -> Any:
        """The tensor of these parts, unchecked."""
        raise NotImplementedError

    def _parts(self) -> tuple[Any, ...]:
        """What ``make`` makes the tensor of."""
        raise NotImplementedError

    def with_entries(self, entries: Any) -> Any:
        """The same tensor with other entries."""
        raise NotImplementedError

    @property
    def array(self) -> Any:
        raise AttributeError(
            f"a {self.kind} tensor (layout {self.layout}) has no array: this needs a dense one. "
            f"Use {self.instead}"
        )

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = func.__name__
        function = cls.functions.get(name)
        if function is None:
            raise NotImplementedError(
                f"{name}(): not implemented for {cls.kind} tensors of layout {cls.layout}. Work on "
                f"{cls.instead}"
            )
        options = kwargs or {}
        out = options.get("out")
        if out is None:
            return function(*args, **options)
        result = function(*args, **{k: v for k, v in options.items() if k != "out"})
        return write_out(name, out, result)

    # -- conversions -------------------------------------------------------------------------------

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """This tensor in another dtype or on another device."""
        args = tuple([x._entries if isinstance(x, TensorOfEntries) else x for x in args])
        entries = self._entries.to(*args, **kwargs)
        return self if entries is self._entries else self.with_entries(entries)

    def type_as(self, other: Any) -> Any:
        """This tensor in the dtype and on the device of ``other``."""
        return self.to(other.device, other.dtype)

    def cpu(self, memory_format: Any = None) -> Any:
        """This tensor in host memory."""
        return self.to("cpu")

    def cuda(
        self, device: Any = None, non_blocking: bool = False, memory_format: Any = None
    ) -> Any:
        """This tensor on the GPU."""
        return self.to("cuda" if device is None else device)

    def numpy(self, *, force: bool = False) -> Any:
        """Refused: there is no array."""
        raise TypeError(
            f"can't convert {self.kind} tensor (layout {self.layout}) to numpy. Use {self.instead}"
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.numpy()

    def element_size(self) -> int:
        """The bytes of one entry's element."""
        return self.itemsize

    # -- autograd ----------------------------------------------------------------------------------

    @property
    def grad(self) -> Any:
        g = self._entries.grad
        return None if g is None else self.with_entries(g)

    @grad.setter
    def grad(self, value: Any) -> None:
        self._entries.grad = value._entries if isinstance(value, TensorOfEntries) else value

    _grad = grad

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Say whether operations on this leaf tensor are recorded; returns the tensor."""
        self._entries.requires_grad_(requires_grad)
        return self

    def detach(self) -> Any:
        """The same memory without history."""
        return self.with_entries(self._entries.detach())

    @property
    def data(self) -> Any:
        return self.with_entries(self._entries.data)

    @data.setter
    def data(self, value: Any) -> None:
        self._entries.data = value._entries

    def clone(self, *, memory_format: Any = None) -> Any:
        """A copy."""
        return self.with_entries(self._entries.clone())

    def entries_of(self, gradient: Any) -> Any:
        """The entries of a gradient of this tensor, which may be dense."""
        raise NotImplementedError

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Compute the gradients of the leaves from ``gradient``, that of this tensor."""
        if gradient is not None:
            gradient = self.entries_of(gradient)
        self._entries.backward(gradient, retain_graph, create_graph, inputs)

    def retain_grad(self) -> None:
        """Have ``backward`` store the gradient of this non-leaf tensor in ``.grad`` too."""
        self._entries.retain_grad()

    # -- protocols ---------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            t = self.detach().clone()
            memo[id(self)] = t.requires_grad_() if self.requires_grad else t
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), self.detach()._parts(), self.requires_grad)

    def __format__(self, spec: str) -> str:
        return repr(self)


def _rebuild(cls: type[TensorOfEntries], parts: tuple[Any, ...], requires_grad: bool) -> Any:
    t = cls.make(*parts)
    return t.requires_grad_() if requires_grad else t


_DTYPES = {
    "float": dtypes.float32,
    "double": dtypes.float64,
    "half": dtypes.float16,
    "bfloat16": dtypes.bfloat16,
    "long": dtypes.int64,
    "int": dtypes.int32,
    "short": dtypes.int16,
    "bool": dtypes.bool,
    "char": dtypes.int8,
    "byte": dtypes.uint8,
    "cfloat": dtypes.complex64,
    "cdouble": dtypes.complex128,
}


def _grad(outputs: Any, inputs: Any, grad_outputs: Any = None, **options: Any) -> tuple[Any, ...]:
    """``autograd.grad``: an input's gradient has its entries where the input has them."""
    with DisableTorchFunctionSubclass():
        found = grad(outputs, inputs, grad_outputs, **options)
    return tuple(
        [
            x.with_entries(g) if isinstance(x, TensorOfEntries) and g is not None else g
            for x, g in zip(inputs, found, strict=True)
        ]
    )


def shared_functions() -> Functions:
    """``autograd.grad``, the methods that give another dtype, and those that ask about it."""

    def to(dtype: dtypes.dtype) -> Callable[..., Any]:
        return lambda self, memory_format=None: self.to(dtype)

    def ask(name: str) -> Callable[..., Any]:
        return lambda self: getattr(self._entries, name)()

    asked = "is_floating_point is_complex is_signed get_device".split()
    methods = {n: to(dtype) for n, dtype in _DTYPES.items()} | {n: ask(n) for n in asked}
    return {"grad": _grad, **methods}


def set_operators(cls: type[TensorOfEntries], **functions: Callable[[Any, Any], Any]) -> None:
    """Let a class's operators of these names, such as ``add``, be these functions, also with the
    tensor on the right."""

    def reflected(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda self, other: function(other, self)

    for name, function in functions.items():
        setattr(cls, f"__{name}__", function)
        setattr(cls, f"__r{name}__", reflected(function))
