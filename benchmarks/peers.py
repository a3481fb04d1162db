"""Peers with an API of their own, and the workloads that they can express.

The workloads have the names, sizes and formulas of those in ``workloads``, written over a
``Library``: the few ops that they need, each as its users would write it.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .workloads import CHAIN, SIZES, Step

Function = Callable[..., Any]
_random = np.random.default_rng(0)


def _normal(*shape: int) -> Any:
    return _random.standard_normal(shape).astype(np.float32)


class Library:
    """A library's arrays and gradients; the ops here are composites over its functions ``np``,
    named as NumPy's."""

    np: Any
    number: Callable[[float], Any] = float
    """A constant that doesn't widen float32."""

    def __init__(self, threads: int) -> None:
        """Import the library."""
        raise NotImplementedError

    def step(self, function: Function, arrays: Sequence[Any]) -> Step:
        """Forward and backward, the output's gradient all ones."""
        raise NotImplementedError

    def training(self, loss: Function, params: Sequence[Any]) -> Step:
        """Forward, backward and a step of Adam."""
        raise NotImplementedError

    def constant(self, array: Any) -> Any:
        """An array without a gradient."""
        return array

    def tanh(self, x: Any) -> Any:
        return self.np.tanh(x)

    def relu(self, x: Any) -> Any:
        return self.np.maximum(x, self.number(0))

    def gelu(self, x: Any) -> Any:
        return self.number(0.5) * x * (self.number(1) + self.erf(x * self.number(0.5**0.5)))

    def erf(self, x: Any) -> Any:
        raise NotImplementedError

    def softmax(self, x: Any) -> Any:
        e = self.np.exp(x - self.np.max(x, axis=-1, keepdims=True))
        return e / self.np.sum(e, axis=-1, keepdims=True)

    def layer_norm(self, x: Any) -> Any:
        d = x - self.np.mean(x, axis=-1, keepdims=True)
        return d / self.np.sqrt(self.np.mean(d * d, axis=-1, keepdims=True) + self.number(1e-5))

    def sum(self, x: Any) -> Any:
        return self.np.sum(x, axis=0)

    def cross_entropy(self, x: Any, labels: Any) -> Any:
        one_hot = np.eye(x.shape[-1], dtype=np.float32)[labels]
        x = x - self.np.max(x, axis=-1, keepdims=True)
        logs = x - self.np.log(self.np.sum(self.np.exp(x), axis=-1, keepdims=True))
        return self.np.sum(one_hot * logs) * self.number(-1 / len(labels))

    def transposed(self, x: Any) -> Any:
        return self.np.swapaxes(x, -1, -2)

    def matmul(self, a: Any, b: Any) -> Any:
        return self.np.matmul(a, b)


class _Adam:
    """For libraries without optimizers, on NumPy arrays in place."""

    def __init__(self, params: Sequence[Any]) -> None:
        self.params = params
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
        self.t = 0

    def step(self, grads: Sequence[Any]) -> None:
        self.t += 1
        size = 1e-3 * math.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        for p, g, (m, v) in zip(self.params, grads, self.moments, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= size * m / (np.sqrt(v) + 1e-8)


class Autograd(Library):
    """HIPS autograd."""

    def __init__(self, threads: int) -> None:
        import autograd
        import autograd.numpy

        self.autograd, self.np = autograd, autograd.numpy

    def erf(self, x: Any) -> Any:
        from autograd.scipy.special import erf

        return erf(x)

    def step(self, function: Function, arrays: Sequence[Any]) -> Step:
        ones = np.ones_like(function(*arrays))
        pull = self.autograd.make_vjp(lambda inputs: function(*inputs))
        return lambda: pull(tuple(arrays))[0](ones)

    def training(self, loss: Function, params: Sequence[Any]) -> Step:
        gradients = self.autograd.grad(lambda params: loss(*params))
        adam = _Adam(params)
        return lambda: adam.step(gradients(list(params)))


class MyGrad(Library):
    """MyGrad, whose functions bear NumPy's names."""

    number = np.float32

    def __init__(self, threads: int) -> None:
        import mygrad

        self.np = mygrad

    def softmax(self, x: Any) -> Any:
        return self.np.nnet.activations.softmax(x, axis=-1)

    def cross_entropy(self, x: Any, labels: Any) -> Any:
        return self.np.nnet.losses.softmax_crossentropy(x, labels)

    def step(self, function: Function, arrays: Sequence[Any]) -> Step:
        tensors = [self.np.tensor(a) for a in arrays]
        ones = np.ones_like(function(*tensors).data)
        return lambda: function(*tensors).backward(ones)

    def training(self, loss: Function, params: Sequence[Any]) -> Step:
        tensors = [self.np.tensor(a, copy=False) for a in params]
        adam = _Adam([t.data for t in tensors])

        def step() -> None:
            loss(*tensors).backward()
            adam.step([t.grad for t in tensors])

        return step


class Jax(Library):
    """JAX, each step compiled as a whole."""

    def __init__(self, threads: int) -> None:
        flags = f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}"
        os.environ["XLA_FLAGS"] = f"{flags} intra_op_parallelism_threads={threads}"
        import jax

        self.jax, self.np = jax, jax.numpy

    def relu(self, x: Any) -> Any:
        return self.jax.nn.relu(x)

    def gelu(self, x: Any) -> Any:
        return self.jax.nn.gelu(x, approximate=False)

    def softmax(self, x: Any) -> Any:
        return self.jax.nn.softmax(x, axis=-1)

    def step(self, function: Function, arrays: Sequence[Any]) -> Step:
        jax = self.jax
        given = [jax.numpy.asarray(a) for a in arrays]

        @jax.jit
        def run(*inputs: Any) -> Any:
            y, pull = jax.vjp(function, *inputs)
            return y, pull(jax.numpy.ones_like(y))

        return lambda: jax.block_until_ready(run(*given))

    def training(self, loss: Function, params: Sequence[Any]) -> Step:
        jax, xp = self.jax, self.np
        gradients = jax.grad(loss, argnums=tuple(range(len(params))))

        @jax.jit
        def update(state: Any) -> Any:
            params, ms, vs, t = state
            grads, t = gradients(*params), t + 1
            ms = [m + 0.1 * (g - m) for m, g in zip(ms, grads)]
            vs = [v + 0.001 * (g * g - v) for v, g in zip(vs, grads)]
            size = 1e-3 * xp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            params = [p - size * m / (xp.sqrt(v) + 1e-8) for p, m, v in zip(params, ms, vs)]
            return params, ms, vs, t

        zeros = [xp.zeros_like(p) for p in params]
        state = ([xp.asarray(p) for p in params], zeros, zeros, xp.float32(0))

        def step() -> None:
            nonlocal state
            state = jax.block_until_ready(update(state))

        return step


class Tinygrad(Library):
    """tinygrad, each step captured as a whole; on the device that its environment names."""

    def __init__(self, threads: int) -> None:
        import tinygrad

        self.tinygrad = tinygrad

    def constant(self, array: Any) -> Any:
        return self.tinygrad.Tensor(array).realize()

    def tanh(self, x: Any) -> Any:
        return x.tanh()

    def relu(self, x: Any) -> Any:
        return x.relu()

    def erf(self, x: Any) -> Any:
        return x.erf()

    def softmax(self, x: Any) -> Any:
        return x.softmax(-1)

    def layer_norm(self, x: Any) -> Any:
        return x.layernorm()

    def sum(self, x: Any) -> Any:
        return x.sum(0)

    def cross_entropy(self, x: Any, labels: Any) -> Any:
        return x.sparse_categorical_crossentropy(self.tinygrad.Tensor(labels))

    def transposed(self, x: Any) -> Any:
        return x.transpose(-1, -2)

    def matmul(self, a: Any, b: Any) -> Any:
        return a.matmul(b)

    def step(self, function: Function, arrays: Sequence[Any]) -> Step:
        Tensor = self.tinygrad.Tensor
        given = [Tensor(a).realize() for a in arrays]

        @self.tinygrad.TinyJit
        def run() -> Any:
            y = function(*given)
            grads = y.gradient(*given, gradient=Tensor.ones(*y.shape))
            return y.realize(*grads)

        return self._waiting(run)

    def training(self, loss: Function, params: Sequence[Any]) -> Step:
        Tensor = self.tinygrad.Tensor
        given = [Tensor(p).realize() for p in params]
        adam = self.tinygrad.nn.optim.Adam(given, lr=1e-3)

        @self.tinygrad.TinyJit
        def run() -> None:
            for p, g in zip(given, loss(*given).gradient(*given), strict=True):
                p.grad = g
            adam.step()

        def train() -> None:
            with Tensor.train():
                run()

        return self._waiting(train)

    def _waiting(self, run: Step) -> Step:
        device = self.tinygrad.Device[self.tinygrad.Device.DEFAULT]

        def step() -> None:
            run()
            device.synchronize()

        return step


LIBRARIES: dict[str, type[Library]] = {
    "jax": Jax,
    "autograd": Autograd,
    "mygrad": MyGrad,
    "tinygrad": Tinygrad,
}


def version(name: str) -> str:
    """Of an installed library."""
    return importlib.metadata.version(name)


# -- the workloads ---------------------------------------------------------------------------------

WORKLOADS: dict[str, Callable[[Library], Step]] = {}


def _chain(lib: Library) -> Step:
    def run(x: Any, w: Any) -> Any:
        y = x
        for _ in range(CHAIN // 4):
            y = y * w
            y = y + x
            y = lib.tanh(y)
            y = y * lib.number(0.5)
        return y

    return lib.step(run, [_normal(4, 4), _normal(4, 4)])


def _pointwise(op: str, shape: tuple[int, ...]) -> Callable[[Library], Step]:
    return lambda lib: lib.step(getattr(lib, op), [_normal(*shape)])


def _attention(lib: Library) -> Step:
    hidden = lib.constant(np.triu(np.full((64, 64), -np.inf, np.float32), 1))

    def attend(q: Any, k: Any, v: Any) -> Any:
        scores = lib.matmul(q, lib.transposed(k)) * lib.number(32**-0.5) + hidden
        return lib.matmul(lib.softmax(scores), v)

    return lib.step(attend, [_normal(16, 4, 64, 32) for _ in range(3)])


def _mlp(sizes: Sequence[int], batch: int) -> Callable[[Library], Step]:
    def build(lib: Library) -> Step:
        params = []
        for a, b in itertools.pairwise(sizes):
            params += [_normal(a, b) / np.float32(a**0.5), np.zeros(b, np.float32)]
        x, labels = lib.constant(_normal(batch, sizes[0])), _random.integers(0, sizes[-1], batch)

        def loss(*params: Any) -> Any:
            y = lib.matmul(x, params[0]) + params[1]
            for w, b in zip(params[2::2], params[3::2]):
                y = lib.matmul(lib.relu(y), w) + b
            return lib.cross_entropy(y, labels)

        return lib.training(loss, params)

    return build


WORKLOADS["overhead/chain forward+backward"] = _chain
for _op in ("softmax", "gelu", "layer_norm", "relu", "sum"):
    for _size, _shape in SIZES.items():
        WORKLOADS[f"op/{_op} {_size}"] = _pointwise(_op, _shape)
WORKLOADS["op/attention GPT"] = _attention
WORKLOADS["train/MLP 32-64-64-10"] = _mlp([32, 64, 64, 10], 64)
WORKLOADS["train/MLP 784-512-256-10"] = _mlp([784, 512, 256, 10], 128)
