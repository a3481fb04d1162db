"""The lists and dicts of nodes' arguments, under PyTorch's name."""

from ..immutable_collections import immutable_dict, immutable_list

__all__ = ["immutable_dict", "immutable_list"]
