"""The ops on nested tensors: on all entries at once, or tensor by tensor."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from .. import ops
from ..nn import functional as F
from ..ops import reshape, stack
from ..ops.dims import normalize_dims, wrap_dim
from ..tensor import Tensor
from ..tensor.wrapper_subclass import members
from .tensor import FUNCTIONS, JaggedTensor, NestedTensor, RaggedSize, implements


def is_nested(x: Any) -> bool:
    return isinstance(x, NestedTensor)


def refuse(op: str, expected: str, *got: Any) -> RuntimeError:
    kinds = [f"nested sizes {list(map(list, x._sizes))}" if is_nested(x) else repr(x) for x in got]
    return RuntimeError(f"{op}(): expected {expected}, got {', '.join(kinds)}")


# -- element by element ----------------------------------------------------------------------------


def _rows_of(op: str, x: Any, like: NestedTensor) -> Sequence[Any]:
    """What each tensor of ``like`` meets of an operand: its own tensor, its part of a batch, or all
    of it."""
    n = len(like)
    if is_nested(x):
        if len(x) != n or x.ndim != like.ndim:
            raise refuse(op, "nested tensors of as many dims and tensors", like, x)
        return x.rows()
    if isinstance(x, Tensor) and x.ndim == like.ndim:
        if x.shape[0] not in (1, n):
            raise refuse(op, f"a batch of {n}", like, list(x.shape))
        return x.unbind(0) if x.shape[0] == n else [x[0]] * n
    return [x] * n


def _same_lengths(op: str, tensors: Sequence[NestedTensor]) -> None:
    lengths = {id(x._length) for x in tensors if isinstance(x, JaggedTensor)}
    if len(lengths) > 1:
        shapes = " and ".join(str(tuple(x.shape)) for x in tensors if isinstance(x, JaggedTensor))
        raise RuntimeError(
            f"cannot call binary pointwise function {op} with inputs of shapes {shapes}"
        )


def by_rows(op: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
    """The function's results for the tensors of its nested arguments, one for each."""
    like = next(x for x in args if is_nested(x))
    rows = zip(*(_rows_of(op, x, like) for x in args))
    return [function(*row, **kwargs) for row in rows]


def _pointwise(function: Callable[..., Any]) -> Callable[..., Any]:
    op = function.__name__

    def apply(input: Any, *others: Any, **kwargs: Any) -> Any:
        args = (input, *others)
        nested = [x for x in args if is_nested(x)]
        _same_lengths(op, nested)
        like = nested[0]
        whole = all(x._sizes == like._sizes for x in nested)
        if whole and not any(isinstance(x, Tensor) and x.ndim and not is_nested(x) for x in args):
            entries = [x._entries if is_nested(x) else x for x in args]
            return like.with_entries(function(*entries, **kwargs))
        return like.with_rows(by_rows(op, function, *args, **kwargs))

    return apply


def _in_place(op: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(input: Any, *args: Any, **kwargs: Any) -> Any:
        result = function(input, *args, **kwargs)
        if not is_nested(input) or result._sizes != input._sizes:
            raise refuse(op, "a result of the input's sizes", input, result)
        input._entries.copy_(result._entries)
        return input

    return apply


_POINTWISE = """
    abs neg positive sign sgn sqrt rsqrt square exp exp2 expm1 log log2 log10 log1p sin cos tan sinh
    cosh tanh asin acos atan asinh acosh atanh sigmoid erf erfc erfinv floor ceil round trunc frac
    reciprocal relu clamp clamp_min clamp_max nan_to_num logical_not isnan isinf isposinf isneginf
    isfinite add sub mul div rsub pow floor_divide remainder fmod maximum minimum eq ne lt le gt ge
    logical_and logical_or logical_xor masked_fill where lerp dropout alpha_dropout celu selu
    zeros_like ones_like empty_like full_like rand_like randn_like
"""
_ACTIVATIONS = "gelu silu leaky_relu elu relu6 softplus mish hardtanh hardswish logsigmoid"
for _function in [*members(ops, _POINTWISE), ops.elementwise.div_floor, *members(F, _ACTIVATIONS)]:
    implements(_function)(_pointwise(_function))
FUNCTIONS.add_in_place_forms(_in_place)


@implements(Tensor.where)
def _where(self: Any, condition: Any, other: Any) -> Any:
    return FUNCTIONS[ops.where](condition, self, other)


# -- on the last dims ------------------------------------------------------------------------------


def _on_last(op: str, k: int, function: Callable[[Any], Any], input: NestedTensor) -> Any:
    """A function of batches (N, *the last k dims), in which all tensors agree."""
    ends = {size[len(size) - k :] for size in input._sizes}
    if len(ends) != 1 or input.ndim <= k:
        raise refuse(op, f"tensors that agree in the last {k} dims", input)
    y = function(reshape(input._entries, (-1, *ends.pop())))
    sizes = [(*size[: len(size) - k], *y.shape[1:]) for size in input._sizes]
    return input.make(reshape(y, (-1,)), sizes, *input._parts()[2:])


@implements(ops.linear, F.linear)
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``input @ weight^T + bias``."""
    return _on_last("linear", 1, lambda x: F.linear(x, weight, bias), input)


@implements(ops.layer_norm)
def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Layer normalization over the last dims."""
    return _on_last(
        "layer_norm",
        len(normalized_shape),
        lambda x: F.layer_norm(x, normalized_shape, weight, bias, eps),
        input,
    )


@implements(ops.rms_norm)
def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Any:
    """Normalization by the root mean square over the last dims."""
    return _on_last(
        "rms_norm",
        len(normalized_shape),
        lambda x: F.rms_norm(x, normalized_shape, weight, eps),
        input,
    )


@implements(F.embedding)
def embedding(input: Any, weight: Any, *args: Any, **kwargs: Any) -> Any:
    """The rows of ``weight`` at nested indices."""
    return _on_last("embedding", 0, lambda x: F.embedding(x, weight, *args, **kwargs), input)


# -- products --------------------------------------------------------------------------------------


@implements(ops.matmul, ops.bmm, Tensor.__matmul__)
def matmul(input: Any, other: Any) -> Any:
    """The matrix product of each tensor with that of the other operand, or with a matrix."""
    if is_nested(input) and isinstance(other, Tensor) and not is_nested(other) and other.ndim == 2:
        return _on_last("matmul", 1, lambda x: x @ other, input)
    if not is_nested(input) or not (is_nested(other) or getattr(other, "ndim", 0) == input.ndim):
        raise refuse("matmul", "a nested tensor and another, or a batch", input, other)
    products = by_rows("matmul", ops.matmul, input, other)
    ragged = input._ragged if isinstance(input, JaggedTensor) else None
    if ragged == input.ndim - 1:  # the ragged dim is summed over
        return stack(products)
    return input.with_rows(products)


@implements(F.scaled_dot_product_attention)
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """Attention (B, heads, length, E) of each tensor on its own."""
    options = {
        "dropout_p": dropout_p, "is_causal": is_causal, "scale": scale, "enable_gqa": enable_gqa
    }  # fmt: skip
    attend = F.scaled_dot_product_attention
    name = "scaled_dot_product_attention"
    if attn_mask is None:
        return query.with_rows(by_rows(name, attend, query, key, value, **options))
    return query.with_rows(by_rows(name, attend, query, key, value, attn_mask, **options))


# -- along dims ------------------------------------------------------------------------------------


def _inner(op: str, dim: int, input: NestedTensor) -> int:
    """A dim as one of the tensors, of which the batch's is none."""
    dim = wrap_dim(dim, input.ndim)
    if dim == 0:
        raise refuse(op, "a dim other than the batch's, 0", input)
    return dim - 1


def _ragged(input: NestedTensor) -> int:
    return input._ragged if isinstance(input, JaggedTensor) else -1


def _along(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(input: Any, dim: int, *args: Any, **kwargs: Any) -> Any:
        inner = _inner(function.__name__, dim, input)
        return input.with_rows([function(r, inner, *args, **kwargs) for r in input.rows()])

    return apply


for _function in members(ops, "softmax log_softmax cumsum cumprod flip roll"):
    implements(_function)(_along(_function))


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(input: Any, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Any:
        if dim is None:
            return function(input._entries, **kwargs)
        dims = normalize_dims(dim, input.ndim)
        inner, ragged = [_inner(function.__name__, d, input) for d in dims], _ragged(input)
        at = inner if len(inner) > 1 else inner[0]
        rows = [function(row, at, keepdim=keepdim, **kwargs) for row in input.rows()]
        if ragged in dims:
            return stack(rows)
        before = 0 if keepdim else builtins.sum(d < ragged for d in dims)
        return input.with_rows(rows, ragged - before)

    return apply


for _function in members(ops, "sum mean prod amax amin any all var std logsumexp"):
    implements(_function)(_reduction(_function))
for _function in members(ops, "max min"):
    implements(_function)(lambda input, _function=_function: _function(input._entries))


@implements(ops.transpose, ops.swapaxes)
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dims of each tensor swapped."""
    a, b = (_inner("transpose", d, input) for d in (dim0, dim1))
    moved = {a + 1: b + 1, b + 1: a + 1}
    ragged = _ragged(input)
    return input.with_rows([r.transpose(a, b) for r in input.rows()], moved.get(ragged, ragged))


@implements(ops.unsqueeze)
def unsqueeze(input: Any, dim: int) -> Any:
    """A dim of size 1 in each tensor."""
    dim = wrap_dim(dim, input.ndim + 1)
    if dim == 0:
        raise refuse("unsqueeze", "a dim other than 0", input)
    ragged = _ragged(input)
    return input.with_rows([r.unsqueeze(dim - 1) for r in input.rows()], ragged + (dim <= ragged))


@implements(ops.squeeze)
def squeeze(input: Any, dim: int) -> Any:
    """Without a dim of size 1 of each tensor."""
    inner, ragged = _inner("squeeze", dim, input), _ragged(input)
    if any(size[inner] != 1 for size in input._sizes):
        return input
    return input.with_rows([r.squeeze(inner) for r in input.rows()], ragged - (inner + 1 < ragged))


@implements(ops.select, ops.select_copy)
def select(input: Any, dim: int, index: int) -> Any:
    """One of the tensors, or one slice of each."""
    if wrap_dim(dim, input.ndim) == 0:
        return input.rows()[index]
    inner, ragged = _inner("select", dim, input), _ragged(input)
    rows = [r.select(inner, index) for r in input.rows()]
    return stack(rows) if inner + 1 == ragged else input.with_rows(rows, ragged - (inner < ragged))


@implements(ops.unflatten)
def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """A dim of each tensor as several."""
    inner, ragged = _inner("unflatten", dim, input), _ragged(input)
    if inner + 1 == ragged:
        raise refuse("unflatten", "a dim that is not the ragged one", input)
    rows = [r.unflatten(inner, sizes) for r in input.rows()]
    return input.with_rows(rows, ragged + (len(sizes) - 1) * (inner + 1 < ragged))


@implements(ops.flatten)
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Several dims of each tensor as one."""
    a, b = (_inner("flatten", d, input) for d in (start_dim, end_dim))
    ragged = _ragged(input)
    if a + 1 <= ragged <= b + 1 and a != b:
        raise refuse("flatten", "dims without the ragged one", input)
    rows = [r.flatten(a, b) for r in input.rows()]
    return input.with_rows(rows, ragged - (b - a) * (b + 1 < ragged))


@implements(ops.view, ops.reshape)
def view(input: Any, *size: Any, shape: Any = None) -> Any:
    """Each tensor in another shape: in ``(B, -1, 3, 4)`` -1 is its own size, where there is one
    such only, or the size of the dim at its place."""
    sizes = shape if shape is not None else size[0] if len(size) == 1 else size
    whole = [-1 if isinstance(n, RaggedSize) else n for n in sizes]
    if not whole or whole[0] not in (-1, len(input)):
        raise refuse("view", f"a size that starts with the batch's, {len(input)}", input, sizes)
    inner = whole[1:]
    rows = [reshape(r, _inferred(inner, r.shape)) for r in input.rows()]
    return input.with_rows(rows, 1 + inner.index(-1) if -1 in inner else None)


def _inferred(sizes: Sequence[int], have: Sequence[int]) -> list[int]:
    if list(sizes).count(-1) < 2:
        return list(sizes)
    return [have[d] if n == -1 else n for d, n in enumerate(sizes)]


def _dividing(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(input: Any, parts: Any, dim: int = 0) -> Any:
        if wrap_dim(dim, input.ndim) == _ragged(input):
            raise refuse(function.__name__, "a dim that is not the ragged one", input)
        inner = _inner(function.__name__, dim, input)
        pieces = zip(*(function(row, parts, inner) for row in input.rows()))
        return tuple([input.with_rows(rows) for rows in pieces])

    return apply


for _function in members(ops, "chunk split tensor_split split_with_sizes"):
    implements(_function)(_dividing(_function))
implements(Tensor.split)(FUNCTIONS[ops.split])


@implements(ops.unbind)
def unbind(input: Any, dim: int = 0) -> Any:
    """The tensors."""
    if wrap_dim(dim, input.ndim):
        raise refuse("unbind", "dim 0", input, dim)
    return tuple(input.rows())


@implements(ops.cat)
def cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Nested tensors one after the other, or joined tensor by tensor."""
    first = tensors[0]
    if not all(is_nested(x) for x in tensors) or (dim == 0 and isinstance(first, JaggedTensor)):
        raise refuse("cat", "nested tensors, and for layout torch.jagged a dim other than 0", first)
    if dim == 0:
        return first.with_rows([row for x in tensors for row in x.rows()])
    inner = _inner("cat", dim, first)
    return first.with_rows([ops.cat(rows, inner) for rows in zip(*(x.rows() for x in tensors))])


@implements(Tensor.__getitem__)
def getitem(input: Any, index: Any) -> Any:
    """One of the tensors, or a part of it, or the same part of each."""
    items = index if isinstance(index, tuple) else (index,)
    if hasattr(items[0], "__index__"):
        row = input.rows()[items[0]]
        return row[items[1:]] if len(items) > 1 else row
    if items[0] != slice(None) or isinstance(input, JaggedTensor):
        raise refuse("getitem", "a number, and for layout torch.strided [:, ...]", input, index)
    return input.with_rows([row[items[1:]] for row in input.rows()])


# -- conversions -----------------------------------------------------------------------------------


def to_padded_tensor(input: Any, padding: float, output_size: Any = None, out: Any = None) -> Any:
    """The dense tensor of this batch, filled with ``padding`` up to the largest sizes or
    ``output_size``."""
    if not len(input):
        return input._entries
    largest = [max(sizes) for sizes in zip(*input._sizes)]
    if output_size is not None:
        wanted = list(output_size)
        fits = len(wanted) == input.ndim and all(n <= m for n, m in zip(largest, wanted[1:]))
        if not fits or wanted[0] != len(input):
            raise refuse("to_padded_tensor", "an output_size that holds all", input, output_size)
        largest = wanted[1:]
    rows = []
    for row in input.rows():
        missing = [m - n for n, m in zip(row.shape, largest)]
        rows.append(F.pad(row, [n for m in reversed(missing) for n in (0, m)], value=padding))
    return stack(rows)


@implements(Tensor.copy_)
def copy_(input: Any, src: Any, non_blocking: bool = False) -> Any:
    """Take the elements of a nested tensor of the same sizes."""
    if not is_nested(src) or src._sizes != input._sizes:
        raise refuse("copy_", "a nested tensor of the same sizes", input, src)
    input._entries.copy_(src._entries)
    return input


@implements(Tensor.zero_)
def zero_(input: Any) -> Any:
    """Fill the tensors with zeros."""
    input._entries.zero_()
    return input


@implements(ops.is_same_size)
def is_same_size(input: Any, other: Any) -> bool:
    """Whether the tensors of both are of the same sizes."""
    return bool(input._sizes == other._sizes)


@implements(Tensor.contiguous)
def contiguous(input: Any, memory_format: Any = None) -> Any:
    """The tensor, whose entries always are."""
    return input


@implements(Tensor.is_contiguous)
def is_contiguous(input: Any, memory_format: Any = None) -> bool:
    """Whether the tensors lie one after the other, which transposed ones do not."""
    return _ragged(input) in (-1, 1)


NestedTensor.view = view
NestedTensor.to_padded_tensor = to_padded_tensor  # type: ignore[attr-defined]
