"""Metrics against scikit-learn's results (tests/references/make_metrics.py) and by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import metrics
from tests.devices import DEVICES

STORED = json.loads(
    (Path(__file__).parents[1] / "references" / "metrics.json").read_text(encoding="utf-8")
)
FORMS = {
    "tensor": lambda values: torch.from_numpy(np.array(values)),
    "array": np.array,
    "list": list,
}


def value_of(result: Any) -> Any:
    return result.tolist() if isinstance(result, torch.Tensor) else result


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("case", STORED["labels"])
def test_labels(case: Any, form: Any) -> None:
    target, predicted = form(case["target"]), form(case["predicted"])
    scores = form(case["scores"])
    log_p = np.log(np.array(case["scores"]))
    calls = {
        "accuracy": lambda _: metrics.accuracy(predicted, target),
        "confusion_matrix": lambda _: metrics.confusion_matrix(predicted, target),
        "top": lambda k: metrics.top_k_accuracy(scores, target, int(k)),
        "perplexity": lambda _: metrics.perplexity(log_p, target),
    }
    for name, expected in case["expected"].items():
        kind, _, option = name.partition(" ")
        if kind in ("precision", "recall", "f1"):
            average = None if option == "None" else option
            found = getattr(metrics, kind)(predicted, target, average)
        elif kind == "roc_auc":
            column = np.array(case["scores"])[:, 1]
            found = (
                metrics.roc_auc(scores, target, option)
                if option
                else metrics.roc_auc(column, target)
            )
        else:
            found = calls[kind](option)
        np.testing.assert_allclose(value_of(found), expected, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("case", STORED["numbers"])
def test_numbers(case: Any) -> None:
    y, t = np.array(case["predicted"]), torch.tensor(case["target"], dtype=torch.float64)
    expected = case["expected"]
    assert metrics.mean_absolute_error(y, t) == pytest.approx(expected["mean_absolute_error"])
    assert metrics.mean_squared_error(y, t) == pytest.approx(expected["mean_squared_error"])
    assert metrics.mean_squared_error(y, t, squared=False) == pytest.approx(expected["root"])
    assert metrics.r2_score(y, t) == pytest.approx(expected["r2_score"])


def test_scores_are_taken_as_predictions() -> None:
    scores = torch.tensor([[[0.1, 0.9], [0.8, 0.3]], [[0.6, 0.2], [0.5, 0.9]]])  # (N, C, L)
    target = torch.tensor([[1, 0], [0, 0]])
    assert metrics.accuracy(scores, target) == 0.75
    assert metrics.confusion_matrix(scores, target).tolist() == [[2, 1], [0, 1]]
    assert metrics.recall(scores, target) == 1.0


def test_classes_that_do_not_occur() -> None:
    y, t = torch.tensor([0, 2]), torch.tensor([0, 2])
    assert metrics.confusion_matrix(y, t, num_classes=4).shape == (4, 4)
    assert metrics.precision(y, t, "macro") == 1.0  # class 1 is none
    assert metrics.precision(y, t, "macro", num_classes=3) == pytest.approx(2 / 3)
    assert metrics.precision(y, t, None, zero_division=1.0).tolist() == [1.0, 1.0, 1.0]
    assert metrics.f1(torch.tensor([0, 0]), torch.tensor([0, 0])) == 0.0


def test_r2_of_equal_targets() -> None:
    assert metrics.r2_score([1.0, 1.0], [1.0, 1.0]) == 1.0
    assert metrics.r2_score([1.0, 2.0], [1.0, 1.0]) == 0.0


def test_perplexity_leaves_out_the_ignored() -> None:
    logits = torch.zeros(3, 4)
    logits[2, 0] = 100.0
    assert metrics.perplexity(logits, torch.tensor([0, 1, -100])) == pytest.approx(4.0)
    assert metrics.perplexity(logits, torch.tensor([0, 1, 9]), ignore_index=9) == pytest.approx(4.0)
    assert metrics.perplexity(logits[2:], torch.tensor([0])) == pytest.approx(1.0)
    assert metrics.perplexity(logits[2:], torch.tensor([1])) == pytest.approx(math.exp(100.0))


ONE = torch.tensor([0, 1])


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: metrics.accuracy([], []), ValueError, "at least one element in input"),
        (lambda: metrics.accuracy("x", ONE), TypeError, "input should be a tensor"),
        (lambda: metrics.accuracy(ONE, torch.zeros(3)), ValueError, r"got \(2,\) and \(3,\)"),
        (lambda: metrics.f1(ONE, torch.tensor([0, -1])), ValueError, r"\[0, 2\) in target, got -1"),
        (lambda: metrics.f1(ONE, ONE, num_classes=1), ValueError, r"\[0, 1\) in input, got 1"),
        (lambda: metrics.f1(ONE, ONE, num_classes=0), ValueError, "at least 1, got 0"),
        (lambda: metrics.f1(ONE.float(), ONE), TypeError, "integer class labels in input"),
        (lambda: metrics.f1([0, 2], [0, 1]), ValueError, "got 3 classes"),
        (lambda: metrics.recall(ONE, ONE, "mean"), ValueError, "got 'mean'"),
        (lambda: metrics.top_k_accuracy(ONE, ONE), ValueError, r"input \(N, C\)"),
        (lambda: metrics.top_k_accuracy(torch.eye(2), ONE, 3), ValueError, r"k in \[1, 2\].*got 3"),
        (lambda: metrics.top_k_accuracy(torch.eye(2), ONE + 1, 1), ValueError, "got 2"),
        (lambda: metrics.roc_auc(torch.ones(2), ONE * 0), ValueError, "of class 1 and others"),
        (lambda: metrics.roc_auc(torch.ones(2), ONE, "micro"), ValueError, "got 'micro'"),
        (lambda: metrics.roc_auc(torch.ones(2, 2, 1), ONE), ValueError, r"\(N, C\)"),
        (lambda: metrics.perplexity(torch.eye(2), torch.ones(3)), ValueError, r"\(\.\.\., C\)"),
        (lambda: metrics.perplexity(torch.eye(2), ONE - 7), ValueError, "got -7"),
        (lambda: metrics.perplexity(torch.eye(2), ONE * 0 - 100), ValueError, "ignored label -100"),
        (lambda: metrics.r2_score([1.0], [1.0]), ValueError, "two samples, got 1"),
        (lambda: metrics.mean_squared_error([1.0], [1.0, 2.0]), ValueError, r"got \(1,\)"),
    ],
)
def test_bad_input(call: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("device", DEVICES)
def test_metrics_are_computed_where_the_tensors_are(device: str) -> None:
    torch.manual_seed(0)
    scores = torch.rand(12, 3)
    y, t = torch.randint(0, 3, (12,)), torch.arange(12) % 3
    calls = [
        lambda: metrics.accuracy(scores, t),
        lambda: metrics.top_k_accuracy(scores, t, 2),
        lambda: metrics.confusion_matrix(y, t),
        lambda: metrics.precision(y, t, None),
        lambda: metrics.recall(y, t, "weighted"),
        lambda: metrics.f1(y, t, "macro"),
        lambda: metrics.roc_auc(scores, t, "weighted"),
        lambda: metrics.perplexity(scores, t),
        lambda: metrics.r2_score(scores, scores * 2),
        lambda: metrics.mean_absolute_error(scores[:, 0], scores[:, 1]),
        lambda: metrics.mean_squared_error(scores[:, 0], scores[:, 1]),
    ]
    expected = [call() for call in calls]
    scores, y, t = scores.to(device), y.to(device), t.to(device)
    for call, value in zip(calls, expected):
        found = call()
        if isinstance(found, torch.Tensor):
            assert found.device.type == device
        np.testing.assert_allclose(value_of(found), value_of(value), rtol=1e-6)
    with pytest.raises(RuntimeError, match="input, target are on different devices"):
        metrics.accuracy(y, t.cpu())
