"""The GPU through CuPy: devices, memory, streams and timing. Questions are answered on a machine
without one, too.
"""

import sys
from types import ModuleType

from . import amp, devices
from .devices import *
from .graphs import *
from .memory import *
from .random import *
from .streams import *


class _Cuda(ModuleType):
    """This namespace, with an attribute that changes."""

    _initialized = property(lambda self: devices.is_initialized())


sys.modules[__name__].__class__ = _Cuda
