"""Layers that learn the size of their input from the first input they get.

Until then their parameters are ``UninitializedParameter``s; the first call draws them as the
ordinary layer would and turns the lazy layer into it.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from ..autograd import no_grad
from ..tensor import Tensor
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear
from .normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d",
    "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d",
    "LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d", "LazyLinear",
]  # fmt: skip


class LazyModuleMixin:
    """Put before ``Module`` in a class whose ``initialize_parameters(*args)`` gives its
    uninitialized parameters their shapes, from the arguments of the first call.

    ``cls_to_become``: the class that an instance has from then on (None: it keeps its own).
    """

    cls_to_become: ClassVar[Any] = None
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]

    if TYPE_CHECKING:  # what Module gives

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._take_loaded_shapes)
        self._initialize_hook = self.register_forward_pre_hook(
            type(self)._infer_parameters, with_kwargs=True
        )

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the uninitialized parameters their shapes and values."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Whether some parameter or buffer has no shape yet."""
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def _infer_parameters(self, args: Any, kwargs: Any = None) -> None:
        self.initialize_parameters(*args, **(kwargs or {}))
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        self._initialize_hook.remove()
        self._load_hook.remove()
        del self._initialize_hook, self._load_hook
        if self.cls_to_become is not None:
            self.__class__ = self.cls_to_become

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        for name, value in self._own_state().items():
            destination[prefix + name] = value if is_lazy(value) or keep_vars else value.detach()

    def _take_loaded_shapes(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        for name, value in self._own_state().items():
            given = state_dict.get(prefix + name)
            if is_lazy(value) and given is not None and not is_lazy(given):
                with no_grad():
                    value.materialize(given.shape)


class _LazyLayer(LazyModuleMixin):
    """A layer of this package that lacks the size of one of its input's axes.

    Its constructor takes the arguments of the class that it becomes, but for the missing size.

    ``missing``: the constructor's argument for that size; ``axis``: the input's axis that has it;
    ``defaults``: the arguments whose defaults are not those of the class that it becomes.
    """

    missing: ClassVar[str]
    axis: ClassVar[int]
    defaults: ClassVar[dict[str, Any]] = {}
    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.cls_to_become is not None:
            parameters = dict(inspect.signature(cls.cls_to_become).parameters)
            del parameters[cls.missing]
            for name, default in cls.defaults.items():
                parameters[name] = parameters[name].replace(default=default)
            cls.__signature__ = inspect.Signature(list(parameters.values()))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bound = self.__signature__.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = bound.arguments
        super().__init__(**{self.missing: 0}, **arguments)
        self._arguments = arguments
        made = {"device": arguments["device"], "dtype": arguments["dtype"]}
        for name, value in self._parameters.items():
            if value is not None:
                self._parameters[name] = UninitializedParameter(**made)
        for name, value in self._buffers.items():
            if value is not None and value.dim():
                self._buffers[name] = UninitializedBuffer(**made)

    def reset_parameters(self) -> None:
        """Draw the parameters anew, once there are any."""
        if getattr(self, self.missing):
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Tensor, *rest: Any, **options: Any) -> None:
        """Draw the parameters of the layer for inputs like this one."""
        size = input.shape[self._axis(input)]
        lazy = {
            name: value
            for name, value in (*self._parameters.items(), *self._buffers.items())
            if is_lazy(value)
        }
        if lazy:
            like = next(iter(lazy.values()))
            made = {"device": like.device, "dtype": like.dtype}
            layer = self.cls_to_become(**{**self._arguments, **made, self.missing: size})
            with no_grad():
                for name, value in lazy.items():
                    drawn = getattr(layer, name)
                    value.materialize(drawn.shape)
                    value.copy_(drawn)
        setattr(self, self.missing, size)
        self.__dict__.pop("_arguments", None)

    def _axis(self, input: Tensor) -> int:
        return self.axis


class LazyLinear(_LazyLayer, Linear):
    """:class:`Linear` that takes ``in_features`` from its first input.

    >>> import minitorch_dl as torch
    >>> layer = torch.nn.LazyLinear(3)
    >>> layer(torch.ones(2, 5)).shape, layer
    (torch.Size([2, 3]), Linear(in_features=5, out_features=3, bias=True))
    """

    cls_to_become = Linear
    missing, axis = "in_features", -1


class _LazyChannels(_LazyLayer):
    """Takes the channels of ``(N, C, *S)`` or ``(C, *S)``."""

    dims: Any

    def _axis(self, input: Tensor) -> int:
        ndims = (self.dims + 1, self.dims + 2) if isinstance(self.dims, int) else self.dims
        if input.dim() not in ndims:
            expected = " or ".join(f"{n}D" for n in ndims)
            raise RuntimeError(
                f"Expected {expected} input to {type(self).__name__}, but got input of size: "
                f"{list(input.shape)}"
            )
        if isinstance(self.dims, int):
            return -self.dims - 1
        return 1 if self.cls_to_become.__name__.startswith("Batch") else 1 - max(self.dims)


class _LazyConv(_LazyChannels):
    missing = "in_channels"


class LazyConv1d(_LazyConv, Conv1d):
    """:class:`Conv1d` that takes ``in_channels`` from its first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """:class:`Conv2d` that takes ``in_channels`` from its first input."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """:class:`Conv3d` that takes ``in_channels`` from its first input."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConv, ConvTranspose1d):
    """:class:`ConvTranspose1d` that takes ``in_channels`` from its first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConv, ConvTranspose2d):
    """:class:`ConvTranspose2d` that takes ``in_channels`` from its first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConv, ConvTranspose3d):
    """:class:`ConvTranspose3d` that takes ``in_channels`` from its first input."""

    cls_to_become = ConvTranspose3d


class _LazyNorm(_LazyChannels):
    missing = "num_features"
    defaults: ClassVar[dict[str, Any]] = {"affine": True, "track_running_stats": True}


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """:class:`BatchNorm1d` that takes ``num_features`` from its first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """:class:`BatchNorm2d` that takes ``num_features`` from its first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """:class:`BatchNorm3d` that takes ``num_features`` from its first input."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """:class:`InstanceNorm1d` that takes ``num_features`` from its first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """:class:`InstanceNorm2d` that takes ``num_features`` from its first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """:class:`InstanceNorm3d` that takes ``num_features`` from its first input."""

    cls_to_become = InstanceNorm3d
