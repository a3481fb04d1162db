"""Rows of ``ops/normalization.py``."""

from typing import Any

from . import F, Row, S


def _normed(name: str, *, shows: str) -> Any:
    """The output, or what became of the running statistics, which have no gradient."""

    def call(torch: Any, x: Any, *args: Any) -> Any:
        channels = torch.arange(x.shape[1], dtype=x.dtype, device=x.device)
        mean, var = channels * 0.1, 1 + channels
        y = getattr(torch.nn.functional, name)(x, mean, var, *args)
        return y if shows == "output" else (mean, var)

    return call


ROWS = [
    Row(
        "nn.functional.batch_norm",
        S(F(3, 2, 4), F(2), F(2), True, 0.3, 1e-3),
        S(F(2, 3, 2, 2), F(3), F(3)),
        S(F(4, 3), None, None, True),
        S(F(4, 3), F(3)),
        call=_normed("batch_norm", shows="output"),
    ),
    Row(
        "batch_norm(running statistics)",
        S(F(3, 2, 4), F(2), F(2), True, 0.3, 1e-3),
        S(F(2, 3, 2, 2), None, None, True),
        call=_normed("batch_norm", shows="statistics"),
        grad=False,
    ),
    Row(
        "nn.functional.instance_norm",
        S(F(3, 2, 4), F(2), F(2), True, 0.3, 1e-3),
        S(F(2, 3, 2, 2), None, None, False),
        call=_normed("instance_norm", shows="output"),
    ),
    Row(
        "instance_norm(running statistics)",
        S(F(3, 2, 4), F(2), F(2), True, 0.3, 1e-3),
        S(F(2, 3, 2, 2), None, None, True),
        call=_normed("instance_norm", shows="statistics"),
        grad=False,
    ),
    Row(
        "nn.functional.layer_norm",
        S(F(3, 4), (4,), F(4), F(4)),
        S(F(2, 3, 4), (3, 4), F(3, 4)),
        S(F(2, 3, 4), [4], None, F(4), 1e-2),
        S(F(0, 4), (4,)),
    ),
    Row("nn.functional.group_norm", S(F(2, 4, 3), 2, F(4), F(4)), S(F(2, 4, 2, 2), 4)),
    Row(
        "nn.functional.rms_norm",
        S(F(3, 4), (4,), F(4)),
        S(F(2, 3, 4), (3, 4), eps=1e-2),
        complex=True,
    ),
    Row(
        "nn.functional.local_response_norm",
        S(F(2, 4, 3), 3),
        S(F(2, 4, 2, 2), 2, 0.1, 0.5, 2.0),
    ),
    Row(
        "nn.functional.normalize",
        S(F(3, 4)),
        S(F(2, 3), p=1, dim=0),
        S(F(2, 3, 2), 3.0, -1),
        complex=True,
    ),
]
