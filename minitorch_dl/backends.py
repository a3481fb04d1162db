"""Switches of PyTorch's libraries, which programs set in passing. They are kept and change nothing here."""

from __future__ import annotations

from typing import Any


class _Switches:
    """A library's settings: any may be set; none has an effect."""

    def __init__(self, available: bool = False, **settings: Any) -> None:
        self._available = available
        self.__dict__.update(settings)

    def is_available(self) -> bool:
        """Whether the library is in use."""
        return self._available

    is_built = is_available

    def version(self) -> None:
        """No version: the library is not in use."""
        return None


cudnn = _Switches(
    enabled=False, benchmark=False, deterministic=False, allow_tf32=False, benchmark_limit=10
)
mps = _Switches()
mkl = _Switches()
mkldnn = _Switches(enabled=False)
openmp = _Switches()
opt_einsum = _Switches(enabled=False, strategy=None)
cuda = _Switches(
    matmul=_Switches(allow_tf32=False, allow_fp16_reduced_precision_reduction=False),
    enable_flash_sdp=lambda enabled: None,
    enable_mem_efficient_sdp=lambda enabled: None,
    enable_math_sdp=lambda enabled: None,
)
