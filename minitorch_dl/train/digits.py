"""Training a network on the handwritten digits."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from .. import nn, optim
from ..backend.random import manual_seed
from ..serialization import atomic_write
from ..utils.data import DataLoader
from ..vision import Digits
from .chart import Panel, Series, line_chart
from .checkpoint import Checkpoint
from .loop import DivergedError, RunningScore, evaluate, train_epoch
from .progress import ProgressBar

TASK = "digits"
CHECKPOINT, METRICS, CURVE = "checkpoint.zip", "metrics.jsonl", "curve.svg"
EVALUATION_BATCH = 360
COLUMNS = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds")
"""What a row of metrics holds."""


def cnn() -> nn.Module:
    """Two blocks of convolution and pooling, then two linear layers: (N, 1, 8, 8) -> (N, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 32, 4, 4)
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 64, 2, 2)
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(256, 64),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(64, 10),
    )


def mlp() -> nn.Module:
    """Two hidden layers of 128: (N, 1, 8, 8) -> (N, 10)."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 128),
        nn.ReLU(),
        nn.Dropout(0.25),
        nn.Linear(128, 128),
        nn.ReLU(),
        nn.Dropout(0.25),
        nn.Linear(128, 10),
    )


MODELS: dict[str, Callable[[], nn.Module]] = {"cnn": cnn, "mlp": mlp}
DEFAULT_LR = {"adam": 2e-3, "sgd": 2e-2}


@dataclass(frozen=True)
class DigitsOptions:
    """What a run is made of; the same options give the same weights, bit for bit.

    ``epochs`` is the number in all, also for a run that goes on from a checkpoint.
    """

    model: str = "cnn"
    epochs: int = 25
    batch_size: int = 32
    lr: float = DEFAULT_LR["adam"]
    optimizer: str = "adam"
    device: str = "cpu"
    seed: int = 0


class DigitsRun:
    """A training run: options, model, optimizer, and a row of metrics for each epoch done.

    >>> run = DigitsRun(DigitsOptions(model="mlp", epochs=1))
    >>> row = run.train_one_epoch()
    >>> row["epoch"], row["test_accuracy"] > 0.5
    (1, True)
    """

    def __init__(self, options: DigitsOptions, checkpoint: Checkpoint | None = None) -> None:
        self.options = options
        manual_seed(options.seed)
        self.model = MODELS[options.model]().to(options.device)
        self.optimizer = _optimizer(options, self.model)
        self.loss_function = nn.CrossEntropyLoss()
        self.train_loader = DataLoader(Digits(True), options.batch_size, shuffle=True)
        self.test_loader = DataLoader(Digits(False), EVALUATION_BATCH)
        self.history: list[dict[str, float]] = []
        if checkpoint is not None:
            checkpoint.restore(self.model, self.optimizer)
            self.history = list(checkpoint.history)
            for row in self.history:
                if not isinstance(row, dict) or row.keys() != set(COLUMNS):
                    raise ValueError(
                        f"each row of metrics must hold {', '.join(COLUMNS)}; got {row}"
                    )

    def train_one_epoch(self, bar: ProgressBar | None = None) -> dict[str, float]:
        """Train for one epoch, measure, and return the epoch's row of metrics.

        Raises DivergedError when the loss is no longer finite.
        """
        start = time.perf_counter()
        device = self.options.device

        def draw(batches: int, score: RunningScore) -> None:
            if bar is not None:
                bar.update(batches, lambda: str(score))

        train = train_epoch(
            self.model, self.train_loader, self.loss_function, self.optimizer, device, draw
        )
        if not math.isfinite(train.loss):
            raise DivergedError(
                f"the training loss became {train.loss} in epoch {len(self.history) + 1}; "
                f"use a smaller learning rate than {self.options.lr:g}"
            )
        test = evaluate(self.model, self.test_loader, self.loss_function, device)
        seconds = round(time.perf_counter() - start, 4)
        measured = (train.loss, train.accuracy, test.loss, test.accuracy)
        row = dict(zip(COLUMNS, (len(self.history) + 1, *measured, seconds)))
        self.history.append(row)
        return row

    def write(self, out: Path) -> None:
        """Write checkpoint, metrics and curve to the directory ``out``, each file at once."""
        options = asdict(self.options)
        checkpoint = Checkpoint.capture(TASK, options, self.history, self.model, self.optimizer)
        checkpoint.save(out / CHECKPOINT)
        with atomic_write(out / METRICS) as file:
            file.write("".join(json.dumps(row) + "\n" for row in self.history).encode())
        with atomic_write(out / CURVE) as file:
            file.write(curve(self.history, f"Handwritten digits: {self.options.model}").encode())

    def train(self, out: Path, stream: TextIO | None = None) -> None:
        """Train up to ``options.epochs`` epochs, reporting to ``stream`` and writing to ``out``."""
        stream = sys.stdout if stream is None else stream
        epochs = self.options.epochs
        while len(self.history) < epochs:
            label = f"epoch {len(self.history) + 1:{len(str(epochs))}}/{epochs}"
            bar = ProgressBar(len(self.train_loader), label, stream)
            try:
                row = self.train_one_epoch(bar)
            finally:
                bar.clear()
            self.write(out)
            bar.print(
                f"{label}  train loss {row['train_loss']:.4f} accuracy {row['train_accuracy']:7.2%}"
                f"  test loss {row['test_loss']:.4f} accuracy {row['test_accuracy']:7.2%}"
                f"  {row['seconds']:.2f} s"
            )


def curve(history: Sequence[dict[str, float]], title: str) -> str:
    """Return the SVG text of loss and accuracy over the epochs of ``history``."""
    epochs = [row["epoch"] for row in history]

    def both(metric: str, factor: float = 1) -> list[Series]:
        return [
            Series(part, epochs, [factor * row[f"{part}_{metric}"] for row in history])
            for part in ("train", "test")
        ]

    accuracy = history[-1]["test_accuracy"]
    return line_chart(
        [
            Panel("Cross entropy (log scale)", "epoch", both("loss"), log=True),
            Panel("Accuracy", "epoch", both("accuracy", 100), y_max=100, unit=" %"),
        ],
        title=f"{title}, test accuracy {accuracy:.1%}",
    )


def _optimizer(options: DigitsOptions, model: nn.Module) -> optim.Optimizer:
    if options.optimizer == "sgd":
        return optim.SGD(model.parameters(), lr=options.lr, momentum=0.9)
    return optim.Adam(model.parameters(), lr=options.lr)
