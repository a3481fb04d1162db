"""Settings of the C library's allocator, for programs that keep allocating and freeing large
arrays.

glibc takes large blocks from the system and returns them when freed, so that a training step pays
for the same pages again and again. Told to keep them, it reuses what the step before has freed;
the process then holds on to its peak of memory. ``MINITORCH_DL_KEEP_MEMORY=0`` in the environment
before the import leaves the settings alone, as do glibc's own variables for them.
"""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt's numbers for them
_OWN_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Have glibc keep freed blocks up to 1 GB for reuse; return whether it was told to."""
    if os.environ.get("MINITORCH_DL_KEEP_MEMORY") == "0" or not _is_glibc():
        return False
    if any(name in os.environ for name in _OWN_SETTINGS):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # Both or neither: setting one stops glibc from adapting the other, which starts out low.
    return bool(mallopt(_MMAP_THRESHOLD, 1 << 30) and mallopt(_TRIM_THRESHOLD, -1))


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError):  # not a POSIX system, or another C library
        return False
