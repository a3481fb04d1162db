"""The GPU's interface: its answers without a GPU, what it asks of CuPy, and its errors."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.backend import devices, gpu_memory
from tests.devices import NEEDS_GPU

from .fake_cupy import FakeCupy


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> FakeCupy:
    fake = FakeCupy()
    backend = SimpleNamespace(xp=fake, allocator=gpu_memory.install(fake))
    monkeypatch.setitem(devices._BACKENDS, "cuda", backend)
    return fake


def without_gpu(monkeypatch: pytest.MonkeyPatch, error: Any, driver: int = 0) -> str:
    """The error of ``device="cuda"`` when CuPy raises this on its first question."""

    def count() -> int:
        if isinstance(error, Exception):
            raise error
        return error

    fake: Any = ModuleType("cupy")
    runtime = SimpleNamespace(
        getDeviceCount=count, driverGetVersion=lambda: driver, runtimeGetVersion=lambda: 13000
    )
    fake.cuda = SimpleNamespace(runtime=runtime)
    monkeypatch.setitem(sys.modules, "cupy", None if isinstance(error, ImportError) else fake)
    monkeypatch.delitem(devices._BACKENDS, "cuda", raising=False)
    assert not torch.cuda.is_available()
    with pytest.raises(RuntimeError) as caught:
        torch.ones(1).cuda()
    return str(caught.value)


def test_the_cure_is_named_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    insufficient = RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient")
    no_device = RuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
    assert "pip install minitorch-dl[cuda13]" in without_gpu(monkeypatch, ImportError())
    assert "nvidia-smi" in without_gpu(monkeypatch, insufficient)
    older = without_gpu(monkeypatch, insufficient, driver=12040)
    assert "serves CUDA 12.4" in older
    assert "built for 13.0" in older
    assert "minitorch-dl[cuda12]" in older
    assert "CUDA_VISIBLE_DEVICES" in without_gpu(monkeypatch, no_device)
    assert "CUDA_VISIBLE_DEVICES" in without_gpu(monkeypatch, 0)
    assert "libcudart" in without_gpu(monkeypatch, OSError("libcudart.so is missing"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks what holds without a GPU")
def test_without_a_gpu_questions_have_answers() -> None:
    assert not torch.cuda.is_initialized()
    assert torch.cuda.device_count() == 0
    assert torch.cuda.memory_allocated() == torch.cuda.memory_reserved() == 0
    assert torch.cuda.max_memory_allocated() == torch.cuda.max_memory_reserved() == 0
    assert torch.cuda.memory_stats() == {}
    assert torch.cuda.memory_summary() == "no GPU"
    assert torch.cuda.get_arch_list() == []
    assert not torch.cuda.is_bf16_supported()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    with torch.cuda.device(-1), torch.cuda.device(None), torch.cuda.stream(None):
        pass
    for function in (torch.cuda.current_device, torch.cuda.get_device_name, torch.cuda.Stream):
        with pytest.raises(RuntimeError, match="device 'cuda'"):
            function()


def test_devices(cupy: FakeCupy) -> None:
    assert torch.cuda.device_count() == 2
    assert torch.cuda.get_device_capability() == (9, 0)
    assert torch.cuda.get_arch_list() == ["sm_90"]
    assert torch.cuda.get_device_properties(0).total_memory == 1000 << 20
    with torch.cuda.device("cuda:1"):
        assert torch.cuda.current_device() == 1
    assert torch.cuda.current_device() == 0
    torch.cuda.set_device(1)
    assert torch.cuda.current_device() == 1
    torch.cuda.set_device(-1)
    assert torch.cuda.current_device() == 1
    with pytest.raises(ValueError, match="Expected a cuda device, but got: cpu"):
        torch.cuda.set_device("cpu")


def test_events_time_a_stream(cupy: FakeCupy) -> None:
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    assert start.query()
    with pytest.raises(ValueError, match="must be recorded"):
        start.elapsed_time(end)
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        assert torch.cuda.current_stream() == side
        start.record()
        end.record()
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    assert [what for what, _ in side.queue.asked] == ["record", "record"]
    assert start.elapsed_time(end) == 1.0
    end.synchronize()
    torch.cuda.current_stream().wait_stream(side)
    assert torch.cuda.current_stream().queue.asked[-1] is side.queue.asked[-1][1]
    with pytest.raises(ValueError, match="enable_timing=True"):
        start.elapsed_time(torch.cuda.Event())


def test_peaks_are_kept_from_the_first_question_on(cupy: FakeCupy) -> None:
    assert torch.cuda.max_memory_allocated() == 0
    cupy.allocate(100 << 20)
    cupy.used -= 60 << 20
    assert torch.cuda.memory_allocated() == 40 << 20
    assert torch.cuda.max_memory_allocated() == 100 << 20
    torch.cuda.reset_peak_memory_stats()
    assert torch.cuda.max_memory_allocated() == 40 << 20
    assert torch.cuda.max_memory_reserved() == (40 << 20) + 512
    assert torch.cuda.mem_get_info() == (960 << 20, 1000 << 20)
    assert "Fake" in torch.cuda.memory_summary()


def test_out_of_memory_says_how_much_there_is(cupy: FakeCupy) -> None:
    cupy.allocate(900 << 20)
    with pytest.raises(
        torch.cuda.OutOfMemoryError, match=r"Tried to allocate 200.0 MiB.*100.0 MiB"
    ):
        cupy.allocate(200 << 20)


def test_the_generator_is_seeded_and_restored() -> None:
    torch.cuda.manual_seed(3)
    assert torch.cuda.initial_seed() == 3
    state = torch.cuda.get_rng_state()
    torch.cuda.manual_seed_all(4)
    assert not torch.equal(torch.cuda.get_rng_state(), state)
    torch.cuda.set_rng_state_all([state])
    assert torch.equal(torch.cuda.get_rng_state_all()[0], state)
    torch.manual_seed(5)
    assert torch.cuda.initial_seed() == 5


@pytest.mark.gpu
@NEEDS_GPU
def test_on_a_gpu() -> None:
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    start.record()
    x = torch.ones(1024, 1024, device="cuda")
    y = x @ x
    end.record()
    torch.cuda.synchronize()
    assert start.elapsed_time(end) > 0
    assert y.cpu()[0, 0].item() == 1024
    assert torch.cuda.max_memory_allocated() - before >= 8 << 20
    with pytest.raises(torch.cuda.OutOfMemoryError, match="Tried to allocate"):
        torch.empty(1 << 45, device="cuda")
    with pytest.raises(RuntimeError, match="same device"):
        x + torch.ones(1024, 1024)
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        z = x + 1
    side.synchronize()
    assert z.sum().item() == 2 * 1024 * 1024
