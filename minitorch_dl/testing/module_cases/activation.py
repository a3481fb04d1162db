"""Cases of activations."""

from __future__ import annotations

from typing import Any

from ..op_cases import F
from . import X1, X2, Row, X, of


def _plain(*names: str, **options: Any) -> list[Row]:
    """Activations without arguments."""
    return [Row(name, of(**options)(X)) for name in names]


ROWS = [
    *_plain("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Sigmoid", "Tanh"),
    *_plain("LogSigmoid", "Softsign", "Tanhshrink", "Hardshrink", "Softshrink"),
    Row("Hardtanh", of()(X), of(-0.5, 1.5)(X)),
    Row("LeakyReLU", of()(X), of(0.2)(X)),
    Row("ELU", of()(X), of(0.5)(X)),
    Row("CELU", of()(X), of(0.5)(X)),
    Row("GELU", of()(X), of(approximate="tanh")(X)),
    Row("GLU", of()(X), of(0)(F(4, 2, 3))),
    Row("PReLU", of()(X), of(3, 0.1)(X1)),
    Row("RReLU", of()(X), of(0.1, 0.9)(X)),
    Row("Softplus", of()(X), of(2.0, 1.0)(X)),
    Row("Threshold", of(0.5, -3.0)(X)),
    Row("Softmax", of(dim=1)(X)),
    Row("LogSoftmax", of(dim=-1)(X)),
    Row("Softmin", of(dim=0)(X)),
    Row("Softmax2d", of()(X2), of()(X1)),
]
