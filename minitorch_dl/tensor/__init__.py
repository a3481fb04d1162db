"""The Tensor: an array that remembers how it was computed.

Every method is one line into ``ops``; what a method does is documented there.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..autograd.base import as_class
from ..autograd.fast_paths import binary
from ..autograd.inplace import inplace
from ..autograd.node_names import named
from ..autograd.primitive import TensorBase, register_result_class
from ..autograd.public_functions import public, publish
from ..autograd.torch_function import DisableTorchFunctionSubclass
from ..backend import device_of, dtypes, layouts
from ..backend.inplace_kernels import INPLACE_KERNELS
from ..ops import (
    deprecated,
    diagonals,
    elementwise,
    layout as layout_ops,
    powers,
    random,
    rearranging,
    shape as shape_ops,
    storage as storage_ops,
)
from ..ops.inplace_indexing import INPLACE_INDEXING
from .autograd import Differentiable
from .conversion import Convertible, legacy_tensor
from .protocols import Protocols


def _of_class(cls: type, results: Any) -> Any:
    """The results with the tensors among them as instances of ``cls``."""
    if isinstance(results, TensorBase):
        return results if isinstance(results, cls) else as_class(results, cls)
    if isinstance(results, (tuple, list)):
        parts = [_of_class(cls, result) for result in results]
        make = getattr(type(results), "_make", type(results))  # of a named tuple
        return make(parts)
    return results


def reflected(operator: Callable[..., Any], node: str | None = None) -> Callable[..., Any]:
    """The operator with its operands swapped, for a left operand that is no Tensor; its node goes
    by the name ``node``."""
    if node is None:
        return lambda self, other: operator(other, self)

    def call(self: Any, other: Any) -> Any:
        y = operator(other, self)
        return y if y is NotImplemented else named(y, node)

    return call


_OPERANDS = TensorBase, np.ndarray, np.generic, builtins.int, builtins.float, builtins.complex


def deferring(function: Callable[..., Any]) -> Callable[..., Any]:
    """A binary operator from a function. Operands that are neither tensors nor numbers are left to
    their own class: Python asks it when this one returns NotImplemented."""

    def call(self: Any, other: Any) -> Any:
        try:
            return function(self, other)
        except TypeError:
            if isinstance(self, _OPERANDS) and isinstance(other, _OPERANDS):
                raise
            return NotImplemented

    call.__name__ = getattr(function, "__name__", "operator")
    call.__doc__ = function.__doc__
    return call


def operator(function: Any) -> Any:
    """The operator of a primitive of two inputs, which defers likewise."""
    primitive = function.primitive
    call: Any = binary(primitive, deferring(primitive))
    call.__name__, call.__doc__, call.primitive = function.__name__, function.__doc__, primitive
    return call


class Tensor(Convertible, Differentiable, Protocols):
    """An n-dimensional array with reverse-mode differentiation.

    ``Tensor(2, 3)`` is an uninitialised float tensor of that shape, ``Tensor([1, 2])`` a float copy
    of the data; ``minitorch_dl.tensor`` is the usual way to make one.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ()
    __array_priority__ = 1000
    layout = layouts.strided
    is_cpu = property(lambda self: device_of(self.array).type == "cpu")
    is_cuda = property(lambda self: device_of(self.array).type == "cuda")
    is_meta = property(lambda self: device_of(self.array).type == "meta")
    is_sparse = is_sparse_csr = is_quantized = is_nested = is_mkldnn = is_mps = False
    is_xla = is_xpu = is_ipu = is_vulkan = is_maia = is_mtia = False
    name = None
    names = property(lambda self: (None,) * self.array.ndim)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the in-place forms, which are set below

    def __new__(cls, *data: Any, device: Any = None) -> Any:
        made = legacy_tensor(data, dtypes.get_default_dtype(), device)
        return made if cls is Tensor else made._as_leaf(cls)

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call a function for arguments of this class, and give it the class of its results.

        Subclasses override this to take functions over.
        """
        if not all(issubclass(cls, kind) for kind in types):
            return NotImplemented
        with DisableTorchFunctionSubclass():
            result = func(*args, **(kwargs or {}))
        return result if func in _AS_THEY_ARE else _of_class(cls, result)

    # -- random numbers in place (ops/random.py) ---------------------------------------------------

    uniform_, normal_, bernoulli_ = random.uniform_, random.normal_, random.bernoulli_
    random_, exponential_, geometric_ = random.random_, random.exponential_, random.geometric_
    log_normal_, cauchy_ = random.log_normal_, random.cauchy_
    bernoulli, multinomial = ops.bernoulli, ops.multinomial

    # -- shape (ops/shape.py) ----------------------------------------------------------------------

    reshape, view, reshape_as, view_as = ops.reshape, ops.view, ops.reshape_as, ops.view_as
    flatten, unflatten, ravel = ops.flatten, ops.unflatten, ops.ravel
    squeeze, unsqueeze = ops.squeeze, ops.unsqueeze
    transpose, swapaxes, swapdims, t = ops.transpose, ops.swapaxes, ops.swapdims, ops.t
    adjoint = ops.adjoint
    permute, movedim, moveaxis = ops.permute, ops.movedim, ops.moveaxis
    T, mT, H, mH = (
        property(shape_ops.T),
        property(shape_ops.mT),
        property(shape_ops.H),
        property(shape_ops.adjoint),
    )
    expand, expand_as, broadcast_to = ops.expand, ops.expand_as, ops.broadcast_to
    contiguous = ops.contiguous

    # -- memory layout (ops/layout.py) -------------------------------------------------------------

    as_strided, resize_, resize_as_ = ops.as_strided, layout_ops.resize_, layout_ops.resize_as_
    resize, resize_as = layout_ops.resize, layout_ops.resize_as
    is_contiguous, stride = layout_ops.is_contiguous, layout_ops.stride
    storage_offset, data_ptr = layout_ops.storage_offset, layout_ops.data_ptr
    _base, _is_view = property(layout_ops.base), layout_ops.is_view
    squeeze_ = layout_ops.view_inplace(ops.squeeze, "squeeze_")
    unsqueeze_ = layout_ops.view_inplace(ops.unsqueeze, "unsqueeze_")
    transpose_ = layout_ops.view_inplace(ops.transpose, "transpose_")
    swapaxes_ = layout_ops.view_inplace(ops.transpose, "swapaxes_")
    swapdims_ = layout_ops.view_inplace(ops.transpose, "swapdims_")
    t_ = layout_ops.view_inplace(ops.t, "t_")
    as_strided_ = layout_ops.view_inplace(ops.as_strided, "as_strided_")
    is_set_to, dim_order = layout_ops.is_set_to, layout_ops.dim_order
    get_device, is_inference = ops.get_device, ops.is_inference
    const_data_ptr = layout_ops.data_ptr

    # -- memory (ops/storage.py) -------------------------------------------------------------------

    untyped_storage, storage = storage_ops.untyped_storage, storage_ops.storage
    storage_type, set_ = storage_ops.storage_type, storage_ops.set_

    # -- copies of views (ops/view_copies.py) ------------------------------------------------------

    unsafe_split, unsafe_chunk = ops.unsafe_split, ops.unsafe_chunk
    unsafe_split_with_sizes = ops.unsafe_split_with_sizes
    narrow_copy, is_same_size = ops.narrow_copy, ops.is_same_size

    # -- short-time Fourier transforms (ops/spectrograms.py) ---------------------------------------

    stft, istft = ops.stft, ops.istft

    # -- complex numbers (ops/complex_numbers.py) --------------------------------------------------

    real = property(ops.real, lambda self, value: ops.real(self).copy_(value))
    imag = property(ops.imag, lambda self, value: ops.imag(self).copy_(value))
    angle, conj, conj_physical, isreal = ops.angle, ops.conj, ops.conj_physical, ops.isreal
    conj_physical_ = inplace(ops.conj_physical, "conj_physical_")
    resolve_conj, resolve_neg, is_conj = ops.resolve_conj, ops.resolve_neg, ops.is_conj
    is_neg = ops.is_neg

    # -- rearrangement (ops/rearranging.py) --------------------------------------------------------

    repeat, tile, repeat_interleave = rearranging.repeat, ops.tile, ops.repeat_interleave
    roll, flip, fliplr, flipud, rot90 = ops.roll, ops.flip, ops.fliplr, ops.flipud, ops.rot90
    unfold, sum_to_size = rearranging.unfold, rearranging.sum_to_size

    # -- triangles and diagonals (ops/diagonals.py) ------------------------------------------------

    tril, tril_ = ops.tril, inplace(ops.tril, "tril_")
    triu, triu_ = ops.triu, inplace(ops.triu, "triu_")
    diagonal, diag, diag_embed, diagflat = ops.diagonal, ops.diag, ops.diag_embed, ops.diagflat
    fill_diagonal_ = diagonals.fill_diagonal_

    # -- copies with a part overwritten (ops/view_scatters.py) -------------------------------------

    slice_scatter, select_scatter = ops.slice_scatter, ops.select_scatter
    diagonal_scatter, as_strided_scatter = ops.diagonal_scatter, ops.as_strided_scatter

    # -- splitting (ops/splitting.py) --------------------------------------------------------------

    split_with_sizes, chunk, unbind = ops.split_with_sizes, ops.chunk, ops.unbind
    tensor_split, hsplit, vsplit, dsplit = ops.tensor_split, ops.hsplit, ops.vsplit, ops.dsplit

    def split(self, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
        """Parts of ``split_size`` along ``dim``: one size for all, or one per part."""
        return ops.split(self, split_size, dim)

    # -- indexing (ops/indexing.py) ----------------------------------------------------------------

    __getitem__, __setitem__ = ops.getitem, ops.setitem
    select, narrow = ops.select, ops.narrow
    index_select, gather, take = ops.index_select, ops.gather, ops.take
    take_along_dim = ops.take_along_dim
    index_add, index_copy, index_fill = ops.index_add, ops.index_copy, ops.index_fill
    index_put, index_put_ = ops.index_put, ops.index_put_
    index_reduce, index_reduce_ = ops.index_reduce, inplace(ops.index_reduce, "index_reduce_")
    put, scatter, scatter_add = ops.put, ops.scatter, ops.scatter_add
    scatter_reduce, scatter_reduce_ = (
        ops.scatter_reduce,
        inplace(ops.scatter_reduce, "scatter_reduce_"),
    )
    masked_fill, masked_scatter = ops.masked_fill, ops.masked_scatter
    masked_select, nonzero, argwhere = ops.masked_select, ops.nonzero, ops.argwhere
    nonzero_static = ops.nonzero_static

    # -- pointwise (ops/elementwise.py, powers.py, rounding.py, selection.py, comparison.py,
    # special.py, activation.py) -------------------------------------------------------------------

    abs, absolute, neg = ops.abs, ops.absolute, ops.neg
    negative, positive, sign = ops.negative, ops.positive, ops.sign
    sgn, signbit = ops.sgn, ops.signbit
    add, sub, subtract = ops.add, ops.sub, ops.subtract
    mul, multiply, div = ops.mul, ops.multiply, ops.div
    divide, true_divide, floor_divide = ops.divide, ops.true_divide, ops.floor_divide
    remainder, fmod = ops.remainder, ops.fmod
    addcmul, addcdiv, lerp = ops.addcmul, ops.addcdiv, ops.lerp
    pow, float_power, square = ops.pow, ops.float_power, ops.square
    float_power_ = powers.float_power_
    sqrt, rsqrt, reciprocal, hypot = ops.sqrt, ops.rsqrt, ops.reciprocal, ops.hypot
    exp, exp2, expm1, log, log2, log10 = ops.exp, ops.exp2, ops.expm1, ops.log, ops.log2, ops.log10
    log1p, logaddexp, logaddexp2 = ops.log1p, ops.logaddexp, ops.logaddexp2
    sin, cos, tan, asin, acos, atan = ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan
    atan2, sinh, cosh = ops.atan2, ops.sinh, ops.cosh
    tanh, asinh, acosh = ops.tanh, ops.asinh, ops.acosh
    atanh, deg2rad, rad2deg = ops.atanh, ops.deg2rad, ops.rad2deg
    arcsin, arccos, arctan = ops.arcsin, ops.arccos, ops.arctan
    arctan2, arcsinh, arccosh = ops.arctan2, ops.arcsinh, ops.arccosh
    arctanh = ops.arctanh
    floor, ceil, trunc = ops.floor, ops.ceil, ops.trunc
    fix, frac, round = ops.fix, ops.frac, ops.round
    copysign, nextafter, frexp = ops.copysign, ops.nextafter, ops.frexp
    ldexp, gcd, lcm = ops.ldexp, ops.gcd, ops.lcm
    clamp, clamp_min, clamp_max = ops.clamp, ops.clamp_min, ops.clamp_max
    clip, maximum, minimum = ops.clip, ops.maximum, ops.minimum
    fmax, fmin, heaviside, nan_to_num = ops.fmax, ops.fmin, ops.heaviside, ops.nan_to_num
    eq, ne, lt, le, gt, ge = ops.eq, ops.ne, ops.lt, ops.le, ops.gt, ops.ge
    not_equal, less, less_equal = ops.not_equal, ops.less, ops.less_equal
    greater, greater_equal, equal = ops.greater, ops.greater_equal, ops.equal
    isclose, allclose = ops.isclose, ops.allclose
    isnan, isinf, isfinite = ops.isnan, ops.isinf, ops.isfinite
    isposinf, isneginf = ops.isposinf, ops.isneginf
    is_nonzero = ops.is_nonzero
    logical_and, logical_or = ops.logical_and, ops.logical_or
    logical_xor, logical_not = ops.logical_xor, ops.logical_not
    bitwise_and, bitwise_or, bitwise_xor = ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor
    bitwise_not, bitwise_left_shift = ops.bitwise_not, ops.bitwise_left_shift
    bitwise_right_shift = ops.bitwise_right_shift

    softmax, log_softmax = ops.softmax, ops.log_softmax
    sigmoid, logit, sinc, xlogy = ops.sigmoid, ops.logit, ops.sinc, ops.xlogy
    erf, erfc, erfinv, i0 = ops.erf, ops.erfc, ops.erfinv, ops.i0
    lgamma, digamma, mvlgamma = ops.lgamma, ops.digamma, ops.mvlgamma
    igamma, igammac = ops.igamma, ops.igammac
    relu, relu_, prelu, hardshrink = ops.relu, ops.relu_, ops.prelu, ops.hardshrink

    def polygamma(self, n: int) -> Tensor:
        """The ``n``-th derivative of ``digamma``."""
        return ops.polygamma(n, self)

    polygamma_ = inplace(polygamma, "polygamma_")

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """This tensor where ``condition`` is true, ``other`` elsewhere."""
        return ops.where(condition, self, other)

    __add__ = __radd__ = operator(elementwise.add_p)
    __mul__ = __rmul__ = operator(elementwise.mul)
    __sub__, __truediv__ = operator(elementwise.sub_p), operator(elementwise.div_p)
    __pow__ = deferring(powers.power)
    __floordiv__, __mod__ = operator(elementwise.div_floor), operator(elementwise.remainder)
    __rsub__, __rtruediv__, __rpow__ = (
        reflected(__sub__, "RsubBackward1"),
        reflected(__truediv__, "MulBackward0"),  # in PyTorch the reciprocal times the number
        reflected(__pow__),
    )
    __div__, __rdiv__ = __truediv__, __rtruediv__
    __rfloordiv__, __rmod__ = reflected(__floordiv__), reflected(__mod__)
    __neg__, __pos__, __abs__ = ops.neg, ops.positive, ops.abs

    def __invert__(self) -> Any:
        if self.is_floating_point() or self.is_complex():
            raise TypeError(
                "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
            )
        return ops.bitwise_not(self)

    __hash__ = Protocols.__hash__  # defining __eq__ would take it away
    __eq__, __ne__ = deferring(ops.eq), deferring(ops.ne)
    __lt__, __le__ = deferring(ops.lt), deferring(ops.le)
    __gt__, __ge__ = deferring(ops.gt), deferring(ops.ge)
    __and__ = __rand__ = operator(ops.bitwise_and)
    __or__ = __ror__ = operator(ops.bitwise_or)
    __xor__ = __rxor__ = operator(ops.bitwise_xor)
    __lshift__ = operator(ops.bitwise_left_shift)
    __rshift__ = operator(ops.bitwise_right_shift)
    __rlshift__, __rrshift__ = reflected(__lshift__), reflected(__rshift__)

    # -- reductions (ops/reductions.py, ops/variances.py, ops/extrema.py) --------------------------

    sum, mean, nansum, nanmean, prod = ops.sum, ops.mean, ops.nansum, ops.nanmean, ops.prod
    var, std, logsumexp = ops.var, ops.std, ops.logsumexp
    any, all, count_nonzero = ops.any, ops.all, ops.count_nonzero
    max, min, amax, amin, aminmax = ops.max, ops.min, ops.amax, ops.amin, ops.aminmax
    argmax, argmin = ops.argmax, ops.argmin

    # -- scans and sorting (ops/scans.py, ops/sorting.py, ops/counting.py) -------------------------

    cumsum, cumprod, logcumsumexp = ops.cumsum, ops.cumprod, ops.logcumsumexp
    cummax, cummin, diff = ops.cummax, ops.cummin, ops.diff
    cumsum_, cumprod_ = inplace(ops.cumsum, "cumsum_"), inplace(ops.cumprod, "cumprod_")
    sort, argsort, msort, topk, kthvalue = ops.sort, ops.argsort, ops.msort, ops.topk, ops.kthvalue
    median, nanmedian, mode = ops.median, ops.nanmedian, ops.mode
    quantile, nanquantile = ops.quantile, ops.nanquantile
    unique, unique_consecutive = ops.unique, ops.unique_consecutive
    bincount, histc, histogram = ops.bincount, ops.histc, ops.histogram
    hash_tensor = ops.hash_tensor

    # -- matrix products (ops/matmul.py, ops/addmm.py) ---------------------------------------------

    matmul, mm, bmm, mv, dot, vdot = ops.matmul, ops.mm, ops.bmm, ops.mv, ops.dot, ops.vdot
    addmm, addmv, addr, addbmm, baddbmm = ops.addmm, ops.addmv, ops.addr, ops.addbmm, ops.baddbmm
    addmm_, addmv_, addr_ = (
        inplace(ops.addmm, "addmm_"),
        inplace(ops.addmv, "addmv_"),
        inplace(ops.addr, "addr_"),
    )
    addbmm_, baddbmm_ = inplace(ops.addbmm, "addbmm_"), inplace(ops.baddbmm, "baddbmm_")
    outer, ger, inner, kron, trace = ops.outer, ops.ger, ops.inner, ops.kron, ops.trace
    cross = ops.cross
    __matmul__ = deferring(ops.matmul)

    def __rmatmul__(self, other: Any) -> Tensor:
        return ops.matmul(ops.asarray(other), self)

    # -- linear algebra (ops/linalg/) --------------------------------------------------------------

    def norm(
        self, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
    ) -> Any:
        """The vector norm of order ``p``; see ``minitorch_dl.norm``."""
        return ops.norm(self, p, dim, keepdim, dtype=dtype)

    det, logdet, slogdet, inverse = ops.det, ops.logdet, ops.slogdet, ops.inverse
    cholesky, cholesky_solve = ops.cholesky, ops.cholesky_solve
    cholesky_inverse = ops.cholesky_inverse
    qr, svd, triangular_solve, pinverse = ops.qr, ops.svd, ops.triangular_solve, ops.pinverse
    matrix_power, matrix_exp = ops.matrix_power, ops.matrix_exp
    lu, lu_solve = ops.lu, ops.lu_solve
    geqrf, orgqr, ormqr = ops.geqrf, ops.orgqr, ops.ormqr
    eig, lstsq = deprecated.eig, deprecated.lstsq
    solve, symeig = deprecated.solve, deprecated.symeig

    # -- distances and statistics (ops/distances.py, ops/statistics.py) ----------------------------

    dist, cov, corrcoef = ops.dist, ops.cov, ops.corrcoef
    renorm, renorm_ = ops.renorm, inplace(ops.renorm, "renorm_")


_IN_PLACE = """
    abs absolute neg negative sign sgn add sub subtract mul multiply div divide true_divide
    floor_divide remainder fmod addcmul addcdiv lerp pow square sqrt rsqrt reciprocal hypot exp
    exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh
    atanh deg2rad rad2deg arcsin arccos arctan arctan2 arcsinh arccosh arctanh floor ceil trunc
    fix frac round copysign nextafter ldexp gcd lcm clamp clamp_min clamp_max clip heaviside
    nan_to_num eq ne lt le gt ge not_equal less less_equal greater greater_equal logical_and
    logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_not
    bitwise_left_shift bitwise_right_shift sigmoid logit sinc xlogy erf erfc erfinv i0 lgamma
    digamma mvlgamma igamma igammac conj_physical
"""
for _name in _IN_PLACE.split():
    setattr(
        Tensor, f"{_name}_", inplace(getattr(ops, _name), f"{_name}_", INPLACE_KERNELS.get(_name))
    )
for _name, _kernel in INPLACE_INDEXING.items():
    setattr(Tensor, f"{_name}_", inplace(getattr(ops, _name), f"{_name}_", _kernel, at_places=True))
for _operator, _name in {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "div": "div",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}.items():
    setattr(Tensor, f"__i{_operator}__", deferring(getattr(Tensor, f"{_name}_")))

for _name in """
    __getitem__ __setitem__ __and__ __or__ __xor__ __eq__ __rsub__ __rdiv__ __floordiv__
    __rfloordiv__ __rpow__
""".split():
    getattr(Tensor, _name).__name__ = _name  # what overrides are told
for _name in """
    type type_as cpu cuda float double half bfloat16 cfloat cdouble long int short char byte bool
""".split():
    setattr(Tensor, _name, public(getattr(Tensor, _name), _name))
publish(Tensor)
register_result_class(Tensor)
_AS_THEY_ARE = {Tensor.grad.__get__, Tensor._base.__get__}
"""What gives a subclass the tensors that it was given, whatever their class."""

IN_PLACE_FUNCTIONS = """
    abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_
    asinh_ atan_ atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ conj_physical_ cos_ cosh_ deg2rad_
    detach detach_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ gcd_ i0_ lcm_
    ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_
    resize_as_ round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_
"""
"""The methods that are functions of the torch namespace too, under the same name."""
