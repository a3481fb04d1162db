"""Modules on several GPUs, and in several processes.

What needs sockets is imported when it is first asked for: see ``LATE``.
"""

from .data_parallel import *
from .parallel_apply import *
from .replicate import *
from .scatter_gather import *

LATE = {"DistributedDataParallel": "distributed", "distributed": "distributed"}
