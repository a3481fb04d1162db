"""Anomaly detection: find the line of the forward pass whose op has a faulty derivative."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..backend import array_module, check_at_once
from ..backend.warning import warn
from .modes import start_listening, state, stop_listening
from .node import Node, Output
from .primitive import TensorBase

_PACKAGE = __name__.partition(".")[0] + "."


class Frame(NamedTuple):
    """One line of the user's program."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        code = linecache.getline(self.file, self.line).strip()
        return f'  File "{self.file}", line {self.line}, in {self.function}\n    {code}'.rstrip()


class Finding(NamedTuple):
    """The first op of a forward pass that made a NaN or an infinity out of finite inputs."""

    op: str
    value: str
    frames: tuple[Frame, ...]

    def __str__(self) -> str:
        return f"{self.op} gave {self.value} from finite inputs:\n" + _format(self.frames)


def _frames() -> tuple[Frame, ...]:
    """The stack of calls outside this package, outermost first."""
    found = []
    frame: Any = sys._getframe(1)
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith(_PACKAGE):
            found.append(Frame(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return tuple(reversed(found))


def _format(frames: Sequence[Frame]) -> str:
    return "\n".join(str(frame) for frame in frames[-8:])


def _not_finite(x: Any) -> str | None:
    """``"nan"`` or ``"inf"`` when an array or Tensor has such an element."""
    array = x.array if isinstance(x, TensorBase) else x
    if not hasattr(array, "dtype") or array.dtype.kind not in "fV":
        return None
    xp = array_module(array)
    if bool(xp.isfinite(array).all()):
        return None
    return "nan" if bool(xp.isnan(array).any()) else "inf"


class Detector:
    """Watches ops and derivatives while anomaly detection is on.

    Attributes:
        check_nan: whether a NaN in a backward pass is an error.
        first: the first op of the forward pass that gave a NaN or an infinity from finite inputs,
            or None.
    """

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan
        self.first: Finding | None = None

    def __call__(
        self, primitive: Any, inputs: Sequence[Any], params: Any, outputs: Sequence[Any]
    ) -> None:
        """After each op: note who called it."""
        node = next((out._node for out in outputs if out._node is not None), None)
        if type(node) is Output:
            node = node.edges[0]
        if node is not None:
            node.origin = _frames()
        if self.first is None and self.check_nan:
            value = next((v for v in map(_not_finite, outputs) if v), None)
            if value and not any(map(_not_finite, inputs)):
                self.first = Finding(primitive.name, value, _frames())

    def function_called(self, node: Node) -> None:
        """After each custom Function: note who called it."""
        node.origin = _frames()

    def report(self, node: Node) -> None:
        """Say in a warning which op's derivative is failing, and where it was called."""
        warn(f"Error detected in {node.name()}. {made_at(node)}")

    def derive(self, vjp: Any, node: Node, g: Any, saved: Any, create_graph: bool) -> Any:
        """The gradients that ``node`` sends back, checked."""
        try:
            results = vjp.on_tensors(node, g) if create_graph else vjp.on_arrays(g, saved)
        except Exception:
            self.report(node)
            raise
        for i, r in enumerate(results if self.check_nan else ()):
            if _not_finite(r) == "nan":
                first = (
                    f"\nThe first op of the forward pass that was not finite: {self.first}"
                    if self.first
                    else ""
                )
                raise RuntimeError(
                    f"Function '{node.name()}' returned nan values in its {i}th output. "
                    f"{made_at(node)}{first}"
                )
        return results


def made_at(node: Node) -> str:
    """The lines of the forward pass that made ``node``, as text."""
    if node.origin is None:
        return (
            "No forward pass information is available: "
            "enable detect_anomaly during the forward pass."
        )
    return f"Traceback of forward call that caused the error:\n{_format(node.origin)}"


def _switch_to(detector: Detector | None) -> None:
    if state.anomaly is not None:
        stop_listening(state.anomaly)
    state.anomaly = detector
    check_at_once(detector is not None)
    if detector is not None:
        start_listening(detector)


class detect_anomaly:
    """Find what makes gradients NaN: a context manager for debugging; everything in it is slower.

    Inside the block each op remembers the line that called it. A derivative that gives a NaN
    raises RuntimeError naming it and that line; any other error in a backward pass names the line
    too. ``with detect_anomaly() as found:`` gives ``found.first``, the first op of the forward
    pass that gave a NaN or an infinity from finite inputs.

    Args:
        check_nan: False only records the lines.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([0.0], requires_grad=True)
    >>> with torch.autograd.set_detect_anomaly(True):
    ...     (x.sqrt() * 0).sum().backward()
    Traceback (most recent call last):
    RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output. ...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self._outer: list[Detector | None] = []
        warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime "
            "and should only be enabled for debugging."
        )

    def __enter__(self) -> Detector:
        self._outer.append(state.anomaly)
        detector = Detector(self.check_nan)
        _switch_to(detector)
        return detector

    def __exit__(self, *exc: object) -> None:
        _switch_to(self._outer.pop())


class set_detect_anomaly:
    """Switch anomaly detection on or off: at once as a call, or for a block as a context
    manager."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._previous = state.anomaly
        _switch_to(Detector(check_nan) if mode else None)

    def __enter__(self) -> Detector | None:
        return state.anomaly

    def __exit__(self, *exc: object) -> None:
        _switch_to(self._previous)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on in this thread."""
    return state.anomaly is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly detection, when it is on, looks for NaN in this thread."""
    return state.anomaly is None or state.anomaly.check_nan
