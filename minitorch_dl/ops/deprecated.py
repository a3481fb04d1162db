"""Functions that PyTorch means to drop, which say so once, when first called; and those that it has
dropped: a call says what to call instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend.warning import warn_once

__all__ = ["eig", "lstsq", "matrix_rank", "solve", "symeig"]


def deprecated(name: str, new: str, change: str) -> None:
    """Say once that ``torch.<name>`` gives way to ``torch.<new>``, and how a call ``change``s."""
    warn_once(
        f"torch.{name} is deprecated in favor of torch.{new} and will be removed in a future "
        f"PyTorch release. Instead of {change}"
    )


def _removed(name: str, advice: str) -> Callable[..., Any]:
    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            f"torch.{name}: This function was deprecated since version 1.9 and is now removed. "
            f"{advice}"
        )

    function.__name__, function.__doc__ = name, f"Removed from PyTorch. {advice}"
    return function


eig = _removed(
    "eig", "Use torch.linalg.eig(A) or torch.linalg.eigvals(A), whose results are complex."
)
lstsq = _removed(
    "lstsq",
    "Use torch.linalg.lstsq(A, B), whose arguments come in the other order, and whose `solution` "
    "holds the solution alone; torch.linalg.qr gives the factors.",
)
matrix_rank = _removed(
    "matrix_rank", "Use torch.linalg.matrix_rank, where `symmetric` is called `hermitian`."
)
solve = _removed(
    "solve",
    "Use torch.linalg.solve(A, B), whose arguments come in the other order, and torch.lu for the "
    "factors.",
)
symeig = _removed(
    "symeig",
    "Use torch.linalg.eigh(A) or torch.linalg.eigvalsh(A), which take the lower triangle unless "
    "UPLO='U' is given.",
)
