"""Captured steps: replayed they give what the steps give; what can't be captured is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.nn import functional as F
from minitorch_dl.testing import fake_gpu
from tests.devices import NEEDS_GPU

from .simulated_gpu import MemoryPool, SimulatedCupy, install

GPUS = ["simulated", pytest.param("real", marks=[pytest.mark.gpu, NEEDS_GPU])]


@pytest.fixture(params=GPUS)
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "real":
        yield None
        return
    monkeypatch.setattr(fake_gpu, "recorder", None)
    cupy = install(monkeypatch)
    yield cupy
    assert fake_gpu.recorder is None, "a capture was not ended"


def classifier() -> nn.Module:
    return nn.Sequential(
        nn.Linear(6, 16), nn.LayerNorm(16), nn.GELU(), nn.Dropout(0.3), nn.Linear(16, 16),
        nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4),
    )  # fmt: skip


def convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 6, 1)), nn.Conv2d(1, 3, 3, padding=1), nn.MaxPool2d(2, 1, 1),
        nn.Dropout2d(0.2), nn.Flatten(), nn.LazyLinear(4),
    )  # fmt: skip


def sequence() -> nn.Module:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rows, self.cell, self.head = (
                nn.Linear(1, 4),
                nn.LSTM(4, 5, batch_first=True),
                nn.Linear(5, 4),
            )
            self.block = nn.TransformerEncoderLayer(4, 2, 8, 0.1, batch_first=True)

        def forward(self, x: Any) -> Any:
            return self.head(self.cell(self.block(self.rows(x[:, :, None])))[0][:, -1])

    return Last()


MODELS = {"classifier": classifier, "convolutional": convolutional, "sequence": sequence}
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.01, capturable=True),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.01, capturable=True, amsgrad=True),
}
COUNTING: dict[str, dict[str, Any]] = {
    "Adadelta": {"lr": 0.5},
    "Adamax": {"lr": 0.01},
    "ASGD": {"lr": 0.1, "t0": 3, "lambd": 0.1},
    "LAMB": {"lr": 0.01},
    "NAdam": {"lr": 0.01, "momentum_decay": 0.1},
    "RAdam": {"lr": 0.01, "betas": (0.9, 0.9)},
    "RMSprop": {"lr": 0.01, "momentum": 0.9, "centered": True},
    "Rprop": {"lr": 0.01},
}
OPTIMIZERS |= {
    name: lambda p, name=name, options=options: getattr(torch.optim, name)(
        p, capturable=True, **options
    )
    for name, options in COUNTING.items()
}
WARMUP, STEPS = 2, 5


def losses(model: str, optimizer: str, captured: bool) -> tuple[Any, Any]:
    """The losses of all steps, and a state dict of the optimizer after them."""
    torch.manual_seed(0)
    net = MODELS[model]()
    net(torch.zeros(2, 6))  # a lazy layer gets its size
    net = net.to("cuda")
    update = OPTIMIZERS[optimizer](net.parameters())
    torch.manual_seed(1)
    x, y = torch.zeros(8, 6, device="cuda"), torch.zeros(8, dtype=torch.int64, device="cuda")
    batches = np.random.default_rng(0)

    def load() -> None:
        x.copy_(torch.from_numpy(batches.normal(size=(8, 6)).astype("float32")))
        y.copy_(torch.from_numpy(batches.integers(0, 4, 8)))

    def step() -> Any:
        update.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        update.step()
        return loss.detach()

    found = []
    load()
    if captured:
        run = torch.cuda.capture(step, warmup=WARMUP)
    else:
        run = step
        for _ in range(WARMUP):
            step()
    for _ in range(STEPS):
        load()
        found.append(run().item())
    return found, update.state_dict()["state"]


@pytest.mark.parametrize(
    ("model", "optimizer"),
    [(m, o) for m in MODELS for o in OPTIMIZERS if m == "classifier" or o not in COUNTING],
)
def test_a_captured_step_is_the_step(model: str, optimizer: str, gpu: Any) -> None:
    expected, state = losses(model, optimizer, captured=False)
    found, replayed = losses(model, optimizer, captured=True)
    np.testing.assert_allclose(found, expected, rtol=1e-6 if gpu else 1e-4)
    assert len(set(expected)) == STEPS
    for i, kept in state.items():
        for name, value in kept.items():
            if isinstance(value, torch.Tensor):
                torch.testing.assert_close(
                    replayed[i][name].cpu(), value.cpu(), rtol=1e-4, atol=1e-5
                )
    if optimizer in COUNTING or optimizer.startswith("Adam"):
        assert replayed[0]["step"].item() == WARMUP + STEPS
        assert replayed[0]["step"].device.type == "cuda"


def test_a_learning_rate_in_a_tensor_can_change(gpu: Any) -> None:
    w = nn.Parameter(torch.ones(3, device="cuda"))
    rate = torch.tensor(0.5).to("cuda")
    optimizer = torch.optim.SGD([w], lr=rate)

    def step() -> None:
        w.grad = None
        w.sum().backward()
        optimizer.step()

    train = torch.cuda.capture(step, warmup=1)
    assert w.tolist() == [0.5] * 3
    rate.fill_(0.25)
    train()
    assert w.tolist() == [0.25] * 3


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a value read": (lambda x: x.sum().item(), "reads from the device|waits for the GPU"),
    "a condition": (lambda x: 1 if x.sum() > 0 else 0, "reads from the device|waits for the GPU"),
    "a mask": (lambda x: x[x > 0], "waits for the GPU"),
    "a new constant": (lambda x: x + torch.tensor([1.0, 2.0]).to("cuda"), "copies to or from"),
    "numbers of the host": (
        lambda x: torch.randperm(4, device="cuda"),
        "random numbers on the host",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_can_not_be_captured_is_said(what: str, gpu: Any) -> None:
    step, text = REFUSED[what]
    x = torch.ones(2, device="cuda")
    with pytest.raises(RuntimeError, match=f"capture: the step can't be recorded: .*({text})"):
        torch.cuda.capture(lambda: step(x), warmup=1)
    assert (x + 1).tolist() == [2.0, 2.0]  # all is as before
    assert not torch.cuda.is_current_stream_capturing()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda p: torch.optim.Adam(p), "Attempting CUDA graph capture of step.*capturable=True"),
        (lambda p: torch.optim.RMSprop(p), "Attempting CUDA graph capture of step.*RMSprop"),
        (lambda p: torch.optim.Adagrad(p), "counted on the host.*with the option capturable"),
        (lambda p: torch.optim.Adafactor(p), "counted on the host.*with the option capturable"),
    ],
)
def test_optimizers_that_count_on_the_host_are_refused(make: Any, text: str, gpu: Any) -> None:
    w = nn.Parameter(torch.ones(3, device="cuda"))
    optimizer = make([w])

    def step() -> None:
        w.grad = None
        w.sum().backward()
        optimizer.step()

    with pytest.raises(RuntimeError, match=text):
        torch.cuda.capture(step)


def test_checks_in_a_captured_step_name_their_error(gpu: Any) -> None:
    table = torch.ones(4, 2, device="cuda")
    index = torch.zeros(3, dtype=torch.int64, device="cuda")
    read = torch.cuda.capture(lambda: F.embedding(index, table))
    for _ in range(2):
        assert read().sum().item() == 6.0
        index.fill_(7)
        read()
        with pytest.raises(IndexError, match=r"\b7\b"):
            torch.cuda.synchronize()
        index.fill_(0)


def test_pytorchs_names(gpu: Any, tmp_path: Any) -> None:
    x = torch.arange(3.0).to("cuda")
    y = x * 2  # what is new on a device is made before
    g = torch.cuda.CUDAGraph()
    with pytest.raises(RuntimeError, match="without a preceding successful capture"):
        g.replay()
    with pytest.raises(RuntimeError, match="capture_begin first"):
        g.capture_end()
    with torch.cuda.graph(g):
        assert torch.cuda.is_current_stream_capturing()
        y = x * 2
    x.fill_(5)
    g.replay()
    assert y.tolist() == [10.0] * 3
    with pytest.raises(RuntimeError, match="recorded already"), torch.cuda.graph(g):
        pass
    other = torch.cuda.CUDAGraph()
    with torch.cuda.graph(other, pool=g.pool()):
        y = y + 1
    other.replay()
    assert y.tolist() == [11.0] * 3
    g.debug_dump(str(tmp_path / "graph.dot"))
    assert (tmp_path / "graph.dot").read_text().startswith("digraph")
    g.reset()
    with pytest.raises(RuntimeError, match="without a preceding"):
        g.replay()
    with pytest.raises(RuntimeError, match="non-default stream"):
        g.capture_begin()
    with pytest.raises(ValueError, match="at least 1"):
        torch.cuda.capture(lambda: None, warmup=0)


def test_a_generator_of_ones_own(gpu: Any) -> None:
    g = torch.Generator("cuda").manual_seed(3)
    x = torch.zeros(4, device="cuda")
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(g)
    x.uniform_(generator=g)
    expected = [x.uniform_(generator=g).tolist() for _ in range(2)]
    g.manual_seed(3)
    x.uniform_(generator=g)
    with torch.cuda.graph(graph):
        x.uniform_(generator=g)
    for values in expected:
        graph.replay()
        assert x.tolist() == values


def test_memory_comes_from_a_pool_that_the_graph_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy: SimulatedCupy = install(monkeypatch)
    x = torch.ones(2, device="cuda")
    train = torch.cuda.capture(lambda: x * 2)
    allocator, back = cupy.allocators
    assert back == "given back"
    assert allocator(100) == 100
    assert train.graph.pool() is not None


def test_graphs_share_a_workspace_only_where_they_share_a_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two graphs with pools of their own may be replayed at the same time."""
    install(monkeypatch)
    given: list[Any] = []
    product = SimpleNamespace(prepare_capture=given.append)
    monkeypatch.setattr(SimulatedCupy, "matmul", product)
    monkeypatch.setattr(MemoryPool, "malloc", lambda self, size: SimpleNamespace(of=self))
    x = torch.ones(2, device="cuda")
    graphs = [torch.cuda.CUDAGraph() for _ in range(3)]
    for g in graphs:
        pool = graphs[0].pool() if g is graphs[2] else None
        with torch.cuda.graph(g, pool=pool):
            x * 2
    first, second, third = given
    assert first is third
    assert first is not second
    assert first.of is graphs[0].pool()._pool
    assert second.of is graphs[1].pool()._pool
