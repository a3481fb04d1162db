"""Products with the Jacobian J of tensors by those that they were computed from.

Reverse mode gives ``J^T u``. That is linear in ``u``, so its own derivative by ``u`` along ``t`` is
``J t``, whatever ``u`` is: two reverse passes do the work of one pass in forward mode, with one set
of formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..backend import array_module
from .backward import grad
from .base import TensorBase
from .modes import enable_grad


def gradients(
    outputs: Sequence[Any],
    inputs: Sequence[Any],
    grad_outputs: Sequence[Any] | None,
    create_graph: bool,
    retain_graph: bool | None = None,
) -> tuple[Any, ...]:
    """``grad`` that passes over outputs without a gradient; None for an input on which no output
    depends."""
    given = (None,) * len(outputs) if grad_outputs is None else grad_outputs
    pairs = [(y, g) for y, g in zip(outputs, given) if y is not None and y.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    return grad(
        [y for y, _ in pairs],
        inputs,
        [g for _, g in pairs],
        retain_graph=retain_graph,
        create_graph=create_graph,
        allow_unused=True,
    )


class Linearization:
    """The linear function ``t -> J t``.

    Attributes:
        u: a tensor per output, which everything else depends on.
        transposed: ``J^T u``, a tensor per input; None where no output depends on it.
    """

    def __init__(
        self, outputs: Sequence[Any], inputs: Sequence[Any], u: Sequence[Any] | None = None
    ) -> None:
        with enable_grad():
            self.u = [x.requires_grad_() for x in map(zeros_like, outputs)] if u is None else u
            self.transposed = gradients(outputs, inputs, self.u, create_graph=True)

    def along(self, tangents: Sequence[Any], create_graph: bool = True) -> tuple[Any, ...]:
        """``J t``, a tensor per output; None for one that doesn't depend on the inputs."""
        return gradients(self.transposed, self.u, tangents, create_graph)


def zeros_like(x: Any) -> Any:
    """Zeros of the shape, dtype and device of a tensor."""
    return TensorBase.wrap(array_module(x.array).zeros_like(x.array))
