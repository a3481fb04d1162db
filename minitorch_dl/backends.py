"""Switches of PyTorch's libraries, which programs set in passing: kept, but without effect here
(except ``cpu.winograd``, ``cuda.matmul.allow_tf32`` and ``cudnn.enabled``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

from .backend import cudnn as _cudnn
from .backend.convolution import winograd
from .backend.precision import float32_products, set_float32_products
from .cuda import is_available as cuda_is_available


class _Switches(ModuleType):
    """A library's settings, as a module since programs import it."""

    def __init__(self, library: str, available: bool = False, **settings: Any) -> None:
        super().__init__(f"{__name__}.{library}")
        self._available = available
        self.__dict__.update(settings)

    def is_available(self) -> bool:
        """Whether the library is in use."""
        return self._available

    is_built = is_available

    def version(self) -> None:
        """No version: the library is not in use."""
        return None

    @contextmanager
    def flags(self, **settings: Any) -> Iterator[None]:
        """These settings inside the block, such as ``enabled=False``."""
        before = {name: getattr(self, name, None) for name in settings}
        try:
            for name, value in settings.items():
                setattr(self, name, value)
            yield
        finally:
            for name, value in before.items():
                setattr(self, name, value)


class _Host(_Switches):
    """How the host computes, with one switch that has an effect.

    ``winograd`` (True): float32 convolutions with 2 to 5 taps per axis, with stride 2 up to 10, may
    use Winograd's filtering, which is up to twice as fast and differs from a direct sum by about
    1e-5 of the largest result.
    """

    @property
    def winograd(self) -> bool:
        return winograd.enabled

    @winograd.setter
    def winograd(self, on: bool) -> None:
        winograd.enabled = bool(on)


class _Products(_Switches):
    """Matrix products on a GPU. ``allow_tf32`` is ``set_float32_matmul_precision("high")``."""

    @property
    def allow_tf32(self) -> bool:
        return float32_products() != "highest"

    @allow_tf32.setter
    def allow_tf32(self, on: bool) -> None:
        set_float32_products("high" if on else "highest")


class _Cuda(_Switches):
    """The libraries of a GPU. Attention has one way here, by matrix products; whether PyTorch's
    others may be taken is kept and told."""

    _ways: ClassVar[dict[str, bool]] = dict.fromkeys(
        ("flash", "mem_efficient", "math", "cudnn"), True
    )
    _reduced = False

    def is_built(self) -> bool:
        """Whether there is a GPU that CuPy reaches."""
        return cuda_is_available()

    def preferred_linalg_library(self, backend: Any = None) -> str:
        """ "default": CuPy chooses."""
        return "default"

    preferred_blas_library = preferred_rocm_fa_library = preferred_linalg_library

    def is_flash_attention_available(self) -> bool:
        """False: attention is computed by matrix products."""
        return False

    def is_ck_sdpa_available(self) -> bool:
        """False: attention is computed by matrix products."""
        return False

    def can_use_flash_attention(self, params: Any, debug: bool = False) -> bool:
        """False: attention is computed by matrix products."""
        return False

    can_use_efficient_attention = can_use_cudnn_attention = can_use_flash_attention

    def allow_fp16_bf16_reduction_math_sdp(self, enabled: bool) -> None:
        """Accepted: sums are kept in float32."""
        self._reduced = bool(enabled)

    def fp16_bf16_reduction_math_sdp_allowed(self) -> bool:
        """What ``allow_fp16_bf16_reduction_math_sdp`` set."""
        return self._reduced

    @contextmanager
    def sdp_kernel(
        self,
        enable_flash: bool = True,
        enable_math: bool = True,
        enable_mem_efficient: bool = True,
        enable_cudnn: bool = True,
    ) -> Iterator[None]:
        """Accepted: the older name of ``nn.attention.sdpa_kernel``."""
        before = dict(self._ways)
        chosen = (enable_flash, enable_mem_efficient, enable_math, enable_cudnn)
        self._ways.update(zip(self._ways, map(bool, chosen)))
        try:
            yield
        finally:
            self._ways.update(before)


def _switch(way: str) -> tuple[Any, Any]:
    def enable(self: _Cuda, enabled: bool) -> None:
        self._ways[way] = bool(enabled)

    def enabled(self: _Cuda) -> bool:
        return self._ways[way]

    enable.__doc__ = "Accepted: attention is computed by matrix products."
    enabled.__doc__ = f"What ``enable_{way}_sdp`` set."
    return enable, enabled


for _way in _Cuda._ways:
    _enable, _enabled = _switch(_way)
    setattr(_Cuda, f"enable_{_way}_sdp", _enable)
    setattr(_Cuda, f"{_way}_sdp_enabled", _enabled)


class _Cudnn(_Switches):
    """Convolutions on a GPU by cuDNN, where the extra ``cudnn`` is installed; ``enabled`` is True
    unless switched off."""

    def is_available(self) -> bool:
        """Whether the frontend package and cuDNN are installed and there is a GPU for them."""
        return _cudnn.frontend() is not None and cuda_is_available()

    @property
    def enabled(self) -> bool:
        return _cudnn.enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        _cudnn.enabled = bool(on)

    def version(self) -> Any:
        """cuDNN's version as a number such as 92800; None without it."""
        cudnn = _cudnn.frontend()
        return None if cudnn is None else cudnn.backend_version()


class _Attention(_Switches):
    """The fused kernel of ``nn.MultiheadAttention`` outside of training: there is one way here;
    whether PyTorch's other may be taken is kept and told."""

    _is_fastpath_enabled = True

    def get_fastpath_enabled(self) -> bool:
        """What ``set_fastpath_enabled`` set."""
        return self._is_fastpath_enabled

    def set_fastpath_enabled(self, value: bool) -> None:
        """Accepted."""
        self._is_fastpath_enabled = bool(value)


class _Unneeded(_Switches):
    """A library that is switched by a function."""

    def set_flags(self, _enabled: bool) -> tuple[bool]:
        """Accepted: the library is not in use."""
        return (False,)


cpu = _Host("cpu", available=True)
mha = _Attention("mha")
nnpack = _Unneeded("nnpack")
miopen = _Switches("miopen", immediate=False)
cusparselt = _Switches("cusparselt")
kleidiai = _Switches("kleidiai")
xnnpack = _Switches("xnnpack", enabled=False)
quantized = _Switches("quantized", engine="none", supported_engines=["none"])
cudnn = _Cudnn(
    "cudnn",
    benchmark=False,
    deterministic=False,
    allow_tf32=False,
    benchmark_limit=10,
)
mps = _Switches("mps")
mkl = _Switches("mkl")
mkldnn = _Switches("mkldnn", enabled=False)
openmp = _Switches("openmp")
opt_einsum = _Switches("opt_einsum", enabled=False, strategy=None)
cuda = _Cuda(
    "cuda",
    matmul=_Products(
        "cuda.matmul",
        allow_fp16_reduced_precision_reduction=False,
        allow_bf16_reduced_precision_reduction=False,
        allow_fp16_accumulation=False,
        fp32_precision="none",
    ),
    cufft_plan_cache=SimpleNamespace(size=0, max_size=0, clear=lambda: None),
)
