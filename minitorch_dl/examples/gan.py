"""A generative adversarial network on handwritten digits (Goodfellow et al., 2014).

Shows: two networks with two optimizers, detach, transposed convolutions, labels of the wrong kind
on purpose.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.utils.data import DataLoader
from minitorch_dl.vision import Digits


def make_generator(latent: int) -> nn.Sequential:
    """(N, latent, 1, 1) noise -> (N, 1, 8, 8) images from -1 to 1."""
    return nn.Sequential(
        nn.ConvTranspose2d(latent, 64, 2, bias=False),  # (N, 64, 2, 2)
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1, bias=False),  # (N, 32, 4, 4)
        nn.BatchNorm2d(32),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1),  # (N, 1, 8, 8)
        nn.Tanh(),
    )


def make_discriminator() -> nn.Sequential:
    """(N, 1, 8, 8) images -> (N,) scores, high for real ones."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 4, stride=2, padding=1),  # (N, 32, 4, 4)
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(32, 64, 4, stride=2, padding=1),  # (N, 64, 2, 2)
        nn.LeakyReLU(0.2, inplace=True),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(256, 1),
        nn.Flatten(0),
    )


def init_weights(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.05)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def distance_to_real(images: torch.Tensor, real: torch.Tensor) -> float:
    """The mean distance of each image to the nearest real one: how unlike digits the images are."""
    return torch.cdist(images.flatten(1), real.flatten(1)).min(dim=1).values.mean().item()


def picture(images: torch.Tensor) -> str:
    """Images (N, 1, 8, 8) from -1 to 1 side by side, as text."""
    shades = " .:-=+*#%@"
    levels = ((images[:, 0] + 1) / 2 * (len(shades) - 1)).round().long()
    return "\n".join(
        "  ".join("".join(shades[i] for i in image[row].tolist()) for image in levels)
        for row in range(8)
    )


def main(argv: Sequence[str] | None = None) -> tuple[float, float]:
    """Returns the samples' mean distance to the nearest real digit, before and after training."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=12, help="passes over the training data"
    )
    parser.add_argument(
        "--batch-size", type=integer(1, 1000), default=32, help="samples per training step"
    )
    parser.add_argument("--latent", type=integer(1), default=16, help="size of the noise")
    parser.add_argument("--lr", type=positive, default=1e-3, help="learning rate")
    parser.add_argument("--seed", type=int, default=999, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    digits = Digits(train=True)
    real_images = digits.data.unsqueeze(1) / 8 - 1
    loader = DataLoader(digits, args.batch_size, shuffle=True, drop_last=True)
    generator, discriminator = make_generator(args.latent), make_discriminator()
    generator.apply(init_weights)
    discriminator.apply(init_weights)
    criterion = nn.BCEWithLogitsLoss()
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=args.lr, betas=(0.5, 0.999))
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=args.lr, betas=(0.5, 0.999))
    fixed_noise = torch.randn(64, args.latent, 1, 1)
    ones, zeros = torch.ones(args.batch_size), torch.zeros(args.batch_size)

    @torch.no_grad()
    def samples() -> torch.Tensor:
        return generator(fixed_noise)

    before = after = distance_to_real(samples(), real_images)
    for epoch in range(1, args.epochs + 1):
        for images, _ in loader:
            real = images * 2 - 1
            fake = generator(torch.randn(args.batch_size, args.latent, 1, 1))

            optimizer_d.zero_grad()
            loss_d = criterion(discriminator(real), 0.9 * ones)
            loss_d = loss_d + criterion(discriminator(fake.detach()), zeros)
            loss_d.backward()
            optimizer_d.step()

            optimizer_g.zero_grad()
            loss_g = criterion(discriminator(fake), ones)
            loss_g.backward()
            optimizer_g.step()
        after = distance_to_real(samples(), real_images)
        print(
            f"epoch {epoch:2d}  discriminator {loss_d.item():.3f}  generator {loss_g.item():.3f}  "
            f"distance to the nearest digit {after:.3f}"
        )
    print(picture(samples()[:8]))
    return before, after


if __name__ == "__main__":
    main()
