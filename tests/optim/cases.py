"""The optimizer and scheduler runs that are compared with PyTorch.

Every function takes the library as ``lib``, so that the same lines make the stored references (with
torch) and the tests.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.2, "maximize": True}),
    ("Adamax", {}),
    (
        "Adamax",
        {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1, "maximize": True},
    ),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    (
        "RAdam",
        {
            "betas": (0.9, 0.9),
            "weight_decay": 0.1,
            "decoupled_weight_decay": True,
            "maximize": True,
        },
    ),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "maximize": True}),
    (
        "RMSprop",
        {"alpha": 0.9, "eps": 1e-3, "centered": True, "momentum": 0.9, "weight_decay": 0.1},
    ),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {"initial_accumulator_value": 0.3, "eps": 1e-3}),
    ("Adafactor", {}),
    (
        "Adafactor",
        {
            "lr": 0.2,
            "beta2_decay": -0.5,
            "eps": (1e-3, 0.1),
            "d": 1.5,
            "weight_decay": 0.1,
            "maximize": True,
        },
    ),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"t0": 5, "lambd": 0.01, "alpha": 0.5, "weight_decay": 0.1, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"etas": (0.3, 1.5), "step_sizes": (1e-3, 0.03), "maximize": True}),
]

LBFGS: list[dict[str, Any]] = [
    {"lr": 0.1, "max_iter": 3},
    {"lr": 0.1, "max_iter": 5, "history_size": 2, "max_eval": 4},
    {"line_search_fn": "strong_wolfe", "max_iter": 3},
    {"line_search_fn": "strong_wolfe", "lr": 0.3, "max_iter": 4, "history_size": 3},
]

STEPS = 20
HALF = 10


def case_id(name: str, options: dict[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value}' for key, value in options.items())})"


def start(lib: Any, dtype: str, device: str = "cpu") -> list[Any]:
    """Parameters of several shapes."""
    rng = np.random.RandomState(0)
    values = [rng.standard_normal(shape) for shape in [(3, 4), (4,), (), (2, 1, 3)]]
    options = {"dtype": getattr(lib, dtype), "device": device, "requires_grad": True}
    return [lib.tensor(v, **options) for v in values]


def give_gradients(lib: Any, params: list[Any], step: int) -> None:
    """Set gradients that pull towards zero and wave; the second parameter lacks some."""
    for i, p in enumerate(params):
        if i == 1 and step in (3, 4, 9):
            p.grad = None
            continue
        value = p.detach().cpu().numpy().astype(np.float64)
        wave = np.cos(1.7 * step + i + np.arange(value.size)).reshape(value.shape)
        p.grad = lib.tensor(0.3 * value + wave, dtype=p.dtype, device=p.device)


def flat(params: list[Any]) -> np.ndarray:
    return np.concatenate([p.detach().cpu().numpy().reshape(-1) for p in params])


def build(lib: Any, name: str, options: dict[str, Any], params: list[Any]) -> Any:
    """An optimizer of two groups, the second with its own learning rate."""
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.02}]
    return getattr(lib.optim, name)(groups, **options)


def run_steps(lib: Any, optimizer: Any, params: list[Any], steps: range) -> np.ndarray:
    """The parameters after each step, one row each."""
    rows = []
    for step in steps:
        give_gradients(lib, params, step)
        optimizer.step()
        rows.append(flat(params))
    return np.stack(rows)


def run(
    lib: Any, name: str, options: dict[str, Any], dtype: str, device: str = "cpu"
) -> tuple[np.ndarray, dict[str, Any]]:
    """The parameters after each of ``STEPS`` steps, and the state dict half-way."""
    params = start(lib, dtype, device)
    optimizer = build(lib, name, options, params)
    first = run_steps(lib, optimizer, params, range(HALF))
    state = copy.deepcopy(optimizer.state_dict())
    return np.concatenate([first, run_steps(lib, optimizer, params, range(HALF, STEPS))]), state


def resume(
    lib: Any,
    name: str,
    options: dict[str, Any],
    dtype: str,
    state: dict[str, Any],
    half: np.ndarray,
) -> np.ndarray:
    """The second half of :func:`run`, from the state dict and the parameters half-way."""
    params = start(lib, dtype)
    offset = 0
    with lib.no_grad():
        for p in params:
            p.copy_(lib.tensor(half[offset : offset + p.numel()].reshape(p.shape), dtype=p.dtype))
            offset += p.numel()
    optimizer = build(lib, name, {}, params)
    optimizer.load_state_dict(state)
    return run_steps(lib, optimizer, params, range(HALF, STEPS))


def run_lbfgs(lib: Any, options: dict[str, Any], device: str = "cpu") -> np.ndarray:
    """The parameters and the loss after each of ``STEPS`` steps on Rosenbrock's valley."""
    kind = {"dtype": lib.float64, "device": device, "requires_grad": True}
    x = lib.tensor([-1.0, 0.5, 1.5], **kind)
    y = lib.tensor(0.2, **kind)
    optimizer = lib.optim.LBFGS([x, y], **options)

    def closure() -> Any:
        optimizer.zero_grad()
        a, b, c = x[0], x[1], x[2]
        loss = (
            (1 - a) ** 2
            + 10 * (b - a**2) ** 2
            + (1 - b) ** 2
            + 10 * (c - b**2) ** 2
            + (y - a * c) ** 2
        )
        loss.backward()
        return loss

    rows = []
    for _ in range(STEPS):
        loss = optimizer.step(closure)
        rows.append([*flat([x, y]), float(loss)])
    return np.array(rows)


class Halving:
    """A callable object, whose attributes a scheduler's state dict keeps."""

    def __init__(self) -> None:
        self.power = 0.5

    def __call__(self, t: int) -> float:
        return self.power**t


Build = Callable[[Any, Any], Any]
SCHEDULERS: dict[str, Build] = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, [lambda t: 0.9**t, lambda t: 1 / (1 + t)]),
    "LambdaLR of an object": lambda s, o: s.LambdaLR(o, Halving()),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda t: 0.95),
    "StepLR": lambda s, o: s.StepLR(o, 7, 0.5),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 10, 10, 40], 0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o, 0.3, 8),
    "LinearLR": lambda s, o: s.LinearLR(o, 0.2, 0.8, 11),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.93),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, 30, 2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 13, 0.001),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, 0.001),
    "CosineAnnealingWarmRestarts of one length": lambda s, o: s.CosineAnnealingWarmRestarts(o, 7),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, [0.1, 0.2], 5, 9),
    "CyclicLR triangular2": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 5, mode="triangular2"),
    "CyclicLR exp_range": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 5, mode="exp_range", gamma=0.97),
    "CyclicLR of a function": lambda s, o: s.CyclicLR(
        o, 0.01, 0.1, 5, scale_fn=lambda x: 1 / x, cycle_momentum=False
    ),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, [0.5, 0.7], total_steps=61),
    "OneCycleLR of three phases": lambda s, o: s.OneCycleLR(
        o, 0.5, epochs=6, steps_per_epoch=12, three_phase=True, anneal_strategy="linear"
    ),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, 20), s.ExponentialLR(o, 0.9), s.CosineAnnealingLR(o, 10)], [5, 20]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [
            s.ConstantLR(o, 0.1, 20),
            s.ExponentialLR(o, 0.9),
            s.CosineAnnealingLR(o, 30),
            s.LinearLR(o),
        ]
    ),
    "ReduceLROnPlateau": lambda s, o: s.ReduceLROnPlateau(o, factor=0.5, patience=2, cooldown=3),
    "ReduceLROnPlateau max": lambda s, o: s.ReduceLROnPlateau(
        o, "max", factor=0.5, patience=1, threshold_mode="abs", min_lr=[0.01, 0.02]
    ),
    "SWALR": lambda s, o: s.SWALR(o, [0.03, 0.2], anneal_epochs=8),
    "SWALR linear": lambda s, o: s.SWALR(o, 0.03, anneal_epochs=0, anneal_strategy="linear"),
}
SCHEDULER_STEPS = 60


class _Schedulers:
    """``lr_scheduler`` with the one that lives in ``swa_utils``."""

    def __init__(self, lib: Any) -> None:
        self.lib = lib

    def __getattr__(self, name: str) -> Any:
        if name == "SWALR":
            return self.lib.optim.swa_utils.SWALR
        return getattr(self.lib.optim.lr_scheduler, name)


def build_scheduler(
    lib: Any, name: str, kind: str = "SGD", tensor_lr: bool = False
) -> tuple[Any, Any]:
    """An optimizer of two groups and its scheduler."""
    lrs = [0.1, 0.05]
    rates = [lib.tensor(lr, dtype=lib.float64) for lr in lrs] if tensor_lr else lrs
    groups = [{"params": [lib.zeros(1, requires_grad=True)], "lr": lr} for lr in rates]
    optimizer = getattr(lib.optim, kind)(groups, **({"momentum": 0.9} if kind == "SGD" else {}))
    return optimizer, SCHEDULERS[name](_Schedulers(lib), optimizer)


def run_scheduler(optimizer: Any, scheduler: Any, steps: range) -> np.ndarray:
    """Each group's rate and momentum (or β₁) before each step."""
    rows = []
    for step in steps:
        groups = optimizer.param_groups
        momenta = [g["momentum"] if "momentum" in g else g["betas"][0] for g in groups]
        rows.append([float(v) for v in [*(g["lr"] for g in groups), *momenta]])
        optimizer.step()
        if type(scheduler).__name__ == "ReduceLROnPlateau":
            scheduler.step(np.sin(0.7 * step))
        else:
            scheduler.step()
    return np.array(rows)
