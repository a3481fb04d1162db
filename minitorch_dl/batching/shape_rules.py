"""How functions that rearrange, join and index tensors run on all entries of a batch at once; see
``rules``."""

from __future__ import annotations

import functools
from typing import Any

from ..tensor import Tensor
from .batched import is_at, lifted, rewrapped, rule_for, torch
from .rules import aligned, along_dims, bound_arguments, only, shifted_dim

# -- shapes ----------------------------------------------------------------------------------------


def _sized(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, tuple[int, ...] | None, dict[str, Any]]:
    """The tensor, the sizes or dims that were given one by one, as a sequence, or by name, and the
    other arguments."""
    x, *given = args
    rest = dict(kwargs)
    for name in ("shape", "size", "repeats", "dims"):
        if name in rest:
            given.append(rest.pop(name))
    while len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = list(given[0])
    return x, tuple(given) if all(isinstance(n, int) for n in given) else None, rest


@rule_for("reshape new_zeros new_ones new_empty")
def _reshaped(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, sizes, rest = _sized(args, kwargs)
    if not is_at(x, level) or sizes is None:
        return NotImplemented
    # The number of entries is known: -1 can't be found among entries that there are none of.
    return rewrapped(func(x.entries, (x.entries.shape[0], *sizes), **rest), level)


@rule_for("view")
def _view(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, *given = args
    if "dtype" not in kwargs and not (given and isinstance(given[0], torch.dtype)):
        return _reshaped(type(x.entries).view, args, kwargs, level)  # which may be batched, too
    return rewrapped(func(x.entries, *given, **kwargs), level) if x.ndim else NotImplemented


@rule_for("repeat")
def _repeat(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, sizes, _ = _sized(args, kwargs)
    if not is_at(x, level) or sizes is None or len(sizes) < x.ndim:
        return NotImplemented
    return rewrapped(func(aligned(x, len(sizes), level), (1, *sizes)), level)


@rule_for("tile")
def _tile(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, sizes, _ = _sized(args, kwargs)
    return NotImplemented if sizes is None else x.repeat(*[1] * (x.ndim - len(sizes)), *sizes)


@rule_for("expand broadcast_to")
def _expanded(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, sizes, rest = _sized(args, kwargs)
    if not is_at(x, level) or sizes is None or len(sizes) < x.ndim:
        return NotImplemented
    shape = (x.entries.shape[0], *sizes)
    return rewrapped(func(aligned(x, len(sizes), level), shape, **rest), level)


@rule_for("view_as reshape_as expand_as")
def _as_other(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, other = args
    return getattr(x, func.__name__[:-3])(other.shape)


@rule_for("new_full")
def _new_full(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, *_ = args
    bound = bound_arguments(func, args, kwargs)
    size, *rest = bound.args[1:]
    if not is_at(x, level) or not only((rest, bound.kwargs), level):
        return NotImplemented
    return rewrapped(func(x.entries, (x.entries.shape[0], *size), *rest, **bound.kwargs), level)


@rule_for("permute")
def _permute(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, dims, _ = _sized(args, kwargs)
    places = None if dims is None else shifted_dim(dims, x.ndim)
    if dims is None or places is None or len(dims) != x.ndim:
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
    return along_dims(func, args, kwargs, level) if x.ndim else x.view(())


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
    return along_dims(func, args, kwargs, level) if x.ndim else x.view(())


@rule_for("flatten")
def _flatten(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x = args[0]
    return along_dims(func, args, kwargs, level) if x.ndim else x.reshape(1)


@rule_for("ravel")
def _ravel(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    return args[0].reshape(-1)


def _joined(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int, more: int = 0
) -> Any:
    """Several tensors as one, with ``more`` dims."""
    bound = bound_arguments(func, args, kwargs)
    tensors = bound.args[0]
    n = max([x.ndim for x in tensors])
    dim = shifted_dim(bound.arguments["dim"], n + more)
    if dim is None or bound.arguments.get("out") is not None:
        return NotImplemented
    if any(x.ndim != n and x.numel() for x in tensors):
        return NotImplemented
    parts = [lifted(x, level) for x in tensors if x.ndim == n]
    return rewrapped(func(parts, dim), level)


rule_for("cat concat concatenate")(_joined)
rule_for("stack")(functools.partial(_joined, more=1))


@rule_for("hstack")
def _hstack(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    tensors = [x if x.ndim else x.reshape(1) for x in args[0]]
    return torch.cat(tensors, 0 if tensors[0].ndim == 1 else 1)


@rule_for("vstack")
def _vstack(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    return torch.cat([x if x.ndim > 1 else x.reshape(1, -1) for x in args[0]], 0)


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
    dim = shifted_dim(bound.arguments["dim"], x.ndim)
    tensors = [v for v in bound.arguments.values() if isinstance(v, Tensor)]
    same = all(v.ndim == x.ndim for v in tensors)
    if dim is None or not same or bound.arguments.get("out") is not None:
        return NotImplemented
    for name, value in bound.arguments.items():
        if isinstance(value, Tensor):
            bound.arguments[name] = lifted(value, level)
    bound.arguments["dim"] = dim
    return rewrapped(func(*bound.args, **bound.kwargs), level)
