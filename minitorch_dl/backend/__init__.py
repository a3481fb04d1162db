"""What lies below tensors: devices, dtypes, random numbers, and the kernels that NumPy lacks."""

from .checks import check_all, check_at_once, check_range, raise_noted
from .constants import constant
from .devices import (
    anywhere,
    array_module,
    backend_for,
    backend_of,
    common_module,
    device,
    device_of,
    get_default_device,
    move,
    set_default_device,
    to_host,
)
from .errors import describe, describe_mismatch, describe_one
from .graph_capture import capturing

__all__ = [
    "anywhere", "array_module", "backend_for", "backend_of", "capturing", "check_all",
    "check_at_once", "check_range", "common_module", "constant", "describe", "describe_mismatch",
    "describe_one", "device", "device_of", "get_default_device", "move", "raise_noted",
    "set_default_device", "to_host",
]  # fmt: skip
