"""Tools around training: the data pipeline, and the handles of hooks."""

from . import _pytree, checkpoint, data, deterministic, dlpack, hooks
from .swapping import swap_tensors
