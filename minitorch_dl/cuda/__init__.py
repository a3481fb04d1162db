"""The GPU through CuPy: devices, memory, streams and timing. Questions are answered on a machine
without one, too.
"""

import sys
from types import ModuleType

from ..backend.random import default_generator
from ..compat.legacy_types import CUDA as _TYPES
from . import amp, devices, nvtx
from .devices import *
from .graphed_callables import *
from .graphs import *
from .memory import *
from .random import *
from .sensors import *
from .streams import *


class _Cuda(ModuleType):
    """This namespace, with attributes that look at the machine."""

    _initialized = property(lambda self: devices.is_initialized())
    default_generators = property(
        lambda self: (default_generator("cuda"),) * devices.device_count(),
        doc="The generator of each GPU: they share one.",
    )


sys.modules[__name__].__class__ = _Cuda
globals().update(_TYPES)
