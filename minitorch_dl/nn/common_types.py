"""Types of the arguments that a layer takes as one number or one per dimension, for annotations."""

from __future__ import annotations

_size_1_t = int | tuple[int]
_size_2_t = int | tuple[int, int]
_size_3_t = int | tuple[int, int, int]
_size_4_t = int | tuple[int, int, int, int]
_size_any_t = int | tuple[int, ...]
