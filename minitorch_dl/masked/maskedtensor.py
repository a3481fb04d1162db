"""``MaskedTensor``: a tensor and a mask of the same shape that says which elements are there.

Element by element, ops keep the mask; reductions look at the elements that are there; what moves
elements moves those of the mask likewise. Gradients flow to the data from the elements that are
there, and ``grad`` has the mask of its tensor.

>>> import minitorch_dl as torch
>>> from minitorch_dl.masked import masked_tensor
>>> x = masked_tensor(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([True, False, True]))
>>> x.exp()
MaskedTensor(
  [  2.7183,       --,  20.0855]
)
>>> x.sum()
MaskedTensor(  4.0000, True)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..backend import layouts
from ..backend.warning import warn
from ..ops import masked_reductions, patches
from ..ops.dims import normalize_dims
from ..ops.softmax import softmin
from ..sparse import SparseTensor
from ..tensor import Tensor
from ..tensor.wrapper_subclass import SHARED, Functions, WrapperSubclass, members, of_entries

__all__ = ["MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor"]


FUNCTIONS = Functions(SHARED)
"""What there is for masked tensors."""
implements = FUNCTIONS.implements


class MaskedTensor(WrapperSubclass):
    """The elements of ``data``, its entries, where ``mask`` is true.

    Args:
        data: dense, or sparse with a mask at the same places; copied.
        mask: booleans of the same shape; copied.
        requires_grad: make it a leaf that wants a gradient.

    Raises:
        TypeError: parts that are no tensors, of different layouts, or a mask that isn't boolean.
        ValueError: parts of different shapes, or sparse parts with entries at different places.
    """

    __slots__ = ("_mask",)

    functions, kind, refusal = FUNCTIONS, "masked", TypeError
    instead = ".get_data() and .get_mask(), or fill in a value with .to_tensor(value)"
    _mask: Any
    shape, ndim, layout = of_entries("shape"), of_entries("ndim"), of_entries("layout")
    T, mT = property(lambda self: self.t()), property(lambda self: self.transpose(-2, -1))

    def __new__(cls, data: Tensor, mask: Tensor, requires_grad: bool = False) -> MaskedTensor:
        _check(data, mask)
        if data.requires_grad:
            warn(
                "It is not recommended to create a MaskedTensor with a tensor that requires_grad. "
                "Its gradient won't get there: as_masked_tensor makes one that is computed from it",
            )
        own = _fitted(data, mask).detach().clone()
        return cls.make(own.requires_grad_() if requires_grad else own, mask.clone())

    def __init__(self, *parts: Any, **options: Any) -> None:
        pass  # all is done in __new__, which Tensor's own is not called with these

    @classmethod
    def make(cls, *parts: Any) -> Any:
        """The tensor of these data and this mask, unchecked."""
        t: Any = object.__new__(cls)
        t._entries, t._mask = parts
        return t

    def _parts(self) -> tuple[Any, ...]:
        return self._entries, self._mask

    def with_entries(self, entries: Any) -> Any:
        """The same mask over other data."""
        return self.make(entries, self._mask)

    def entries_of(self, gradient: Any) -> Any:
        """The data of a gradient."""
        return _data_of(gradient)

    # -- its parts ---------------------------------------------------------------------------------

    def get_data(self) -> Tensor:
        """All elements, those that are masked out too."""
        return self._entries

    def get_mask(self) -> Tensor:
        """True where an element is there."""
        return self._mask

    def to_tensor(self, value: float) -> Tensor:
        """The dense tensor with ``value`` where nothing is."""
        return self._entries.masked_fill(~self._mask, value)

    def is_sparse_coo(self) -> bool:
        """Whether the data are sparse in coordinates."""
        return self.layout is layouts.sparse_coo

    def is_sparse_csr(self) -> bool:  # type: ignore[override]
        """Whether the data are sparse by rows."""
        return self.layout is layouts.sparse_csr

    is_sparse = property(lambda self: isinstance(self._entries, SparseTensor))

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dim."""
        return self._entries.size() if dim is None else self._entries.size(dim)

    def dim(self) -> int:
        """The number of dims."""
        return self.ndim

    def numel(self) -> int:
        """The number of elements, masked out or not."""
        return self._entries.numel()

    def is_contiguous(self, memory_format: Any = layouts.contiguous_format) -> bool:
        """Whether the data are in this order in memory."""
        self._require_dense("is_contiguous")
        return self._entries.is_contiguous(memory_format=memory_format)

    def contiguous(self, memory_format: Any = layouts.contiguous_format) -> MaskedTensor:
        """This tensor, copied into this order in memory unless it is in it."""
        self._require_dense("contiguous")
        if self.is_contiguous(memory_format):
            return self
        return self.make(self._entries.contiguous(), self._mask.contiguous())

    def _require_dense(self, name: str) -> None:
        if self.is_sparse:
            raise ValueError(f"MaskedTensors with sparse data do not have {name}")

    def item(self) -> Any:
        """The value of a tensor of one element, which must be there."""
        return self._present().item()

    def __bool__(self) -> bool:
        return bool(self._present())

    def __float__(self) -> float:
        return float(self._present())

    def __int__(self) -> int:
        return int(self._present())

    def _present(self) -> Any:
        """The data of a tensor of one element."""
        if self._entries.numel() == 1 and not self._mask.all():
            raise ValueError("item(): the element is masked out")
        return self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def view(self, *shape: Any) -> MaskedTensor:
        """The same memory in another shape."""
        return self.make(self._entries.view(*shape), self._mask.view(*shape))

    # -- conversions -------------------------------------------------------------------------------

    def to_dense(self, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
        """This tensor with dense parts."""
        if not self.is_sparse:
            return self
        return self.make(self._entries.to_dense(dtype), self._mask.to_dense())

    def to_sparse(  # type: ignore[override]
        self, sparse_dim: int | None = None, *, layout: Any = None
    ) -> Any:
        """This tensor with sparse parts, which have the elements that are there."""
        return self if self.is_sparse_coo() else self._sparse(self._mask.to_sparse())

    to_sparse_coo = to_sparse

    def to_sparse_csr(self, dense_dim: int | None = None) -> Any:
        """This matrix with parts that are sparse by rows."""
        return self if self.is_sparse_csr() else self._sparse(self._mask.to_sparse_csr())

    def _sparse(self, mask: Any) -> Any:
        return self.make(self._entries.sparse_mask(mask), mask)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """This tensor in another dtype or on another device."""
        t = super().to(*args, **kwargs)
        return t if t is self else self.make(t._entries, self._mask.to(t.device))

    def clone(self, *, memory_format: Any = None) -> Any:
        """A copy."""
        return self.make(self._entries.clone(), self._mask.clone())

    # -- printing ----------------------------------------------------------------------------------

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        dense = self.to_dense()
        data, mask = dense._entries.tolist(), dense._mask.tolist()
        if not self.ndim:
            return f"MaskedTensor({_element(data) if mask else '--'}, {mask})"
        return "MaskedTensor(\n" + _indented(_rows(data, mask)) + "\n)"


def _element(x: Any) -> str:
    return f"{x:8.4f}" if isinstance(x, float) else str(x)


def _rows(data: Any, mask: Any) -> str:
    if mask and isinstance(mask[0], list):
        rows = [_indented(_rows(*pair)) for pair in zip(data, mask)]
        return "[\n" + ",\n".join(rows) + "\n]"
    elements = [_element(x) for x in data]
    width = max([len(e) if there else 8 for e, there in zip(elements, mask)], default=0)
    shown = [e if there else "--".rjust(width) for e, there in zip(elements, mask)]
    return f"[{', '.join(shown)}]"


def _indented(text: str) -> str:
    return "\n".join([f"  {line}" for line in text.split("\n")])


def _check(data: Any, mask: Any) -> None:
    for name, part in (("data", data), ("mask", mask)):
        if not isinstance(part, Tensor) or is_masked_tensor(part):
            raise TypeError(f"{name} must be a Tensor, got {type(part).__name__}")
    if data.layout != mask.layout:
        raise TypeError(
            f"data and mask must have the same layout. Got {data.layout} and {mask.layout}"
        )
    if mask.dtype.name != "bool":
        raise TypeError(f"mask must have dtype bool, got {mask.dtype}")
    if data.ndim != mask.ndim:
        raise ValueError(f"data.dim() must equal mask.dim(), got {data.ndim} and {mask.ndim}")
    if data.shape != mask.shape:
        raise ValueError(
            f"data.size() must equal mask.size(), got {list(data.shape)} and {list(mask.shape)}"
        )
    if isinstance(data, SparseTensor) and not _same_places(_fitted(data, mask), mask):
        raise ValueError(
            "data and mask are both sparse CSR tensors but do not share either crow or col indices."
            if data.is_sparse_csr
            else "data and mask are both sparse COO tensors but do not have the same indices."
        )


def _fitted(data: Any, mask: Any) -> Any:
    """The data, with entries where the mask has any if it has not as many."""
    sparse = isinstance(data, SparseTensor) and data._nnz() != mask._nnz()
    return data.sparse_mask(mask) if sparse else data


def _same_places(a: Any, b: Any) -> bool:
    return ops.equal(a.coalesce()._indices(), b.coalesce()._indices())


def is_masked_tensor(obj: Any, /) -> bool:
    """Whether this is a MaskedTensor."""
    return isinstance(obj, MaskedTensor)


def masked_tensor(data: Tensor, mask: Tensor, requires_grad: bool = False) -> MaskedTensor:
    """A MaskedTensor that is a leaf, of copies of ``data`` and ``mask``."""
    return MaskedTensor(data, mask, requires_grad)


def as_masked_tensor(data: Tensor, mask: Tensor) -> MaskedTensor:
    """A MaskedTensor computed from ``data``, to which gradients flow."""
    _check(data, mask)
    return MaskedTensor.make(_fitted(data, mask).clone(), mask.clone())


def _data_of(x: Any) -> Any:
    return x._entries if isinstance(x, MaskedTensor) else x


def _mask_of(x: Any) -> Any:
    """The mask, everywhere true for a tensor that has none."""
    if isinstance(x, MaskedTensor):
        return x._mask
    return ops.ones_like(x, dtype="bool") if isinstance(x, Tensor) else x


# -- element by element ----------------------------------------------------------------------------


def _elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    name = function.__name__

    def apply(*args: Any, **kwargs: Any) -> Any:
        first, *others = [x for x in args if isinstance(x, MaskedTensor)]
        if not all(_masks_match(first, x) for x in others):
            raise ValueError(
                f"{name}(): Input masks must match. Fill in a value with .to_tensor(value)"
            )
        data = [_data_of(x) for x in args]
        if first.is_sparse:
            places = first._entries.coalesce()
            there = first._mask.coalesce()._values()
            entries = [x.coalesce()._values() if isinstance(x, SparseTensor) else x for x in data]
            y = function(*_differentiable(entries, there), **kwargs)
            return first.with_entries(places.with_entries(y))
        written = data[:1] if name.endswith("_") else []  # in place
        y = function(*written, *_differentiable(data[len(written) :], first._mask), **kwargs)
        if y is first._entries:  # written in place
            return first
        return first.make(y, first._mask.expand_as(y))

    return apply


def _differentiable(values: list[Any], mask: Tensor) -> list[Any]:
    """The arguments, with gradients from where the mask is true only: the slope at an element that
    isn't there may be infinite or NaN."""
    return [
        ops.where(mask, x, x.detach()) if isinstance(x, Tensor) and x.requires_grad else x
        for x in values
    ]


def _masks_match(a: MaskedTensor, b: MaskedTensor) -> bool:
    if a.layout != b.layout or a.shape != b.shape:
        return False
    return _same_places(a._mask, b._mask) if a.is_sparse else ops.equal(a._mask, b._mask)


_UNARY = """
    abs acos acosh angle asin asinh atan atanh bitwise_not ceil clamp clamp_min clamp_max
    conj_physical cos cosh deg2rad digamma erf erfc erfinv exp exp2 expm1 floor frac lgamma log
    log10 log1p log2 logit i0 isnan isinf isfinite nan_to_num neg positive pow rad2deg reciprocal
    relu round rsqrt sigmoid sign sgn signbit sin sinc sinh sqrt square tan tanh trunc logical_not
    ones_like zeros_like
"""
_BINARY = """
    add atan2 bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift div
    floor_divide fmod logaddexp logaddexp2 mul nextafter remainder sub rsub eq ne le ge gt lt
    maximum minimum fmax fmin logical_and logical_or logical_xor
"""
for _function in [*members(ops, _UNARY + _BINARY), ops.elementwise.div_floor]:
    implements(_function)(_elementwise(_function))
FUNCTIONS.add_in_place_forms(lambda name, _: _elementwise(getattr(Tensor, name)))


# -- moving elements -------------------------------------------------------------------------------


def _moving(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(input: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(input, (list, tuple)):
            data, mask = [_data_of(x) for x in input], [_mask_of(x) for x in input]
        else:
            data, mask = input._entries, input._mask
        y, m = function(data, *args, **kwargs), function(mask, *args, **kwargs)
        if isinstance(y, tuple):
            return tuple([MaskedTensor.make(*parts) for parts in zip(y, m)])
        return MaskedTensor.make(y, m)

    return apply


_MOVING = """
    select transpose swapaxes split chunk t narrow expand_as reshape flatten permute movedim squeeze
    unsqueeze unbind flip roll cat stack index_select gather diagonal
"""
_MOVING_METHODS = "__getitem__ expand repeat split unfold contiguous"
_MOVING_PATCHES = "unfold fold"
for _function in (
    members(ops, _MOVING) + members(Tensor, _MOVING_METHODS) + members(patches, _MOVING_PATCHES)
):
    implements(_function)(_moving(_function))


def _where(condition: Any, input: Any, other: Any) -> Any:
    data = ops.where(condition, _data_of(input), _data_of(other))
    return MaskedTensor.make(data, ops.where(condition, _mask_of(input), _mask_of(other)))


implements(ops.where)(_where)
implements(Tensor.where)(lambda self, condition, other: _where(condition, self, other))


# -- reductions and normalizations -----------------------------------------------------------------


def _reduced(function: Any, input: Any, dim: Any, keepdim: bool, **options: Any) -> Any:
    dense = input.to_dense()
    data, mask = dense._entries, dense._mask
    options = {key: value for key, value in options.items() if value is not None}
    y = function(data, dim=dim, keepdim=keepdim, mask=mask, **options)
    return MaskedTensor.make(y, ops.any(mask, normalize_dims(dim, data.ndim), keepdim))


def _reducing(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        return _reduced(function, input, dim, keepdim, dtype=dtype)

    return apply


def _spread(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(
        input: Any,
        dim: Any = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: float | None = None,
    ) -> Any:
        return _reduced(function, input, dim, keepdim, unbiased=unbiased, correction=correction)

    return apply


def _normalizing(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(input: Any, dim: int, dtype: Any = None) -> Any:
        y = function(input._entries, dim, dtype=dtype, mask=input._mask)
        return input.with_entries(y)

    return apply


for _form, _names in {
    _reducing: "sum mean amin amax argmin argmax prod",
    _spread: "var std",
    _normalizing: "softmax log_softmax",
}.items():
    for _function in members(ops, _names):
        _under_mask = getattr(masked_reductions, _function.__name__)
        implements(_function, _under_mask)(_form(_under_mask))
implements(softmin, masked_reductions.softmin)(_normalizing(masked_reductions.softmin))


@implements(ops.all)
def _all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    def all_there(data: Any, *, dim: Any, keepdim: bool, mask: Any) -> Any:
        return ops.all(ops.where(mask, data, True), dim, keepdim)

    return _reduced(all_there, input, dim, keepdim)


@implements(ops.norm, Tensor.norm, ops.linalg.norms.linalg_norm)
def _norm(
    input: Any, p: Any = 2.0, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Any:
    return _reduced(masked_reductions.norm, input, dim, keepdim, ord=p, dtype=dtype)


@implements(ops.is_tensor)
def _is_tensor(obj: Any) -> bool:
    return True


@implements(ops.is_same_size)
def _is_same_size(input: Any, other: Any) -> bool:
    return tuple(input.shape) == tuple(other.shape)
