"""Networks that differ only in their seeds vote, and err less together than on average.

Shows: ModuleList, averaged probabilities, bootstrap samples with a sampler, a committee's
disagreement as doubt.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.utils.data import DataLoader, RandomSampler
from minitorch_dl.vision import Digits


class Ensemble(nn.Module):
    """The mean of the members' probabilities."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def probabilities(self, x: torch.Tensor) -> torch.Tensor:
        """(members, N, classes)"""
        return torch.stack([F.softmax(member(x), dim=1) for member in self.members])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.probabilities(x).mean(dim=0)


def make_member(hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def fit(model: nn.Module, digits: Digits, epochs: int, lr: float) -> None:
    """Train on digits drawn with replacement, so that every member sees others."""
    sampler = RandomSampler(digits, replacement=True)
    loader = DataLoader(digits, batch_size=32, sampler=sampler)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        for images, targets in loader:
            loss = F.cross_entropy(model(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def main(argv: Sequence[str] | None = None) -> tuple[list[float], float]:
    """Returns the members' accuracies and the ensemble's."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--members", type=integer(1), default=5, help="number of networks")
    parser.add_argument(
        "--epochs", type=integer(0), default=5, help="passes over the training data"
    )
    parser.add_argument("--hidden", type=integer(1), default=32, help="size of the hidden layers")
    parser.add_argument("--lr", type=positive, default=3e-3, help="learning rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    members, digits = [], Digits()
    for i in range(args.members):
        torch.manual_seed(args.seed + i)
        members.append(make_member(args.hidden))
        fit(members[-1], digits, args.epochs, args.lr)
    ensemble = Ensemble(members).eval()

    images, targets = next(iter(DataLoader(Digits(train=False), batch_size=360)))
    with torch.no_grad():
        each = ensemble.probabilities(images)  # (members, N, 10)
        voted = each.mean(dim=0)
    singles = (each.argmax(dim=2) == targets).float().mean(dim=1).tolist()
    right = voted.argmax(dim=1) == targets
    together = right.float().mean().item()
    for i, accuracy in enumerate(singles):
        print(f"member {i}  {accuracy:.2%}")
    print(f"mean      {sum(singles) / len(singles):.2%}\nensemble  {together:.2%}")
    entropy = -(voted * voted.clamp_min(1e-9).log()).sum(dim=1)
    print(f"doubt where right {entropy[right].mean().item():.3f} nats", end="")
    print(f", where wrong {entropy[~right].mean().item():.3f}" if (~right).any() else "")
    return singles, together


if __name__ == "__main__":
    main()
