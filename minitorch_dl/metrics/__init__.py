"""Measures of predictions: plain functions of tensors (or arrays, or lists) that return numbers.

Scalars come back as Python floats, per-class results and tables as tensors. The definitions are
scikit-learn's.
"""

from .classification import (
    accuracy,
    confusion_matrix,
    f1,
    perplexity,
    precision,
    recall,
    roc_auc,
    top_k_accuracy,
)
from .regression import mean_absolute_error, mean_squared_error, r2_score

__all__ = [
    "accuracy", "confusion_matrix", "f1", "mean_absolute_error", "mean_squared_error", "perplexity",
    "precision", "r2_score", "recall", "roc_auc", "top_k_accuracy",
]  # fmt: skip
