"""A monitor of each layer's gradient norm: a deep sigmoid network against a residual one.

Shows: tensor hooks on parameters, named_parameters, deep networks with and without a cure.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Sequence

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer
from minitorch_dl.utils.data import DataLoader
from minitorch_dl.vision import Digits


class GradientNorms:
    """Collects the norm of every weight's gradient at each backward pass."""

    def __init__(self, model: nn.Module) -> None:
        self.history: dict[str, list[float]] = defaultdict(list)
        for name, parameter in model.named_parameters():
            if name.endswith("weight"):
                parameter.register_hook(self._recorder(name))

    def _recorder(self, name: str) -> Callable[[torch.Tensor], None]:
        def record(grad: torch.Tensor) -> None:
            self.history[name].append(grad.norm().item())

        return record

    def means(self) -> dict[str, float]:
        return {name: sum(norms) / len(norms) for name, norms in self.history.items()}


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.fc = nn.LayerNorm(width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + F.relu(self.fc(self.norm(x)))


def sigmoid_network(depth: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten(), nn.Linear(64, width), nn.Sigmoid()]
    for _ in range(depth):
        layers += [nn.Linear(width, width), nn.Sigmoid()]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def residual_network(depth: int, width: int) -> nn.Sequential:
    blocks = [Residual(width) for _ in range(depth)]
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), *blocks, nn.Linear(width, 10))


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Returns, per network, the first layer's mean gradient norm over the last layer's."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--depth", type=integer(1), default=8, help="hidden layers")
    parser.add_argument("--width", type=integer(2), default=32, help="size of the hidden vectors")
    parser.add_argument(
        "--epochs", type=integer(1), default=1, help="passes over the training data"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    ratios = {}
    for name, make in (("sigmoid", sigmoid_network), ("residual", residual_network)):
        torch.manual_seed(args.seed)
        model = make(args.depth, args.width)
        monitor = GradientNorms(model)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(args.epochs):
            for images, targets in DataLoader(Digits(), batch_size=64, shuffle=True):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(images), targets)
                loss.backward()
                optimizer.step()
        means = monitor.means()
        print(f"{name} network, loss {loss.item():.4f}; mean gradient norms:")
        order = [n for n, _ in model.named_parameters() if n in means]
        for layer in order:
            length = max(0, round(8 * (torch.tensor(means[layer]).log10().item() + 6)))
            print(f"  {layer:14} {means[layer]:9.2e} {'#' * length}")
        ratios[name] = means[order[0]] / means[order[-1]]
        print(f"  first over last: {ratios[name]:.2e}")
    return ratios


if __name__ == "__main__":
    main()
