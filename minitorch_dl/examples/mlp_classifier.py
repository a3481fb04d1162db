"""A multilayer perceptron that reads handwritten digits: the smallest complete training program.

Shows: Dataset, DataLoader, nn.Sequential, cross entropy, Adam, train and evaluation mode.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.utils.data import DataLoader
from minitorch_dl.vision import Digits


def train(model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer) -> float:
    """One pass over the data; returns the mean loss."""
    model.train()
    total = 0.0
    for images, targets in loader:
        loss = nn.functional.cross_entropy(model(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(targets)
    return total / len(loader.dataset)


@torch.no_grad()
def test(model: nn.Module, loader: DataLoader) -> float:
    """The share of right answers."""
    model.eval()
    right = 0
    for images, targets in loader:
        right += (model(images).argmax(dim=1) == targets).sum().item()
    return right / len(loader.dataset)


def main(argv: Sequence[str] | None = None) -> float:
    """Returns the accuracy on the test digits."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=10, help="passes over the training digits"
    )
    parser.add_argument(
        "--batch-size", type=integer(1), default=32, help="samples per training step"
    )
    parser.add_argument("--hidden", type=integer(1), default=64, help="width of both hidden layers")
    parser.add_argument("--lr", type=positive, default=2e-3, help="Adam's learning rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    train_loader = DataLoader(Digits(train=True), batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(Digits(train=False), batch_size=360)
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, args.hidden),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(args.hidden, args.hidden),
        nn.ReLU(),
        nn.Linear(args.hidden, 10),
    )
    print(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    accuracy = 0.0
    for epoch in range(1, args.epochs + 1):
        loss = train(model, train_loader, optimizer)
        accuracy = test(model, test_loader)
        print(f"epoch {epoch:2d}  loss {loss:.4f}  test accuracy {accuracy:.2%}")
    return accuracy


if __name__ == "__main__":
    main()
