"""The handle that every ``register_*hook`` returns, and what becomes of a saved tensor's hooks."""

from __future__ import annotations

from typing import Any

from ..autograd.hook_handles import RemovableHandle
from ..backend.warning import warn

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]


def unserializable_hook(f: Any) -> Any:
    """Mark a hook as one that needn't be saved with its tensor, so that nothing warns of it."""
    f.__torch_unserializable__ = True
    return f


def warn_if_has_hooks(tensor: Any) -> None:
    """Warn of the tensor's hooks: they are not saved with it."""
    for hook in (getattr(tensor._node, "pre_hooks", None) or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, "
                "you can decorate the function with @torch.utils.hooks.unserializable_hook to "
                "suppress this warning",
            )
