"""Averaged models: the mean, moving averages, buffers, BatchNorm statistics."""

import copy

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.optim import swa_utils


class Scale(nn.Module):
    """A parameter, a float buffer and an integer one."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("count", torch.tensor(0))

    def forward(self, x):
        return x * self.weight

    def set(self, value):
        with torch.no_grad():
            for tensor in (self.weight, self.mean, self.count):
                tensor.fill_(value)


VALUES = [1.0, 2.0, 6.0, 7.0]
MEAN = 4.0
EMA = ((1.0 * 0.9 + 0.2) * 0.9 + 0.6) * 0.9 + 0.7


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, MEAN),
        ({"avg_fn": swa_utils.get_swa_avg_fn()}, MEAN),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, MEAN),
        ({"avg_fn": swa_utils.get_ema_avg_fn(0.9)}, EMA),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)}, EMA),
        ({"avg_fn": lambda average, current, n: average + current}, sum(VALUES)),
    ],
    ids=["default", "swa", "swa of lists", "ema", "ema of lists", "own"],
)
@pytest.mark.parametrize("use_buffers", [False, True])
def test_averages(options, expected, use_buffers):
    model = Scale()
    average = swa_utils.AveragedModel(model, use_buffers=use_buffers, **options)
    for value in VALUES:
        model.set(value)
        average.update_parameters(model)
    assert average.n_averaged.item() == len(VALUES)
    np.testing.assert_allclose(average.module.weight.detach().numpy(), expected, rtol=1e-6)
    buffer = expected if use_buffers else VALUES[-1]
    np.testing.assert_allclose(average.module.mean.numpy(), buffer, rtol=1e-6)
    if not use_buffers:
        assert average.module.count.item() == VALUES[-1]
    assert average.module.count.dtype is torch.int64
    assert average.module.weight.requires_grad
    np.testing.assert_array_equal(model.weight.detach().numpy(), VALUES[-1])


def test_forward_and_state_dict():
    model = Scale()
    model.set(3)
    average = swa_utils.AveragedModel(model)
    assert (average(torch.ones(3)) == 3).all()
    assert list(average.state_dict()) == [
        "n_averaged",
        "module.weight",
        "module.mean",
        "module.count",
    ]
    average.update_parameters(model)
    other = swa_utils.AveragedModel(Scale())
    other.load_state_dict(average.state_dict())
    assert other.n_averaged.item() == 1
    assert (other.module.weight == 3).all()
    assert copy.deepcopy(average).n_averaged.item() == 1


def test_nonsense():
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(
            Scale(),
            avg_fn=swa_utils.get_ema_avg_fn(),
            multi_avg_fn=swa_utils.get_ema_multi_avg_fn(),
        )
    for make in (swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match=r"Invalid decay value 1\.5"):
            make(1.5)


@pytest.mark.parametrize("batch", [lambda x: x, lambda x: (x, "label")], ids=["tensor", "tuple"])
def test_update_bn_takes_the_mean_over_batches(batch):
    model = nn.Sequential(nn.BatchNorm1d(2, momentum=0.3), nn.Identity()).eval()
    rng = np.random.RandomState(0)
    batches = [rng.standard_normal((5, 2)) * 3 + 1 for _ in range(4)]
    swa_utils.update_bn([batch(torch.tensor(x, dtype=torch.float32)) for x in batches], model)
    norm = model[0]
    means = np.mean([x.mean(0) for x in batches], 0)
    variances = np.mean([x.var(0, ddof=1) for x in batches], 0)
    np.testing.assert_allclose(norm.running_mean.numpy(), means, rtol=1e-5)
    np.testing.assert_allclose(norm.running_var.numpy(), variances, rtol=1e-5)
    assert norm.momentum == 0.3
    assert not model.training


def test_update_bn_without_batch_norm_reads_nothing():
    swa_utils.update_bn(None, Scale())


def test_update_bn_restores_the_model_when_the_loader_fails():
    model = nn.Sequential(nn.BatchNorm1d(2)).eval()

    def loader():
        yield torch.zeros(3, 2)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        swa_utils.update_bn(loader(), model)
    assert model[0].momentum == 0.1
    assert not model.training
