"""The GPU through CuPy: what there is, its memory, its queues, its clock. What only asks answers on
a machine without one too."""

from . import amp
from .devices import *
from .graphs import *
from .memory import *
from .random import *
from .streams import *
