"""``GradScaler``: keep gradients of half-precision training inside the range of float16."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from ..autograd.versions import mark_written
from ..backend import array_module, backend_for, device_of, to_host
from ..ops import full
from ..tensor import Tensor

_READY, _UNSCALED, _STEPPED = "ready", "unscaled", "stepped"


class GradScaler:
    """Multiply the loss by a scale, divide the gradients by it, and skip steps whose gradients
    overflowed.

    After ``growth_interval`` good steps in a row the scale is multiplied by ``growth_factor``;
    after a step with an infinity or NaN by ``backoff_factor`` (Micikevicius et al., 2018).

    Args:
        device: "cuda" or "cpu"; "cuda" without a GPU disables the scaler with a warning.
        init_scale, growth_factor (> 1), backoff_factor (< 1), growth_interval: as above.
        enabled: False makes every method pass its argument through.

    >>> import minitorch_dl as torch
    >>> scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    >>> w = torch.ones(1, requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.5)
    >>> scaler.scale((2 * w).sum()).backward()
    >>> w.grad
    tensor([16.])
    >>> _ = scaler.step(optimizer)
    >>> scaler.update()
    >>> w
    tensor([0.], requires_grad=True)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        if enabled and device == "cuda" and not _has_gpu():
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                stacklevel=2,
            )
            enabled = False
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._enabled = enabled
        self._scale = float(init_scale)
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        self._has_scaled = False
        self._stages: dict[int, str] = {}
        self._flags: dict[int, list[Any]] = {}
        self._found_inf: dict[int, bool] = {}

    def scale(self, outputs: Any) -> Any:
        """The loss (or a collection of outputs) times the scale."""
        if not self._enabled:
            return outputs
        self._has_scaled = True
        if isinstance(outputs, Tensor):
            return outputs * full((), self._scale, dtype=outputs.dtype, device=outputs.device)
        if isinstance(outputs, Iterable):
            scaled = [self.scale(value) for value in outputs]
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else iter(scaled)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of the optimizer's parameters by the scale, once per step; clip
        them after this."""
        if not self._enabled:
            return
        self._check_used("unscale_")
        stage = self._stages.get(id(optimizer), _READY)
        if stage == _UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if stage == _STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        found: dict[Any, Any] = {}  # a flag per device, read in step(): one wait for the device
        for group in optimizer.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                array = p.grad.array
                if array.dtype.name == "float16":
                    raise ValueError("Attempting to unscale FP16 gradients.")
                array *= 1.0 / self._scale
                mark_written(array, "GradScaler.unscale_")
                finite = array_module(array).isfinite(array).all()
                where = device_of(array)
                found[where] = finite & found[where] if where in found else finite
        self._stages[id(optimizer)] = _UNSCALED
        self._flags[id(optimizer)] = list(found.values())

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step()`` unless a gradient is infinite or NaN; returns its result."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        stage = self._stages.get(id(optimizer), _READY)
        if stage == _STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if stage == _READY:
            self.unscale_(optimizer)
        if not self._flags[id(optimizer)]:
            raise AssertionError(
                "No inf checks were recorded for this optimizer: none of its parameters has a "
                "gradient"
            )
        self._stages[id(optimizer)] = _STEPPED
        if self._overflowed(id(optimizer)):
            return None
        return optimizer.step(*args, **kwargs)

    def _overflowed(self, key: int) -> bool:
        """Whether an optimizer's gradients have an infinity or NaN; waits for the device once."""
        if key not in self._found_inf:
            self._found_inf[key] = not all(bool(to_host(flag)) for flag in self._flags[key])
        return self._found_inf[key]

    def update(self, new_scale: Any = None) -> None:
        """Adapt the scale after the step; or set it to ``new_scale``."""
        if not self._enabled:
            return
        self._check_used("update")
        if new_scale is not None:
            self._scale = float(new_scale)
        else:
            if not any(self._flags.values()):
                raise AssertionError("No inf checks were recorded prior to update.")
            if any(self._overflowed(key) for key in self._flags):
                self._scale *= self._backoff_factor
                self._growth_tracker = 0
            else:
                self._growth_tracker += 1
                if self._growth_tracker == self._growth_interval:
                    self._scale *= self._growth_factor
                    self._growth_tracker = 0
        self._stages.clear()
        self._flags.clear()
        self._found_inf.clear()

    def _check_used(self, name: str) -> None:
        if not self._has_scaled:
            raise AssertionError(
                f"Attempted {name} but nothing has been scaled: call scaler.scale(loss or outputs) "
                "earlier in the iteration"
            )

    def is_enabled(self) -> bool:
        """Whether the scaler does anything."""
        return self._enabled

    def get_scale(self) -> float:
        """The scale; 1 when disabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the scale is multiplied by after good steps."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by after good steps."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by after an overflow."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by after an overflow."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many good steps in a row let the scale grow."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set how many good steps in a row let the scale grow."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """The scale and what adapts it; empty when disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` gave."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved "
                "from a disabled instance of GradScaler."
            )
        self._scale = float(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]


def _has_gpu() -> bool:
    try:
        backend_for("cuda")
    except RuntimeError:
        return False
    return True
