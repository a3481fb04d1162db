"""``autocast``: choose each op's precision where it runs, instead of converting the model."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..autograd.modes import set_transforms, state
from ..backend import backend_for, device_of, dtypes
from ..tensor import Tensor

# Products: their sums are kept in float32 inside, so half-precision operands lose little.
_IN_HALF = frozenset(
    "matmul linear convolution convolution_input dot_along contract add_rows solve_triangular "
    "rnn_layer lstm_layer gru_layer scaled_dot_product_attention".split()
)
# Wide ranges and long sums: these need float32. On the CPU bfloat16 has the range, so there only
# losses, products and inverses do.
_IN_FLOAT32 = {
    "cpu": frozenset(
        "binary_cross_entropy binary_cross_entropy_with_logits cross_entropy label_pick ctc_loss "
        "huber prod cholesky inv pinv qr solve svd det slogdet eigh".split()
    ),
    "cuda": frozenset(
        "exp exp2 expm1 log log10 log1p log2 pow reciprocal rsqrt softmax log_softmax "
        "cross_entropy label_pick binary_cross_entropy binary_cross_entropy_with_logits ctc_loss "
        "huber standardize cumsum cumprod prod sum mean var std vector_norm softplus erfinv "
        "logsumexp tan acos asin cosh sinh logcumsumexp".split()
    ),
}
_DEFAULTS = {"cuda": dtypes.float16, "cpu": dtypes.bfloat16}


class _Cast:
    """Bring the inputs of an op on one device type to the precision that suits the op."""

    def __init__(self, device_type: str, dtype: dtypes.dtype) -> None:
        self.device_type, self.dtype = device_type, dtype

    def __call__(self, primitive: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if primitive.name in _IN_HALF:
            return tuple(self._to(x, self.dtype) for x in args)
        if primitive.name in _IN_FLOAT32[self.device_type]:
            return tuple(self._to(x, dtypes.float32) for x in args)
        return args

    def _to(self, x: Any, dtype: dtypes.dtype) -> Any:
        if not isinstance(x, Tensor) or not x.dtype.is_floating_point:
            return x
        if x.dtype is dtypes.float64 or device_of(x.array).type != self.device_type:
            return x
        return x.to(dtype)


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
        self.fast_dtype = _DEFAULTS[device_type] if dtype is None else dtypes.as_dtype(dtype)
        if enabled and self.fast_dtype not in (dtypes.float16, dtypes.bfloat16):
            raise RuntimeError(f"autocast supports float16 and bfloat16, got {self.fast_dtype}")
        self._enabled = enabled
        self._outer: list[tuple[Any, ...]] = []

    def __enter__(self) -> autocast:
        self._outer.append(state.transforms)
        others = tuple(
            t
            for t in state.transforms
            if not (isinstance(t, _Cast) and t.device_type == self.device)
        )
        mine = (_Cast(self.device, self.fast_dtype),) if self._enabled else ()
        set_transforms((*others, *mine))
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
