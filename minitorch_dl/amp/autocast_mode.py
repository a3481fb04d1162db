"""``autocast``: choose each op's precision where it runs, instead of converting the model."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..autograd import is_grad_enabled
from ..autograd.modes import set_transforms, state
from ..backend import backend_for, capturing, device_of, dtypes
from ..backend.dtypes import as_dtype
from ..backend.warning import warn
from ..ops.einsum import sums_nothing
from ..tensor import Tensor

# What PyTorch's autocast runs in which precision, by the names of primitives and of functions that
# are one op there (``autograd.node_names.as_one``).
# Products: their sums are kept in float32 inside, so half-precision operands lose little.
_PRODUCTS = (
    "matmul linear convolution convolution_input contract scaled_dot_product_attention lstm_layer "
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d "
    "mm bmm addmm addbmm baddbmm prelu"
)
_LOSSES = (
    "binary_cross_entropy_with_logits cross_entropy nll_loss mse_loss l1_loss smooth_l1_loss "
    "huber_loss kl_div poisson_nll_loss soft_margin_loss margin_ranking_loss hinge_embedding_loss "
    "cosine_embedding_loss triplet_margin_loss multi_margin_loss multilabel_margin_loss"
)
_IN_HALF = {
    "cpu": frozenset(f"{_PRODUCTS} vecdot rnn_layer".split()),
    "cuda": frozenset(
        f"{_PRODUCTS} vecdot mv addmv addr chain_matmul multi_dot rnn_layer gru_layer lstm_cell "
        "gru_cell rnn_tanh_cell rnn_relu_cell".split()
    ),
}
# Wide ranges and long sums: these need float32. On the CPU bfloat16 has the range, so there only
# losses, matrix decompositions and what has no kernel for it do.
_IN_FLOAT32 = {
    "cpu": frozenset(
        f"{_LOSSES} binary_cross_entropy ctc_loss prod quantile nanquantile cdist trace "
        "grid_sample avg_pool3d max_pool3d adaptive_avg_pool3d adaptive_max_pool3d "
        "fractional_max_pool2d fractional_max_pool3d max_unpool1d max_unpool2d max_unpool3d "
        "pad_edges stft polar view_as_complex fft ifft rfft irfft hfft ihfft fftn ifftn rfftn "
        "irfftn hfftn ihfftn fft2 ifft2 rfft2 irfft2 hfft2 ihfft2 geqrf ormqr "
        "cholesky cholesky_ex cholesky_solve cholesky_inverse inv inv_ex inverse pinverse lu "
        "linalg_lu_solve lu_solve linalg_qr qr linalg_svd svd svdvals linalg_eigh eigh eigvalsh "
        "eig eigvals solve triangular_solve lstsq cond matrix_rank householder_product tensorinv "
        "tensorsolve".split()
    ),
    "cuda": frozenset(
        f"{_LOSSES} acos asin cosh erfinv exp expm1 log log10 log1p log2 pow reciprocal rsqrt "
        "sinh tan softplus softmax log_softmax sum prod cumsum cumprod logsumexp norm vector_norm "
        "matrix_norm layer_norm rms_norm group_norm cosine_similarity dist pdist cdist renorm "
        "interpolate ctc_loss".split()
    ),
}
# In the widest dtype of their tensors, which without autocast would have to be one.
_IN_THE_WIDEST = {
    "cpu": frozenset(("index_copy",)),
    "cuda": frozenset(
        "dot vdot cross tensordot bilinear grid_sample grid_sampler index_put scatter_add".split()
    ),
}
# None of these: products that PyTorch leaves alone, although they are made of others here.
_AS_IS = {
    "cpu": frozenset("mv dot vdot addmv addr gru gru_cell lstm_cell".split()),
    "cuda": frozenset(),
}
_WIDEST = object()
_REFUSED = {
    ("cuda", "binary_cross_entropy"): (
        "torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast: "
        "the sigmoid before them, and their logarithms, need float32. Use "
        "torch.nn.functional.binary_cross_entropy_with_logits or torch.nn.BCEWithLogitsLoss, which "
        "have the sigmoid in them, or leave autocast for the loss, with its inputs in float32"
    )
}
_DEFAULTS = {"cuda": dtypes.float16, "cpu": dtypes.bfloat16}


class _State(threading.local):
    """What this thread has chosen.

    Attributes:
        dtypes: of autocast, by device type.
        caches: whether blocks keep converted weights.
        nesting: how many blocks are open.
        converted: the weights, by what was asked of them, each with its version and the result;
            forgotten when the outermost block is left.
    """

    def __init__(self) -> None:
        self.dtypes = dict(_DEFAULTS)
        self.caches = True
        self.nesting = 0
        self.converted: dict[Any, tuple[Any, int, Any]] = {}


_state = _State()


class _Cast:
    """Bring the inputs of an op on one device type to the precision that suits the op."""

    def __init__(self, device_type: str, dtype: dtypes.dtype) -> None:
        self.device_type, self.dtype = device_type, dtype
        self.wanted: dict[str, Any] = {
            **dict.fromkeys(_AS_IS[device_type]),
            **dict.fromkeys(_IN_FLOAT32[device_type], dtypes.float32),
            **dict.fromkeys(_IN_HALF[device_type], dtype),
            **dict.fromkeys(_IN_THE_WIDEST[device_type], _WIDEST),
        }

    def __call__(
        self, primitive: Any, args: tuple[Any, ...], params: dict[str, Any]
    ) -> tuple[Any, ...]:
        if primitive.name == "contract" and sums_nothing(**params):
            return args  # no matrix product, but elementwise
        wanted = self._wanted(primitive.name, args)
        return args if wanted is None else tuple([self._to(x, wanted) for x in args])

    def whole(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a function that is one op of PyTorch's; what it is made of is not cast again."""
        name, given = function.__name__, (*args, *kwargs.values())
        refusal = _REFUSED.get((self.device_type, name))
        if refusal is not None and any(map(self._is_here, given)):
            raise RuntimeError(refusal)
        if name not in self.wanted or not any(map(self._takes, given)):
            return NotImplemented
        wanted = self._wanted(name, given)
        if wanted is not None:
            args = [self._to(x, wanted) for x in args]
            kwargs = {name: self._to(x, wanted) for name, x in kwargs.items()}
        with autocast(self.device_type, self.dtype, enabled=False):
            return function(*args, **kwargs)

    def _wanted(self, name: str, given: Any) -> dtypes.dtype | None:
        wanted = self.wanted.get(name)
        if wanted is not _WIDEST:
            return wanted
        is_wide = any(x.dtype is dtypes.float32 for x in given if self._takes(x))
        return dtypes.float32 if is_wide else self.dtype

    def _is_here(self, x: Any) -> bool:
        return isinstance(x, Tensor) and device_of(x.array).type == self.device_type

    def _takes(self, x: Any) -> bool:
        return _is_eligible(x, self.device_type)

    def _to(self, x: Any, dtype: dtypes.dtype) -> Any:
        if isinstance(x, (tuple, list)):  # the states of an LSTM
            return [self._to(part, dtype) for part in x]
        if not self._takes(x) or x.dtype is dtype:
            return x
        is_weight = x.dtype is dtypes.float32 and x.requires_grad and x.is_leaf
        if not (is_weight and _state.caches and dtype is self.dtype) or capturing():
            return x.to(dtype)
        key = (id(x), dtype, is_grad_enabled())
        kept = _state.converted.get(key)
        if kept is None or kept[1] != x._version:
            kept = _state.converted[key] = (x, x._version, x.to(dtype))
        return kept[2]


def _is_eligible(x: Any, device_type: str) -> bool:
    return (
        isinstance(x, Tensor)
        and x.dtype.is_floating_point
        and x.dtype is not dtypes.float64
        and device_of(x.array).type == device_type
    )


class autocast:
    """Run matrix products, convolutions and recurrent layers in ``dtype`` inside the block, and
    ops that need the range in float32.

    Args:
        device_type: "cpu" or "cuda": the tensors it applies to.
        dtype: float16 or bfloat16; with another one a warning says that the block does nothing.
            Default: ``get_autocast_dtype(device_type)``.
        enabled: False does nothing, and inside another autocast block switches that off.
        cache_enabled: whether a weight is converted once and kept until the outermost block is
            left. Default: as in the block around, where there is one, else True.

    Also a decorator.

    >>> import minitorch_dl as torch
    >>> with torch.autocast("cpu", dtype=torch.bfloat16):
    ...     y = torch.nn.Linear(4, 2)(torch.ones(1, 4))
    >>> y.dtype
    torch.bfloat16
    """

    def __init__(
        self,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        _check_device_type(device_type)
        if device_type not in _DEFAULTS:
            raise RuntimeError(
                f"User specified an unsupported autocast device_type '{device_type}'. "
                f"Supported: {', '.join(sorted(_DEFAULTS))}"
            )
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else as_dtype(dtype)
        self._caches = _state.caches if cache_enabled is None else cache_enabled
        reason = _why_not(device_type, self.fast_dtype) if enabled else ""
        if reason:
            warn(reason)
        self._enabled = enabled and not reason
        self._outer: list[tuple[Any, ...]] = []

    def __enter__(self) -> autocast:
        before = _state.dtypes[self.device], _state.caches
        self._outer.append((state.transforms, *before))
        _state.dtypes[self.device], _state.caches = self.fast_dtype, self._caches
        _state.nesting += 1
        _use(self.device, self.fast_dtype if self._enabled else None)
        return self

    def __exit__(self, *exc: object) -> None:
        transforms, _state.dtypes[self.device], _state.caches = self._outer.pop()
        set_transforms(transforms)
        _state.nesting -= 1
        if not _state.nesting:
            _state.converted.clear()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(function):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(function).__name__}. For a "
                "block, write `with torch.autocast(device_type=...):`"
            )

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped


def _why_not(device_type: str, dtype: dtypes.dtype) -> str:
    """Why autocast can't be enabled; nothing where it can."""
    if device_type == "cuda" and not is_autocast_available("cuda"):
        return "CUDA is not available. Disabling autocast."
    if dtype not in (dtypes.float16, dtypes.bfloat16):
        name = device_type.upper()
        return (
            f"In {name} autocast, but the target dtype is not supported. Disabling autocast. "
            f"{name} autocast only supports dtypes of torch.bfloat16, torch.float16, got {dtype}"
        )
    return ""


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether an autocast block for this device type is active."""
    return any(isinstance(t, _Cast) and t.device_type == device_type for t in state.transforms)


def set_autocast_enabled(device_type: Any, enabled: Any = None) -> None:
    """Switch autocast for a device type ("cuda" when only the flag is given) on or off until it is
    switched again, as ``autocast`` does for a block."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    _use(device_type, get_autocast_dtype(device_type) if enabled else None)


def set_autocast_dtype(device_type: str, dtype: dtypes.dtype) -> None:
    """Set the dtype of autocast on a device type: of the active block, and of later ones that name
    none."""
    if dtype not in (dtypes.float16, dtypes.bfloat16):
        raise RuntimeError(f"autocast supports float16 and bfloat16, got {dtype}")
    _state.dtypes[device_type] = dtype
    if is_autocast_enabled(device_type):
        _use(device_type, dtype)


def _use(device_type: str, dtype: dtypes.dtype | None) -> None:
    """Have the ops of this thread cast for ``dtype`` on this device type; None: as they are."""
    others = [
        t for t in state.transforms if not (isinstance(t, _Cast) and t.device_type == device_type)
    ]
    set_transforms((*others, *(() if dtype is None else (_Cast(device_type, dtype),))))


def autocast_as_now() -> Callable[[], AbstractContextManager[None]]:
    """Blocks in which autocast is what it is where this is called."""
    casts = tuple(t for t in state.transforms if isinstance(t, _Cast))
    chosen = dict(_state.dtypes)

    @contextmanager
    def block() -> Iterator[None]:
        before, dtypes_before = state.transforms, _state.dtypes
        set_transforms((*(t for t in before if not isinstance(t, _Cast)), *casts))
        _state.dtypes = dict(chosen)
        try:
            yield
        finally:
            set_transforms(before)
            _state.dtypes = dtypes_before

    return block


def get_autocast_dtype(device_type: str) -> dtypes.dtype:
    """The half-precision dtype of the innermost autocast block, or the one that a block would
    have."""
    if device_type not in _DEFAULTS:
        raise RuntimeError(f"there is no autocast for the device type '{device_type}'")
    return _state.dtypes[device_type]


def is_autocast_available(device_type: str) -> bool:
    """Whether autocast can serve this device type here."""
    if device_type not in _DEFAULTS:
        return False
    try:
        backend_for(device_type)
    except RuntimeError:
        return False
    return True


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None
) -> Any:
    """For the forward of an ``autograd.Function``: with ``cast_inputs``, under autocast its
    floating-point tensors come in that dtype, those in lists, tuples and dicts too, and autocast is
    off inside."""
    _check_device_type(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def wrapped(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        enabled = is_autocast_enabled(device_type)
        ctx._dtype = get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = enabled and cast_inputs is None
        if cast_inputs is None or not enabled:
            return fwd(ctx, *args, **kwargs)
        args, kwargs = (converted(value, device_type, cast_inputs) for value in (args, kwargs))
        with autocast(device_type, enabled=False):
            return fwd(ctx, *args, **kwargs)

    return wrapped


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """For the backward of an ``autograd.Function`` whose forward has ``custom_fwd``: autocast is on
    or off inside as it was there."""
    _check_device_type(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def wrapped(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, ctx._dtype, ctx._fwd_used_autocast):
            return bwd(ctx, *args, **kwargs)

    return wrapped


def _check_device_type(device_type: Any) -> None:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")


def converted(value: Any, device_type: str, dtype: Any) -> Any:
    """The same nested value with its tensors that autocast is for in this dtype."""
    if isinstance(value, (list, tuple)):
        return type(value)([converted(v, device_type, dtype) for v in value])
    if isinstance(value, dict):
        return {k: converted(v, device_type, dtype) for k, v in value.items()}
    return value.to(dtype) if _is_eligible(value, device_type) else value
