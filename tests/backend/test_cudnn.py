"""Convolutions by cuDNN: the graphs are valid, what runs them is asked the right things."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend import backend_for, convolution, cudnn
from minitorch_dl.backend.windows import window_counts
from tests.devices import NEEDS_GPU

REALS = ["float32", "float16", "bfloat16"]
CASES = (  # x, w, stride, padding, dilation, groups
    ((2, 3, 9, 8), (4, 3, 3, 2), (1, 1), ((1, 1), (0, 0)), (1, 1), 1),
    ((2, 4, 9, 8), (6, 2, 3, 3), (2, 1), ((1, 1), (1, 0)), (1, 2), 2),
    ((1, 2, 5, 6, 7), (3, 2, 2, 3, 2), (1, 2, 1), ((0, 0), (1, 1), (0, 1)), (1, 1, 1), 1),
)  # fmt: skip


def problems() -> Any:
    for x, w, stride, padding, dilation, groups in CASES:
        y = (x[0], w[0], *window_counts(x[2:], w[2:], stride, padding, dilation))
        yield x, w, y, (stride, padding, dilation), groups


@pytest.mark.parametrize("dtype", [*REALS, "float64"])
def test_graphs_are_valid_and_of_our_shapes(dtype: str) -> None:
    """cuDNN infers the output's shape from the window; ours is given, so that it must agree."""
    frontend = pytest.importorskip("cudnn")
    for x, w, y, window, _ in problems():
        for kind, shapes in (
            ("conv_fprop", (x, w, y)), ("conv_dgrad", (y, w, x)), ("conv_wgrad", (x, y, w)),
        ):  # fmt: skip
            *_, result = cudnn.graph(frontend, kind, shapes, dtype, *window)
            assert tuple(result.get_dim()) == shapes[2]
            last = dtype in ("float16", "bfloat16")
            assert list(result.get_stride()) == cudnn.strides(shapes[2], last)


def test_what_cudnn_infers_is_what_we_count() -> None:
    frontend = pytest.importorskip("cudnn")
    for x, w, y, (stride, padding, dilation), _ in problems():
        types = frontend.data_type.FLOAT
        g = frontend.pygraph(
            io_data_type=types, intermediate_data_type=types, compute_data_type=types
        )
        first, second = (
            g.tensor(dim=list(s), stride=cudnn.strides(s, False), data_type=types) for s in (x, w)
        )
        result = g.conv_fprop(
            image=first, weight=second, pre_padding=[p for p, _ in padding],
            post_padding=[p for _, p in padding], stride=list(stride), dilation=list(dilation),
        )  # fmt: skip
        result.set_output(True)
        g.validate()
        assert tuple(result.get_dim()) == y


class Frontend:
    """cuDNN's frontend, over the array code: a graph reads and writes memory at addresses."""

    data_type = SimpleNamespace(FLOAT=np.float32, HALF=np.float16, DOUBLE=np.float64, BFLOAT16=None)
    heur_mode = SimpleNamespace(A="A", FALLBACK="FALLBACK")
    numerical_note = SimpleNamespace(TENSOR_CORE="tensor core")

    def __init__(self) -> None:
        self.built: list[Any] = []
        self.refuses = False

    def create_handle(self) -> str:
        return "handle"

    def set_stream(self, handle: str, stream: int) -> None:
        assert (handle, stream) == ("handle", 5)

    def pygraph(self, **types: Any) -> Any:
        return Graph(self, types["io_data_type"])


class Graph:
    def __init__(self, frontend: Frontend, dtype: Any) -> None:
        self.frontend, self.dtype, self.precise = frontend, dtype, False

    def tensor(self, name: str, dim: Any, stride: Any, data_type: Any) -> Any:
        return Tensor().set_dim(dim).set_stride(stride)

    def __getattr__(self, kind: str) -> Any:
        def convolve(
            pre_padding: Any, post_padding: Any, stride: Any, dilation: Any, **inputs: Any
        ):
            self.kind, self.names = kind, list(inputs)
            self.window = {
                "stride": tuple(stride), "padding": tuple(zip(pre_padding, post_padding)),
                "dilation": tuple(dilation),
            }  # fmt: skip
            self.tensors = [*inputs.values(), Tensor()]
            return self.tensors[2]

        return convolve

    def validate(self) -> None:
        pass

    build_operation_graph = check_support = build_plans = validate

    def create_execution_plans(self, modes: Any) -> None:
        if self.frontend.refuses:
            raise RuntimeError("no engine")
        self.frontend.built.append(self)

    def deselect_numeric_notes(self, notes: Any) -> None:
        self.precise = notes == ["tensor core"]

    def get_workspace_size(self) -> int:
        return 0

    def execute(self, buffers: Any, workspace: int, handle: str) -> None:
        from tests.backend.test_cublas import memory

        assert handle == "handle"
        assert workspace > 0
        a, b, y = (
            memory(buffers[t], self.dtype, tuple(t.dim), tuple(t.stride)) for t in self.tensors
        )
        one = y if self.kind == "conv_dgrad" else a
        kernel = y if self.kind == "conv_wgrad" else b
        groups = one.shape[1] // kernel.shape[1]
        if self.kind == "conv_fprop":
            result = convolution.correlate(np, a, b, **self.window, groups=groups)
        elif self.kind == "conv_dgrad":
            result = convolution.correlate_input(
                np, a, b, size=y.shape[2:], **self.window, groups=groups
            )
        else:
            result = convolution.correlate_weight(
                np, a, b, kernel=y.shape[2:], **self.window, groups=groups
            )
        y[...] = result


class Tensor:
    def set_dim(self, dim: Any) -> Any:
        self.dim = dim
        return self

    def set_stride(self, stride: Any) -> Any:
        self.stride = stride
        return self

    def set_output(self, on: bool) -> Any:
        return self

    set_data_type = set_output


@pytest.fixture
def frontend(monkeypatch: pytest.MonkeyPatch) -> Frontend:
    fake = Frontend()
    monkeypatch.setattr(cudnn, "frontend", lambda: fake)
    monkeypatch.setattr(cudnn, "_graphs", {})
    monkeypatch.setattr(cudnn, "_handles", {})
    return fake


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
@pytest.mark.parametrize("kernel", [cudnn.correlate, cudnn.correlate_input, cudnn.correlate_weight])
def test_the_launches_are_right(kernel: Any, dtype: str, frontend: Frontend, host: Any) -> None:
    queue = SimpleNamespace(ptr=5)
    host.cuda = SimpleNamespace(Device=lambda: SimpleNamespace(id=0),
                                get_current_stream=lambda: queue)  # fmt: skip
    for name in ("empty", "moveaxis", "ascontiguousarray"):
        function = getattr(np, name)
        setattr(host, name, lambda *a, f=function: f(*a).view(type(host.array(0))))
    assert kernel._disagreement(host, dtype) == ""
    assert len(frontend.built) == 2
    assert kernel._disagreement(host, dtype) == ""
    assert len(frontend.built) == 2  # kept
    assert {g.precise for g in frontend.built} == {dtype == "float32"}
    frontend.refuses = True
    cudnn._graphs.clear()
    (args, params), *_ = kernel._samples(np.random.default_rng(0), dtype)
    assert kernel._launch(host, *(host.array(a) for a in args), **params) is None


def test_the_switch(frontend: Frontend, monkeypatch: pytest.MonkeyPatch) -> None:
    assert torch.backends.cudnn.enabled
    monkeypatch.setattr(cudnn, "enabled", True)
    torch.backends.cudnn.enabled = False
    assert not cudnn.enabled
    x = np.ones((1, 1, 3, 3), np.float32)
    window = {"stride": (1, 1), "padding": ((0, 0),) * 2, "dilation": (1, 1), "groups": 1}
    assert cudnn.correlate._launch(None, x, x, **window) is None


@pytest.mark.gpu
@NEEDS_GPU
@pytest.mark.parametrize("dtype", [*REALS, "float64"])
@pytest.mark.parametrize("kernel", [cudnn.correlate, cudnn.correlate_input, cudnn.correlate_weight])
def test_cudnn_is_proven_equal(kernel: Any, dtype: str) -> None:
    if cudnn.frontend() is None:
        pytest.skip("needs the extra cudnn")
    assert kernel._disagreement(backend_for("cuda")[0].xp, dtype) == ""
