"""``vmap``: a function of one entry becomes one of a batch.

Inside, the arguments are :class:`Batched`: tensors that look like one entry and hold all of them.
A function that is called with one runs once, on all entries, where ``rules`` says how; any other
runs per entry, and its results are stacked. Where code inside asks for the array of an entry, as
recurrent layers do, all of what ``vmap`` was given runs per entry.
"""

from .batched import Batched, spread, torch
from .vmap import vmap

__all__ = ["Batched", "spread", "torch", "vmap"]
