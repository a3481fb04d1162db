"""The differentiable ops, one family a file; their names and arguments are PyTorch's."""

from .elementwise import *
from .creation import *
from .movement import *
from .random import *
from .reductions import *
from .extrema import *
from .matmul import *
