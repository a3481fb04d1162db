"""Namespaces that programs touch in passing: accelerator, jit, compiler, multiprocessing, ..."""

from __future__ import annotations

import importlib.util
import operator
import os
import signal
import time
import typing
from importlib import import_module
from types import ModuleType

import pytest

import minitorch_dl as torch


def test_accelerator_agrees_with_cuda() -> None:
    assert torch.accelerator.is_available() == torch.cuda.is_available()
    assert torch.accelerator.device_count() == torch.cuda.device_count()
    found = torch.accelerator.current_accelerator()
    assert found == (torch.device("cuda") if torch.cuda.is_available() else None)


def test_jit_leaves_code_as_it_is() -> None:
    def f(x):
        return x * 2

    module = torch.nn.Linear(2, 1)
    assert torch.jit.script(f) is f
    assert torch.jit.unused(f) is f
    assert torch.jit.ignore(f) is f
    assert torch.jit.ignore(drop=True)(f) is f
    assert torch.jit.trace(module, torch.zeros(1, 2)) is module
    assert not torch.jit.is_scripting()
    assert torch._get_tracing_state() is None
    assert torch._get_default_device() == "cpu"
    with pytest.raises(RuntimeError, match="no TorchScript here"):
        torch.jit._get_trace_graph(module)


def test_fork_rng_leaves_no_trace() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    with pytest.raises(ZeroDivisionError), torch.random.fork_rng():
        assert torch.equal(torch.rand(4), expected)
        raise ZeroDivisionError
    assert torch.equal(torch.rand(4), expected)
    with torch.random.fork_rng(enabled=False):
        assert not torch.equal(torch.rand(4), expected)


def test_data_parallel_is_the_module_under_another_name() -> None:
    module = torch.nn.Linear(3, 2)
    wrapped = torch.nn.DataParallel(module)
    x = torch.rand(4, 3)
    assert torch.equal(wrapped(x), module(x))
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    assert torch.equal(torch.nn.parallel.data_parallel(module, x), module(x))


def test_backends_can_be_imported_and_switched() -> None:
    with torch.as_torch():
        import torch.backends.cudnn as cudnn
    assert cudnn is torch.backends.cudnn
    cudnn.benchmark = True
    assert torch.backends.cudnn.benchmark
    cudnn.benchmark = False
    assert not torch.backends.mps.is_available()


def test_functions_are_found_under_both_names() -> None:
    assert torch.vmap is torch.func.vmap


def test_compiler_leaves_code_as_it_is() -> None:
    def f(x):
        return x

    assert torch.compiler.disable(f) is f
    assert torch.compiler.disable(recursive=False)(f) is f
    assert not torch.compiler.is_compiling()
    assert torch.version.cuda is None


def test_dlpack_goes_round() -> None:
    x = torch.arange(3.0, requires_grad=True)
    y = torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(x))
    assert y.data_ptr() == x.data_ptr()
    assert torch.from_dlpack(y, copy=True).data_ptr() != x.data_ptr()
    assert torch.from_dlpack(y, device="cpu", copy=False).data_ptr() == x.data_ptr()
    with pytest.raises(ValueError, match="without copying"):
        torch.from_dlpack(y, device="meta", copy=False)


@pytest.mark.parity
def test_dlpack_with_another_library() -> None:
    theirs = pytest.importorskip("torch")
    given = theirs.arange(3.0)
    mine = torch.from_dlpack(given)
    mine += 1
    assert given.tolist() == [1.0, 2.0, 3.0] == theirs.from_dlpack(mine).tolist()
    assert mine.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="Unsupported dtype"):
        torch.from_dlpack(given.bfloat16())


def test_spawn_runs_every_process_and_reports_failures() -> None:
    assert torch.multiprocessing.get_sharing_strategy() == "file_descriptor"
    torch.multiprocessing.set_sharing_strategy("file_system")
    assert torch.multiprocessing.get_sharing_strategy() == "file_system"
    torch.multiprocessing.set_sharing_strategy("file_descriptor")
    with pytest.raises(AssertionError, match="expected one of"):
        torch.multiprocessing.set_sharing_strategy("pigeon")
    torch.multiprocessing.spawn(operator.add, args=(1,), nprocs=2)
    with pytest.raises(torch.multiprocessing.ProcessRaisedException, match="ZeroDivision") as found:
        torch.multiprocessing.spawn(operator.truediv, args=(0,), nprocs=1)
    assert found.value.error_index == 0


def test_processes_that_exit_end_the_others() -> None:
    start = torch.multiprocessing.start_processes
    context = start(_wait_or_exit, nprocs=2, join=False, start_method="fork")
    second = context.pids()[1]
    with pytest.raises(torch.multiprocessing.ProcessExitedException, match="exit code 3") as found:
        while not context.join(timeout=60):
            pass
    assert (found.value.exit_code, found.value.error_pid) == (3, second)
    assert context.processes[0].exitcode == -signal.SIGTERM
    context = start(_wait_or_exit, nprocs=1, join=False, start_method="fork")
    assert not context.join(timeout=0.01)
    context.processes[0].kill()
    with pytest.raises(torch.multiprocessing.ProcessExitedException, match="SIGKILL"):
        context.join()


def _wait_or_exit(index: int) -> None:
    if index == 0:
        time.sleep(60)
    os._exit(3)


def test_layers_annotations_are_found() -> None:
    with torch.as_torch():
        from torch.multiprocessing import Queue
        from torch.nn.common_types import _size_2_t
    assert _size_2_t == int | tuple[int, int]
    assert callable(Queue)


def test_profiler_records_ops_and_hands_over_the_trace(tmp_path) -> None:
    from minitorch_dl.profiler import (
        ProfilerActivity,
        profile,
        record_function,
        schedule,
        tensorboard_trace_handler as to_files,
    )

    plan = schedule(wait=0, warmup=0, active=2)
    with profile(
        activities=[ProfilerActivity.CPU], schedule=plan, on_trace_ready=to_files(str(tmp_path))
    ) as prof:
        for _ in range(2):
            with record_function("step"):
                torch.ones(3).exp().sum()
            prof.step()
    counts = {average.key: average.count for average in prof.key_averages()}
    assert counts["exp"] == counts["step"] == 2
    assert "exp" in prof.key_averages().table(sort_by="cpu_time_total", row_limit=10)
    (trace,) = tmp_path.iterdir()
    assert "traceEvents" in trace.read_text()


def test_devices_that_are_never_there_answer_questions() -> None:
    assert not torch.xpu.is_available()
    assert torch.mps.device_count() == 0
    torch.xpu.manual_seed(1)
    assert callable(torch.xpu.max_memory_allocated)  # a name can be looked up
    with pytest.raises(RuntimeError, match=r"no Apple GPU.*mps.is_available"):
        torch.mps.synchronize()
    with pytest.raises(AttributeError):
        torch.xpu.nonsense  # noqa: B018
    with torch.as_torch():
        import torch.mps as found
    assert found is torch.mps
    assert torch.cpu.is_available()
    assert torch.cpu.device_count() == 1
    assert torch.get_device_module("cpu") is torch.cpu


def test_futures() -> None:
    later = torch.futures.Future()
    texts = later.then(lambda done: str(done.value()))
    failing = later.then(lambda done: 1 / 0)
    both = torch.futures.collect_all([later, texts])
    assert not later.done()
    with pytest.raises(RuntimeError, match="before the value"):
        later.value()
    later.set_result(3)
    assert [one.wait() for one in both.wait()] == [3, "3"]
    assert torch.futures.wait_all([texts, later]) == ["3", 3]
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero"):
        failing.wait()
    with pytest.raises(RuntimeError, match="completed once"):
        later.set_exception(ValueError())
    assert torch.futures.collect_all([]).wait() == []
    assert torch.wait(torch.fork(operator.add, 1, 2)) == 3


def test_scripted_modules_can_be_written_and_read(tmp_path) -> None:
    module = torch.jit.script(torch.nn.Linear(2, 1)).eval()
    module.save(tmp_path / "whole.pt")
    read = torch.jit.freeze(torch.jit.load(tmp_path / "whole.pt"))
    x = torch.rand(3, 2)
    assert torch.equal(read(x), module(x))
    with pytest.raises(RuntimeError, match="eval"):
        torch.jit.freeze(read.train())
    assert not isinstance(module, torch.jit.ScriptModule)


def test_types_with_what_they_hold() -> None:
    is_a = torch.jit.isinstance
    assert is_a([1], list[int])
    assert not is_a([1.5], list[int])
    assert is_a({"a": torch.ones(1)}, dict[str, torch.Tensor])
    assert is_a((1, "a"), tuple[int, str])
    assert not is_a((1,), tuple[int, str])
    assert is_a(None, int | None)
    assert is_a(3, (str, int))
    assert torch.jit.annotate(list[int], [1]) == [1]


def test_autocast_can_be_switched_without_a_block() -> None:
    a = torch.ones(2, 2)
    try:
        torch.set_autocast_enabled("cpu", True)
        assert torch.is_autocast_cpu_enabled()
        assert (a @ a).dtype is torch.bfloat16
        torch.set_autocast_dtype("cpu", torch.float16)
        assert (a @ a).dtype is torch.get_autocast_cpu_dtype() is torch.float16
        with torch.autocast("cpu", enabled=False):
            assert (a @ a).dtype is torch.float32
        with pytest.raises(RuntimeError, match="float16 and bfloat16"):
            torch.set_autocast_dtype("cpu", torch.float64)
    finally:
        torch.set_autocast_dtype("cpu", torch.bfloat16)
        torch.set_autocast_enabled("cpu", False)
    assert (a @ a).dtype is torch.float32


def test_determinism_as_a_number() -> None:
    for mode, number in (("warn", 1), (2, 2), ("default", 0)):
        torch.set_deterministic_debug_mode(mode)
        assert torch.get_deterministic_debug_mode() == number
        assert torch.are_deterministic_algorithms_enabled() == (number > 0)
    with pytest.raises(RuntimeError, match="invalid value"):
        torch.set_deterministic_debug_mode("loud")


def test_the_ways_of_attention_are_kept() -> None:
    switches = torch.backends.cuda
    switches.enable_flash_sdp(False)
    assert not switches.flash_sdp_enabled()
    switches.enable_flash_sdp(True)
    with switches.sdp_kernel(enable_math=False):
        assert not switches.math_sdp_enabled()
    assert switches.math_sdp_enabled()


def test_the_compilers_leftovers() -> None:
    double = torch.compiler.wrap_numpy(lambda x: x * 2)
    assert torch.equal(double(torch.ones(2)), torch.full((2,), 2.0))
    with torch.compiler.set_stance("force_eager"):
        assert torch.compiler.allow_in_graph(double) is double
    assert torch.compiler.list_backends() == []
    with pytest.raises(RuntimeError, match=r"invalid torch.compile stance 'eager'"):
        torch.compiler.set_stance("eager")
    torch._logging.set_logs(dynamo=10, graph=True)


def test_versions_compare_by_number() -> None:
    version = torch.torch_version.TorchVersion("2.9.1+cpu")
    assert "2.10" > version > "2.9.0"
    assert (2, 9) < version == "2.9.1" != "2.9"
    assert torch.torch_version.TorchVersion("2.0.0") == "2.0"


@pytest.mark.filterwarnings("ignore:torch.testing.assert_allclose")
def test_the_older_comparison_is_looser() -> None:
    with pytest.warns(FutureWarning, match="assert_close"):
        torch.testing.assert_allclose(torch.ones(2), [1.0, 1.00005])
    with pytest.raises(AssertionError):
        torch.testing.assert_allclose(torch.ones(2), torch.tensor([1.0, 1.01]))
    with pytest.raises(ValueError, match="both"):
        torch.testing.assert_allclose(1.0, 1.0, rtol=1.0)


def test_the_machine_tells_about_itself() -> None:
    from minitorch_dl.utils import collect_env

    assert "PyTorch version" in collect_env.get_pretty_env_info()


def test_states_of_generators_for_code_that_computes_again() -> None:
    from minitorch_dl.utils.checkpoint import get_device_states, set_device_states

    assert torch.cuda._initialized == torch.cuda.is_initialized()
    devices, states = get_device_states(torch.ones(2), [3, torch.ones(1)])
    assert devices == []
    assert states == []
    set_device_states(devices, states)


def test_the_package_is_found_as_an_imported_one() -> None:
    with torch.as_torch():
        import torch as program_torch

        assert importlib.util.find_spec("torch") is program_torch.__spec__
        assert program_torch.torch is program_torch


@pytest.mark.parametrize(
    "namespace", [torch, torch.nn, torch.optim, torch.utils.data, torch.distributions, torch.jit]
)
def test_annotations_of_classes_can_be_evaluated(namespace: object) -> None:
    """Programs ask for them: classes that derive from these inherit them."""
    classes = [
        value for name in dir(namespace) if isinstance(value := getattr(namespace, name), type)
    ]
    assert classes
    for cls in classes:
        typing.get_type_hints(cls)


@pytest.mark.parametrize("kind", ["mps", "xpu"])
def test_devices_of_other_kinds_can_be_named(kind: str) -> None:
    device = torch.device(kind, 0)
    assert (device.type, device.index, str(device)) == (kind, 0, f"{kind}:0")
    assert torch.get_default_device() != device
    for use in (
        lambda: torch.zeros(2, device=kind),
        lambda: torch.zeros(2).to(device),
        lambda: torch.nn.Linear(2, 1).to(kind),
        lambda: torch.nn.Linear(2, 1, device=kind),
    ):
        with pytest.raises(RuntimeError, match=f"device '{kind}' is not served here: use 'cpu'"):
            use()
    with pytest.raises(RuntimeError, match="device type at start of device string: gpu"):
        torch.device("gpu")


def test_flags_of_a_library_inside_a_block() -> None:
    cudnn = torch.backends.cudnn
    with pytest.raises(ZeroDivisionError), cudnn.flags(enabled=False, benchmark=True):
        assert (cudnn.enabled, cudnn.benchmark) == (False, True)
        raise ZeroDivisionError
    assert (cudnn.enabled, cudnn.benchmark) == (True, False)


def test_each_gpu_has_a_generator() -> None:
    assert len(torch.cuda.default_generators) == torch.cuda.device_count()


def test_steps_are_profiled_by_a_schedule() -> None:
    from minitorch_dl.profiler import ProfilerAction as Action, profile, schedule

    plan = schedule(skip_first=1, wait=1, warmup=1, active=2, repeat=2)
    none, ready, record, save = Action
    cycle = [none, ready, record, save]
    assert [plan(step) for step in range(10)] == [none, *cycle, *cycle, none]
    assert schedule(wait=1, warmup=0, active=1, skip_first_wait=1)(0) is save
    with pytest.raises(AssertionError):
        schedule(wait=0, warmup=0, active=0)
    seen = []
    with profile(schedule=plan, on_trace_ready=lambda p: seen.append(len(p.events()))) as prof:
        for _ in range(10):
            torch.ones(1).exp()
            prof.step()
    assert seen == [2, 2]
    assert [e.key for e in prof.events()] == ["exp", "exp"]
    assert prof.total_average().count == prof.key_averages().total_average().count == 2
    assert prof.self_cpu_time_total == prof.function_events.self_cpu_time_total > 0
    assert repr(prof.events()[0]).startswith("<FunctionEvent key=exp count=1")


def test_names_of_the_compilers_modules() -> None:
    with torch.as_torch():
        import torch._dynamo as dynamo

        dynamo.reset()
        dynamo.config.suppress_errors = True
        from torch.nn.attention.bias import causal_lower_right, causal_upper_left
    assert causal_lower_right(2, 3).tolist() == [[True, True, False], [True, True, True]]
    assert causal_upper_left(2, 3).tolist() == [[True, False, False], [True, True, False]]


def test_tensors_change_places() -> None:
    layer, other = torch.nn.Linear(2, 1, bias=False), torch.nn.Parameter(torch.zeros(1, 2))
    torch.utils.swap_tensors(layer.weight, other)
    layer(torch.ones(1, 2)).sum().backward()
    assert layer.weight.tolist() == [[0, 0]]
    assert layer.weight.grad.tolist() == [[1, 1]]
    assert other.grad is None
    plain, y = torch.ones(2), torch.ones(3, requires_grad=True) * 2
    y.retain_grad()
    y.mark = "kept"
    torch.utils.swap_tensors(plain, y)
    plain.sum().backward()
    assert plain.grad.tolist() == [1, 1, 1]
    assert plain.mark == "kept"
    assert y.grad_fn is None
    torch.utils.swap_tensors(y, other)
    assert type(y) is torch.nn.Parameter
    assert type(other) is torch.Tensor


def test_randomness_of_vmap() -> None:
    x = torch.zeros(4)
    torch.manual_seed(0)
    same = torch.vmap(lambda x: x + torch.rand(()), randomness="same")(x)
    torch.manual_seed(0)
    different = torch.vmap(lambda x: x + torch.rand(()), randomness="different")(x)
    torch.manual_seed(0)
    assert torch.equal(different, torch.rand(4))
    assert (same == different[0]).all()
    with pytest.raises(RuntimeError, match="randomness error mode"):
        torch.vmap(lambda x: x + torch.rand(()))(x)
    with pytest.raises(RuntimeError, match="Only allowed values"):
        torch.vmap(torch.sin, randomness="some")(x)


def test_blocks_that_change_nothing() -> None:
    from minitorch_dl.autograd.profiler import emit_itt, emit_nvtx
    from minitorch_dl.utils import checkpoint

    x = torch.ones(2, requires_grad=True)
    with (
        emit_nvtx(), emit_itt(enabled=False), torch.autograd.set_multithreading_enabled(False),
        checkpoint.set_checkpoint_early_stop(False), checkpoint.set_checkpoint_debug_enabled(None),
    ):  # fmt: skip
        y = checkpoint.checkpoint(
            torch.exp, x, use_reentrant=False, context_fn=checkpoint.noop_context_fn
        )
        y.sum().backward()
    assert torch.equal(x.grad, x.exp())
    assert not torch.profiler.kineto_available()
    assert torch.profiler.supported_activities() == {torch.profiler.ProfilerActivity.CPU}
    assert not torch.nn.functional.has_torch_function((x,))


def test_dir_shows_no_files_of_the_package() -> None:
    modules = {name for name in dir(torch) if isinstance(getattr(torch, name), ModuleType)}
    assert {"nn", "optim", "fft", "sparse", "fx"} <= modules
    assert not modules & {"backend", "compat", "tensor", "warnings"}
    assert {"Conv2d", "functional"} <= {*dir(torch.nn)}
    assert not {"conv", "hooks"} & {*dir(torch.nn)}


@pytest.mark.parity
@pytest.mark.parametrize("name", ["", ".autograd", ".nn", ".optim", ".utils", ".distributions"])
def test_modules_in_dir_are_pytorchs(name: str) -> None:
    pytest.importorskip("torch")
    ours, theirs = (import_module(package + name) for package in ("minitorch_dl", "torch"))
    modules = {name for name in dir(ours) if isinstance(getattr(ours, name), ModuleType)}
    assert {name for name in modules - {"metrics"} if not hasattr(theirs, name)} == set()
