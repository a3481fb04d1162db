"""The differentiable ops, one family a file; their names and arguments are PyTorch's."""

from .comparison import *
from .elementwise import *
from .rounding import *
from .selection import *
from .creation import *
from .movement import *
from .random import *
from .reductions import *
from .extrema import *
from .matmul import *
from .convolution import *
from .shape import *
from .indexing import *
from .joining import *
from .inspection import *
from .scans import *
from .sorting import *
from .counting import *
from .softmax import *
