"""``GradScaler``: keep gradients of half-precision training inside the range of float16."""

from __future__ import annotations

import enum
import inspect
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ..autograd import no_grad
from ..backend import backend_for, dtypes
from ..backend.warning import warn
from ..ops import full, where
from ..tensor import Tensor


class OptState(enum.Enum):
    """How far an optimizer is in its step."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


def _refresh_per_optimizer_state() -> dict[str, Any]:
    """What is known of an optimizer between two updates: a flag per device, which is positive if a
    gradient there has an infinity or NaN."""
    return {"stage": OptState.READY, "found_inf_per_device": {}}


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
            warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
            )
            enabled = False
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._enabled = enabled
        self._init_scale = init_scale
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._init_growth_tracker = 0
        # Made by the first loss, on its device, so that a step waits for the device once: to know
        # whether it is to be taken.
        self._scale: Any = None
        self._growth_tracker: Any = None
        self._per_optimizer_states: dict[int, dict[str, Any]] = defaultdict(
            _refresh_per_optimizer_state
        )

    def _lazy_init_scale_growth_tracker(self, dev: Any) -> None:
        self._scale = full((), float(self._init_scale), dtype=dtypes.float32, device=dev)
        self._growth_tracker = full((), self._init_growth_tracker, dtype=dtypes.int32, device=dev)

    def scale(self, outputs: Any) -> Any:
        """The loss (or a collection of outputs) times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._lazy_init_scale_growth_tracker(outputs.device)
            return outputs * self._scale.to(outputs.device)
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
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        inverse = (1 / self._scale.double()).float()
        state["found_inf_per_device"] = self._unscale_grads_(
            optimizer, inverse, full((), 0.0, device=inverse.device), False
        )
        state["stage"] = OptState.UNSCALED

    def _unscale_grads_(
        self, optimizer: Any, inv_scale: Any, found_inf: Any, allow_fp16: bool
    ) -> dict[Any, Any]:
        """Multiply the gradients by ``inv_scale``; per device, ``found_inf``, or 1 if one of them
        is not finite."""
        found: dict[Any, Any] = {}
        params = [p for group in optimizer.param_groups for p in group["params"]]
        with no_grad():
            for p in params:
                if p.grad is None:
                    continue
                if p.grad.dtype is dtypes.float16 and not allow_fp16:
                    raise ValueError("Attempting to unscale FP16 gradients.")
                if p.grad.is_sparse and p.grad.dtype is dtypes.float16:
                    p.grad = p.grad.coalesce()  # sums of entries may be infinite
                values = p.grad._values() if p.grad.is_sparse else p.grad
                place = values.device
                if place not in found:
                    found[place] = found_inf.to(place)
                found[place] = where(values.isfinite().all(), found[place], 1.0)
                values.mul_(inv_scale.to(place))
        return found

    def _check_inf_per_device(self, optimizer: Any) -> dict[Any, Any]:
        """Look for infinities and NaNs without a change of the gradients; what was found."""
        self._check_used("_check_inf_per_device")
        one, none = (full((), n, device=self._scale.device) for n in (1.0, 0.0))
        found = self._unscale_grads_(optimizer, one, none, True)
        self._per_optimizer_states[id(optimizer)]["found_inf_per_device"] = found
        return found

    def _found_inf_per_device(self, optimizer: Any) -> dict[Any, Any]:
        return self._per_optimizer_states[id(optimizer)]["found_inf_per_device"]

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step()`` unless a gradient is infinite or NaN; returns its result.

        An optimizer with ``_step_supports_amp_scaling`` finds the scale and what was found in its
        attributes ``grad_scale`` and ``found_inf``, and sees to both itself.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_used("step")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if getattr(optimizer, "_step_supports_amp_scaling", False):
            result = self._scaling_step(optimizer, state, args, kwargs)
        else:
            if state["stage"] is OptState.READY:
                self.unscale_(optimizer)
            if not state["found_inf_per_device"]:
                raise AssertionError(
                    "No inf checks were recorded for this optimizer: none of its parameters has a "
                    "gradient"
                )
            result = self._maybe_opt_step(optimizer, state, *args, **kwargs)
        state["stage"] = OptState.STEPPED
        return result

    def _scaling_step(self, optimizer: Any, state: Any, args: Any, kwargs: Any) -> Any:
        if "grad_scaler" in inspect.signature(optimizer.step).parameters:
            warn(
                "GradScaler is going to stop passing itself as a keyword argument to the passed "
                "optimizer: let it use its attributes `grad_scale` and `found_inf`",
                FutureWarning,
            )
            return optimizer.step(*args, **kwargs, grad_scaler=self)
        if state["stage"] is OptState.READY:
            self._check_inf_per_device(optimizer)
        unscaled = state["stage"] is OptState.UNSCALED
        optimizer.grad_scale = None if unscaled else self._scale
        optimizer.found_inf = self._found_anywhere([state])
        try:
            return optimizer.step(*args, **kwargs)
        finally:
            del optimizer.grad_scale, optimizer.found_inf

    def _maybe_opt_step(
        self, optimizer: Any, optimizer_state: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if self._found_anywhere([optimizer_state]).item():  # the one wait for the device
            return None
        return optimizer.step(*args, **kwargs)

    def _found_anywhere(self, states: Iterable[dict[str, Any]]) -> Any:
        """How many devices have an infinity or NaN, on that of the scale."""
        flags = [flag for state in states for flag in state["found_inf_per_device"].values()]
        return sum((flag.to(self._scale.device) for flag in flags[1:]), flags[0]) if flags else None

    def update(self, new_scale: Any = None) -> None:
        """Adapt the scale after the step; or set it to ``new_scale``."""
        if not self._enabled:
            return
        self._check_used("update")
        if new_scale is not None:
            if isinstance(new_scale, Tensor):
                if new_scale.numel() != 1 or new_scale.requires_grad:
                    raise AssertionError(
                        "new_scale should be a float or a 1-element float tensor with "
                        f"requires_grad=False, got {new_scale}"
                    )
                new_scale = new_scale.reshape(())
            self._scale = self._scale.clone().fill_(new_scale)
        else:
            found = self._found_anywhere(self._per_optimizer_states.values())
            if found is None:
                raise AssertionError("No inf checks were recorded prior to update.")
            bad, tracker = found > 0, self._growth_tracker + 1
            grows = tracker == self._growth_interval
            grown = self._scale * self._growth_factor
            grown = where(grows & grown.isfinite(), grown, self._scale)
            self._scale = where(bad, self._scale * self._backoff_factor, grown)
            self._growth_tracker = where(bad | grows, 0, tracker)
        self._per_optimizer_states.clear()

    def _check_used(self, name: str) -> None:
        if self._scale is None:
            raise AssertionError(
                f"Attempted {name} but _scale is None: nothing has been scaled. Call "
                "scaler.scale(loss or outputs) earlier in the iteration"
            )

    def is_enabled(self) -> bool:
        """Whether the scaler does anything."""
        return self._enabled

    def get_scale(self) -> float:
        """The scale; 1 when disabled."""
        if not self._enabled:
            return 1.0
        return float(self._init_scale) if self._scale is None else self._scale.item()

    def _get_scale_async(self) -> Any:
        return self._scale

    def _get_growth_tracker(self) -> int:
        if self._growth_tracker is None:
            return self._init_growth_tracker
        return self._growth_tracker.item()

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
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
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
        self._init_scale = state_dict["scale"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._init_growth_tracker = state_dict["_growth_tracker"]
        if self._scale is not None:
            self._lazy_init_scale_growth_tracker(self._scale.device)

    def __getstate__(self) -> dict[str, Any]:
        if self._per_optimizer_states:
            raise AssertionError(
                "A GradScaler instance may only be pickled at the beginning of an iteration, or at "
                "the end after scaler.update()."
            )
        scale, tracker = self.get_scale(), self._get_growth_tracker()
        kept = {"_init_scale": scale, "_init_growth_tracker": tracker} if self._enabled else {}
        return {**self.__dict__, **kept, "_scale": None, "_growth_tracker": None}


def _has_gpu() -> bool:
    try:
        backend_for("cuda")
    except RuntimeError:
        return False
    return True
