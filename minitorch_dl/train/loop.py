"""One pass over the data: for training, and for measuring."""

from __future__ import annotations

from collections.abc import Callable

from ..autograd import no_grad
from ..nn import Module
from ..optim import Optimizer
from ..tensor import Tensor
from ..utils.data import DataLoader

LossFunction = Callable[[Tensor, Tensor], Tensor]


class DivergedError(ArithmeticError):
    """The loss became infinite or not a number."""


class RunningScore:
    """Mean loss and accuracy of a classifier over the samples seen so far.

    The sums stay on the samples' device and are read only when asked for, so that adding a batch
    never waits for a GPU.
    """

    def __init__(self) -> None:
        self.count = 0
        self._loss: Tensor | float = 0.0
        self._correct: Tensor | int = 0

    def add(self, loss: Tensor, scores: Tensor, targets: Tensor) -> None:
        """Count a batch: its mean ``loss`` (), its class ``scores`` (N, C) and ``targets`` (N,)."""
        self.count += len(targets)
        self._loss = self._loss + loss.detach() * len(targets)
        self._correct = self._correct + (scores.detach().argmax(dim=1) == targets).sum()

    @property
    def loss(self) -> float:
        return float(self._loss) / self.count

    @property
    def accuracy(self) -> float:
        """The share of right answers, 0 to 1."""
        return int(self._correct) / self.count

    def __str__(self) -> str:
        return f"loss {self.loss:.4f}  accuracy {self.accuracy:7.2%}"


def train_epoch(
    model: Module,
    loader: DataLoader,
    loss_function: LossFunction,
    optimizer: Optimizer,
    device: str,
    after_batch: Callable[[int, RunningScore], None] | None = None,
) -> RunningScore:
    """Take one optimizer step per batch of ``loader`` and return the score along the way.

    ``after_batch(batches_done, score)`` is called after each step.
    """
    model.train()
    score = RunningScore()
    for number, (inputs, targets) in enumerate(loader, start=1):
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        outputs = model(inputs)
        loss = loss_function(outputs, targets)
        loss.backward()
        optimizer.step()
        score.add(loss, outputs, targets)
        if after_batch is not None:
            after_batch(number, score)
    return score


@no_grad()
def evaluate(
    model: Module, loader: DataLoader, loss_function: LossFunction, device: str
) -> RunningScore:
    """Return the score of ``model`` in evaluation mode over ``loader``."""
    model.eval()
    score = RunningScore()
    for inputs, targets in loader:
        inputs, targets = inputs.to(device), targets.to(device)
        outputs = model(inputs)
        score.add(loss_function(outputs, targets), outputs, targets)
    return score
