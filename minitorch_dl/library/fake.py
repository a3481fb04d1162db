"""Results of registered ops on the device "meta", where nothing is computed."""

from __future__ import annotations

import threading
from typing import Any

__all__ = ["get_ctx"]


class DynamicSizeError(RuntimeError):
    """A size that only the values of the arguments tell."""


class FakeImplCtx:
    """What a function given to ``register_fake`` may ask for."""

    def __init__(self, op: Any) -> None:
        self._op = op

    def new_dynamic_size(self, *, min: int = 0, max: int | None = None) -> Any:
        """A size that depends on the values of the arguments.

        Raises:
            RuntimeError: always, since tensors on the device "meta" have none.
        """
        raise DynamicSizeError(
            f"{self._op}: the size of a result depends on values, which tensors on the device "
            "'meta' do not have. Call the op with tensors on another device"
        )

    create_unbacked_symint = new_dynamic_size


class _Running(threading.local):
    context: FakeImplCtx | None = None


_running = _Running()


def get_ctx() -> FakeImplCtx:
    """The context of the function given to ``register_fake`` that runs now.

    Raises:
        RuntimeError: none runs.
    """
    if _running.context is None:
        raise RuntimeError(
            "torch.library.get_ctx() can only be called inside of a fake impl, a function given to "
            "register_fake, but none is running"
        )
    return _running.context


def run_fake(op: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """What the function given to ``register_fake`` makes of the arguments."""
    if op.fake is None:
        raise RuntimeError(
            f"There was no fake impl registered for {op}. On the device 'meta' it says which "
            f"results the op has. Please use `{op.name}.register_fake` to add one"
        )
    outer, _running.context = _running.context, FakeImplCtx(op)
    try:
        return op.fake(*args, **keywords)
    finally:
        _running.context = outer
