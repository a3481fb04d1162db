"""What the layers of a convolutional network see in a digit, taken by hooks and drawn as text.

Shows: register_forward_hook, named_modules, removing hooks, looking inside a trained network.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer
from minitorch_dl.utils.data import DataLoader
from minitorch_dl.vision import Digits

SHADES = " .:-=+*#%@"


class FeatureMaps:
    """Records the output of every module of one kind while the ``with`` block runs."""

    def __init__(self, model: nn.Module, kind: type[nn.Module] = nn.Conv2d) -> None:
        self.model, self.kind = model, kind
        self.maps: dict[str, torch.Tensor] = {}

    def __enter__(self) -> dict[str, torch.Tensor]:
        self._handles = [
            module.register_forward_hook(self._recorder(name))
            for name, module in self.model.named_modules()
            if isinstance(module, self.kind)
        ]
        return self.maps

    def __exit__(self, *exc: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _recorder(self, name: str) -> Callable[..., None]:
        def record(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
            self.maps[name] = output.detach().clone()

        return record


def train(model: nn.Module, epochs: int) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(epochs):
        for images, targets in DataLoader(Digits(), batch_size=32, shuffle=True):
            loss = nn.functional.cross_entropy(model(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def draw(maps: torch.Tensor) -> str:
    """Maps (C, H, W) side by side, each from its own darkest to its own brightest."""
    low = maps.amin(dim=(1, 2), keepdim=True)
    high = maps.amax(dim=(1, 2), keepdim=True)
    levels = ((maps - low) / (high - low).clamp(min=1e-6) * (len(SHADES) - 1)).round().long()
    rows = levels.permute(1, 0, 2).tolist()  # H x C x W
    return "\n".join("  ".join("".join(SHADES[v] for v in line) for line in row) for row in rows)


def main(argv: Sequence[str] | None = None) -> dict[str, torch.Tensor]:
    """Returns the feature maps (C, H, W) by layer."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=2, help="passes over the training data"
    )
    parser.add_argument(
        "--index", type=integer(0, 359), default=0, help="which test digit to look at"
    )
    parser.add_argument("--channels", type=integer(1), default=6, help="maps to draw per layer")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10),
    )
    train(model, args.epochs)
    image, digit = Digits(train=False)[args.index]
    model.eval()
    with torch.no_grad(), FeatureMaps(model) as maps:
        scores = model(image.unsqueeze(0))
    print(f"a {digit}, read as {scores.argmax().item()}\n{draw(image)}")
    for name, output in maps.items():
        print(f"\n{name}: {model.get_submodule(name)}, output {tuple(output.shape)}")
        print(draw(output[0, : args.channels]))
    return {name: output[0] for name, output in maps.items()}


if __name__ == "__main__":
    main()
