"""``torch.mps`` and ``torch.xpu``: device types that this package doesn't support. Questions about
them are answered, so that programs choose another device; whatever would use one raises.
"""

from __future__ import annotations

import difflib
from functools import partial
from types import ModuleType
from typing import Any


class _Absent(ModuleType):
    """The namespace of a kind of device that is never there."""

    def __init__(self, name: str, maker: str) -> None:
        super().__init__(
            f"{__package__.partition('.')[0]}.{name}", f"There is no {maker} device here."
        )
        self._kind, self._maker = name, maker

    def is_available(self) -> bool:
        """False."""
        return False

    is_initialized = is_available

    def device_count(self) -> int:
        """0."""
        return 0

    def manual_seed(self, seed: int) -> None:
        """Accepted: there is no generator to seed."""

    manual_seed_all = manual_seed

    def empty_cache(self) -> None:
        """Nothing to free."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if difflib.get_close_matches(name, _USES, n=1, cutoff=0.85):
            return partial(self._refuse, name)
        raise AttributeError(f"minitorch_dl has no {self._kind}.{name} (torch.{self._kind}.{name})")

    def _refuse(self, name: str, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            f"torch.{self._kind}.{name}: minitorch_dl runs on the CPU and, through CuPy, on "
            f"NVIDIA GPUs; there is no {self._maker} device. Ask torch.{self._kind}."
            "is_available() first"
        )


_USES = (
    "synchronize current_device set_device current_stream stream device Stream Event seed "
    "get_rng_state set_rng_state memory_allocated current_allocated_memory driver_allocated_memory "
    "recommended_max_memory set_per_process_memory_fraction get_device_name get_device_properties "
    "get_device_capability max_memory_allocated memory_reserved mem_get_info profiler"
).split()

mps = _Absent("mps", "Apple GPU")
xpu = _Absent("xpu", "Intel GPU")
mps_is_available = is_vulkan_available = mps.is_available
