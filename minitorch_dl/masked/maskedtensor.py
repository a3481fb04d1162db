"""``MaskedTensor``: a tensor and a mask of the same shape that says which elements are there.

Element by element, ops keep the mask; reductions look at the elements that are there; what moves
elements moves those of the mask likewise. Gradients flow to the data, and ``grad`` has the mask of
its tensor.

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

import warnings
from collections.abc import Callable, Iterable
from typing import Any

from .. import ops
from ..ops import masked_reductions
from ..ops.dims import normalize_dims
from ..sparse import SparseTensor
from ..tensor import Tensor

__all__ = ["MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor"]


def _of_data(name: str) -> Any:
    return property(lambda self: getattr(self._masked_data, name))


class MaskedTensor(Tensor):
    """The elements of ``data`` where ``mask`` is true.

    Args:
        data: dense, or sparse with a mask at the same places; copied.
        mask: booleans of the same shape; copied.
        requires_grad: make it a leaf that wants a gradient.

    Raises:
        TypeError: parts that are no tensors, of different layouts, or a mask that isn't boolean.
        ValueError: parts of different shapes, or sparse parts with entries at different places.
    """

    __slots__ = ("_masked_data", "_masked_mask")

    _view = None
    _masked_data: Any
    _masked_mask: Any
    dtype, device, itemsize = _of_data("dtype"), _of_data("device"), _of_data("itemsize")
    shape, ndim, layout = _of_data("shape"), _of_data("ndim"), _of_data("layout")
    is_cpu, is_cuda, _node = _of_data("is_cpu"), _of_data("is_cuda"), _of_data("_node")
    T, mT = property(lambda self: self.t()), property(lambda self: self.transpose(-2, -1))

    def __new__(cls, data: Tensor, mask: Tensor, requires_grad: bool = False) -> MaskedTensor:
        _check(data, mask)
        if data.requires_grad:
            warnings.warn(
                "It is not recommended to create a MaskedTensor with a tensor that requires_grad. "
                "Its gradient won't get there: as_masked_tensor makes one that is computed from it",
                stacklevel=2,
            )
        own = _fitted(data, mask).detach().clone()
        return cls.make(own.requires_grad_() if requires_grad else own, mask.clone())

    def __init__(self, *parts: Any, **options: Any) -> None:
        pass  # all is done in __new__, which Tensor's own is not called with these

    @classmethod
    def make(cls, data: Any, mask: Any) -> Any:
        """The tensor of these parts, unchecked."""
        t: Any = object.__new__(cls)
        t._masked_data, t._masked_mask = data, mask
        return t

    @property
    def array(self) -> Any:
        raise AttributeError("a MaskedTensor has no array. Use .to_tensor(value) or .get_data()")

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = func.__name__
        function = FUNCTIONS.get(name)
        if function is not None:
            return function(*args, **(kwargs or {}))
        if name in _ELEMENTWISE or name[:-1] in _ELEMENTWISE:
            return _elementwise(func, args, kwargs or {})
        if name in _MOVING:
            return _moved(func, args, kwargs or {})
        raise TypeError(
            f"{name}(): no implementation for MaskedTensor. Work on .get_data() and .get_mask(), or"
            " fill in a value with .to_tensor(value)"
        )

    # -- its parts ---------------------------------------------------------------------------------

    def get_data(self) -> Tensor:
        """All elements, those that are masked out too."""
        return self._masked_data

    def get_mask(self) -> Tensor:
        """True where an element is there."""
        return self._masked_mask

    def to_tensor(self, value: float) -> Tensor:
        """The dense tensor with ``value`` where nothing is."""
        return self._masked_data.masked_fill(~self._masked_mask, value)

    def is_sparse_coo(self) -> bool:
        """Whether the data are sparse in coordinates."""
        return self.layout == "torch.sparse_coo"

    def is_sparse_csr(self) -> bool:  # type: ignore[override]
        """Whether the data are sparse by rows."""
        return self.layout == "torch.sparse_csr"

    is_sparse = property(lambda self: isinstance(self._masked_data, SparseTensor))

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dim."""
        return self._masked_data.size() if dim is None else self._masked_data.size(dim)

    def dim(self) -> int:
        """The number of dims."""
        return self.ndim

    def numel(self) -> int:
        """The number of elements, masked out or not."""
        return self._masked_data.numel()

    def is_contiguous(self, memory_format: Any = "torch.contiguous_format") -> bool:
        """Whether the data are in this order in memory."""
        self._require_dense("is_contiguous")
        return self._masked_data.is_contiguous(memory_format=memory_format)

    def contiguous(self, memory_format: Any = "torch.contiguous_format") -> MaskedTensor:
        """This tensor, copied into this order in memory unless it is in it."""
        self._require_dense("contiguous")
        if self.is_contiguous(memory_format):
            return self
        return self.make(self._masked_data.contiguous(), self._masked_mask.contiguous())

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
        if self._masked_data.numel() == 1 and not self._masked_mask.all():
            raise ValueError("item(): the element is masked out")
        return self._masked_data

    def __len__(self) -> int:
        return len(self._masked_data)

    def view(self, *shape: Any) -> MaskedTensor:
        """The same memory in another shape."""
        return self.make(self._masked_data.view(*shape), self._masked_mask.view(*shape))

    # -- conversions -------------------------------------------------------------------------------

    def to_dense(self, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
        """This tensor with dense parts."""
        if not self.is_sparse:
            return self
        return self.make(self._masked_data.to_dense(dtype), self._masked_mask.to_dense())

    def to_sparse(  # type: ignore[override]
        self, sparse_dim: int | None = None, *, layout: Any = None
    ) -> Any:
        """This tensor with sparse parts, which have the elements that are there."""
        return self if self.is_sparse_coo() else self._sparse(self._masked_mask.to_sparse())

    to_sparse_coo = to_sparse

    def to_sparse_csr(self, dense_dim: int | None = None) -> Any:
        """This matrix with parts that are sparse by rows."""
        return self if self.is_sparse_csr() else self._sparse(self._masked_mask.to_sparse_csr())

    def _sparse(self, mask: Any) -> Any:
        return self.make(self._masked_data.sparse_mask(mask), mask)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """This tensor in another dtype or on another device."""
        data = self._masked_data.to(*args, **kwargs)
        return self.make(data, self._masked_mask.to(data.device))

    def clone(self, *, memory_format: Any = None) -> Any:
        """A copy."""
        return self.make(self._masked_data.clone(), self._masked_mask.clone())

    # -- autograd ----------------------------------------------------------------------------------

    @property
    def grad(self) -> Any:
        g = self._masked_data.grad
        if g is not None and self.is_sparse and not isinstance(g, SparseTensor):
            g = g.sparse_mask(self._masked_mask)
        return None if g is None else self.make(g, self._masked_mask)

    @grad.setter
    def grad(self, value: Any) -> None:
        self._masked_data.grad = _data_of(value)

    _grad = grad

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor to the ``.grad`` of every leaf that it depends on."""
        self._masked_data.backward(_data_of(gradient), retain_graph, create_graph, inputs)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Say whether operations on this leaf tensor are recorded; returns the tensor."""
        self._masked_data.requires_grad_(requires_grad)
        return self

    def detach(self) -> Any:
        """The same memory without history."""
        return self.make(self._masked_data.detach(), self._masked_mask)

    def retain_grad(self) -> None:
        """Have ``backward`` store the gradient of this non-leaf tensor in ``.grad`` too."""
        self._masked_data.retain_grad()

    # -- protocols ---------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            t = self.detach().clone()
            memo[id(self)] = t.requires_grad_() if self.requires_grad else t
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        parts = self._masked_data.detach(), self._masked_mask, self.requires_grad
        return type(self), parts

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        dense = self.to_dense()
        data, mask = dense._masked_data.tolist(), dense._masked_mask.tolist()
        if not self.ndim:
            return f"MaskedTensor({_element(data) if mask else '--'}, {mask})"
        return "MaskedTensor(\n" + _indented(_rows(data, mask)) + "\n)"

    def __format__(self, spec: str) -> str:
        return repr(self)


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
    return x._masked_data if isinstance(x, MaskedTensor) else x


def _mask_of(x: Any) -> Any:
    """The mask, everywhere true for a tensor that has none."""
    if isinstance(x, MaskedTensor):
        return x._masked_mask
    return ops.ones_like(x, dtype="bool") if isinstance(x, Tensor) else x


# -- element by element ----------------------------------------------------------------------------

_ELEMENTWISE = set(
    """
    abs absolute acos arccos acosh arccosh angle asin arcsin asinh arcsinh atan arctan atanh arctanh
    bitwise_not ceil clamp clamp_min clamp_max clip conj_physical cos cosh deg2rad digamma erf erfc
    erfinv exp exp2 expm1 fix floor frac lgamma log log10 log1p log2 logit i0 isnan isinf isfinite
    nan_to_num neg negative positive pow rad2deg reciprocal relu round rsqrt sigmoid sign sgn
    signbit sin sinc sinh sqrt square tan tanh trunc add atan2 arctan2 bitwise_and bitwise_or
    bitwise_xor bitwise_left_shift bitwise_right_shift div divide floor_divide fmod logaddexp
    logaddexp2 mul multiply nextafter remainder sub subtract rsub true_divide eq ne le ge greater
    greater_equal gt less_equal lt less maximum minimum fmax fmin not_equal logical_not logical_and
    logical_or logical_xor float double half bool int long ones_like zeros_like
    """.split()
)


def _elementwise(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    masked = [x for x in args if isinstance(x, MaskedTensor)]
    first = masked[0]
    if not all(_masks_match(first, x) for x in masked[1:]):
        raise ValueError(
            f"{func.__name__}(): Input masks must match. Fill in a value with .to_tensor(value)"
        )
    data = [_data_of(x) for x in args]
    if first.is_sparse:
        places = first._masked_data.coalesce()
        entries = [x.coalesce()._values() if isinstance(x, SparseTensor) else x for x in data]
        y = places.with_entries(func(*entries, **kwargs))
        return first.make(y, first._masked_mask)
    y = func(*data, **kwargs)
    if func.__name__.endswith("_") and args[0] is first:
        return first
    return first.make(y, first._masked_mask.expand_as(y))


def _masks_match(a: MaskedTensor, b: MaskedTensor) -> bool:
    if a.layout != b.layout or a.shape != b.shape:
        return False
    if a.is_sparse:
        return _same_places(a._masked_mask, b._masked_mask)
    return ops.equal(a._masked_mask, b._masked_mask)


# -- moving elements -------------------------------------------------------------------------------

_MOVING = set(
    """
    select transpose swapaxes swapdims split chunk t slice narrow index __getitem__ expand
    expand_as reshape flatten permute movedim moveaxis squeeze unsqueeze unbind flip roll
    unfold fold cat concat stack index_select gather diagonal repeat contiguous
    """.split()
)


def _moved(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    first, *rest = args
    if isinstance(first, (list, tuple)):
        parts = func([_data_of(x) for x in first], *rest, **kwargs)
        masks = func([_mask_of(x) for x in first], *rest, **kwargs)
    else:
        parts = func(_data_of(first), *rest, **kwargs)
        masks = func(_mask_of(first), *rest, **kwargs)
    if isinstance(parts, tuple):
        return tuple([MaskedTensor.make(y, m) for y, m in zip(parts, masks)])
    return MaskedTensor.make(parts, masks)


# -- the rest --------------------------------------------------------------------------------------

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The other functions of masked tensors, by name."""


def _reduce(name: str, input: Any, dim: Any, keepdim: bool, **options: Any) -> Any:
    dense = input.to_dense()
    data, mask = dense._masked_data, dense._masked_mask
    dims = normalize_dims(dim, data.ndim)
    if name == "all":
        y = ops.all(ops.where(mask, data, True), dims, keepdim)
    else:
        options = {key: value for key, value in options.items() if value is not None}
        function = getattr(masked_reductions, name)
        y = function(data, dim=dim, keepdim=keepdim, mask=mask, **options)
    return MaskedTensor.make(y, ops.any(mask, dims, keepdim))


def _reduced(name: str) -> Callable[..., Any]:
    def reduce(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        return _reduce(name, input, dim, keepdim, dtype=dtype)

    return reduce


def _spread(name: str) -> Callable[..., Any]:
    def reduce(
        input: Any,
        dim: Any = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: float | None = None,
    ) -> Any:
        return _reduce(name, input, dim, keepdim, unbiased=unbiased, correction=correction)

    return reduce


def _norm(
    input: Any, p: Any = 2.0, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Any:
    return _reduce("norm", input, dim, keepdim, ord=p, dtype=dtype)


for _name in "sum mean amin amax argmin argmax prod all".split():
    FUNCTIONS[_name] = _reduced(_name)
FUNCTIONS["var"], FUNCTIONS["std"], FUNCTIONS["norm"] = _spread("var"), _spread("std"), _norm


def _normalized(name: str) -> Callable[..., Any]:
    function = getattr(masked_reductions, name)

    def normalize(input: Any, dim: int, dtype: Any = None) -> Any:
        data, mask = input._masked_data, input._masked_mask
        return input.make(function(data, dim, dtype=dtype, mask=mask), mask)

    return normalize


for _name in ("softmax", "log_softmax", "softmin"):
    FUNCTIONS[_name] = _normalized(_name)


def _where(condition: Any, input: Any, other: Any) -> Any:
    parts = ops.where(condition, _data_of(input), _data_of(other))
    return MaskedTensor.make(parts, ops.where(condition, _mask_of(input), _mask_of(other)))


FUNCTIONS["where"] = _where
FUNCTIONS["is_tensor"] = lambda obj: True
FUNCTIONS["clone"], FUNCTIONS["detach"] = MaskedTensor.clone, MaskedTensor.detach
for _name in ("numel", "is_floating_point", "is_complex", "is_same_size"):
    FUNCTIONS[_name] = lambda input, *others, _name=_name: getattr(_data_of(input), _name)(
        *map(_data_of, others)
    )
