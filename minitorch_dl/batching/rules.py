"""How functions run on all entries of a batch at once.

The entries lie along the first dim of an argument's ``entries``; ``entry`` below is what a function
that is called inside ``vmap`` sees. A rule moves the dims that the call names past that of the
batch, or writes the function in terms of others that have a rule.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from .batched import Batched, is_at, mapped, rewrapped, rule_for, torch


class Bound:
    """The arguments of a call by the names of the function's parameters, which may be changed, and
    as the function takes them."""

    def __init__(self, parameters: _Parameters, arguments: dict[str, Any]) -> None:
        self.parameters, self.arguments = parameters, arguments

    @property
    def args(self) -> tuple[Any, ...]:
        given = tuple([self.arguments[name] for name in self.parameters.positional])
        return (*given, *self.arguments.get(self.parameters.rest, ()))

    @property
    def kwargs(self) -> dict[str, Any]:
        given = {name: self.arguments[name] for name in self.parameters.named}
        return given | self.arguments.get(self.parameters.others, {})


class _Parameters:
    """Those of a function by their kinds, and their defaults."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.signature = inspect.signature(func)
        p = inspect.Parameter
        several: dict[Any, Any] = {p.VAR_POSITIONAL: (), p.VAR_KEYWORD: {}}
        kinds: dict[Any, list[str]] = {}
        self.defaults: dict[str, Any] = {}
        for name, one in self.signature.parameters.items():
            kinds.setdefault(one.kind, []).append(name)
            self.defaults[name] = several.get(one.kind, one.default)
        self.positional = kinds.get(p.POSITIONAL_ONLY, []) + kinds.get(p.POSITIONAL_OR_KEYWORD, [])
        self.named = kinds.get(p.KEYWORD_ONLY, [])
        (self.rest,) = kinds.get(p.VAR_POSITIONAL, [""])
        (self.others,) = kinds.get(p.VAR_KEYWORD, [""])

    def bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Bound:
        if self.rest in kwargs:  # flip(x, dims=(0, 1))
            args, kwargs = (*args, kwargs[self.rest]), kwargs.copy()
            del kwargs[self.rest]
        arguments = self.defaults | dict(zip(self.positional, args))
        if rest := args[len(self.positional) :]:
            arguments[self.rest] = rest
        more = kwargs.keys() - self.defaults.keys()
        arguments |= kwargs
        if more:
            arguments[self.others] = {name: arguments.pop(name) for name in more}
        twice = not kwargs.keys().isdisjoint(self.positional[: len(args)])
        absent = any(x is inspect.Parameter.empty for x in arguments.values())
        if twice or absent or "" in arguments:
            self.signature.bind(*args, **kwargs)  # which says what is wrong
        return Bound(self, arguments)


_parameters = functools.cache(_Parameters)


def bound_arguments(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Bound:
    return _parameters(func).bound(args, kwargs)


def only(values: Any, level: int) -> bool:
    """Whether none of these is batched at this level."""
    found: list[Any] = []
    mapped(found.append, values, level)
    return not found


# -- element by element ----------------------------------------------------------------------------

_POINTWISE = """
    abs absolute acos acosh add addcdiv addcmul alias angle arccos arccosh arcsin arcsinh arctan
    arctan2 arctanh asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_not
    bitwise_or bitwise_right_shift bitwise_xor bool ceil celu clamp clamp_max clamp_min clip
    clone conj conj_physical contiguous copy_ copysign cos cosh cpu deg2rad detach digamma div
    div_floor divide double elu empty_like entr eq erf erfc erfcx erfinv exp exp2 expm1 fix
    float float_power floor floor_divide fmax fmin fmod frac full_like gcd ge gelu greater
    greater_equal gt half hardshrink hardsigmoid hardswish hardtanh heaviside hypot i0 i0e i1
    i1e igamma igammac imag int isclose isfinite isinf isnan isneginf isposinf lcm ldexp le
    leaky_relu lerp less less_equal lgamma log log10 log1p log2 log_ndtr logaddexp logaddexp2
    logical_and logical_not logical_or logical_xor logit logsigmoid long lt maximum
    minimum mish mul multiply nan_to_num ndtr ndtri ne neg negative nextafter not_equal
    ones_like polygamma positive pow rad2deg real reciprocal relu relu6 remainder resolve_conj
    resolve_neg round rsqrt rsub selu sgn short sigmoid sign signbit silu sin sinc sinh softplus
    softshrink softsign sqrt square sub subtract tan tanh tanhshrink threshold to true_divide
    trunc type type_as view_as_real xlog1py xlogy zero_ zeros_like
"""


def pointwise(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    values = [*args, *kwargs.values()]
    tensors = [x for x in values if isinstance(x, Tensor)]
    rank = max([x.ndim for x in tensors])
    writes = func.__name__[-1] == "_"
    if kwargs.get("out") is not None or (writes and not is_at(args[0], level)):
        return NotImplemented
    if len(tensors) > 1 and rank and len({x.dtype for x in tensors}) > 1 and not writes:
        args, kwargs = _promoted(tensors, args, kwargs, level)
    given = [aligned(x, rank, level) for x in args]
    y = func(*given, **{name: aligned(x, rank, level) for name, x in kwargs.items()})
    if writes or y is given[0]:  # also by inplace=True
        return args[0]
    return rewrapped(y, level)


def aligned(x: Any, rank: int, level: int) -> Any:
    """The entries with as many dims as the largest operand's have."""
    if not is_at(x, level):
        return x
    missing = rank - x.ndim
    if not missing:
        return x.entries
    shape = x.entries.shape
    return x.entries.reshape((shape[0], *[1] * missing, *shape[1:]))


def _promoted(
    tensors: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any], level: int
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The operands with those entries of no dims, which don't decide the dtype of the result, in
    the dtype that it has."""
    dtype = functools.reduce(torch.promote_types, [x.dtype for x in tensors if x.ndim])

    def cast(x: Any) -> Any:
        same_kind = not x.ndim and x.dtype.kind == dtype.kind
        return Batched.of(x.entries.to(dtype), level) if same_kind else x

    return mapped(cast, args, level), mapped(cast, kwargs, level)


rule_for(_POINTWISE)(pointwise)
rule_for(" ".join(f"{name}_" for name in _POINTWISE.split() if name[-1] != "_"))(pointwise)


@rule_for("fill")
def _fill(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, value = bound_arguments(func, args, kwargs).args
    return x.clone().fill_(value) if is_at(x, level) else NotImplemented


@rule_for("fill_")
def _fill_in_place(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, value = bound_arguments(func, args, kwargs).args
    if not is_at(x, level) or (isinstance(value, Tensor) and value.ndim):
        return NotImplemented
    if isinstance(value, Tensor):
        return x.copy_(value)
    func(x.entries, value)
    return x


@rule_for("masked_fill")
def _masked_fill(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, mask, value = bound_arguments(func, args, kwargs).args
    if not is_at(value, level):
        return pointwise(func, args, kwargs, level)
    if value.ndim or mask.dtype is not torch.bool:
        return NotImplemented
    return torch.where(mask, value.to(x.dtype), x)


@rule_for("masked_fill_")
def _masked_fill_in_place(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int
) -> Any:
    x, mask, value = bound_arguments(func, args, kwargs).args
    if not is_at(value, level):
        return pointwise(func, args, kwargs, level)
    return x.copy_(torch.masked_fill(x, mask, value))


@rule_for("where")
def _where(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    if len(args) + len(kwargs) == 1:
        return args[0].nonzero()  # which says why there is none
    return pointwise(func, args, kwargs, level)


# -- along dims ------------------------------------------------------------------------------------

_DIMS = {
    "dim", "dims", "dim0", "dim1", "dim2", "axis0", "axis1", "source", "destination", "start_dim",
    "end_dim",
}  # fmt: skip


def shifted_dim(dim: Any, n: int) -> Any:
    """A dim, or several, of an entry as those of all entries; None where there is no such dim."""
    if isinstance(dim, (tuple, list)):
        dims = [shifted_dim(d, n) for d in dim]
        return None if None in dims else type(dim)(dims)
    if type(dim) is not int or not -n <= dim < n:
        return None
    return dim % n + 1


def along_dims(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int, more: int = 0
) -> Any:
    """A function of one batched tensor and of dims; there may be ``more`` of them than the tensor
    has."""
    bound = bound_arguments(func, args, kwargs)
    (first, x), *others = bound.arguments.items()
    n = x.ndim + more if isinstance(x, Tensor) else 0
    if not is_at(x, level) or not n or not only([v for _, v in others], level):
        return NotImplemented
    if bound.arguments.get("out") is not None:
        return NotImplemented
    bound.arguments[first] = x.entries
    for name, value in others:
        if name in _DIMS:
            dim = shifted_dim(value, n)
            if dim is None:
                return NotImplemented
            bound.arguments[name] = dim
    return rewrapped(func(*bound.args, **bound.kwargs), level)


rule_for(
    """
    softmax log_softmax softmin cumsum cumprod cummax cummin logcumsumexp sort argsort topk kthvalue
    flip roll rot90 select narrow split chunk unbind split_with_sizes tensor_split index_select
    diagonal movedim moveaxis logsumexp swapaxes swapdims normalize glu unflatten index_fill
    """
)(along_dims)
rule_for("unsqueeze")(functools.partial(along_dims, more=1))


def _reduction(
    func: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    level: int,
    several: bool = True,
) -> Any:
    """A function that reduces some dims, or all of them where none is named; ``several``: it can be
    told several."""
    bound = bound_arguments(func, args, kwargs)
    x, dim = bound.args[0], bound.arguments.get("dim")
    if dim is not None and dim != ():
        return along_dims(func, args, kwargs, level)
    others = [v for v in list(bound.arguments.values())[1:] if isinstance(v, Tensor)]
    if not is_at(x, level) or not x.ndim or others:
        return NotImplemented
    if not several and bound.arguments.get("keepdim", False):
        return NotImplemented
    first = next(iter(bound.arguments))
    bound.arguments[first] = x.entries if several else x.entries.flatten(1)
    bound.arguments["dim"] = tuple(range(1, x.ndim + 1)) if several else 1
    return rewrapped(func(*bound.args, **bound.kwargs), level)


rule_for(
    """
    sum mean nansum nanmean var std all any count_nonzero amax amin var_mean std_mean
    """
)(_reduction)
rule_for("prod argmax argmin aminmax vector_norm")(functools.partial(_reduction, several=False))


def _extremum(
    func: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    level: int,
    of_all: Callable[[Any], Any] | None = None,
) -> Any:
    """The extremum along a dim, with its place; of two tensors; or ``of_all`` elements."""
    if len(args) == 1 and not kwargs:
        return NotImplemented if of_all is None else of_all(args[0])
    other = args[1] if len(args) > 1 else kwargs.get("other")
    if isinstance(other, Tensor):
        return pointwise(func, args, kwargs, level)
    if len(args) > 1:  # in whose place ``dim`` may stand
        args, kwargs = args[:1], dict(zip(("dim", "keepdim"), args[1:])) | kwargs
    return along_dims(func, args, kwargs, level)


rule_for("max")(functools.partial(_extremum, of_all=torch.amax))
rule_for("min")(functools.partial(_extremum, of_all=torch.amin))
rule_for("median nanmedian")(_extremum)


@rule_for("norm")
def _norm(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    bound = bound_arguments(func, args, kwargs)
    given = bound.arguments
    if "p" in given and given["p"] in ("fro", 2, 2.0) and given.get("dim") is None:
        x = args[0] if args else kwargs["input"]
        if is_at(x, level) and x.ndim and not given.get("keepdim") and given.get("dtype") is None:
            return rewrapped(func(x.entries.flatten(1), 2, 1), level)
    return along_dims(func, args, kwargs, level) if given.get("dim") is not None else NotImplemented
