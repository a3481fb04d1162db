"""Mutants that change no derivative, each with the reason."""

from __future__ import annotations

import fnmatch

from .mutants import Mutant

EQUIVALENT: dict[str, str] = {
    "igamma* (a) *": "it raises: there is no derivative by the order",
    "copy_ (a) *": "the derivative is zero: everything is overwritten",
    "div_floor (?) wrong axis: *": "the derivative is zero everywhere",
    "view_scatter (base) missing factor: *": "zero times a view of the gradient, or 0: both are 0",
    "nextafter (?) *": "it raises: there is no derivative",
    "geqrf (joint) *": "it raises: there is no derivative",
    "ldl_* (*) *": "it raises: there is no derivative",
    "svd (a: _gaps) sign: * - eye_like(*": "the diagonals of what is divided by it are 0 or cancel",
    "lu_square (a) sign: -1 -> 1": "the diagonal and above are 1 and 0 by unit=True and tril",
    "scaled_dot_product_attention (*) sign: -2 -> 2": "the arrays have four dims",
    "lstm_layer (*) factor: 6 [*] H -> 13 [*] H": "so many steps at once, as suits the cache",
    "lstm_layer (*) missing factor: 6 [*] H*": "so many steps at once, as suits the cache",
    "standardize (backward: weighted_sum) sign: -1 -> 1": "it chooses between two equal ways",
    "standardize (backward: weighted_sum) *a.ndim - 1*": "the quick way and the plain one agree",
    "matrix_exp (a) factor: 2 [*] n -> 5 [*] n": "the end of a slice that goes to the end anyway",
}
"""Pattern of ``str(mutant)``: why it is no fault."""


def explanation(mutant: Mutant) -> str:
    """Why the mutant is no fault; empty if it is one."""
    text = str(mutant).replace("[", "(").replace("]", ")")
    for pattern, reason in EQUIVALENT.items():
        if fnmatch.fnmatchcase(text, pattern):
            return reason
    return ""
