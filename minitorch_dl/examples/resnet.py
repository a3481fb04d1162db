"""A residual network: every block adds its input to its output (He et al., 2015).

Shows: modules made of modules, ``out += skip(residual)``, He initialisation, OneCycleLR per
batch, label smoothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.optim.lr_scheduler import OneCycleLR
from minitorch_dl.utils.data import DataLoader
from minitorch_dl.vision import Digits


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a skip, which is a 1x1 convolution where the shape changes."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.skip = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        residual = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.skip(residual)
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, width: int, blocks: Sequence[int], classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)
        )
        stages: list[nn.Module] = []
        channels = width
        for i, count in enumerate(blocks):
            out = width * 2**i
            for j in range(count):
                stages.append(BasicBlock(channels, out, stride=2 if i and not j else 1))
                channels = out
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stages(self.stem(x))
        return self.fc(torch.flatten(self.pool(x), 1))


def shifted(images: torch.Tensor) -> torch.Tensor:
    """The batch moved by up to one pixel along each axis."""
    dy, dx = torch.randint(-1, 2, (2,)).tolist()
    return torch.roll(images, (dy, dx), dims=(2, 3))


@torch.inference_mode()
def accuracy_of(model: nn.Module, data: Digits) -> float:
    model.eval()
    right = [(model(x).argmax(1) == y).sum().item() for x, y in DataLoader(data, batch_size=360)]
    return sum(right) / len(data)


def main(argv: Sequence[str] | None = None) -> float:
    """Returns the accuracy on the test digits."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=6, help="passes over the training data"
    )
    parser.add_argument(
        "--batch-size", type=integer(1), default=32, help="samples per training step"
    )
    parser.add_argument("--width", type=integer(1), default=16, help="channels of the first stage")
    parser.add_argument(
        "--blocks", type=integer(1), nargs="+", default=[1, 1], help="blocks per stage"
    )
    parser.add_argument("--max-lr", type=positive, default=0.2, help="the one cycle's highest rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    loader = DataLoader(Digits(), batch_size=args.batch_size, shuffle=True, drop_last=True)
    model = ResNet(args.width, args.blocks)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=args.max_lr, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    steps = args.epochs * len(loader)
    scheduler = OneCycleLR(optimizer, max_lr=args.max_lr, total_steps=steps)
    accuracy = 0.0
    for epoch in range(1, args.epochs + 1):
        model.train()
        for images, targets in loader:
            loss = criterion(model(shifted(images)), targets)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            scheduler.step()
        accuracy = accuracy_of(model, Digits(train=False))
        print(f"epoch {epoch:2d}  loss {loss.item():.4f}  test accuracy {accuracy:.2%}")
    return accuracy


if __name__ == "__main__":
    main()
