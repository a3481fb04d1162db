"""L-BFGS (Liu & Nocedal 1989)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.modes import no_grad
from ..autograd.versions import mark_all_written
from ..backend import array_module
from ..backend.precision import widened
from ..tensor import Tensor
from .line_search import strong_wolfe
from .optimizer import Optimizer, ParamsT, loss_of
from .options import check_lr


class LBFGS(Optimizer):
    """Quasi-Newton descent: H is implied by the last steps ``s`` and gradient changes ``y``.

    ``d = -H∇f`` by the two-loop recursion over ``(sᵢ, yᵢ, ρᵢ = 1/yᵢᵀsᵢ)``, ``H₀ = sᵀy/yᵀy``;
    ``θ ← θ + t·d``.

    There is one parameter group, and :meth:`step` needs a closure, which it calls several times.

    A complex parameter counts as its real and imaginary parts.

    Args:
        params: tensors on one device.
        lr: the step length ``t``, with a line search its first guess.
        max_iter: iterations in a call of :meth:`step`.
        max_eval: closure calls in a call of :meth:`step`; default ``max_iter * 5 // 4``.
        tolerance_grad: stop when no entry of the gradient is larger.
        tolerance_change: stop when the parameters or the loss change less.
        history_size: how many ``(s, y)`` to keep.
        line_search_fn: ``"strong_wolfe"`` or None.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([-1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(4):
    ...     loss = optimizer.step(closure)
    >>> [round(v, 3) for v in x.tolist()]
    [1.0, 1.0]
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        defaults = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_eval, "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Up to ``max_iter`` iterations; returns the closure's loss before the first.

        Args:
            closure: clears the gradients, evaluates the model, calls backward and returns the loss.
        """
        group = self.param_groups[0]
        lr, max_iter, max_eval = float(group["lr"]), group["max_iter"], group["max_eval"]
        tolerance_change, line_search = group["tolerance_change"], group["line_search_fn"]
        if line_search not in (None, "strong_wolfe"):
            raise RuntimeError(
                f"only 'strong_wolfe' is supported as line_search_fn, got {line_search!r}"
            )

        def evaluate() -> tuple[Any, Any]:
            return loss_of(closure), self._gradient()

        # The state is global; it sits with the first parameter so that loading casts it.
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss, g = evaluate()
        loss = _number(first_loss)
        evaluations = 1
        state["func_evals"] += 1
        if abs(g).max() <= group["tolerance_grad"]:
            return first_loss

        memory = _Memory(state, group["history_size"])
        d = _array(state.get("d"))
        t = float(state.get("t") or 0)
        g_previous, loss_previous = _array(state.get("prev_flat_grad")), state.get("prev_loss")
        for iteration in range(1, max_iter + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                d = -g
                t = lr / max(1.0, float(abs(g).sum()))
            else:
                memory.add(s=d * t, y=g - g_previous)
                d = memory.direction(g)
                t = lr
            g_previous, loss_previous = g, loss
            slope = float(g @ d)
            if slope > -tolerance_change:
                break

            x = self._position()
            calls = 0
            if line_search:
                loss, g, t, calls = self._search(
                    evaluate, x, d, t, loss, g, slope, max_eval - evaluations
                )
            else:
                self._move(x + t * d)
                if iteration < max_iter:  # nobody looks at the loss after the last step
                    value, g = evaluate()
                    loss, calls = float(value), 1
            evaluations += calls
            state["func_evals"] += calls

            if (
                evaluations >= max_eval
                or abs(g).max() <= group["tolerance_grad"]
                or abs(d * t).max() <= tolerance_change
                or abs(loss - loss_previous) < tolerance_change
            ):
                break

        state |= {"d": Tensor.wrap(d), "t": t, **memory.state(), "prev_loss": loss_previous}
        state["prev_flat_grad"] = Tensor.wrap(g_previous)
        return first_loss

    def _search(
        self, evaluate: Callable[[], tuple[Any, Any]], x: Any, d: Any, *start: Any
    ) -> tuple[float, Any, float, int]:
        """Move from ``x`` along ``d``, as far as a line search finds good. ``start`` and the
        results are those of :func:`.strong_wolfe`."""

        def along(t: float) -> tuple[float, Any]:
            self._move(x + t * d)
            loss, gradient = evaluate()
            return _number(loss), gradient

        loss, g, t, calls = strong_wolfe(along, d, *start)
        self._move(x + t * d)
        return loss, g, t, calls

    def _arrays(self) -> list[Any]:
        return [p.array for p in self.param_groups[0]["params"]]

    def _gradient(self) -> Any:
        params = self.param_groups[0]["params"]
        xp = array_module(params[0].array)
        return _flat([xp.zeros_like(p.array) if p.grad is None else p.grad.array for p in params])

    def _position(self) -> Any:
        return _flat(self._arrays())

    def _move(self, x: Any) -> None:
        """Set the parameters to the flat ``x``."""
        start = 0
        arrays = self._arrays()
        for array in arrays:
            is_complex = array.dtype.kind == "c"
            end = start + array.size * (2 if is_complex else 1)
            part = x[start:end].view(array.dtype) if is_complex else x[start:end]
            array[...] = part.reshape(array.shape)
            start = end
        mark_all_written(arrays, "LBFGS.step")


def _flat(arrays: list[Any]) -> Any:
    """A copy of all entries in one real vector; of a complex one its two parts. That of 16 bit
    numbers is of float32, in which the step is computed."""
    parts = [a.reshape(-1) for a in arrays]
    parts = [a.view(a.real.dtype) if a.dtype.kind == "c" else a for a in parts]
    return widened(array_module(arrays[0]).concatenate(parts))


def _array(value: Any) -> Any:
    return widened(value.array) if isinstance(value, Tensor) else value


def _number(loss: Any) -> float:
    return float(loss.detach() if isinstance(loss, Tensor) else loss)


class _Memory:
    """The last steps and gradient changes, and the inverse Hessian they imply."""

    def __init__(self, state: dict[str, Any], size: int) -> None:
        self.y = [_array(v) for v in state.get("old_dirs") or ()]
        self.s = [_array(v) for v in state.get("old_stps") or ()]
        self.rho = [float(v) for v in state.get("ro") or ()]
        self.scale = float(state.get("H_diag") or 1)
        self.size = size

    def add(self, s: Any, y: Any) -> None:
        ys = float(y @ s)
        if ys <= 1e-10:  # not curved upwards: H would lose its definiteness
            return
        if len(self.y) == self.size:
            for items in (self.y, self.s, self.rho):
                del items[0]
        self.y.append(y)
        self.s.append(s)
        self.rho.append(1.0 / ys)
        self.scale = ys / float(y @ y)

    def direction(self, g: Any) -> Any:
        """``-Hg`` by the two-loop recursion."""
        q = -g
        alphas = []
        for s, y, rho in zip(reversed(self.s), reversed(self.y), reversed(self.rho)):
            alpha = float(s @ q) * rho
            q -= alpha * y
            alphas.append(alpha)
        q *= self.scale
        for s, y, rho, alpha in zip(self.s, self.y, self.rho, reversed(alphas)):
            q += (alpha - float(y @ q) * rho) * s
        return q

    def state(self) -> dict[str, Any]:
        return {
            "old_dirs": [Tensor.wrap(y) for y in self.y],
            "old_stps": [Tensor.wrap(s) for s in self.s],
            "ro": self.rho,
            "H_diag": self.scale,
        }
