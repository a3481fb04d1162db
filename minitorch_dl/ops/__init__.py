"""The differentiable ops, one file per family; their names and arguments are PyTorch's."""

from .top_level import *
