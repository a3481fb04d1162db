"""Write metrics.json: scikit-learn's results for drawn labels and scores.

Run from the repository's root with scikit-learn installed:

    python -m tests.references.make_metrics
"""

import json
import warnings
from pathlib import Path

import numpy as np
import sklearn.metrics as sk

AVERAGES = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}


def labelled(rng: np.random.Generator, n: int, classes: int) -> dict:
    target = np.concatenate((np.arange(classes), rng.integers(0, classes, n - classes)))
    rng.shuffle(target)
    predicted = np.where(rng.random(n) < 0.6, target, rng.integers(0, classes, n))
    scores = rng.random((n, classes)).round(1) + 0.05  # rounded, so that some are equal
    scores /= scores.sum(axis=1, keepdims=True)
    expected = {
        "accuracy": sk.accuracy_score(target, predicted),
        "confusion_matrix": sk.confusion_matrix(target, predicted).tolist(),
    }
    for name, function in AVERAGES.items():
        for average in ("micro", "macro", "weighted", None, *(("binary",) if classes == 2 else ())):
            value = function(target, predicted, average=average, zero_division=0)
            expected[f"{name} {average}"] = np.asarray(value).tolist()
    if classes == 2:
        expected["roc_auc"] = sk.roc_auc_score(target, scores[:, 1])
    else:
        for k in range(1, classes + 1):
            expected[f"top {k}"] = sk.top_k_accuracy_score(target, scores, k=k)
        for average in ("macro", "weighted"):
            expected[f"roc_auc {average}"] = sk.roc_auc_score(
                target, scores, multi_class="ovr", average=average
            )
    expected["perplexity"] = float(np.exp(sk.log_loss(target, scores, labels=range(classes))))
    return {
        "target": target.tolist(),
        "predicted": predicted.tolist(),
        "scores": scores.tolist(),
        "expected": expected,
    }


def numbers(rng: np.random.Generator, shape: tuple) -> dict:
    target = rng.normal(size=shape)
    predicted = target + rng.normal(size=shape) / 2
    return {
        "target": target.tolist(),
        "predicted": predicted.tolist(),
        "expected": {
            "mean_absolute_error": sk.mean_absolute_error(target, predicted),
            "mean_squared_error": sk.mean_squared_error(target, predicted),
            "root": float(np.sqrt(((target - predicted) ** 2).mean())),
            "r2_score": sk.r2_score(target, predicted),
        },
    }


def main() -> None:
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    cases = {
        "labels": [labelled(rng, n, c) for n, c in ((12, 2), (40, 2), (15, 3), (30, 4), (25, 6))],
        "numbers": [numbers(rng, shape) for shape in ((7,), (20,), (12, 3))],
    }
    Path(__file__).with_name("metrics.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
