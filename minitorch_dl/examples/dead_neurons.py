"""A report of dead ReLUs, units that never fire, after a gentle and after a reckless training.

Shows: forward hooks that gather statistics, what a too high learning rate does to ReLU, and batch
normalisation as the cure.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.utils.data import DataLoader
from minitorch_dl.vision import Digits


class FiringCounter:
    """Counts, per unit of each ReLU layer, for how many images its output is above zero."""

    def __init__(self, model: nn.Module) -> None:
        self.counts: dict[str, torch.Tensor] = {}
        for name, module in model.named_modules():
            if isinstance(module, nn.ReLU):
                module.register_forward_hook(
                    lambda module, inputs, output, name=name: self._count(name, output)
                )

    def _count(self, name: str, output: torch.Tensor) -> None:
        fired = (output.detach() > 0).sum(dim=0)
        self.counts[name] = self.counts.get(name, torch.zeros_like(fired)) + fired

    def report(self, images: int) -> float:
        """Print a line per layer; returns the share of units that never fired."""
        dead = total = 0
        for name, count in self.counts.items():
            never, always = (count == 0).sum().item(), (count == images).sum().item()
            mean = (count.float().mean() / images).item()
            print(
                f"    layer {name}: {never:3d} of {len(count)} never fire, {always:3d} always do, "
                f"the mean fires for {mean:.1%} of the images"
            )
            dead, total = dead + never, total + count.numel()
        return dead / total


def network(width: int, normalize: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs in (64, width):
        layers.append(nn.Linear(inputs, width))
        if normalize:
            layers.append(nn.BatchNorm1d(width))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers, nn.Linear(width, 10))


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Returns the share of dead units per training."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=3, help="passes over the training data"
    )
    parser.add_argument("--width", type=integer(1), default=64, help="size of the hidden vectors")
    parser.add_argument("--gentle", type=positive, default=0.1, help="the lower learning rate")
    parser.add_argument("--reckless", type=positive, default=0.8, help="the higher one")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    shares = {}
    for name, lr, normalize in (
        ("gentle", args.gentle, False),
        ("reckless", args.reckless, False),
        ("reckless, normalized", args.reckless, True),
    ):
        torch.manual_seed(args.seed)
        model = network(args.width, normalize)
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        for _ in range(args.epochs):
            for images, targets in DataLoader(Digits(), batch_size=32, shuffle=True):
                optimizer.zero_grad()
                F.cross_entropy(model(images), targets).backward()
                optimizer.step()
        images = Digits().data.float() / 16
        targets = Digits().targets
        counter = FiringCounter(model.eval())
        with torch.no_grad():
            accuracy = (model(images).argmax(1) == targets).float().mean().item()
        print(f"{name}, learning rate {lr:g}: accuracy {accuracy:.1%}")
        shares[name] = counter.report(len(images))
        print(f"    dead: {shares[name]:.1%}")
    return shares


if __name__ == "__main__":
    main()
