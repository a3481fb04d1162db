"""Two tensors change places, for all who hold them."""

from __future__ import annotations

import weakref
from typing import Any

from ..autograd.node import AccumulateGrad
from . import Tensor

_PARTS = ("array", "_grad", "_node", "_view", "__dict__", "__class__")


def swap_tensors(t1: Tensor, t2: Tensor) -> None:
    """Swap what two tensors are: values, class, attributes, gradient and history.

    >>> import minitorch_dl as torch
    >>> a, b = torch.zeros(2), torch.ones(3)
    >>> torch.utils.swap_tensors(a, b)
    >>> a, b
    (tensor([1., 1., 1.]), tensor([0., 0.]))
    """
    for part in _PARTS:
        first: Any = getattr(t1, part)
        setattr(t1, part, getattr(t2, part))
        setattr(t2, part, first)
    for tensor, other in ((t1, t2), (t2, t1)):
        node = tensor._node
        if type(node) is AccumulateGrad:
            node.leaf = weakref.ref(tensor)
        if node is not None and node.retained is not None and node.retained() is other:
            node.retained = weakref.ref(tensor)
