"""Mutants that change no derivative, each with the reason."""

from __future__ import annotations

import fnmatch

from .mutants import Mutant

EQUIVALENT: dict[str, str] = {}
"""Pattern of ``str(mutant)``: why it is no fault."""


def explanation(mutant: Mutant) -> str:
    """Why the mutant is no fault; empty if it is one."""
    text = str(mutant).replace("[", "(").replace("]", ")")
    for pattern, reason in EQUIVALENT.items():
        if fnmatch.fnmatchcase(text, pattern):
            return reason
    return ""
