"""Nested tensors under the names of ``torch.nested``: batches of tensors of unequal sizes.

Sentences of different lengths, for example, go through a model without padding:

>>> import minitorch_dl as torch
>>> x = torch.nested.nested_tensor([torch.ones(2, 4), torch.ones(3, 4)])
>>> y = torch.nn.functional.linear(x, torch.ones(1, 4))
>>> y.to_padded_tensor(0.0).squeeze(-1)
tensor([[4., 4., 0.],
        [4., 4., 4.]])

``tensor.py`` says how they are kept, ``functions.py`` has the ops; what isn't there is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..autograd.node_names import named
from ..backend import layouts
from ..tensor import Tensor
from . import functions  # register the ops
from .tensor import NestedTensor, of_rows

__all__ = [
    "as_nested_tensor", "masked_select", "narrow", "nested_tensor", "nested_tensor_from_jagged",
    "to_padded_tensor",
]  # fmt: skip

to_padded_tensor = functions.to_padded_tensor


def _as_tensors(data: Any, dtype: Any, device: Any) -> list[Any]:
    rows = data.unbind() if isinstance(data, Tensor) else data
    made = [x if isinstance(x, Tensor) else ops.tensor(x, dtype=dtype, device=device) for x in rows]
    return [x.to(device, dtype) for x in made]


def nested_tensor(
    tensor_list: Sequence[Any],
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A nested tensor, a leaf, with copies of these tensors or lists of numbers.

    Args:
        tensor_list: of as many dims each.
        layout: ``torch.strided``, the default, or ``torch.jagged`` for tensors that differ in one
            dim only.

    Raises:
        RuntimeError: tensors that don't fit each other or the layout.
    """
    rows = [x.detach() for x in _as_tensors(tensor_list, dtype, device)]
    y = of_rows(rows, layout, ops.zeros(0, dtype=dtype, device=device)).clone()
    return y.requires_grad_() if requires_grad else y


def as_nested_tensor(ts: Any, dtype: Any = None, device: Any = None, layout: Any = None) -> Any:
    """The nested tensor of these tensors, to which gradients flow; or of a dense one's slices."""
    if isinstance(ts, NestedTensor):
        return ts.to(device, dtype)
    y = of_rows(_as_tensors(ts, dtype, device), layout, ops.zeros(0, dtype=dtype, device=device))
    named(y._entries, "NestedTensorFromTensorListBackward0")
    return y


def nested_tensor_from_jagged(
    values: Any,
    offsets: Any = None,
    lengths: Any = None,
    jagged_dim: int | None = None,
    min_seqlen: int | None = None,
    max_seqlen: int | None = None,
) -> Any:
    """The nested tensor of layout ``torch.jagged`` whose tensor i is ``values`` from ``offsets[i]``
    to ``offsets[i + 1]`` along its dim ``jagged_dim - 1``, or for ``lengths[i]`` from there on."""
    if offsets is None:
        if lengths is None:
            raise RuntimeError(
                "nested_tensor_from_jagged(): At least one of offsets or lengths is required."
            )
        starts = [0, *lengths.cumsum(0).tolist()]
    else:
        starts = offsets.tolist()
    counts = [b - a for a, b in itertools.pairwise(starts)] if lengths is None else lengths.tolist()
    dim = 1 if jagged_dim is None else jagged_dim
    rows = [values.narrow(dim - 1, a, n) for a, n in zip(starts, counts)]
    return of_rows(rows, layouts.jagged, values, dim)


def narrow(tensor: Any, dim: int, start: Any, length: Any, layout: Any = None) -> Any:
    """The nested tensor of the parts of the slices of ``tensor``, each from its ``start`` on and
    ``length`` long (numbers, or tensors with one for each)."""
    if dim != 1:
        raise RuntimeError(f"narrow(): only dim=1 is supported for jagged layout, got {dim}")
    n = tensor.shape[0]
    starts, lengths = (x.tolist() if isinstance(x, Tensor) else [x] * n for x in (start, length))
    rows = [row.narrow(0, a, m) for row, a, m in zip(tensor.unbind(), starts, lengths)]
    return of_rows(rows, layout, tensor, 1)


def masked_select(tensor: Any, mask: Any) -> Any:
    """The nested tensor of layout ``torch.jagged`` of what ``mask`` picks of each slice."""
    rows = [row[keep] for row, keep in zip(tensor.unbind(), mask.expand(tensor.shape).unbind())]
    return of_rows(rows, layouts.jagged, tensor, 1)
