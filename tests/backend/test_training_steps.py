"""A training step neither waits for its device nor copies, and computes the CPU's numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.nn import functional as F
from minitorch_dl.optim import lr_scheduler
from tests.devices import DEVICES, nothing_waits

STEPS = 4


def mlp() -> Any:
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 4))


def cnn() -> Any:
    return nn.Sequential(
        nn.Unflatten(1, (1, 6)),
        nn.Unflatten(2, (2, 3)),
        nn.ReflectionPad2d(1),
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.ConvTranspose2d(4, 3, 2),
        nn.GroupNorm(3, 3),
        nn.SiLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(3, 4),
    )


class Recurrent(nn.Module):
    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 6, padding_idx=0)
        self.cell = cell(6, 5, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(10, 4)

    def forward(self, tokens: Any) -> Any:
        return self.head(self.cell(self.embedding(tokens))[0][:, -1])


class Gpt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(5, 8), nn.Embedding(6, 8)
        self.blocks = nn.ModuleList(
            [
                nn.TransformerEncoderLayer(8, 2, 16, 0.1, "gelu", batch_first=True, norm_first=True)
                for _ in range(2)
            ]
        )
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 4, bias=False)

    def forward(self, tokens: Any) -> Any:
        steps = tokens.shape[1]
        x = self.tokens(tokens) + self.positions(torch.arange(steps, device=tokens.device))
        mask = nn.Transformer.generate_square_subsequent_mask(steps, device=tokens.device)
        for block in self.blocks:
            x = block(x, src_mask=mask, is_causal=True)
        return self.head(self.norm(x)).mean(1)


def numbers() -> Any:
    return torch.linspace(-1, 1, 30).reshape(5, 6)


def tokens() -> Any:
    return torch.arange(30).reshape(5, 6) % 5


# Name: model, input, optimizer and scheduler.
PROGRAMS: dict[str, tuple[Callable[[], Any], Callable[[], Any], Any, Any]] = {
    "mlp": (mlp, numbers, torch.optim.SGD, lr_scheduler.CosineAnnealingLR),
    "cnn": (cnn, numbers, torch.optim.Adam, lr_scheduler.ExponentialLR),
    "lstm": (lambda: Recurrent(nn.LSTM), tokens, torch.optim.RMSprop, lr_scheduler.StepLR),
    "gru": (lambda: Recurrent(nn.GRU), tokens, torch.optim.NAdam, lr_scheduler.StepLR),
    "gpt": (Gpt, tokens, torch.optim.AdamW, lr_scheduler.LinearLR),
}
SCHEDULER = {
    lr_scheduler.CosineAnnealingLR: {"T_max": 10},
    lr_scheduler.ExponentialLR: {"gamma": 0.9},
    lr_scheduler.StepLR: {"step_size": 2},
}
LOSSES = {
    "cross_entropy": lambda scores, labels: F.cross_entropy(
        scores, labels, ignore_index=3, label_smoothing=0.1
    ),
    "nll_loss": lambda scores, labels: F.nll_loss(F.log_softmax(scores, 1), labels),
    "mse_loss": lambda scores, labels: F.mse_loss(scores, F.one_hot(labels, 4).float()),
    "bce": lambda scores, labels: F.binary_cross_entropy(
        scores.sigmoid(), F.one_hot(labels, 4).float()
    ),
    "multi_margin": lambda scores, labels: F.multi_margin_loss(scores, labels),
    "gaussian_nll": lambda scores, labels: F.gaussian_nll_loss(
        scores, torch.zeros_like(scores), scores.exp()
    ),
}


def train(name: str, device: str, loss: str, step: Callable[..., Any]) -> Any:
    """The losses of the steps, each run by ``step(function)``."""
    model, given, optimizer, scheduler = PROGRAMS[name]
    torch.manual_seed(0)
    net, x = model().to(device), given().to(device)
    labels = torch.tensor([0, 1, 2, 3, 1]).to(device)
    update = optimizer(net.parameters(), lr=0.01)
    rate = scheduler(update, **SCHEDULER.get(scheduler, {}))
    losses = []
    torch.manual_seed(1)  # the CPU's generator was used already

    def one() -> None:
        update.zero_grad()
        value = LOSSES[loss](net(x), labels)
        value.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        update.step()
        rate.step()
        losses.append(value.detach())

    for _ in range(STEPS):
        step(one)
    return torch.stack(losses).cpu().numpy()


CASES = [(name, "cross_entropy") for name in PROGRAMS] + [("mlp", loss) for loss in LOSSES]


@pytest.mark.usefixtures("device_numbers")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "loss"), CASES)
def test_a_step_waits_for_nothing(name: str, loss: str, device: str) -> None:
    started = False

    def watched(one: Callable[[], None]) -> None:
        nonlocal started
        if not started:  # the first step may make constants on the device
            started = True
            one()
            return
        with nothing_waits(device):
            one()

    expected = train(name, "cpu", loss, lambda one: one())
    np.testing.assert_allclose(train(name, device, loss, watched), expected, rtol=2e-5, atol=1e-6)


def cumulative_product(x: Any) -> Any:
    return torch.cumprod(x - 0.5, 0)  # one factor is 0


def limited_embedding(x: Any) -> Any:
    table = (x.detach() * 2)[:, None] * torch.ones(2, device=x.device)
    return F.embedding(INDEX[x.device.type], table, max_norm=1.0)


def repeated(x: Any) -> Any:
    return torch.repeat_interleave(x, (x > 1).long() + 1, output_size=5)


def averaged_moments(x: Any) -> Any:
    norm = NORM[x.device.type]
    for factor in (1.0, 3.0):
        norm(x[:, None] * factor)
    return norm.running_mean


INDEX: dict[str, Any] = {}
NORM: dict[str, Any] = {}
WITHOUT_WAITING = [
    cumulative_product,
    limited_embedding,
    repeated,
    averaged_moments,
    lambda x: F.rrelu(x - 1, 0.2, 0.3, training=True),
]


@pytest.mark.usefixtures("device_numbers")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("function", WITHOUT_WAITING)
def test_nothing_asks_what_it_need_not_know(function: Any, device: str) -> None:
    results = []
    for where in ("cpu", device):
        x = torch.tensor([0.5, 1.5, 2.0]).to(where).requires_grad_()
        INDEX[where] = torch.tensor([0, 1, 1]).to(where)
        NORM[where] = nn.BatchNorm1d(1, momentum=None).to(where)

        def run(x: Any = x) -> Any:
            torch.manual_seed(0)
            y = function(x)
            return (y, *torch.autograd.grad(y.sum(), x)) if y.requires_grad else (y,)

        run()
        if where == "cpu":
            results.append(run())
            continue
        with nothing_waits(device):
            results.append(run())
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(b.cpu(), a)


def test_an_output_size_that_is_wrong_is_refused() -> None:
    with pytest.raises(RuntimeError, match="output_size=4 is not the sum of repeats"):
        torch.repeat_interleave(torch.ones(3), torch.ones(3).long(), output_size=4)


@pytest.mark.parametrize("device", DEVICES)
def test_loss_scaling_waits_once(device: str) -> None:
    """For whether to take the step, as PyTorch does."""
    weight = nn.Parameter(torch.ones(3, device=device))
    optimizer = torch.optim.Adam([weight], lr=0.1)
    scaler = torch.amp.GradScaler(device, init_scale=8.0, growth_interval=1)
    for factor in (1.0, float("inf"), 1.0):
        optimizer.zero_grad()
        with nothing_waits(device):
            scaler.scale((weight * factor).sum()).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_([weight], 10.0)
        scaler.step(optimizer)
        with nothing_waits(device):
            scaler.update()
    assert scaler.get_scale() == 16.0  # doubled, halved, doubled
    assert optimizer.state[weight]["step"].item() == 2


def lookup(index: Any) -> Any:
    return torch.zeros(4, 2, device=index.device)[index]


def embedding(index: Any) -> Any:
    return F.embedding(index, torch.zeros(4, 2, device=index.device))


def gather(index: Any) -> Any:
    return torch.zeros(4, device=index.device).gather(0, index)


def scatter(index: Any) -> Any:
    return torch.zeros(4, device=index.device).scatter_add(0, index, torch.ones_like(index).float())


def labels(index: Any) -> Any:
    return F.cross_entropy(torch.zeros(len(index), 4, device=index.device), index)


INDEXED = [lookup, embedding, gather, scatter, labels, lambda index: F.one_hot(index, 4)]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("function", INDEXED)
def test_an_index_out_of_range_raises_when_the_host_waits(function: Any, device: str) -> None:
    index = torch.tensor([1, 4]).to(device)
    with nothing_waits(device):
        y = function(index)
        y = function(torch.zeros_like(index))
    with pytest.raises((IndexError, RuntimeError), match=r"\b4\b"):
        y.sum().item()
    assert y.sum().isfinite().item()  # said once; later work is not held up by it


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("function", INDEXED)
def test_detect_anomaly_raises_at_once(function: Any, device: str) -> None:
    index = torch.tensor([1, 4]).to(device)
    with (
        torch.autograd.set_detect_anomaly(True),
        pytest.raises((IndexError, RuntimeError), match=r"\b4\b"),
    ):
        function(index)


@pytest.mark.parametrize("device", DEVICES)
def test_the_first_error_is_the_one_raised(device: str) -> None:
    first, second = torch.tensor([7]).to(device), torch.tensor([9]).to(device)
    y = lookup(first) + embedding(second)
    with pytest.raises(IndexError, match=r"\b7\b"):
        y.cpu()


@pytest.mark.parametrize("device", DEVICES)
def test_a_condition_on_values_raises_when_the_host_waits(device: str) -> None:
    x, y = torch.tensor([0.5, 1.5]).to(device), torch.zeros(2, device=device)
    loss = F.binary_cross_entropy(x, y)
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        loss.item()
