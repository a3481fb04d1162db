"""The command ``minitorch-dl``."""

from .main import main

__all__ = ["main"]
