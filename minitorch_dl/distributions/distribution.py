"""The base class of all distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..autograd import enable_grad, grad, no_grad
from ..backend.dtypes import get_default_dtype
from ..backend.warning import warn
from ..ops import broadcast_tensors, tensor
from ..size import Size
from ..tensor import Tensor
from . import constraints

__all__ = ["Distribution", "ExponentialFamily"]

Self = TypeVar("Self", bound="Distribution")
Shape = Any


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Parameters, tensors or numbers, as tensors of one shape; numbers get the tensors' dtype."""
    for value in values:
        if not isinstance(value, (Tensor, int, float)):
            raise ValueError(
                "Input arguments must all be instances of Number, torch.Tensor or objects "
                f"implementing __torch_function__, got {type(value).__name__}"
            )
    like = next((v for v in values if isinstance(v, Tensor)), None)
    dtype = get_default_dtype() if like is None else like.dtype
    where = None if like is None else like.device
    made = [v if isinstance(v, Tensor) else tensor(v, dtype=dtype, device=where) for v in values]
    return tuple(broadcast_tensors(*made))


def sum_rightmost(value: Tensor, dims: int) -> Tensor:
    """The sum over the last ``dims`` dimensions."""
    return value.sum(dim=tuple(range(-dims, 0))) if dims else value


class lazy:
    """A parameter that is computed from another one when it is first asked for, and kept."""

    def __init__(self, function: Callable[[Any], Tensor]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        with enable_grad():  # it outlives the block that asks for it first
            value = instance.__dict__[self._name] = self._function(instance)
        return value


class Distribution:
    """A probability distribution, or a batch of independent ones.

    Attributes:
        batch_shape: the shape of the parameters, one distribution per index.
        event_shape: the shape of one sample of one of them.
        arg_constraints: what each parameter must satisfy.
        support: where the samples lie.
        has_rsample: whether gradients flow through ``rsample`` to the parameters.

    >>> import minitorch_dl as torch
    >>> normal = torch.distributions.Normal(torch.zeros(3), torch.ones(3))
    >>> normal.sample((2,)).shape, normal.log_prob(torch.zeros(3))[0]
    (torch.Size([2, 3]), tensor(-0.9189))
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: Any = {}
    support: Any = constraints.dependent
    _validate_args = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether new distributions check their parameters and values."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args expected True or False, got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self, batch_shape: Shape = (), event_shape: Shape = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()
        super().__init__()  # a distribution may also be a Module

    def _check_parameters(self) -> None:
        if self.arg_constraints is Distribution.arg_constraints:
            warn(
                f"{type(self)} does not define `arg_constraints`. Please set it ({{}} if there are "
                "none), or make the distribution with `validate_args=False`.",
            )
        for name, constraint in self.arg_constraints.items():
            if constraints.is_dependent(constraint) or name not in self.__dict__:
                continue
            value = self.__dict__[name]
            with no_grad():
                valid = constraint.check(value)
            if not valid.all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    def _get_checked_instance(self: Self, cls: type, _instance: Any = None) -> Self:
        """What the ``expand`` of a user's class, derived from ``cls``, fills: a new instance.

        Raises:
            NotImplementedError: a class derived from ``cls`` with an ``__init__`` of its own needs
                an ``expand`` of its own.
        """
        if _instance is not None:
            return _instance
        if type(self).__init__ != cls.__init__:  # type: ignore[misc]
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ "
                "method must also define a custom .expand() method."
            )
        return object.__new__(type(self))

    def expand(self: Self, batch_shape: Shape, _instance: Any = None) -> Self:
        """The same distribution with its parameters expanded to ``batch_shape``."""
        batch_shape = Size(batch_shape)
        new = object.__new__(type(self))
        for name, value in self.__dict__.items():
            if isinstance(value, Tensor):
                events = getattr(self.arg_constraints.get(name), "event_dim", 0)
                kept = value.shape[value.ndim - events :]
                value = value.expand(tuple(batch_shape) + tuple(kept))
            elif isinstance(value, Distribution):
                value = value.expand(batch_shape)
            new.__dict__[name] = value
        new._batch_shape = batch_shape
        return new

    def _made_as(self, cls: type, *args: Any, **options: Any) -> Any:
        """A distribution of this one's class, a subclass of ``cls``, as ``cls`` makes it."""
        made = object.__new__(type(self))
        cls.__init__(made, *args, **options)  # type: ignore[misc]
        return made

    @property
    def batch_shape(self) -> Size:
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        return self._event_shape

    @property
    def mean(self) -> Tensor:
        """The expectation."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The most likely value."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        """Samples, ``sample_shape + batch_shape + event_shape``, without gradients."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        """Samples through which gradients flow to the parameters."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """PyTorch's old name for ``sample((n,))``."""
        warn("sample_n(n) will be deprecated. Use sample((n,)) instead", FutureWarning)
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at ``value``."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most ``value``."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """The quantile: the inverse of ``cdf``."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution, along a new first dimension."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The entropy, in nats."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """``exp(entropy)``."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Shape = ()) -> Size:
        return Size(sample_shape) + self._batch_shape + self._event_shape

    def _check_sample(self, value: Any) -> None:
        """``_validate_sample``, unless the distribution was made with ``validate_args=False``."""
        if self._validate_args:
            self._validate_sample(value)

    def _validate_sample(self, value: Any) -> None:
        """Raise for a value that ``log_prob`` can't take."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        events = len(self._event_shape)
        if value.ndim < events or value.shape[value.ndim - events :] != self._event_shape:
            raise ValueError(
                "The right-most size of value must match event_shape: "
                f"{value.shape} vs {self._event_shape}."
            )
        expected = self._batch_shape + self._event_shape
        for i, j in zip(reversed(value.shape), reversed(expected)):
            if 1 not in (i, j) and i != j:
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{value.shape} vs {expected}."
                )
        support = self.support
        if support is Distribution.support:
            warn(
                f"{type(self)} does not define `support`, which samples are checked by. Please set "
                "it, or make the distribution with `validate_args=False`.",
            )
        if constraints.is_dependent(support):
            return
        with no_grad():
            valid = support.check(value)
        if not valid.all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) "
                f"to be within the support ({support!r}) of the distribution {self!r}, "
                f"but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        known = {
            name: self.__dict__[name] for name in self.arg_constraints if name in self.__dict__
        }
        shown = [f"{k}: {v if v.numel() == 1 else v.size()}" for k, v in known.items()]
        return f"{type(self).__name__}({', '.join(shown)})"


class ExponentialFamily(Distribution):
    """Distributions of the form ``p(x; θ) = h(x) exp(θ·t(x) - A(θ))``.

    A subclass that gives ``_natural_params`` (θ, a tuple), ``_log_normalizer(*θ)`` (A) and
    ``_mean_carrier_measure`` (E log h(x)) has the entropy and the divergence between two of its
    instances (Nielsen and Nock, "Entropies and cross-entropies of exponential families", 2010).
    """

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError(f"{type(self).__name__} does not define _natural_params")

    def _log_normalizer(self, *args: Any, **kwargs: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not define _log_normalizer")

    @property
    def _mean_carrier_measure(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define _mean_carrier_measure")

    def _normalizer_and_slopes(self) -> tuple[list[Tensor], Tensor, Any]:
        """θ, A(θ) and the gradient of A, which is E t(x)."""
        params = [p.detach().requires_grad_() for p in self._natural_params]
        with enable_grad():
            normalizer = self._log_normalizer(*params)
        return params, normalizer, grad(normalizer.sum(), params, create_graph=True)

    def entropy(self) -> Tensor:
        params, normalizer, slopes = self._normalizer_and_slopes()
        shape = (*self._batch_shape, -1)
        products = [(p * slope).reshape(shape).sum(-1) for p, slope in zip(params, slopes)]
        return normalizer - sum(products) - self._mean_carrier_measure
