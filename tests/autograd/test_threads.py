"""Several threads at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import minitorch_dl as torch


def train(seed: int) -> np.ndarray:
    """A few steps of a small network, in place and with hooks, graphs of gradients and modes
    switched on the way."""
    rng = np.random.default_rng(seed)
    x, target = torch.tensor(rng.standard_normal((8, 4))), torch.tensor(rng.standard_normal((8, 2)))
    w = torch.tensor(rng.standard_normal((4, 2)), requires_grad=True)
    w.register_hook(lambda g: g * 0.5)
    for _ in range(60):
        y = (x @ w).tanh()
        loss = ((y - target) ** 2).sum()
        (g,) = torch.autograd.grad(loss, w, create_graph=True)
        (loss + 0.01 * (g * g).sum()).backward()
        with torch.no_grad():
            w -= 0.05 * w.grad
        w.grad = None
    return w.detach().numpy()


def test_models_trained_at_the_same_time_do_not_disturb_each_other() -> None:
    alone = [train(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(train, range(4)))
    for a, b in zip(alone, together):
        np.testing.assert_array_equal(a, b)


def test_threads_may_run_parts_of_one_graph() -> None:
    x = torch.ones(3, requires_grad=True)
    shared = x * 2
    with ThreadPoolExecutor(4) as pool:
        results = list(
            pool.map(
                lambda i: torch.autograd.grad((shared + i).sum(), shared)[0].tolist(), range(8)
            )
        )
    assert results == [[1, 1, 1]] * 8


def test_a_default_device_is_that_of_one_thread() -> None:
    found = []
    with torch.device("meta"):
        thread = threading.Thread(target=lambda: found.append(torch.empty(2).device.type))
        thread.start()
        thread.join()
        found.append(torch.empty(2).device.type)
    assert found == ["cpu", "meta"]
