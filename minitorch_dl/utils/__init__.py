"""Tools around training: the data pipeline, and the handles of hooks."""

from ..tensor.swapping import swap_tensors as swap_tensors
from . import (
    _pytree,
    checkpoint as checkpoint,
    data as data,
    deterministic as deterministic,
    dlpack as dlpack,
    hooks as hooks,
)
