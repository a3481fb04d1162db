"""``autocast``: choose each op's precision where it runs, instead of converting the model."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..autograd.modes import set_transforms, state
from ..backend import backend_for, device_of, dtypes
from ..tensor import Tensor

# What PyTorch's autocast runs in which precision, by the names of primitives and of functions that
# are one op there (``autograd.names.as_one``).
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
        f"{_PRODUCTS} mv addmv addr chain_matmul multi_dot rnn_layer gru_layer lstm_cell gru_cell "
        "rnn_tanh_cell rnn_relu_cell".split()
    ),
}
# Wide ranges and long sums: these need float32. On the CPU bfloat16 has the range, so there only
# losses, matrix decompositions and what has no kernel for it do.
_IN_FLOAT32 = {
    "cpu": frozenset(
        f"{_LOSSES} binary_cross_entropy ctc_loss prod quantile nanquantile cdist trace "
        "grid_sample avg_pool3d max_pool3d adaptive_avg_pool3d adaptive_max_pool3d "
        "fractional_max_pool2d fractional_max_pool3d max_unpool1d max_unpool2d max_unpool3d "
        "cholesky cholesky_ex cholesky_solve cholesky_inverse inv inv_ex inverse pinverse lu "
        "linalg_lu_solve lu_solve linalg_qr qr linalg_svd svd svdvals linalg_eigh eigh eigvalsh "
        "eig eigvals solve triangular_solve lstsq cond matrix_rank householder_product tensorinv "
        "tensorsolve".split()
    ),
    "cuda": frozenset(
        f"{_LOSSES} acos asin cosh erfinv exp exp2 expm1 log log10 log1p log2 pow reciprocal rsqrt "
        "sinh tan softplus softmax log_softmax sum prod cumsum cumprod logsumexp logcumsumexp "
        "norm vector_norm matrix_norm layer_norm group_norm cosine_similarity dist pdist cdist "
        "renorm interpolate ctc_loss".split()
    ),
}
# Neither: products that PyTorch leaves alone, although they are made of others here.
_AS_IS = {
    "cpu": frozenset("mv dot vdot addmv addr gru gru_cell lstm_cell".split()),
    "cuda": frozenset(("dot", "vdot")),
}
_DEFAULTS = {"cuda": dtypes.float16, "cpu": dtypes.bfloat16}
_chosen = dict(_DEFAULTS)  # what set_autocast_dtype changes


class _Cast:
    """Bring the inputs of an op on one device type to the precision that suits the op."""

    def __init__(self, device_type: str, dtype: dtypes.dtype) -> None:
        self.device_type, self.dtype = device_type, dtype
        self.wanted: dict[str, dtypes.dtype | None] = {
            **dict.fromkeys(_AS_IS[device_type]),
            **dict.fromkeys(_IN_FLOAT32[device_type], dtypes.float32),
            **dict.fromkeys(_IN_HALF[device_type], dtype),
        }

    def __call__(self, primitive: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        wanted = self.wanted.get(primitive.name)
        return args if wanted is None else tuple([self._to(x, wanted) for x in args])

    def whole(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a function that is one op of PyTorch's; what it is made of is not cast again."""
        wanted = self.wanted.get(function.__name__, self)
        if wanted is self or not any(map(self._takes, (*args, *kwargs.values()))):
            return NotImplemented
        if wanted is not None:
            args = [self._to(x, wanted) for x in args]
            kwargs = {name: self._to(x, wanted) for name, x in kwargs.items()}
        with autocast(self.device_type, enabled=False):
            return function(*args, **kwargs)

    def _takes(self, x: Any) -> bool:
        return (
            isinstance(x, Tensor)
            and x.dtype.is_floating_point
            and x.dtype is not dtypes.float64
            and device_of(x.array).type == self.device_type
        )

    def _to(self, x: Any, dtype: Any) -> Any:
        return x.to(dtype) if self._takes(x) else x


class autocast:
    """Run matrix products, convolutions and recurrent layers in ``dtype`` inside the block, and
    ops that need the range in float32.

    Args:
        device_type: "cpu" or "cuda": the tensors it applies to.
        dtype: float16 or bfloat16 (default: float16 on a GPU, bfloat16 on the CPU).
        enabled: False does nothing, and inside another autocast block switches that off.
        cache_enabled: accepted; converted weights are not cached.

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
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if device_type not in _DEFAULTS:
            raise RuntimeError(
                f"User specified an unsupported autocast device_type '{device_type}'. "
                f"Supported: {', '.join(sorted(_DEFAULTS))}"
            )
        self.device = device_type
        self.fast_dtype = _chosen[device_type] if dtype is None else dtypes.as_dtype(dtype)
        if enabled:
            _check_half(self.fast_dtype)
        self._enabled = enabled
        self._outer: list[tuple[Any, ...]] = []

    def __enter__(self) -> autocast:
        self._outer.append(state.transforms)
        _use(self.device, self.fast_dtype if self._enabled else None)
        return self

    def __exit__(self, *exc: object) -> None:
        set_transforms(self._outer.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped


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
    _chosen[device_type] = _check_half(dtype)
    if is_autocast_enabled(device_type):
        _use(device_type, dtype)


def _check_half(dtype: dtypes.dtype) -> dtypes.dtype:
    if dtype not in (dtypes.float16, dtypes.bfloat16):
        raise RuntimeError(f"autocast supports float16 and bfloat16, got {dtype}")
    return dtype


def _use(device_type: str, dtype: dtypes.dtype | None) -> None:
    """Have the ops of this thread cast for ``dtype`` on this device type; None: as they are."""
    others = [
        t for t in state.transforms if not (isinstance(t, _Cast) and t.device_type == device_type)
    ]
    set_transforms((*others, *(() if dtype is None else (_Cast(device_type, dtype),))))


def autocast_as_now() -> Callable[[], AbstractContextManager[None]]:
    """Blocks in which autocast is what it is where this is called."""
    casts = tuple(t for t in state.transforms if isinstance(t, _Cast))

    @contextmanager
    def block() -> Iterator[None]:
        before = state.transforms
        set_transforms((*(t for t in before if not isinstance(t, _Cast)), *casts))
        try:
            yield
        finally:
            set_transforms(before)

    return block


def get_autocast_dtype(device_type: str) -> dtypes.dtype:
    """The half-precision dtype of the active autocast block, or the one that a block would have."""
    for t in state.transforms:
        if isinstance(t, _Cast) and t.device_type == device_type:
            return t.dtype
    return _chosen[device_type]


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
    fwd: Callable[..., Any] | None = None, *, device_type: str = "cuda", cast_inputs: Any = None
) -> Any:
    """For the forward of an ``autograd.Function``: with ``cast_inputs``, its tensors come in that
    dtype and autocast is off."""
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if cast_inputs is None or not is_autocast_enabled(device_type):
            return fwd(*args, **kwargs)
        args = tuple(x.to(cast_inputs) if isinstance(x, Tensor) else x for x in args)
        with autocast(device_type, enabled=False):
            return fwd(*args, **kwargs)

    return wrapped


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str = "cuda") -> Any:
    """For the backward of an ``autograd.Function`` whose forward has ``custom_fwd``."""
    return functools.partial(custom_bwd, device_type=device_type) if bwd is None else bwd
