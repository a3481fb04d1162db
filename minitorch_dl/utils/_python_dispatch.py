"""The names of ``torch.utils._python_dispatch``. Libraries import them; no call of an op passes
them, since ops aren't composed of ATen's calls.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "TorchDispatchMode",
    "is_traceable_wrapper_subclass",
    "return_and_correct_aliasing",
    "transform_subclass",
]

_REFUSAL = (
    "__torch_dispatch__ is not supported: ops aren't composed of ATen's calls. Use "
    "torch.overrides.TorchFunctionMode to see or replace calls, torch.profiler or "
    "torch.utils.flop_counter to count them"
)


class TorchDispatchMode:
    """A mode that can be defined, and is refused when entered."""

    def __enter__(self) -> Any:
        raise NotImplementedError(_REFUSAL)

    def __exit__(self, *exc: object) -> None: ...


def is_traceable_wrapper_subclass(t: object) -> bool:
    """Always False: no tensor wraps others by ``__torch_dispatch__``."""
    return False


def return_and_correct_aliasing(func: Any, args: Any, kwargs: Any, out: Any) -> Any:
    """Always fails.

    Raises:
        NotImplementedError: nothing calls ``__torch_dispatch__`` here.
    """
    raise NotImplementedError(_REFUSAL)


def transform_subclass(t: Any, callback: Any, *args: Any) -> Any:
    """Always fails, as ``return_and_correct_aliasing``."""
    raise NotImplementedError(_REFUSAL)
