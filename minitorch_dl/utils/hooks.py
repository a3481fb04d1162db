"""The handle that every ``register_*hook`` of a module returns."""

from ..nn.hooks import RemovableHandle

__all__ = ["RemovableHandle"]
