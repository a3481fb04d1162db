"""Small training loops: each function here returns one that makes a step and gives its loss."""

from __future__ import annotations

from collections.abc import Callable

import minitorch_dl as torch
from minitorch_dl import nn

Step = Callable[[], torch.Tensor]


def mlp(seed: int = 0) -> Step:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    return trained(model, torch.randn(16, 8), torch.randint(0, 3, (16,)))


def cnn(seed: int = 0) -> Step:
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 3),
    )  # fmt: skip
    return trained(model, torch.randn(4, 1, 8, 8), torch.randint(0, 3, (4,)))


class LastOutput(nn.Module):
    """An LSTM and a classifier of its last output."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(4, 8, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs, _ = self.rnn(x)
        return self.head(outputs[:, -1])


def rnn(seed: int = 0) -> Step:
    torch.manual_seed(seed)
    return trained(LastOutput(), torch.randn(4, 6, 4), torch.randint(0, 3, (4,)))


def trained(model: nn.Module, x: torch.Tensor, target: torch.Tensor) -> Step:
    """Adam on the cross entropy of one batch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def gradient_penalty(seed: int = 0) -> Step:
    """The loss has the norm of the input's gradient in it: double backward at each step."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    data = torch.randn(8, 6)

    def step() -> torch.Tensor:
        x = data.clone().requires_grad_()
        optimizer.zero_grad()
        y = model(x)
        (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        loss = y.square().mean() + (slope.norm(dim=1) - 1).square().mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


PROGRAMS = {"mlp": mlp, "cnn": cnn, "rnn": rnn, "gradient penalty": gradient_penalty}
