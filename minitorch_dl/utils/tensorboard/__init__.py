"""Writing what a training run does to files that TensorBoard shows: ``SummaryWriter``.

It needs the package tensorboard, without which the name can't be imported.
"""

from __future__ import annotations

from typing import Any

__all__ = ["SummaryWriter"]


def __getattr__(name: str) -> Any:
    if name != "SummaryWriter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import tensorboard
    except ImportError as error:
        raise ImportError(
            "torch.utils.tensorboard needs the package tensorboard, which is not installed: "
            "pip install tensorboard"
        ) from error
    from .writer import SummaryWriter

    return SummaryWriter
