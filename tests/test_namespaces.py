"""Namespaces that programs touch in passing: accelerator, backends, jit, random, nn.parallel."""

from __future__ import annotations

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
