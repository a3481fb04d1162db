"""What the driver tells of a GPU beside its memory: load, temperature, power, clock, processes."""

from __future__ import annotations

from typing import Any

from .devices import _cupy, _index

__all__ = [
    "clock_rate", "list_gpu_processes", "memory_usage", "power_draw", "temperature", "utilization",
]  # fmt: skip


def _nvml(device: Any) -> tuple[Any, Any]:
    """NVIDIA's management library and its handle of a GPU."""
    try:
        import pynvml
    except ImportError as error:
        raise ModuleNotFoundError(
            "this question to the driver needs nvidia-ml-py, which is not installed: "
            "pip install nvidia-ml-py"
        ) from error
    # CUDA may count other GPUs, in another order, than the driver: both know the bus.
    bus = _cupy().cuda.runtime.deviceGetPCIBusId(_index(device))
    pynvml.nvmlInit()
    return pynvml, pynvml.nvmlDeviceGetHandleByPciBusId(bus)


def utilization(device: Any = None) -> int:
    """The percentage of the last moments in which the GPU computed."""
    nvml, handle = _nvml(device)
    return nvml.nvmlDeviceGetUtilizationRates(handle).gpu


def memory_usage(device: Any = None) -> int:
    """The percentage of the last moments in which the GPU's memory was read or written."""
    nvml, handle = _nvml(device)
    return nvml.nvmlDeviceGetUtilizationRates(handle).memory


def temperature(device: Any = None) -> int:
    """The GPU's temperature in degrees Celsius."""
    nvml, handle = _nvml(device)
    return nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)


def power_draw(device: Any = None) -> int:
    """The power that the GPU draws, in mW."""
    nvml, handle = _nvml(device)
    return nvml.nvmlDeviceGetPowerUsage(handle)


def clock_rate(device: Any = None) -> int:
    """The clock of the multiprocessors in MHz."""
    nvml, handle = _nvml(device)
    return nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)


def list_gpu_processes(device: Any = None) -> str:
    """The processes that use the GPU, and their memory, a line each."""
    nvml, handle = _nvml(device)
    lines = [f"GPU:{_index(device)}"]
    found = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
    for process in found:
        used = (process.usedGpuMemory or 0) / 2**20
        lines.append(f"process {process.pid:>10d} uses {used:>12.3f} MB GPU memory")
    return "\n".join(lines if found else [*lines, "no processes are running"])
