"""Grad-CAM (Selvaraju et al., 2017): where in the image a network looks when it names a class.

Shows: forward and backward hooks on one layer, gradients of a score instead of a loss,
interpolate.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer
from minitorch_dl.utils.data import DataLoader
from minitorch_dl.vision import Digits

SHADES = " .:-=+*#%@"


class GradCAM:
    """Heat maps of a class's evidence at ``layer``: its maps, weighed by their mean gradients."""

    def __init__(self, model: nn.Module, layer: nn.Module) -> None:
        self.model = model
        layer.register_forward_hook(self._keep_maps)
        layer.register_full_backward_hook(self._keep_gradients)

    def _keep_maps(self, module: nn.Module, inputs: object, output: torch.Tensor) -> None:
        self.maps = output.detach()

    def _keep_gradients(self, module: nn.Module, grad_in: object, grad_out: tuple) -> None:
        self.gradients = grad_out[0].detach()

    def __call__(self, images: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Images (N, 1, H, W) and a class for each (N,) -> heat (N, H, W) from 0 to 1."""
        self.model.eval()
        self.model.zero_grad()
        scores = self.model(images)
        scores.gather(1, classes.unsqueeze(1)).sum().backward()
        weights = self.gradients.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1)
        heat = F.relu((weights * self.maps).sum(dim=1, keepdim=True))
        heat = F.interpolate(heat, images.shape[2:], mode="bilinear", align_corners=False)[:, 0]
        return heat / heat.amax(dim=(1, 2), keepdim=True).clamp(min=1e-9)


def make_model() -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 32)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def train(model: nn.Module, epochs: int) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(epochs):
        for images, targets in DataLoader(Digits(), batch_size=32, shuffle=True):
            loss = F.cross_entropy(model(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def probability(model: nn.Module, images: torch.Tensor, classes: torch.Tensor) -> float:
    """The mean probability of the classes."""
    return F.softmax(model(images), dim=1).gather(1, classes.unsqueeze(1)).mean().item()


def draw(plane: torch.Tensor) -> list[str]:
    levels = (plane * (len(SHADES) - 1)).round().long().tolist()
    return ["".join(SHADES[v] for v in row) for row in levels]


def main(argv: Sequence[str] | None = None) -> tuple[float, float]:
    """Returns how far the right digits' probability falls without the hottest third of the ink,
    and without the coldest.
    """
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=4, help="passes over the training data"
    )
    parser.add_argument("--show", type=integer(0), default=5, help="digits to draw")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    model = make_model()
    train(model, args.epochs)
    cam = GradCAM(model, layer=model[8])
    images, targets = next(iter(DataLoader(Digits(train=False), batch_size=120)))
    heat = cam(images, targets)
    for image, hot, target in zip(images[: args.show], heat, targets):
        print(f"\n{target.item()}:        where it looks:")
        for left, right in zip(draw(image[0]), draw(hot)):
            print(f"{left}  {right}")

    ink = (images[:, 0] > 0.2).flatten(1)
    count = ink.sum(dim=1, keepdim=True) // 3
    full = probability(model, images, targets)
    print(f"\nprobability of the right digit: {full:.3f}")
    falls = []
    for name, coldness in (("hottest", -heat.flatten(1)), ("coldest", heat.flatten(1))):
        rank = coldness.masked_fill(~ink, 2.0).argsort(dim=1).argsort(dim=1)
        hidden = (rank < count).view_as(images)
        rest = probability(model, images.masked_fill(hidden, 0.0), targets)
        falls.append(full - rest)
        print(f"without the {name} third of the ink: {rest:.3f}")
    return falls[0], falls[1]


if __name__ == "__main__":
    main()
