"""A convolutional network on handwritten digits, with a learning-rate schedule and a checkpoint.

Shows: Conv2d, BatchNorm2d, pooling, dropout, SGD with momentum, StepLR, save and load.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pickle import UnpicklingError

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.optim.lr_scheduler import StepLR
from minitorch_dl.utils.data import DataLoader
from minitorch_dl.vision import Digits


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.dropout = nn.Dropout(0.25)
        self.fc = nn.Linear(32 * 2 * 2, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)  # (N, 16, 4, 4)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)  # (N, 32, 2, 2)
        x = self.dropout(torch.flatten(x, 1))
        return F.log_softmax(self.fc(x), dim=1)


def train(model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer) -> float:
    model.train()
    total = 0.0
    for images, targets in loader:
        optimizer.zero_grad()
        loss = F.nll_loss(model(images), targets)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(targets)
    return total / len(loader.dataset)


@torch.no_grad()
def test(model: nn.Module, loader: DataLoader) -> tuple[float, float]:
    model.eval()
    loss, right = 0.0, 0
    for images, targets in loader:
        output = model(images)
        loss += F.nll_loss(output, targets, reduction="sum").item()
        right += output.argmax(dim=1, keepdim=True).eq(targets.view(-1, 1)).sum().item()
    return loss / len(loader.dataset), right / len(loader.dataset)


def main(argv: Sequence[str] | None = None) -> float:
    """Returns the accuracy on the test digits."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=5, help="passes over the training data"
    )
    parser.add_argument(
        "--batch-size", type=integer(1), default=32, help="samples per training step"
    )
    parser.add_argument("--lr", type=positive, default=0.05, help="learning rate")
    parser.add_argument("--gamma", type=positive, default=0.7, help="the rate's factor per epoch")
    parser.add_argument("--save", metavar="FILE", help="where to write the trained parameters")
    parser.add_argument("--load", metavar="FILE", help="parameters to start from")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    train_loader = DataLoader(Digits(train=True), batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(Digits(train=False), batch_size=360)
    model = Net()
    if args.load:
        try:
            model.load_state_dict(torch.load(args.load))
        except (OSError, RuntimeError, TypeError, UnpicklingError) as error:
            parser.error(f"--load: {error}")
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=1e-4)
    scheduler = StepLR(optimizer, step_size=1, gamma=args.gamma)
    _, accuracy = test(model, test_loader)
    print(f"before    test accuracy {accuracy:.2%}")
    for epoch in range(1, args.epochs + 1):
        loss = train(model, train_loader, optimizer)
        test_loss, accuracy = test(model, test_loader)
        print(
            f"epoch {epoch:2d}  lr {scheduler.get_last_lr()[0]:.4f}  loss {loss:.4f}  "
            f"test loss {test_loss:.4f}  test accuracy {accuracy:.2%}"
        )
        scheduler.step()
    if args.save:
        torch.save(model.state_dict(), args.save)
    return accuracy


if __name__ == "__main__":
    main()
