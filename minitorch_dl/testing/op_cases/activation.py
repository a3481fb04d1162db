"""Rows of ``ops/activation.py``."""

from __future__ import annotations

from . import F, I, Row, S

_X = F(3, 4, low=-5, high=5)


def _nn(name, *samples, **options):
    return Row(f"nn.functional.{name}", *(samples or (S(_X), S(F()), S(F(0, 2)))), **options)


def _in_place(name, rtol=1e-9, **kwargs):
    """``inplace=True`` writes to its argument and keeps the history."""
    return Row(
        f"{name}_inplace",
        S(_X),
        call=lambda torch, x: _written(getattr(torch.nn.functional, name), x, kwargs),
        rtol=rtol,
    )


def _written(function, x, kwargs):
    y = x * 1
    z = function(y, inplace=True, **kwargs)
    assert z is y
    return y


# rtol=1e-7: PyTorch computes with 1/6 and 1/alpha in float32 there, whatever the dtype of the
# tensors.
ROWS = [
    _nn("relu", drawn="unary", kinks=(0,)),
    Row("relu", S(_X), S(I(3, low=-3))),
    _nn(
        "relu6",
        S(F(3, 4, low=-4, high=9)),
        S(F()),
        S(I(3, low=-3)),
        drawn="unary",
        domain=(-4, 9),
        kinks=(0, 6),
    ),
    _nn(
        "hardtanh",
        S(_X),
        S(_X, -0.5, 2.5),
        S(I(3, low=-3)),
        drawn="unary",
        domain=(-2, 2),
        kinks=(-1, 1),
    ),
    _nn("hardsigmoid", rtol=1e-7, drawn="unary", domain=(-5, 5), kinks=(-3, 3)),
    _nn("hardswish", drawn="unary", domain=(-5, 5), kinks=(-3, 3)),
    _nn("leaky_relu", S(_X), S(_X, 0.2), S(_X, 2.0), S(_X, -0.1), drawn="unary", kinks=(0,)),
    _nn(
        "prelu",
        S(F(2, 3, 4), F(3)),
        S(F(2, 3), F(1)),
        S(F(4), F(1)),
        S(F(), F(1)),
        S(F(2, 3, 2, 2), F(3)),
        S(F(2, 3), F()),
    ),
    _nn("rrelu", S(_X), S(_X, 0.1, 0.4), S(_X, 0.1, 0.4, training=True)),
    _nn("threshold", S(_X, 1.0, -7.0), S(F(), 0.1, 20.0)),
    Row(
        "threshold(uint8)",
        S(I(3)),
        call=lambda torch, x: torch.nn.functional.threshold(x.to(torch.uint8), 2.5, -9),
        grad=False,
    ),
    _nn("hardshrink", S(_X), S(_X, 2.0), S(F())),
    _nn("softshrink", S(_X), S(_X, 2.0), S(F())),
    _nn("elu", S(_X), S(_X, 0.3), S(F()), drawn="unary", kinks=(0,)),
    _nn("celu", S(_X), S(_X, 0.3), S(F()), rtol=1e-7),
    _nn("selu", drawn="unary", kinks=(0,)),
    _nn(
        "softplus",
        S(F(3, 4, low=-30, high=30)),
        S(_X, 2.0),
        S(_X, beta=0.5, threshold=1.0),
        S(F()),
        drawn="unary",
    ),
    _nn("logsigmoid", S(F(3, 4, low=-40, high=40)), S(F()), drawn="unary"),
    _nn("mish", drawn="unary"),
    _nn("softsign", drawn="unary", kinks=(0,)),
    _nn("tanhshrink", drawn="unary"),
    _nn("glu", S(F(3, 4)), S(F(4, 3), 0), S(F(2, 6, 3), dim=-2)),
    _nn("silu", drawn="unary"),
    _nn(
        "gelu",
        S(_X),
        S(_X, approximate="tanh"),
        S(F()),
        S(F(), approximate="tanh"),
        S(F(0, 2)),
        drawn="unary",
    ),
    *(
        _in_place(name)
        for name in (
            "relu",
            "relu6",
            "hardtanh",
            "hardswish",
            "leaky_relu",
            "rrelu",
            "elu",
            "celu",
            "selu",
            "mish",
            "silu",
        )
    ),
    _in_place("hardsigmoid", rtol=1e-7),
    _in_place("threshold", threshold=0.5, value=0.1),
    Row(
        "activations_in_place",
        S(_X),
        call=lambda torch, x: (
            [
                getattr(torch.nn.functional, name)(x * 1)
                for name in (
                    "relu_",
                    "elu_",
                    "celu_",
                    "selu_",
                    "hardtanh_",
                    "leaky_relu_",
                    "rrelu_",
                )
            ]
            + [
                torch.nn.functional.threshold_(x * 1, 0.5, 0.1),
                (x * 1).relu_(),
                (x * 1).sigmoid_(),
                (x * 1).tanh_(),
            ]
        ),
    ),
]
