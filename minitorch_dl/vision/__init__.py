"""Data sets of images."""

from .digits import Digits, load_digits_arrays

__all__ = ["Digits", "load_digits_arrays"]
