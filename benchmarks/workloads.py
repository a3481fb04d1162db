"""What is measured: each workload is a function ``(torch) -> step`` of the library, which builds
its model and returns the function to time. It runs unchanged on PyTorch and on minitorch_dl.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Step = Callable[[], Any]


@dataclass(frozen=True)
class Workload:
    """One line of the table.

    Attributes:
        name: ``group/what``.
        build: ``(torch) -> step``.
        quick: whether ``--quick`` includes it.
        unit_ops: how many ops one step counts as, to report time per op (0: time per step).
        curve: the scaling curve that this is a point of, and its size there.
    """

    name: str
    build: Callable[[Any], Step]
    quick: bool = True
    unit_ops: int = 0
    curve: tuple[str, int] | None = None


WORKLOADS: dict[str, Workload] = {}


def workload(name: str, **options: Any) -> Callable[[Callable[[Any], Step]], Callable[[Any], Step]]:
    """Register a workload under ``name``."""

    def register(build: Callable[[Any], Step]) -> Callable[[Any], Step]:
        WORKLOADS[name] = Workload(name, build, **options)
        return build

    return register


def training(torch: Any, model: Any, loss: Callable[[Any], Any], optimizer: Any = None) -> Step:
    """A training step: gradients to None, loss, backward, update."""
    if optimizer is None:
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()

    return step


def backward_of(torch: Any, inputs: list[Any], function: Callable[..., Any]) -> Step:
    """Forward and backward of one function, its output's gradient all ones."""
    ones = torch.ones_like(function(*inputs))

    def step() -> None:
        for x in inputs:
            x.grad = None
        function(*inputs).backward(ones)

    return step


# -- engine overhead -------------------------------------------------------------------------------

CHAIN = 200


def _chain(torch: Any, grad: bool) -> tuple[Any, Callable[[], Any]]:
    x = torch.rand(4, 4, requires_grad=grad)
    w = torch.rand(4, 4, requires_grad=grad)

    def run() -> Any:
        y = x
        for _ in range(CHAIN // 4):
            y = y * w
            y = y + x
            y = y.tanh()
            y = y * 0.5
        return y

    return x, run


@workload("overhead/chain forward", unit_ops=CHAIN)
def chain_forward(torch: Any) -> Step:
    return _chain(torch, True)[1]


@workload("overhead/chain no_grad", unit_ops=CHAIN)
def chain_no_grad(torch: Any) -> Step:
    run = _chain(torch, True)[1]

    def step() -> Any:
        with torch.no_grad():
            return run()

    return step


@workload("overhead/chain forward+backward", unit_ops=CHAIN)
def chain_backward(torch: Any) -> Step:
    _, run = _chain(torch, True)
    ones = torch.ones(4, 4)
    return lambda: run().backward(ones)


@workload("overhead/chain create_graph", unit_ops=CHAIN)
def chain_create_graph(torch: Any) -> Step:
    x, run = _chain(torch, True)
    ones = torch.ones(4, 4)
    return lambda: torch.autograd.grad(run(), x, ones, create_graph=True)


@workload("overhead/fan-out", unit_ops=CHAIN)
def fan_out(torch: Any) -> Step:
    x = torch.rand(4, 4, requires_grad=True)

    def step() -> None:
        total = x * 1.0
        for _ in range(CHAIN // 2):
            total = total + x * 2.0
        total.sum().backward()

    return step


# -- single ops ------------------------------------------------------------------------------------

SIZES = {"small": (32, 64), "middle": (256, 1024), "large": (2048, 2048)}


def _pointwise(name: str, function: Callable[[Any, Any], Any]) -> None:
    for size, shape in SIZES.items():

        def build(torch: Any, shape: tuple[int, ...] = shape) -> Step:
            x = torch.randn(*shape, requires_grad=True)
            return backward_of(torch, [x], lambda x: function(torch, x))

        workload(f"op/{name} {size}", quick=size == "middle")(build)


_pointwise("softmax", lambda torch, x: torch.softmax(x, -1))
_pointwise("silu", lambda torch, x: torch.nn.functional.silu(x))
_pointwise("gelu", lambda torch, x: torch.nn.functional.gelu(x))
_pointwise("layer_norm", lambda torch, x: torch.nn.functional.layer_norm(x, x.shape[-1:]))
_pointwise("relu", lambda torch, x: torch.relu(x))
_pointwise("sum", lambda torch, x: x.sum(0))
_pointwise("dropout", lambda torch, x: torch.nn.functional.dropout(x, 0.1))


def _conv(
    name: str, n: int, c: int, o: int, size: int, k: int, quick: bool, **options: Any
) -> None:
    def build(torch: Any) -> Step:
        x = torch.randn(n, c, size, size, requires_grad=True)
        w = torch.randn(o, c // options.get("groups", 1), k, k, requires_grad=True)
        return backward_of(torch, [x, w], lambda x, w: torch.nn.functional.conv2d(x, w, **options))

    workload(f"op/conv2d {name}", quick=quick)(build)


_conv("3x3 64-64 32x32", 16, 64, 64, 32, 3, True, padding=1)
_conv("3x3 128-128 16x16", 16, 128, 128, 16, 3, False, padding=1)
_conv("3x3 stride 2", 16, 64, 128, 32, 3, False, padding=1, stride=2)
_conv("1x1 256-64", 16, 256, 64, 16, 1, False)
_conv("5x5 first layer", 64, 1, 32, 28, 5, False, padding=2)
_conv("depthwise 3x3", 16, 64, 64, 32, 3, False, padding=1, groups=64)


def _cross_entropy(name: str, rows: int, classes: int) -> None:
    def build(torch: Any) -> Step:
        x = torch.randn(rows, classes, requires_grad=True)
        labels = torch.randint(0, classes, (rows,))
        return backward_of(torch, [x], lambda x: torch.nn.functional.cross_entropy(x, labels))

    workload(f"op/cross_entropy {name}", quick=False)(build)


_cross_entropy("small", 64, 10)
_cross_entropy("GPT", 1024, 512)
_cross_entropy("large", 2048, 8192)


def _attention(name: str, batch: int, heads: int, length: int, size: int) -> None:
    def build(torch: Any) -> Step:
        shape = (batch, heads, length, size)
        q, k, v = (torch.randn(*shape, requires_grad=True) for _ in range(3))
        sdpa = torch.nn.functional.scaled_dot_product_attention
        return backward_of(torch, [q, k, v], lambda q, k, v: sdpa(q, k, v, is_causal=True))

    workload(f"op/attention {name}", quick=False)(build)


_attention("small", 2, 2, 16, 16)
_attention("GPT", 16, 4, 64, 32)
_attention("large", 2, 8, 512, 64)


@workload("op/max_pool2d", quick=False)
def max_pool(torch: Any) -> Step:
    x = torch.randn(64, 32, 28, 28, requires_grad=True)
    return backward_of(torch, [x], lambda x: torch.nn.functional.max_pool2d(x, 2))


def _norm(name: str, build_norm: Callable[[Any, int], Any]) -> None:
    for size, n, c, width in (("small", 4, 16, 8), ("", 16, 64, 32), ("large", 64, 64, 56)):

        def build(torch: Any, n: int = n, c: int = c, width: int = width) -> Step:
            x = torch.randn(n, c, width, width, requires_grad=True)
            return backward_of(torch, [x], build_norm(torch.nn, c))

        workload(f"op/{name} {size}".strip(), quick=False)(build)


_norm("batch_norm", lambda nn, c: nn.BatchNorm2d(c))
_norm("group_norm", lambda nn, c: nn.GroupNorm(8, c))


@workload("op/ctc_loss", quick=False)
def ctc_loss(torch: Any) -> Step:
    x = torch.randn(50, 16, 30, requires_grad=True)
    labels = torch.randint(1, 30, (16, 20))
    F = torch.nn.functional

    def loss(x: Any) -> Any:
        return F.ctc_loss(F.log_softmax(x, 2), labels, (50,) * 16, (20,) * 16)

    return backward_of(torch, [x], loss)


@workload("op/embedding", quick=False)
def embedding(torch: Any) -> Step:
    table = torch.randn(1024, 256, requires_grad=True)
    rows = torch.randint(0, 1024, (4096,))
    return backward_of(torch, [table], lambda t: torch.nn.functional.embedding(rows, t))


# -- training steps --------------------------------------------------------------------------------


def _mlp(torch: Any, sizes: list[int], batch: int) -> Step:
    nn = torch.nn
    layers: list[Any] = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    x, y = torch.randn(batch, sizes[0]), torch.randint(0, sizes[-1], (batch,))
    return training(torch, model, lambda m: nn.functional.cross_entropy(m(x), y))


@workload("train/MLP 32-64-64-10")
def small_mlp(torch: Any) -> Step:
    return _mlp(torch, [32, 64, 64, 10], 64)


@workload("train/MLP 784-512-256-10")
def mnist_mlp(torch: Any) -> Step:
    return _mlp(torch, [784, 512, 256, 10], 128)


def _images(torch: Any, model: Any, n: int, c: int, size: int, classes: int = 10) -> Step:
    x, y = torch.randn(n, c, size, size), torch.randint(0, classes, (n,))
    return training(torch, model, lambda m: torch.nn.functional.cross_entropy(m(x), y))


@workload("train/CNN MNIST")
def mnist_cnn(torch: Any) -> Step:
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    return _images(torch, model, 64, 1, 28)


def _vgg_block(nn: Any, a: int, b: int) -> list[Any]:
    return [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]


@workload("train/VGG CIFAR", quick=False)
def vgg(torch: Any) -> Step:
    nn = torch.nn
    layers: list[Any] = []
    for a, b in ((3, 64), (64, 128), (128, 256)):
        layers += [*_vgg_block(nn, a, b), *_vgg_block(nn, b, b), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))
    return _images(torch, model, 16, 3, 32)


def _residual_block(torch: Any, a: int, b: int, stride: int) -> Any:
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(a, b, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(b)
            self.conv2 = nn.Conv2d(b, b, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(b)
            self.skip = nn.Identity()
            if stride != 1 or a != b:
                self.skip = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

        def forward(self, x: Any) -> Any:
            out = torch.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            out += self.skip(x)
            return torch.relu(out)

    return Block()


@workload("train/ResNet-18 32x32", quick=False)
def resnet(torch: Any) -> Step:
    nn = torch.nn
    layers: list[Any] = _vgg_block(nn, 3, 64)
    width = 64
    for out, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [
            _residual_block(torch, width, out, stride), _residual_block(torch, out, out, 1)
        ]  # fmt: skip
        width = out
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))
    return _images(torch, model, 8, 3, 32)


@workload("train/depthwise-separable CNN", quick=False)
def separable(torch: Any) -> Step:
    nn = torch.nn
    layers: list[Any] = _vgg_block(nn, 3, 32)
    for a, b in ((32, 64), (64, 128), (128, 128)):
        layers += [
            nn.Conv2d(a, a, 3, padding=1, groups=a, bias=False),
            nn.BatchNorm2d(a),
            nn.ReLU(),
        ]
        layers += [nn.Conv2d(a, b, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))
    return _images(torch, model, 16, 3, 32)


def _recurrent(
    kind: str, steps: int, batch: int, inputs: int, hidden: int, layers: int, quick: bool
) -> None:
    def build(torch: Any) -> Step:
        model = getattr(torch.nn, kind)(inputs, hidden, layers)
        x = torch.randn(steps, batch, inputs)
        return training(torch, model, lambda m: m(x)[0].mean())

    workload(f"train/{kind} T{steps} B{batch} {inputs}-{hidden} x{layers}", quick=quick)(build)


_recurrent("RNN", 20, 16, 32, 32, 1, True)
_recurrent("LSTM", 60, 32, 50, 50, 2, True)
_recurrent("LSTM", 100, 64, 128, 256, 1, False)
_recurrent("GRU", 60, 32, 64, 128, 1, True)


def _gpt(torch: Any, vocabulary: int, width: int, heads: int, depth: int, length: int) -> Any:
    nn = torch.nn
    F = nn.functional

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv = nn.Linear(width, 3 * width)
            self.proj = nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            B, T, C = x.shape
            q, k, v = self.qkv(self.ln1(x)).split(C, dim=2)
            q, k, v = (
                t.view(B, T, heads, C // heads).transpose(1, 2) for t in (q, k, v)
            )  # (B, heads, T, C / heads)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.proj(y.transpose(1, 2).contiguous().view(B, T, C))
            return x + self.down(F.gelu(self.up(self.ln2(x))))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(vocabulary, width)
            self.places = nn.Embedding(length, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(depth)))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, vocabulary, bias=False)

        def forward(self, ids: Any) -> Any:
            x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
            return self.head(self.norm(self.blocks(x)))

    return GPT()


@workload("train/GPT 3 blocks d128 T64 B16")
def gpt(torch: Any) -> Step:
    model = _gpt(torch, 96, 128, 4, 3, 64)
    ids = torch.randint(0, 96, (16, 65))
    F = torch.nn.functional

    def loss(m: Any) -> Any:
        return F.cross_entropy(m(ids[:, :-1]).reshape(-1, 96), ids[:, 1:].reshape(-1))

    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    return training(torch, model, loss, optimizer)


@workload("train/Transformer encoder", quick=False)
def encoder(torch: Any) -> Step:
    layer = torch.nn.TransformerEncoderLayer(128, 4, 256, batch_first=True)
    model = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    x = torch.randn(16, 64, 128)
    return training(torch, model, lambda m: m(x).square().mean())


@workload("train/VAE", quick=False)
def vae(torch: Any) -> Step:
    nn, F = torch.nn, torch.nn.functional
    model = nn.ModuleDict(
        {
            "body": nn.Linear(784, 400),
            "mean": nn.Linear(400, 20),
            "logvar": nn.Linear(400, 20),
            "up": nn.Linear(20, 400),
            "out": nn.Linear(400, 784),
        }
    )
    x = torch.rand(128, 784)

    def loss(m: Any) -> Any:
        h = F.relu(m["body"](x))
        mean, logvar = m["mean"](h), m["logvar"](h)
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        y = torch.sigmoid(m["out"](F.relu(m["up"](z))))
        kl = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
        return F.binary_cross_entropy(y, x, reduction="sum") + kl

    return training(torch, model, loss)


@workload("train/DCGAN generator", quick=False)
def dcgan(torch: Any) -> Step:
    nn = torch.nn
    model = nn.Sequential(
        nn.ConvTranspose2d(64, 128, 4, 1, 0, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
        nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 4, 2, 1, bias=False), nn.Tanh(),
    )  # fmt: skip
    z = torch.randn(32, 64, 1, 1)
    return training(torch, model, lambda m: m(z).square().mean())


@workload("train/gradient penalty", quick=False)
def gradient_penalty(torch: Any) -> Step:
    nn = torch.nn
    model = nn.Sequential(nn.Linear(16, 64), nn.Tanh(), nn.Linear(64, 1))
    x = torch.randn(64, 16, requires_grad=True)

    def loss(m: Any) -> Any:
        (g,) = torch.autograd.grad(m(x).sum(), x, create_graph=True)
        return ((g.norm(2, dim=1) - 1) ** 2).mean()

    return training(torch, model, loss)


# -- optimizers, data, inference -------------------------------------------------------------------


def _optimizer(name: str, tensors: int, size: int) -> Callable[[Any], Step]:
    def build(torch: Any) -> Step:
        params = [torch.randn(size, requires_grad=True) for _ in range(tensors)]
        for p in params:
            p.grad = torch.randn(size)
        return getattr(torch.optim, name)(params, lr=1e-3).step

    return build


for _name in ("SGD", "Adam", "AdamW"):
    workload(f"optim/{_name} many small", quick=_name == "Adam")(_optimizer(_name, 60, 256))
    workload(f"optim/{_name} few large", quick=False)(_optimizer(_name, 4, 1_000_000))


@workload("data/DataLoader TensorDataset")
def loader(torch: Any) -> Step:
    data = torch.utils.data
    dataset = data.TensorDataset(torch.randn(2048, 64), torch.randint(0, 10, (2048,)))
    batches = data.DataLoader(dataset, batch_size=64, shuffle=True)

    def step() -> int:
        return sum(len(y) for _, y in batches)

    return step


@workload("inference/MLP one sample")
def inference(torch: Any) -> Step:
    nn = torch.nn
    model = nn.Sequential(
        nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    model.eval()
    x = torch.randn(1, 32)

    def step() -> Any:
        with torch.no_grad():
            return model(x)

    return step


@workload("start/import")
def import_time(torch: Any) -> Step:
    """From bytecode, which the first run leaves, as an installed package has it."""
    command = [sys.executable, "-c", f"import {torch.__name__}"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(command, check=True, env=environment)


# -- scaling: one size varies ----------------------------------------------------------------------


def _curve(name: str, sizes: tuple[int, ...], build: Callable[[Any, int], Step]) -> None:
    for size in sizes:

        def at(torch: Any, size: int = size) -> Step:
            return build(torch, size)

        workload(f"scaling/{name} {size}", quick=False, curve=(name, size))(at)


def _gpt_step(torch: Any, batch: int, length: int, depth: int) -> Step:
    model = _gpt(torch, 96, 64, 4, depth, length)
    ids = torch.randint(0, 96, (batch, length + 1))
    F = torch.nn.functional

    def loss(m: Any) -> Any:
        return F.cross_entropy(m(ids[:, :-1]).reshape(-1, 96), ids[:, 1:].reshape(-1))

    return training(torch, model, loss)


_curve("MLP batch", (16, 64, 256, 1024), lambda torch, n: _mlp(torch, [256, 256, 10], n))
_curve("MLP width", (64, 128, 256, 512, 1024), lambda torch, n: _mlp(torch, [n, n, 10], 64))
_curve("MLP depth", (2, 8, 32, 128), lambda torch, n: _mlp(torch, [32] * n + [10], 32))
_curve("GPT length", (16, 64, 256, 512), lambda torch, n: _gpt_step(torch, 2, n, 1))
_curve("GPT depth", (1, 2, 4, 8), lambda torch, n: _gpt_step(torch, 4, 32, n))
