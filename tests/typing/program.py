"""A user's program with type hints, which a strict type checker must accept."""

from __future__ import annotations

import io

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl import Tensor, nn, optim
from minitorch_dl.utils.data import DataLoader, Dataset, TensorDataset, random_split


class Net(nn.Module):
    steps: Tensor

    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        self.first = nn.Linear(8, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.layers = nn.ModuleList([nn.Linear(hidden, hidden) for _ in range(2)])
        self.last = nn.Linear(hidden, 3)
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("steps", torch.zeros(1))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = F.relu(self.norm(self.first(x)))
        for layer in self.layers:
            x = x + layer(x)
        if mask is not None:
            x = x.masked_fill(mask == 0, -torch.inf)
        y: Tensor = self.last(x) * self.scale
        return y


class Numbers(Dataset[tuple[Tensor, int]]):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return torch.randn(8), index % 3


def train(epochs: int) -> tuple[Net, float]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = Net().to(device)
    optimizer = optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.99))
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    loss = torch.zeros(())
    for _ in range(epochs):
        for x, target in DataLoader(Numbers(), batch_size=5, shuffle=True):
            loss = F.cross_entropy(net(x.to(device)), target.to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        scheduler.step()
    file = io.BytesIO()
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, file)
    return net, loss.item()


@torch.no_grad()
def evaluate(net: nn.Module) -> float:
    y: Tensor = net(torch.randn(4, 8))
    best, index = y.softmax(-1).max(dim=-1)
    products = torch.einsum("ij,kj->ik", y, y) - y @ y.T
    rows = torch.stack(list(y)).sum(dim=0, keepdim=True)
    y[0] = 1.0
    y[:, 0] += rows[0, 0] + math_constant(y.shape[1])
    mean: float = ((best + 1) * 2 - index / 3 + products[y[:, 0] > 0].sum()).mean().item()
    return mean


def math_constant(n: int) -> float:
    return torch.pi * n


def main() -> None:
    net, loss = train(2)
    print(f"{loss:.3f} {evaluate(net):.3f}")
    output, (hidden, _) = nn.LSTM(8, 16, batch_first=True)(torch.randn(2, 5, 8))
    attended, weights = nn.MultiheadAttention(16, 2)(output, output, output)
    print(hidden.shape, attended.size(), weights.numel())
    part, _ = random_split(TensorDataset(torch.randn(10, 2)), [8, 2])
    normal = torch.distributions.Normal(torch.zeros(2), torch.ones(2))
    density: Tensor = normal.log_prob(normal.rsample())
    print(len(part), density.exp().tolist())


if __name__ == "__main__":
    main()
