"""Modules on several GPUs, and in several processes.

What needs sockets is imported when it is first asked for: see ``LATE``.
"""

from .data_parallel import *

LATE = {"DistributedDataParallel": "distributed", "distributed": "distributed"}
