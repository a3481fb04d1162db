"""Per-thread state: whether gradients are recorded, and who listens to ops.

``state.flags`` is read once per op: 0 records nothing, 1 records gradients, and any higher bit
sends the op down the general path, where listeners (profiler, tracer, anomaly mode) and autocast
are served.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from ..backend.warning import warn

F = TypeVar("F", bound=Callable[..., Any])

GRAD = 1
LISTENING = 2


class _State(threading.local):
    flags: int = GRAD
    listeners: tuple[Any, ...] = ()
    transforms: tuple[Any, ...] = ()
    inference: bool = False
    overrides: bool = True
    """Whether classes override functions by ``__torch_function__``."""
    function_modes: tuple[Any, ...] = ()
    """What overrides every function, the innermost last."""
    backward_pass: Any = None
    """The backward pass that is running, for hooks that ask what it will reach."""
    saved_hooks: tuple[Any, ...] = ()
    """What packs the values that ops save: the last of these."""
    saved_hooks_refused: str | None = None
    """Why such hooks are refused."""
    profile: Any = None
    """The profile that is being taken."""
    dual_level: Any = None
    """The level of forward-mode differentiation that is open."""
    multithreading: bool = True
    pushing: bool = False
    """Whether a tangent is being computed."""
    anomaly: Any = None
    """What computes and checks each derivative while anomaly detection is on."""


state = _State()


class _Mode:
    """A context manager that is also a decorator: ``@no_grad()``, ``@no_grad`` or
    ``with no_grad():``.
    """

    _enabled: bool
    _inference: bool | None = None

    def __new__(cls, function: Any = None, *args: Any, **kwargs: Any) -> Any:
        self = object.__new__(cls)
        if function is not None and callable(function):
            self.__init__()  # type: ignore[misc]
            return self(function)
        return self

    def __init__(self) -> None:
        self._previous: list[tuple[int, bool]] = []

    def __enter__(self) -> None:
        flags = state.flags
        self._previous.append((flags, state.inference))
        state.flags = flags | GRAD if self._enabled else flags & ~GRAD
        if self._inference is not None:
            state.inference = self._inference

    def __exit__(self, *exc: object) -> None:
        before, state.inference = self._previous.pop()
        state.flags = state.flags & ~GRAD | before & GRAD

    def clone(self) -> _Mode:
        """A fresh context of the same kind: a decorated function may run in several threads."""
        return type(self)()

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            warn(
                f"Decorating classes is deprecated: {type(self).__name__} decorates functions, and "
                f"of {function.__name__} only the making of instances; decorate its methods",
                FutureWarning,
            )
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    def _wrap_generator(self, function: Any) -> Any:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            # The mode holds while the generator's own code runs and is left while the caller's
            # does.
            generator = function(*args, **kwargs)
            send: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    with self.clone():
                        value = send()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield value
                except GeneratorExit:
                    with self.clone():
                        generator.close()
                    raise
                except BaseException as error:
                    send = functools.partial(generator.throw, error)
                else:
                    send = functools.partial(generator.send, sent)

        return wrapped


def _set_grad(enabled: bool) -> None:
    state.flags = state.flags | GRAD if enabled else state.flags & ~GRAD


class no_grad(_Mode):
    """Record no gradients inside the block or the decorated function.

    >>> import minitorch_dl as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    _enabled = False


class enable_grad(_Mode):
    """Record gradients inside the block, also within ``no_grad``."""

    _enabled = True


class inference_mode(_Mode):
    """``no_grad`` under the name used for evaluation; ``inference_mode(False)`` records
    gradients."""

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls, mode if callable(mode) else None)

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self._inference = True if callable(mode) else bool(mode)
        self._enabled = not self._inference

    def clone(self) -> inference_mode:
        return inference_mode(self._inference)


class set_grad_enabled(_Mode):
    """Switch recording on or off: at once as a call, or for a block as a context manager."""

    def __new__(cls, mode: bool) -> Any:
        return super().__new__(cls)

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._enabled = bool(mode)
        self._before = state.flags
        _set_grad(self._enabled)

    def __enter__(self) -> None:
        self._previous.append((self._before, state.inference))
        _set_grad(self._enabled)

    def __call__(self, function: F) -> F:
        _set_grad(bool(self._before & GRAD))  # as a decorator it acts only inside the function
        return super().__call__(function)

    def clone(self) -> set_grad_enabled:
        return set_grad_enabled(self._enabled)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self._enabled})"


class set_multithreading_enabled:
    """Store the mode, as a call or for a block, without effect: a backward pass runs in the thread
    that calls it."""

    def __init__(self, mode: bool) -> None:
        self._before, state.multithreading = state.multithreading, mode

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None:
        state.multithreading = self._before


def is_multithreading_enabled() -> bool:
    """The mode last set by ``set_multithreading_enabled``; True by default."""
    return state.multithreading


def is_grad_enabled() -> bool:
    """Whether ops record gradients in this thread now."""
    return bool(state.flags & GRAD)


def is_inference_mode_enabled() -> bool:
    """Whether ``inference_mode`` is active in this thread."""
    return state.inference


class listening:
    """Have ``listener(primitive, inputs, params, outputs)`` called after every op of this thread,
    inside the block."""

    def __init__(self, listener: Callable[..., None]) -> None:
        self.listener = listener

    def __enter__(self) -> Any:
        start_listening(self.listener)
        return self.listener

    def __exit__(self, *exc: object) -> None:
        stop_listening(self.listener)


def start_listening(listener: Callable[..., None]) -> None:
    """Have ``listener(primitive, inputs, params, outputs)`` called after every op of this
    thread."""
    state.listeners = (*state.listeners, listener)
    _update_listening()


def stop_listening(listener: Callable[..., None]) -> None:
    """No longer call ``listener``."""
    state.listeners = tuple(one for one in state.listeners if one is not listener)
    _update_listening()


def set_transforms(transforms: tuple[Any, ...]) -> None:
    """Have each ``transform(primitive, args) -> args`` applied before every op of this thread
    (autocast)."""
    state.transforms = transforms
    _update_listening()


class transforming:
    """Have ``transform(primitive, args, params)`` give the arguments of every op of this thread,
    inside the block."""

    def __init__(self, transform: Callable[..., Any]) -> None:
        self.transform = transform

    def __enter__(self) -> Any:
        set_transforms((*state.transforms, self.transform))
        return self.transform

    def __exit__(self, *exc: object) -> None:
        set_transforms(tuple(one for one in state.transforms if one is not self.transform))


def use_saved_hooks(hooks: tuple[Any, ...]) -> None:
    """Have ``keep(node)`` of the last of these called for every node of this thread."""
    state.saved_hooks = hooks
    _update_listening()


def set_function_modes(modes: tuple[Any, ...]) -> None:
    """Have these modes, the innermost last, override the functions of this thread."""
    state.function_modes = modes
    _update_listening()


def use_dual_level(level: Any) -> None:
    """Follow what is computed from the dual tensors of a level, also while no gradients are
    recorded; None stops that."""
    state.dual_level = level
    _update_listening()


def records(tensors: Any) -> bool:
    """Whether an op on these tensors is recorded: gradients are, or one of them is dual."""
    if state.flags & GRAD:
        return True
    return state.dual_level is not None and state.dual_level.follows(tensors)


def may_record() -> bool:
    """Whether an op on some tensors would be recorded: if not, it need not prepare for that."""
    return bool(state.flags & GRAD) or state.dual_level is not None


def _update_listening() -> None:
    watched = state.listeners or state.transforms or state.function_modes
    if watched or state.saved_hooks or state.dual_level is not None:
        state.flags |= LISTENING
    else:
        state.flags &= ~LISTENING
