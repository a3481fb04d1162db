"""Rows of ``ops/window_functions.py``."""

from __future__ import annotations

from typing import Any

from . import Row, S

_OPTIONS: dict[str, dict[str, Any]] = {
    "bartlett": {},
    "blackman": {},
    "cosine": {},
    "exponential": {"tau": 2.5},
    "gaussian": {"std": 1.5},
    "general_cosine": {"a": [0.5, 0.3, 0.2]},
    "general_hamming": {"alpha": 0.6},
    "hamming": {},
    "hann": {},
    "kaiser": {"beta": 8.0},
    "nuttall": {},
}


def _in_double(name):
    def call(torch, *args, **options):
        function = torch
        for part in name.split("."):
            function = getattr(function, part)
        return function(*args, dtype=torch.float64, **options)

    return call


def _rows():
    for name, options in _OPTIONS.items():
        path = f"signal.windows.{name}"
        samples = S(7, **options), S(6, sym=False, **options), S(1, **options), S(0, **options)
        yield Row(path, *samples, call=_in_double(path), grad=False)
    for name in ("bartlett", "blackman", "hamming", "hann", "kaiser"):
        path = f"{name}_window"
        yield Row(path, S(6), S(7, False), S(0), call=_in_double(path), grad=False)


ROWS = list(_rows())
