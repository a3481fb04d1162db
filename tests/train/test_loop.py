from __future__ import annotations

import math

import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.train import RunningScore, evaluate, train_epoch


def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [
        (torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), torch.tensor([0, 1, 0])),
        (torch.tensor([[0.0, 2.0]]), torch.tensor([1])),
    ]


def test_the_score_weighs_batches_by_their_size() -> None:
    score = RunningScore()
    score.add(torch.tensor(1.0), torch.tensor([[2.0, 1.0]] * 3), torch.tensor([0, 0, 1]))
    score.add(torch.tensor(5.0), torch.tensor([[0.0, 1.0]]), torch.tensor([1]))
    assert score.loss == 2.0
    assert score.accuracy == 0.75
    assert str(score) == "loss 2.0000  accuracy  75.00%"


def test_an_epoch_of_gradient_descent_takes_the_steps_of_the_formula() -> None:
    model = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.zeros(2, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    seen: list[int] = []
    score = train_epoch(
        model,
        batches(),
        nn.CrossEntropyLoss(),
        optimizer,
        "cpu",
        lambda number, _: seen.append(number),
    )

    w = [[0.0, 0.0], [0.0, 0.0]]
    losses = []
    for inputs, targets in batches():
        rows, labels = inputs.tolist(), targets.tolist()
        grad = [[0.0, 0.0], [0.0, 0.0]]
        for row, label in zip(rows, labels):
            logits = [sum(a * b for a, b in zip(weights, row)) for weights in w]
            total = sum(map(math.exp, logits))
            losses.append(math.log(total) - logits[label])
            for k in range(2):
                slope = (math.exp(logits[k]) / total - (k == label)) / len(rows)
                grad[k] = [g + slope * x for g, x in zip(grad[k], row)]
        w = [[a - 0.5 * g for a, g in zip(weights, gs)] for weights, gs in zip(w, grad)]

    assert [pytest.approx(row, rel=1e-5) for row in w] == model.weight.tolist()
    assert score.loss == pytest.approx(sum(losses) / 4, rel=1e-5)
    assert seen == [1, 2]


def test_evaluation_switches_dropout_off_and_changes_nothing() -> None:
    model = nn.Sequential(nn.Dropout(0.9), nn.Linear(2, 2))
    before = {name: value.tolist() for name, value in model.state_dict().items()}
    scores = [evaluate(model, batches(), nn.CrossEntropyLoss(), "cpu") for _ in range(2)]
    assert scores[0].loss == scores[1].loss
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert {name: value.tolist() for name, value in model.state_dict().items()} == before


def test_training_switches_dropout_on() -> None:
    model = nn.Sequential(nn.Dropout(0.5)).eval()
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    train_epoch(
        model, batches(), lambda y, t: (y * parameter).sum() + t.sum() * 0, optimizer, "cpu"
    )
    assert model.training
