"""Quasirandom numbers: sequences that fill a cube more evenly than random points do."""

from .sobol import SobolEngine

__all__ = ["SobolEngine"]
