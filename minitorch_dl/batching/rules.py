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
from .batched import RULES, Batched, is_at, lifted, mapped, rewrapped, torch


@functools.cache
def _signature(func: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(func)


def bound_arguments(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> inspect.BoundArguments:
    signature = _signature(func)
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL and name in kwargs:  # flip(x, dims=(0, 1))
            args, kwargs = (*args, kwargs[name]), {k: v for k, v in kwargs.items() if k != name}
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound


def rule_for(names: str) -> Callable[[Any], Any]:
    def register(rule: Any) -> Any:
        RULES.update(dict.fromkeys(names.split(), rule))
        return rule

    return register


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
    trunc type type_as view_as_real where xlog1py xlogy zero_ zeros_like
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


@rule_for("fill fill_")
def _filled(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, value = bound_arguments(func, args, kwargs).args
    if not is_at(x, level) or (isinstance(value, Tensor) and value.ndim):
        return NotImplemented
    if isinstance(value, Tensor):
        return (x if func.__name__ == "fill_" else torch.empty_like(x)).copy_(value)
    y = func(x.entries, value)
    return x if func.__name__ == "fill_" else rewrapped(y, level)


@rule_for("masked_fill masked_fill_")
def _masked(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, mask, value = bound_arguments(func, args, kwargs).args
    if not (isinstance(value, Tensor) and is_at(value, level)):
        return pointwise(func, args, kwargs, level)
    if value.ndim or mask.dtype is not torch.bool:
        return NotImplemented
    y = torch.where(mask, value.to(x.dtype), x)
    return x.copy_(y) if func.__name__ == "masked_fill_" else y


@rule_for("masked_fill masked_fill_")
def _masked_fill(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, mask, value = bound_arguments(func, args, kwargs).args
    if not is_at(value, level) or value.ndim:
        return pointwise(func, args, kwargs, level)
    y = torch.where(mask, value.to(x.dtype), x)
    return x.copy_(y) if func.__name__ == "masked_fill_" else y


# -- along dims ------------------------------------------------------------------------------------

_DIMS = {
    "dim", "dims", "dim0", "dim1", "dim2", "axis0", "axis1", "source", "destination", "start_dim",
    "end_dim",
}  # fmt: skip


def _shifted(dim: Any, n: int) -> Any:
    """A dim, or several, of an entry as those of all entries; None where there is no such dim."""
    if isinstance(dim, (tuple, list)):
        dims = [_shifted(d, n) for d in dim]
        return None if None in dims else type(dim)(dims)
    if type(dim) is not int or not -n <= dim < n:
        return None
    return dim % n + 1


def _along(
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
            dim = _shifted(value, n)
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
)(_along)
rule_for("unsqueeze")(functools.partial(_along, more=1))


def _reduction(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    """A function that reduces some dims, or all of them where none is named."""
    bound = bound_arguments(func, args, kwargs)
    x, dim = bound.args[0], bound.arguments.get("dim")
    if dim is not None and dim != ():
        return _along(func, args, kwargs, level)
    others = [v for v in list(bound.arguments.values())[1:] if isinstance(v, Tensor)]
    if not is_at(x, level) or not x.ndim or others:
        return NotImplemented
    several = _signature(func).parameters["dim"].default is None and func.__name__ in _ALL_DIMS
    keeps = bound.arguments.get("keepdim", False)
    if not several and keeps:
        return NotImplemented
    first = next(iter(bound.arguments))
    bound.arguments[first] = x.entries if several else x.entries.flatten(1)
    bound.arguments["dim"] = tuple(range(1, x.ndim + 1)) if several else 1
    return rewrapped(func(*bound.args, **bound.kwargs), level)


_ALL_DIMS = {
    "sum", "mean", "nansum", "nanmean", "var", "std", "all", "any", "count_nonzero", "amax", "amin",
    "var_mean", "std_mean",
}  # fmt: skip
rule_for(" ".join(_ALL_DIMS))(_reduction)
rule_for("prod argmax argmin aminmax vector_norm")(_reduction)


@rule_for("max min median nanmedian")
def _extremum(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    if len(args) == 1 and not kwargs:
        x = args[0]
        spread = {"max": torch.amax, "min": torch.amin}.get(func.__name__)
        return NotImplemented if spread is None else spread(x)
    if isinstance(args[-1], Tensor):
        return pointwise(func, args, kwargs, level)
    return _along(func, args, kwargs, level)


@rule_for("norm")
def _norm(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    bound = bound_arguments(func, args, kwargs)
    given = bound.arguments
    if "p" in given and given["p"] in ("fro", 2, 2.0) and given.get("dim") is None:
        x = args[0] if args else kwargs["input"]
        if is_at(x, level) and x.ndim and not given.get("keepdim") and given.get("dtype") is None:
            return rewrapped(func(x.entries.flatten(1), 2, 1), level)
    return _along(func, args, kwargs, level) if given.get("dim") is not None else NotImplemented


# -- shapes ----------------------------------------------------------------------------------------


def _sizes(given: tuple[Any, ...]) -> Any:
    """What was given as ``*sizes`` or as one sequence."""
    while len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = tuple(given[0])
    return given if all(isinstance(n, int) for n in given) else None


@rule_for("view reshape expand repeat tile new_zeros new_ones new_empty broadcast_to")
def _resized(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    name, x = func.__name__, args[0]
    shape = kwargs.get("shape", kwargs.get("size"))
    sizes = _sizes(args[1:] if shape is None else (shape,))
    rest = {k: v for k, v in kwargs.items() if k not in ("shape", "size")}
    if not is_at(x, level):
        return NotImplemented
    if sizes is None or (name == "view" and "dtype" in kwargs):  # of the same bytes
        return rewrapped(func(x.entries, *args[1:], **kwargs), level) if x.ndim else NotImplemented
    n = x.entries.shape[0]
    if name in ("view", "reshape"):
        # -1 can't be found among entries that there are none of.
        return rewrapped(func(x.entries, (n, *sizes), **rest), level)
    if name in ("repeat", "tile"):
        if name == "repeat" and len(sizes) < x.ndim:
            return NotImplemented
        sizes = (*[1] * (x.ndim - len(sizes)), *sizes)
        return rewrapped(func(aligned(x, len(sizes), level), (1, *sizes)), level)
    if name in ("expand", "broadcast_to"):
        if len(sizes) < x.ndim:
            return NotImplemented
        return rewrapped(func(aligned(x, len(sizes), level), (n, *sizes), **rest), level)
    return rewrapped(func(x.entries, (n, *sizes), **rest), level)


@rule_for("view_as reshape_as expand_as")
def _as_other(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, other = args
    return getattr(x, func.__name__[:-3])(other.shape)


@rule_for("new_full")
def _new_full(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, size, *rest = args
    if not is_at(x, level) or not only((rest, kwargs), level):
        return NotImplemented
    return rewrapped(func(x.entries, (x.entries.shape[0], *size), *rest, **kwargs), level)


@rule_for("permute")
def _permute(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, *given = args
    dims = _sizes(tuple(given) or (kwargs["dims"],))
    places = None if dims is None else _shifted(dims, x.ndim)
    if places is None or len(dims) != x.ndim:
        return NotImplemented
    return rewrapped(func(x.entries, (0, *places)), level)


@rule_for("t")
def _t(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    (x,) = args
    if x.ndim > 2:
        return NotImplemented
    return x.transpose(0, 1) if x.ndim == 2 else x.view(x.shape)


@rule_for("transpose")
def _transpose(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x = args[0]
    return _along(func, args, kwargs, level) if x.ndim else x.view(())


@rule_for("adjoint")
def _adjoint(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    (x,) = args
    return (x.conj() if x.is_complex() else x).transpose(-2, -1)


@rule_for("squeeze_ unsqueeze_ transpose_ t_ swapaxes_ swapdims_")
def _reshaped_in_place(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, *rest = args
    x.entries = getattr(x, func.__name__[:-1])(*rest, **kwargs).entries
    return x


@rule_for("as_strided as_strided_copy")
def _as_strided(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, size, stride, offset = bound_arguments(torch.as_strided, args, kwargs).args
    e = x.entries
    offset = e.storage_offset() if offset is None else offset
    return rewrapped(func(e, (len(e), *size), (e.stride(0), *stride), offset), level)


@rule_for("as_strided_ resize_ resize_as_ set_ storage_offset")
def _of_memory(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    raise RuntimeError(
        f"vmap: {func.__name__}() is about the memory of one tensor, which the entries share. Call "
        "it outside of vmap"
    )


@rule_for("squeeze")
def _squeeze(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x = args[0]
    if len(args) == 1 and not kwargs:
        dims = [i + 1 for i, n in enumerate(x.shape) if n == 1]
        return rewrapped(func(x.entries, tuple(dims)), level)
    return _along(func, args, kwargs, level) if x.ndim else x.view(())


@rule_for("flatten ravel")
def _flatten(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x = args[0]
    if not x.ndim:
        return x.reshape(1)
    if func.__name__ == "ravel":
        return x.reshape(-1)
    return _along(func, args, kwargs, level)


@rule_for("cat concat concatenate stack")
def _joined(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    bound = bound_arguments(func, args, kwargs)
    tensors = bound.args[0]
    n = max([x.ndim for x in tensors])
    dim = _shifted(bound.arguments["dim"], n + (func.__name__ == "stack"))
    if dim is None or bound.arguments.get("out") is not None:
        return NotImplemented
    if any(x.ndim != n and x.numel() for x in tensors):
        return NotImplemented
    parts = [lifted(x, level) for x in tensors if x.ndim == n]
    return rewrapped(func(parts, dim), level)


def _stacked_along(name: str) -> Any:
    def rule(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
        (tensors,) = args
        tensors = [x if x.ndim else x.reshape(1) for x in tensors]
        if name == "vstack":
            return torch.cat([x if x.ndim > 1 else x.unsqueeze(0) for x in tensors], 0)
        return torch.cat(tensors, 0 if tensors[0].ndim == 1 else 1)

    return rule


RULES["vstack"], RULES["hstack"] = _stacked_along("vstack"), _stacked_along("hstack")


# -- indices ---------------------------------------------------------------------------------------


def _is_basic(index: Any) -> bool:
    return index is None or index is Ellipsis or isinstance(index, slice) or type(index) is int


def _index_of_all(x: Any, index: Any, level: int) -> Any:
    """The index that takes from all entries what ``index`` takes from one; None where none is
    known."""
    parts = index if isinstance(index, tuple) else (index,)
    if all(_is_basic(part) for part in parts):
        return (slice(None), *parts)
    arrays = [i for i, part in enumerate(parts) if not _is_basic(part)]
    adjacent = arrays[-1] - arrays[0] + 1 == len(arrays)
    if only(parts, level):
        return (slice(None), *parts) if adjacent else None
    places = [parts[i] for i in arrays]
    # The batch goes with the indices, which therefore have to come first.
    whole = all(isinstance(p, Tensor) and p.dtype.name != "bool" for p in places)
    if arrays[0] or not adjacent or not whole:
        return None
    rank = max([p.ndim for p in places])
    size = next(p.entries.shape[0] for p in places if is_at(p, level))
    batch = torch.arange(size, device=x.device).reshape((size, *[1] * rank))
    return (batch, *[aligned(p, rank, level) for p in places], *parts[len(arrays) :])


@rule_for("__getitem__")
def _getitem(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, index = args
    found = _index_of_all(x, index, level)
    if found is None:
        return NotImplemented
    return rewrapped(func(lifted(x, level), found), level)


@rule_for("__setitem__")
def _setitem(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, index, value = args
    if not is_at(x, level):
        return NotImplemented
    found = _index_of_all(x, index, level)
    if found is None:
        return NotImplemented
    if is_at(value, level):
        place = x.entries[found]
        if value.ndim > place.ndim - 1:
            return NotImplemented
        value = aligned(value, place.ndim - 1, level)
    func(x.entries, found, value)
    return None


@rule_for("gather scatter scatter_add scatter_reduce take_along_dim")
def _at_indices(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    bound = bound_arguments(func, args, kwargs)
    x = bound.args[0]
    dim = _shifted(bound.arguments["dim"], x.ndim)
    tensors = [v for v in bound.arguments.values() if isinstance(v, Tensor)]
    same = all(v.ndim == x.ndim for v in tensors)
    if (
        dim is None
        or not same
        or bound.arguments.get("out") is not None
        or "index_" in func.__name__
    ):
        return NotImplemented
    for name, value in bound.arguments.items():
        if isinstance(value, Tensor):
            bound.arguments[name] = lifted(value, level)
    bound.arguments["dim"] = dim
    return rewrapped(func(*bound.args, **bound.kwargs), level)
