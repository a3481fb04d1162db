"""Calls among several processes: PyTorch's ``torch.distributed`` over TCP sockets.

Each process joins with :func:`init_process_group`; ``minitorch-dl torchrun`` starts them.

>>> import minitorch_dl as torch
>>> from minitorch_dl import distributed as dist
>>> dist.init_process_group(store=dist.HashStore(), rank=0, world_size=1)  # a world of one
>>> x = torch.ones(2)
>>> dist.all_reduce(x)
>>> dist.get_world_size(), x
(1, tensor([1., 1.]))
>>> dist.destroy_process_group()
"""

from __future__ import annotations

import sys

from ..compat.names import explain_missing
from . import nn
from .comm_hooks import GradBucket
from .communication import *
from .errors import *
from .groups import *
from .objects import *
from .point_to_point import *
from .process_group import *
from .process_group import default_pg_timeout
from .rendezvous import *
from .stores import *
from .tcp_store import *

explain_missing(sys.modules[__name__])
