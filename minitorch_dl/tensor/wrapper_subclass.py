"""What sparse, nested and masked tensors share: they hold no array, but another tensor of entries.

The graph of the entries is the tensor's graph: every op on such a tensor is composed from
differentiable ops on the entries, so there are no rules of its own. A class takes public functions
over by ``__torch_function__``: those in its table ``functions``. All others are refused, and
nothing in the dense ops knows of these classes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from .. import ops
from ..autograd.backward import grad
from ..autograd.primitive import write_out
from ..backend import dtypes
from . import Tensor


class Functions(dict[Callable[..., Any], Callable[..., Any]]):
    """What a class has in place of public functions and methods.

    Each stands under the function that it replaces, not under its name: the arguments of
    ``torch.where`` come in another order than those of ``Tensor.where``.
    """

    def implements(self, *functions: Any) -> Callable[..., Any]:
        """The decorator that puts a function in place of these."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self.update(dict.fromkeys(map(inspect.unwrap, functions), function))
            return function

        return register

    def instead_of(self, function: Callable[..., Any]) -> Callable[..., Any] | None:
        """What there is in place of a public function, which may be wrapped to explain errors."""
        return self.get(inspect.unwrap(function))

    def add_in_place_forms(self, make: Callable[[str, Callable[..., Any]], Any]) -> None:
        """Put ``make(name, function)`` in place of the methods that write in place, such as
        ``add_``, whose ordinary form is here."""
        for name in dir(Tensor):
            form, method = getattr(Tensor, name), getattr(Tensor, name.removesuffix("_"), None)
            function = self.instead_of(method) if name.endswith("_") and method else None
            if function is not None and self.instead_of(form) is None:
                self.implements(form)(make(name, function))


def members(owner: Any, names: str) -> list[Any]:
    """The functions of these names in a module or class."""
    return [inspect.unwrap(getattr(owner, name)) for name in names.split()]


def of_entries(name: str) -> Any:
    """A property that is the entries' one."""
    return property(lambda self: getattr(self._entries, name))


class WrapperSubclass(Tensor):
    """A tensor made of a tensor of entries, and of what says where they belong.

    Subclasses define ``make``, ``_parts``, ``with_entries`` and ``entries_of``.
    """

    __slots__ = ("_entries",)

    functions: ClassVar[Functions]
    kind: ClassVar[str]
    """The class in words, for errors, and what else to work on."""
    instead: ClassVar[str]
    refusal: ClassVar[type[Exception]] = NotImplementedError

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
        function = cls.functions.instead_of(func)
        if function is None:
            raise cls.refusal(
                f"{func.__name__}(): not implemented for {cls.kind} tensors. Work on {cls.instead}"
            )
        options = kwargs or {}
        out = options.get("out")
        if out is None:
            return function(*args, **options)
        result = function(*args, **{k: v for k, v in options.items() if k != "out"})
        return write_out(func.__name__, out, result)

    # -- conversions -------------------------------------------------------------------------------

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """This tensor in another dtype or on another device."""
        entries = self._entries.to(*_entries(args), **kwargs)
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
        self._entries.grad = value._entries if isinstance(value, WrapperSubclass) else value

    _grad = grad

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Say whether operations on this leaf tensor are recorded; returns the tensor."""
        self._entries.requires_grad_(requires_grad)
        return self

    def detach(self) -> Any:
        """The same memory without history."""
        return self.with_entries(self._entries.detach())

    def detach_(self) -> Any:
        """Cut the tensor off from its history."""
        self._entries = self._entries.detach()
        return self

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


def _rebuild(cls: type[WrapperSubclass], parts: tuple[Any, ...], requires_grad: bool) -> Any:
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


for _name, _dtype in _DTYPES.items():
    setattr(WrapperSubclass, _name, lambda self, memory_format=None, _to=_dtype: self.to(_to))
for _name in "is_floating_point is_complex is_signed get_device".split():
    setattr(WrapperSubclass, _name, lambda self, _name=_name: getattr(self._entries, _name)())


SHARED = Functions()
"""What all these classes have: ``autograd.grad``, and the functions whose methods they have."""


@SHARED.implements(grad)
def _grad(outputs: Any, inputs: Any, grad_outputs: Any = None, **options: Any) -> tuple[Any, ...]:
    """``autograd.grad``: an input's gradient has its entries where the input has them."""
    outputs, inputs = (x if isinstance(x, (list, tuple)) else [x] for x in (outputs, inputs))
    if not isinstance(grad_outputs, (list, tuple)):
        grad_outputs = [grad_outputs] * len(outputs)
    grad_outputs = [
        y.entries_of(g) if isinstance(y, WrapperSubclass) and g is not None else g
        for y, g in zip(outputs, grad_outputs, strict=True)
    ]
    found = grad(_entries(outputs), _entries(inputs), grad_outputs, **options)
    return tuple(
        [
            x.with_entries(g) if isinstance(x, WrapperSubclass) and g is not None else g
            for x, g in zip(inputs, found, strict=True)
        ]
    )


def _entries(tensors: Iterable[Any]) -> list[Any]:
    return [x._entries if isinstance(x, WrapperSubclass) else x for x in tensors]


def _by_method(name: str) -> Callable[..., Any]:
    return lambda input, *args, **kwargs: getattr(input, name)(*args, **kwargs)


for _name in "clone detach detach_ numel is_complex is_floating_point is_signed".split():
    SHARED.implements(getattr(ops, _name, getattr(Tensor, _name)))(_by_method(_name))
