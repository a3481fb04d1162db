"""Namespaces that programs touch in passing: accelerator, jit, compiler, multiprocessing, ..."""

from __future__ import annotations

import operator

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


def test_spawn_runs_every_process_and_reports_failures() -> None:
    torch.multiprocessing.spawn(operator.add, args=(1,), nprocs=2)
    with pytest.raises(RuntimeError, match=r"exit codes: \{0: 1\}"):
        torch.multiprocessing.spawn(operator.truediv, args=(0,), nprocs=1)


def test_layers_annotations_are_found() -> None:
    with torch.as_torch():
        from torch.multiprocessing import Queue
        from torch.nn.common_types import _size_2_t
    assert _size_2_t == int | tuple[int, int]
    assert callable(Queue)


def test_profiler_records_ops_and_hands_over_the_trace(tmp_path) -> None:
    from minitorch_dl.profiler import ProfilerActivity, profile, record_function, schedule
    from minitorch_dl.profiler import tensorboard_trace_handler as to_files

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
