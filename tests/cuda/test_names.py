"""PyTorch's names around the GPU: streams of several GPUs, memory, sensors, old types."""

from __future__ import annotations

import sys
import warnings
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.backend import devices, gpu_memory
from minitorch_dl.testing import fake_gpu
from tests.devices import NEEDS_GPU

from .fake_cupy import FakeCupy
from .simulated_gpu import install


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    fake: Any = FakeCupy()
    backend = SimpleNamespace(xp=fake, allocator=gpu_memory.install(fake))
    monkeypatch.setitem(devices._BACKENDS, "cuda", backend)
    return fake


def test_a_stream_brings_its_gpu_along(cupy: FakeCupy) -> None:
    other = torch.cuda.Stream(device=1)
    assert other.device == torch.device("cuda:1")
    assert torch.cuda.current_device() == 0
    with torch.cuda.stream(other):
        assert torch.cuda.current_device() == 1
        assert torch.cuda.current_stream() == other
        assert torch.cuda.current_stream(0) == torch.cuda.default_stream(0)
    assert torch.cuda.current_device() == 0
    with other as entered:
        assert torch.cuda.current_stream() is not None
        assert entered is other
    assert torch.cuda.current_stream(1) == torch.cuda.default_stream(1) != other
    assert torch.cuda.default_stream(0) != torch.cuda.default_stream(1)
    assert len({torch.cuda.default_stream(0), torch.cuda.default_stream("cuda:0"), other}) == 2
    torch.cuda.set_stream(other)
    assert (torch.cuda.current_device(), torch.cuda.current_stream()) == (1, other)
    torch.cuda.set_stream(None)
    torch.accelerator.set_stream(torch.cuda.default_stream(0))
    assert torch.accelerator.current_device_idx() == 0
    assert other != 3


def test_a_device_by_its_index_alone(cupy: FakeCupy, monkeypatch: pytest.MonkeyPatch) -> None:
    assert torch.device(1) == torch.device("cuda:1")

    def missing() -> Any:
        raise RuntimeError("no GPU")

    monkeypatch.delitem(devices._BACKENDS, "cuda")
    monkeypatch.setitem(devices._LAZY, "cuda", missing)
    with pytest.raises(RuntimeError, match="no GPU"):
        torch.device(1)
    assert torch.device("cuda", 1).index == 1  # it can be named


def test_an_event_belongs_to_its_streams_gpu(cupy: FakeCupy) -> None:
    other = torch.Stream("cuda:1", priority=-1)
    mark = torch.Event(enable_timing=True)
    torch.cuda.current_stream().wait_event(mark)  # never recorded: nothing to wait for
    other.record_event(mark)
    assert mark._event.device_id == 1
    torch.cuda.current_stream().wait_event(mark)
    assert cupy.current[0][-1].asked[-1] is mark._event
    assert other.priority == -1


def test_marks_for_nvidias_profilers(cupy: FakeCupy) -> None:
    nvtx = torch.cuda.nvtx
    with pytest.raises(ZeroDivisionError), nvtx.range("step {}", 3):
        nvtx.mark("here")
        raise ZeroDivisionError
    nvtx.range_end(nvtx.range_start("copy"))
    assert cupy.marks == ["> step 3", "here", "<", "> copy", "< 5"]


def test_a_stream_of_another_library(cupy: FakeCupy) -> None:
    for stream in (torch.cuda.ExternalStream(77), torch.cuda.get_stream_from_external(77, 0)):
        assert stream.cuda_stream == 77
    with stream:
        assert torch.cuda.current_stream() == stream


def test_memory_under_pytorchs_other_names(cupy: Any) -> None:
    cupy.allocate(10 << 20)
    assert torch.cuda.memory_cached() == torch.cuda.memory_reserved() == (10 << 20) + 512
    assert torch.cuda.max_memory_cached() == torch.cuda.max_memory_reserved()
    nested = torch.cuda.memory_stats_as_nested_dict()
    assert nested["allocated_bytes"]["all"]["current"] == torch.cuda.memory_allocated()
    assert torch.accelerator.memory_allocated() == torch.cuda.memory_allocated()
    assert torch.cuda.device_memory_used() == 10 << 20
    assert torch.accelerator.get_memory_info() == (990 << 20, 1000 << 20)
    assert torch.cuda.get_per_process_memory_fraction() == 1.0
    torch.cuda.set_per_process_memory_fraction(0.25)
    assert torch.cuda.get_per_process_memory_fraction() == 0.25
    assert torch.cuda.host_memory_stats() == {"segment.free": 3}
    assert torch.cuda.get_allocator_backend() == "native"
    address = torch.cuda.caching_allocator_alloc(100, stream=torch.cuda.Stream())
    torch.cuda.caching_allocator_delete(address)
    torch.cuda.caching_allocator_delete(address)
    torch.accelerator.empty_host_cache()
    assert torch.OutOfMemoryError is torch.cuda.OutOfMemoryError
    mine = torch.cuda.MemPool()
    assert (mine.malloc(5), mine.use_count()) == (5, 7)
    with pytest.raises(NotImplementedError, match="no_split"):
        torch.cuda.MemPool(no_split=True)


def test_a_pool_of_ones_own_serves_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = install(monkeypatch)
    with torch.cuda.use_mem_pool(torch.cuda.MemPool()):
        assert cupy.allocators[-1](100) == 100
    assert cupy.allocators[-1] == "given back"


def test_the_runtime_and_the_architecture(cupy: FakeCupy) -> None:
    runtime = torch.cuda.cudart()
    assert runtime.cudaProfilerStart() == runtime.cudaProfilerStop() == 0
    assert runtime.cudaMemGetInfo(0) == torch.cuda.mem_get_info()
    assert runtime.cudaDeviceSynchronize() == 0
    assert torch.cuda.current_blas_handle() == 11
    assert torch.cuda.get_gencode_flags() == "-gencode compute=compute_90,code=sm_90"
    assert torch.cuda.is_tf32_supported()
    torch.cuda.ipc_collect()
    assert len(torch.cuda.default_generators) == 2
    first, second = torch.cuda.default_generators
    assert first is second
    with torch.accelerator.device_index(1):
        assert torch.cuda.current_device() == 1
    assert torch.bfloat16 in torch.accelerator.get_device_capability()["supported_dtypes"]


class Nvml(ModuleType):
    """NVIDIA's management library."""

    NVML_TEMPERATURE_GPU, NVML_CLOCK_SM = 0, 1
    processes: Any = ()

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.nvmlInit = lambda: None
        self.nvmlDeviceGetHandleByPciBusId = lambda bus: bus
        self.nvmlDeviceGetUtilizationRates = lambda h: SimpleNamespace(gpu=40, memory=20)
        self.nvmlDeviceGetTemperature = lambda h, which: 50
        self.nvmlDeviceGetPowerUsage = lambda h: 300_000
        self.nvmlDeviceGetClockInfo = lambda h, which: 1980
        self.nvmlDeviceGetComputeRunningProcesses = lambda h: self.processes


def test_the_drivers_sensors(cupy: FakeCupy, monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = Nvml()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    cuda = torch.cuda
    assert (cuda.utilization(), cuda.memory_usage(), cuda.temperature()) == (40, 20, 50)
    assert (cuda.power_draw(1), cuda.clock_rate("cuda:1")) == (300_000, 1980)
    assert cuda.list_gpu_processes() == "GPU:0\nno processes are running"
    nvml.processes = [SimpleNamespace(pid=12, usedGpuMemory=3 << 20)]
    assert "12 uses        3.000 MB" in cuda.list_gpu_processes()
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(ModuleNotFoundError, match="pip install nvidia-ml-py"):
        cuda.utilization()


def test_the_old_types_of_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    x = torch.cuda.FloatTensor([1.0, 2.0])
    assert x.is_cuda
    assert isinstance(x, torch.cuda.FloatTensor)
    assert not isinstance(x, torch.FloatTensor)
    assert not isinstance(x.cpu(), torch.cuda.FloatTensor)
    assert x.type() == "torch.cuda.FloatTensor"
    assert x.cpu().type("torch.cuda.HalfTensor").is_cuda
    assert x.type(torch.LongTensor).device.type == "cpu"
    assert torch.cuda.LongTensor(3).dtype is torch.int64


def test_reading_can_warn_or_fail() -> None:
    fake_gpu.register()
    x = torch.ones(2, device="fakegpu")
    assert torch.cuda.get_sync_debug_mode() == 0
    try:
        torch.cuda.set_sync_debug_mode("warn")
        with pytest.warns(UserWarning, match="synchronizing CUDA operation"):
            x.tolist()
        torch.cuda.set_sync_debug_mode(2)
        assert torch.cuda.get_sync_debug_mode() == 2
        y = x + 1
        for read in (y.cpu, y.sum().item, lambda: bool((y > 0).all())):
            with pytest.raises(RuntimeError, match="synchronizing CUDA operation"):
                read()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert y.tolist() == [2.0, 2.0]
    for wrong in ("loud", 3):
        with pytest.raises(RuntimeError, match="invalid value of debug_mode"):
            torch.cuda.set_sync_debug_mode(wrong)


@pytest.mark.gpu
@NEEDS_GPU
def test_the_names_on_a_gpu() -> None:
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    with torch.cuda.Stream() as side:
        assert torch.cuda.current_stream() == side
        outside = torch.cuda.ExternalStream(side.cuda_stream)
        with outside:
            x = torch.ones(1000, device="cuda") + 1
    side.synchronize()
    assert x.sum().item() == 2000
    assert torch.cuda.cudart().cudaProfilerStart() == 0
    assert torch.cuda.cudart().cudaProfilerStop() == 0
    assert torch.cuda.current_blas_handle() != 0
    mine = torch.cuda.MemPool()
    with torch.cuda.use_mem_pool(mine):
        y = torch.zeros(1 << 20, device="cuda")
    assert mine.use_count() >= 4 << 20
    assert y.sum().item() == 0
    address = torch.cuda.caching_allocator_alloc(1 << 20)
    torch.cuda.caching_allocator_delete(address)
    assert torch.cuda.host_memory_stats()["segment.free"] >= 0
    assert 0 < torch.cuda.device_memory_used() <= torch.cuda.mem_get_info()[1]
    assert torch.cuda.FloatTensor([1.0]).is_cuda
