"""Rows of ``ops/normalization.py``."""

from typing import Any

from . import F, Row, S


def _batch_norm(torch: Any, x: Any, mean: Any, var: Any, *args: Any) -> Any:
    """The output, and what became of the running statistics."""
    mean, var = mean.detach().clone(), var.detach().clone()
    return torch.nn.functional.batch_norm(x, mean, var, *args), mean, var


def _instance_norm(torch: Any, x: Any, mean: Any, var: Any, *args: Any) -> Any:
    mean, var = mean.detach().clone(), var.detach().clone()
    return torch.nn.functional.instance_norm(x, mean, var, *args), mean, var


ROWS = [
    Row(
        "nn.functional.batch_norm",
        S(F(3, 2, 4), F(2), F(2, low=0.5), F(2), F(2), True, 0.3, 1e-3),
        S(F(2, 3, 2, 2), F(3), F(3, low=0.5), F(3), F(3)),
        S(F(4, 3), F(3), F(3, low=0.5), None, None, True),
        S(F(4, 3), F(3), F(3, low=0.5), F(3)),
        call=_batch_norm,
    ),
    Row(
        "nn.functional.instance_norm",
        S(F(3, 2, 4), F(2), F(2, low=0.5), F(2), F(2), True, 0.3, 1e-3),
        S(F(2, 3, 2, 2), F(3), F(3, low=0.5), None, None, False),
        call=_instance_norm,
    ),
    Row(
        "nn.functional.layer_norm",
        S(F(3, 4), (4,), F(4), F(4)),
        S(F(2, 3, 4), (3, 4), F(3, 4)),
        S(F(2, 3, 4), [4], None, F(4), 1e-2),
        S(F(0, 4), (4,)),
    ),
    Row("nn.functional.group_norm", S(F(2, 4, 3), 2, F(4), F(4)), S(F(2, 4, 2, 2), 4)),
    Row("nn.functional.rms_norm", S(F(3, 4), (4,), F(4)), S(F(2, 3, 4), (3, 4), eps=1e-2)),
    Row(
        "nn.functional.local_response_norm",
        S(F(2, 4, 3), 3),
        S(F(2, 4, 2, 2), 2, 0.1, 0.5, 2.0),
    ),
    Row("nn.functional.normalize", S(F(3, 4)), S(F(2, 3), p=1, dim=0), S(F(2, 3, 2), 3.0, -1)),
]
