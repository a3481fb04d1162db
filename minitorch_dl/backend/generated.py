"""Code that is written at run time, which debuggers and tracebacks show as if it were in a file."""

from __future__ import annotations

import linecache
from typing import Any


def execute(source: str, filename: str, scope: dict[str, Any]) -> None:
    """Run ``source`` in ``scope``. ``filename``, such as ``"<backward of tanh>"``, is where its
    lines are found from then on."""
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)
    exec(compile(source, filename, "exec", dont_inherit=True), scope)
