"""Ops, layers and optimizers with a GPU's own kernels in them, run on the host, against PyTorch.

The GPU is simulated: the stand-in's arrays and functions, and the kernels' source compiled for the
host. So what launches them is checked with every shape and layout that the tables have.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import Tensor, nn
from minitorch_dl.backend import kernels, segments
from minitorch_dl.backend.kernels import launching, standardization
from minitorch_dl.backend.random import Generator, generator
from minitorch_dl.testing import fake_gpu
from tests.cuda import simulated_gpu
from tests.devices import tensor_on
from tests.nn import test_module_table as modules
from tests.ops import test_op_table as ops
from tests.optim import cases as optim
from tests.references import modules as module_reference, ops as op_reference

from .cuda_host import HostCupy

OPS = (
    "softmax cross_entropy nll_loss layer_norm group_norm batch_norm instance_norm rms_norm gelu "
    "max_pool unfold fold conv1d conv2d conv_transpose embedding index_select"
).split()
MODULES = (
    "Softmax CrossEntropy LayerNorm GroupNorm BatchNorm InstanceNorm RMSNorm GELU MaxPool Unfold "
    "Fold Conv1d Conv2d ConvTranspose Embedding LSTM GRU Transformer MultiheadAttention"
).split()


def chosen(cases: Any, names: list[str]) -> list[Any]:
    return [case for case in cases if any(name in case.values[0].name for name in names)]


class Simulated(simulated_gpu.SimulatedCupy):
    __name__ = "cupy"

    def __init__(self, host: HostCupy) -> None:
        super().__init__()
        self.host = host

    def RawModule(self, code: str, options: Any) -> Any:
        module = self.host.RawModule(code, options)

        class Unwrapping:
            def get_function(self, name: str) -> Any:
                function = module.get_function(name)

                def launch(blocks: Any, threads: Any, args: Any, shared_mem: int) -> None:
                    given = [a._array if isinstance(a, fake_gpu.FakeGPUArray) else a for a in args]
                    function(blocks, threads, given, shared_mem)

                return launch

        return Unwrapping()


@pytest.fixture
def gpu(host: HostCupy, monkeypatch: pytest.MonkeyPatch) -> HostCupy:
    monkeypatch.setattr(launching, "THREADS", 32)
    cupy = Simulated(host)
    monkeypatch.setattr(simulated_gpu, "SimulatedCupy", lambda: cupy)
    simulated_gpu.install(monkeypatch)
    monkeypatch.setattr(generator, "_defaults", {"cuda": Generator()})  # the CPU's numbers
    monkeypatch.setattr(standardization, "_FEWEST_ROWS", 1)
    monkeypatch.setattr(segments, "in_order", True)
    host.launches.clear()
    return host


@pytest.mark.slow
@pytest.mark.parametrize(("row", "i"), chosen(ops.CASES, OPS))
def test_an_op_is_pytorchs(row: Any, i: int, gpu: HostCupy) -> None:
    got = op_reference.evaluate(row, i, torch, tensor_on("cuda"), Tensor, torch.float64)
    ops.check_against_stored(row, i, got, row.rtol, row.rtol)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning")
@pytest.mark.parametrize(("row", "i"), chosen(modules.CASES, MODULES))
def test_a_module_is_pytorchs(row: Any, i: int, gpu: HostCupy) -> None:
    _, expected = module_reference.load(row.family)[f"{row.name}/{i}"]
    on_device = tensor_on("cuda")
    module = modules.made(row, i)
    if isinstance(module, nn.Module):
        module = module.to("cuda")
    else:
        module = row.make(i, torch, on_device)
    with torch.device("cuda"):
        got = module_reference.run(row, i, module, torch, on_device, True, torch.float64)
    arrays = {f"train: {label}": value.cpu() for label, value in got.items()}
    wanted = {k: v for k, v in expected.items() if k in arrays}
    assert wanted
    modules.check({k: modules.numbers(arrays[k]) for k in wanted}, wanted, 1e-8)


@pytest.mark.parametrize(
    ("name", "options"),
    [case for case in optim.OPTIMIZERS if case[0] in ("SGD", "Adam", "AdamW")],
    ids=str,
)
def test_an_optimizer_takes_the_cpus_steps(name: str, options: Any, gpu: HostCupy) -> None:
    expected, _ = optim.run(torch, name, options, "float64")
    got, _ = optim.run(torch, name, options, "float64", "cuda")
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)
    assert set(gpu.launches) == {"sgd" if name == "SGD" else "adam"}


LABELS = torch.zeros(4).long()
EVEN = torch.full((4, 6), 1 / 6)
# What is run on (4, 6), and the launches of its forward and its backward pass.
LAUNCHES = {
    "softmax": (lambda x: torch.softmax(x, 1), "softmax softmax_backward"),
    "log_softmax": (lambda x: torch.log_softmax(x, 0), "log_softmax log_softmax_backward"),
    "cross_entropy": (
        lambda x: nn.functional.cross_entropy(x, LABELS.to("cuda"), label_smoothing=0.1),
        "note_outside class_losses class_losses_backward",
    ),
    "cross_entropy of probabilities": (
        lambda x: nn.functional.cross_entropy(x, EVEN.to("cuda", x.dtype)),
        "class_losses class_losses_backward",
    ),
    "layer_norm": (
        lambda x: nn.functional.layer_norm(x, (6,), torch.ones(6).to("cuda", x.dtype)),
        "standardize standardize_backward",
    ),
    "gelu": (lambda x: nn.functional.gelu(x), "gelu"),
    "unfold": (
        lambda x: nn.functional.unfold(x[None, None], 3).square(), "im2col col2im"
    ),
    "max_pool": (lambda x: nn.functional.max_pool1d(x[None], 2), "max_pool max_scatter"),
    "dropout": (lambda x: nn.functional.dropout(x, 0.5), "bernoulli bernoulli"),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", LAUNCHES)
def test_kernels_are_launched_once_for_each_pass(
    name: str, dtype: str, gpu: HostCupy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "_defaults", {})
    function, launches = LAUNCHES[name]
    given, results = torch.randn(4, 6, dtype=getattr(torch, dtype)), []
    for aside in (True, False, False):  # the second time the kernels are examined
        torch.manual_seed(0)
        gpu.launches.clear()
        x = given.to("cuda").requires_grad_()
        with kernels.aside() if aside else nullcontext():
            y = function(x)
            y.mul(torch.arange(y.numel()).reshape(y.shape).to("cuda")).sum().backward()
        results.append([v.float().cpu() for v in (y.detach(), x.grad)])
    assert gpu.launches == launches.split()
    tolerance = {"float32": 1e-5, "float16": 4e-3, "bfloat16": 4e-2}[dtype]
    for expected, got in zip(results[0], results[2], strict=True):
        torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)
