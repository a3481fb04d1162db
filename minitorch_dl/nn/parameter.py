"""Parameter and Buffer: the tensors that a module registers when they are assigned to it."""

from __future__ import annotations

from typing import Any

from ..autograd.torch_function import PLAIN, disabled_torch_function
from ..ops import empty
from ..tensor import Tensor

__all__ = [
    "Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "factory_kwargs",
    "is_lazy",
]  # fmt: skip


class _ParameterClass(type):
    """Counts instances of a user's own class of tensors that are marked as parameters."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        return cls is Parameter and isinstance(instance, Tensor) and hasattr(instance, "_is_param")


class Parameter(Tensor, metaclass=_ParameterClass):
    """A tensor that a :class:`Module` registers as its parameter when it is assigned to it.

    ``data``: the tensor whose memory it shares (default: empty); ``requires_grad``: default True,
    under ``no_grad`` too. One of a class derived from Tensor keeps that class.

    >>> import minitorch_dl as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    __torch_function__: Any = disabled_torch_function

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Any:
        if not isinstance(data, Tensor) or type(data) in PLAIN:
            return _leaf(cls, data, requires_grad)
        made = data.detach().requires_grad_(requires_grad)
        if type(made) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} requires "
                "that detach() returns an instance of the same type, but return type "
                f"{type(made).__name__} was found instead"
            )
        made.__dict__["_is_param"] = True
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A copy of the values, without the gradient: what an optimizer would start from."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self, **kwargs: Any) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__(**kwargs)


class Buffer(Tensor):
    """A tensor that a :class:`Module` registers as a buffer when it is assigned to it.

    ``persistent``: whether the module's ``state_dict`` holds it. Default: True.
    """

    persistent: bool

    __torch_function__: Any = disabled_torch_function

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        made = _leaf(cls, data, requires_grad=False)
        made.persistent = persistent
        return made


_array: Any = Tensor.array  # where instances keep it


def _of_memory(name: str) -> Any:
    """A member of Tensor that one without a shape has too: that of its empty memory."""
    member = getattr(Tensor, name)
    if isinstance(member, property):
        return property(lambda self: getattr(self._memory(), name), member.fset)
    return lambda self, *args, **kwargs: getattr(self._memory(), name)(*args, **kwargs)


class _Uninitialized(Tensor):
    """A tensor without a shape as yet, of a lazy module; it has memory, which nothing may read."""

    __torch_function__: Any = disabled_torch_function
    cls_to_become: type[Tensor]

    data, device, dtype, layout = map(_of_memory, ("data", "device", "dtype", "layout"))
    is_complex, is_floating_point = map(_of_memory, ("is_complex", "is_floating_point"))
    to, cpu, cuda, get_device = map(_of_memory, ("to", "cpu", "cuda", "get_device"))
    bfloat16, double, float, half = map(_of_memory, ("bfloat16", "double", "float", "half"))

    def _memory(self) -> Tensor:
        return Tensor.wrap(_array.__get__(self))

    @property
    def array(self) -> Any:
        raise ValueError(
            "Attempted to use an uninitialized parameter, which a lazy module has before its first "
            "call. Call `forward` with a dummy batch to initialize the parameters"
        )

    @array.setter
    def array(self, array: Any) -> None:
        _array.__set__(self, array)

    def share_memory_(self) -> Any:
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Give it a shape (with any values), and the class of an ordinary one."""
        made = empty(
            shape,
            device=self.device if device is None else device,
            dtype=self.dtype if dtype is None else dtype,
        )
        self.array = made.array
        self.__class__ = self.cls_to_become  # type: ignore[assignment]

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def __repr__(self, **kwargs: Any) -> str:  # type: ignore[override]
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, self.device, self.dtype), self.__dict__ or None


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape the first call of its lazy module will tell."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        return _shapeless(cls, requires_grad, device, dtype)


class UninitializedBuffer(_Uninitialized, Buffer):
    """A buffer whose shape the first call of its lazy module will tell."""

    cls_to_become = Tensor

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> Any:
        made = _shapeless(cls, requires_grad, device, dtype)
        made.persistent = persistent
        return made


def factory_kwargs(kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """The keywords of a module's ``__init__`` that say how its parameters are made.

    Args:
        kwargs: ``device``, ``dtype`` and ``memory_format``, directly or in a dict called
            ``factory_kwargs``, for modules that have a parameter of such a name themselves.

    Raises:
        TypeError: another keyword, or one given in both ways.

    >>> import minitorch_dl as torch
    >>> torch.nn.factory_kwargs({"dtype": torch.float64, "factory_kwargs": {"device": "cpu"}})
    {'device': 'cpu', 'dtype': torch.float64}
    """
    direct = dict(kwargs or {})
    found = dict(direct.pop("factory_kwargs", {}))
    unknown = direct.keys() - {"device", "dtype", "memory_format"}
    if unknown:
        raise TypeError(f"unexpected kwargs {unknown}")
    for name, value in direct.items():
        if name in found:
            raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
        found[name] = value
    return found


def refuse_lazy(name: str, params: Any) -> None:
    """Raise a ValueError that names the caller if some of the parameters have no shape yet."""
    if any(map(is_lazy, params)):
        raise ValueError(
            f"{name}: the modules passed have uninitialized parameters. Run their forward method "
            "once before"
        )


def is_lazy(param: Any) -> bool:
    """Whether it has no shape yet."""
    return isinstance(param, _Uninitialized)


def _shapeless(cls: Any, requires_grad: bool, device: Any, dtype: Any) -> Any:
    made = _leaf(Tensor, empty(0, device=device, dtype=dtype), requires_grad)
    made.__class__ = cls
    return made


def _leaf(cls: type, data: Tensor | None, requires_grad: bool) -> Any:
    """A leaf of the class over the memory of ``data``."""
    if data is not None and not isinstance(data, Tensor):
        raise TypeError(f"{cls.__name__}() expected a Tensor, got {type(data).__name__}")
    return (empty(0) if data is None else data)._as_leaf(cls, requires_grad)
