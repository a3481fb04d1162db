"""Hand-written GPU kernels, where CuPy's own functions would take several launches.

One family a file: ``<family>.cu`` in CUDA, ``<family>.py`` what launches it. The array function
that a kernel replaces, its twin, names it in a decorator and asks it first where ``xp`` is not
NumPy.
"""

from .labels import class_losses, class_losses_backward
from .launching import REALS, Kernel, aside
from .pointwise import gelu
from .random import bernoulli, dropout, random_words
from .ranges import note_outside
from .recurrent import gru_cell, lstm_cell
from .segments import add_rows_in_order
from .softmax import log_softmax, log_softmax_backward, softmax, softmax_backward
from .standardization import standardize, standardize_backward
from .updates import adam, sgd
from .windows import col2im, im2col, max_pool, max_scatter

__all__ = [
    "adam", "add_rows_in_order", "aside", "bernoulli", "class_losses", "class_losses_backward",
    "col2im", "dropout", "gelu", "gru_cell", "im2col", "Kernel", "log_softmax",
    "log_softmax_backward", "lstm_cell", "max_pool", "max_scatter", "note_outside", "random_words",
    "REALS", "sgd", "softmax", "softmax_backward", "standardize", "standardize_backward",
]  # fmt: skip
