"""Two inputs, three outputs: from two digits what each is, their sum, and which is larger.

Shows: shared branches, heads with losses of different kinds, a custom Dataset whose items are
dicts, dict outputs.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.utils.data import DataLoader, Dataset
from minitorch_dl.vision import Digits


class Pairs(Dataset):
    """Digit ``i`` with a partner drawn once for all."""

    def __init__(self, digits: Digits, generator: torch.Generator) -> None:
        self.digits = digits
        self.partner = torch.randperm(len(digits), generator=generator).tolist()

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> dict[str, object]:
        (first, a), (second, b) = self.digits[index], self.digits[self.partner[index]]
        return {
            "first": first, "second": second, "digits": torch.tensor([a, b]),
            "sum": float(a + b), "larger": float(a > b),
        }  # fmt: skip


class Comparer(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.eye = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(256, hidden),
            nn.ReLU(),
        )
        self.digit = nn.Linear(hidden, 10)
        self.joint = nn.Sequential(nn.Linear(20, hidden), nn.ReLU())
        self.sum, self.larger = nn.Linear(hidden, 1), nn.Linear(hidden, 1)

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> dict[str, torch.Tensor]:
        scores = torch.stack([self.digit(self.eye(x)) for x in (first, second)], dim=1)
        h = self.joint(scores.softmax(dim=-1).flatten(1))
        return {
            "digits": scores,  # (N, 2, 10)
            "sum": self.sum(h).squeeze(1),
            "larger": self.larger(h).squeeze(1),
        }


def loss_of(out: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> torch.Tensor:
    digits = F.cross_entropy(out["digits"].transpose(1, 2), batch["digits"])
    total = F.smooth_l1_loss(out["sum"], batch["sum"].float())
    larger = F.binary_cross_entropy_with_logits(out["larger"], batch["larger"].float())
    return digits + 0.2 * total + larger


@torch.no_grad()
def test(model: Comparer, loader: DataLoader) -> dict[str, float]:
    model.eval()
    batch = next(iter(loader))
    out = model(batch["first"], batch["second"])
    return {
        "digits": (out["digits"].argmax(-1) == batch["digits"]).float().mean().item(),
        "sum": (out["sum"] - batch["sum"]).abs().mean().item(),
        "larger": ((out["larger"] > 0) == (batch["larger"] > 0)).float().mean().item(),
    }


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Returns the test results: accuracy of "digits" and "larger", mean absolute error of "sum"."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=8, help="passes over the training data"
    )
    parser.add_argument(
        "--batch-size", type=integer(1), default=32, help="samples per training step"
    )
    parser.add_argument("--hidden", type=integer(1), default=64, help="size of the hidden layers")
    parser.add_argument("--lr", type=positive, default=3e-3, help="learning rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    train_loader = DataLoader(Pairs(Digits(), generator), args.batch_size, shuffle=True)
    test_loader = DataLoader(Pairs(Digits(train=False), generator), batch_size=360)
    model = Comparer(args.hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    result = test(model, test_loader)
    for epoch in range(1, args.epochs + 1):
        model.train()
        total = 0.0
        for batch in train_loader:
            loss = loss_of(model(batch["first"], batch["second"]), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        result = test(model, test_loader)
        print(
            f"epoch {epoch:2d}  loss {total / len(train_loader):.4f}  digits "
            f"{result['digits']:.2%}  sum off by {result['sum']:.2f}  larger {result['larger']:.2%}"
        )
    return result


if __name__ == "__main__":
    main()
