"""Switches of PyTorch's libraries, which programs set in passing: kept, but without effect here
(except ``cpu.winograd``, ``cuda.matmul.allow_tf32`` and ``cudnn.enabled``)."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .backend import cudnn as _cudnn
from .backend import winograd
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


class _Host(_Switches):
    """How the host computes, with one switch that has an effect.

    ``winograd`` (True): float32 convolutions with 2 or 3 taps per axis, with stride 2 up to 6, may
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


cpu = _Host("cpu", available=True)
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
cuda = _Switches(
    "cuda",
    matmul=_Products("cuda.matmul", allow_fp16_reduced_precision_reduction=False),
    enable_flash_sdp=lambda enabled: None,
    enable_mem_efficient_sdp=lambda enabled: None,
    enable_math_sdp=lambda enabled: None,
)
