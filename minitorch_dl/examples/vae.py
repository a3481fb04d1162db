"""A variational autoencoder that compresses handwritten digits, and invents new ones.

Shows: two-headed encoder, the reparametrisation trick, a loss of two parts, drawing from the
prior.

Source: Kingma and Welling, 2013.
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


class VAE(nn.Module):
    def __init__(self, latent: int, hidden: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, 64), nn.Sigmoid()
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return self.decoder(z), mean, log_variance


def loss_function(
    reconstruction: torch.Tensor, x: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor
) -> torch.Tensor:
    """The negative evidence lower bound per image: reconstruction, and divergence from N(0, 1)."""
    bce = F.binary_cross_entropy(reconstruction, x.flatten(1), reduction="sum")
    kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return (bce + kl) / len(x)


def picture(images: torch.Tensor) -> str:
    """Images (N, 64) from 0 to 1 side by side, as text."""
    shades = " .:-=+*#%@"
    levels = (images.view(-1, 8, 8) * (len(shades) - 1)).round().long()
    return "\n".join(
        "  ".join("".join(shades[i] for i in image[row].tolist()) for image in levels)
        for row in range(8)
    )


def main(argv: Sequence[str] | None = None) -> tuple[float, float]:
    """Returns the loss on the test digits before and after training, in nats per image."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=15, help="passes over the training data"
    )
    parser.add_argument(
        "--batch-size", type=integer(1), default=32, help="samples per training step"
    )
    parser.add_argument(
        "--latent", type=integer(1), default=8, help="numbers that an image becomes"
    )
    parser.add_argument("--hidden", type=integer(1), default=128, help="size of the hidden layers")
    parser.add_argument("--lr", type=positive, default=2e-3, help="learning rate")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    loader = DataLoader(Digits(train=True), batch_size=args.batch_size, shuffle=True)
    test_images = Digits(train=False).data.float() / 16
    model = VAE(args.latent, args.hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    @torch.no_grad()
    def test() -> float:
        model.eval()
        reconstruction, mean, log_variance = model(test_images)
        return loss_function(reconstruction, test_images, mean, log_variance).item()

    before = after = test()
    for epoch in range(1, args.epochs + 1):
        model.train()
        total = 0.0
        for images, _ in loader:
            optimizer.zero_grad()
            reconstruction, mean, log_variance = model(images)
            loss = loss_function(reconstruction, images, mean, log_variance)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(images)
        after = test()
        print(f"epoch {epoch:2d}  loss {total / len(loader.dataset):.3f}  test loss {after:.3f}")
    with torch.no_grad():
        print("\ntest digits, and what the model makes of them:")
        print(picture(test_images[:8].flatten(1)))
        print(picture(model(test_images[:8])[0]))
        print("\ninvented:")
        print(picture(model.decoder(torch.randn(8, args.latent))))
    return before, after


if __name__ == "__main__":
    main()
