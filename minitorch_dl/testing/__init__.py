"""Tools for tests: comparison, random tensors, a gradient check of any function, the stand-in GPU.

``strategies`` and checks of drawn inputs need Hypothesis: ``pip install minitorch-dl[test]``.
"""

from . import standin
from .comparison import assert_close
from .creation import make_tensor

__all__ = ["assert_close", "make_tensor", "standin"]
