"""Which modules are at work: known at any time of a forward or backward pass."""

from __future__ import annotations

import weakref
from typing import Any

from ..autograd.graph import register_multi_grad_hook
from ..autograd.modes import state
from ..nn.hooks import register_module_forward_hook, register_module_forward_pre_hook
from ..tensor import Tensor
from ._pytree import tree_leaves

__all__ = ["ModuleTracker"]


class ModuleTracker:
    """Inside the block ``parents`` holds the names of the modules whose forward or backward runs:
    ``"Global"``, the class of the outermost module, and the places below it.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.utils.module_tracker import ModuleTracker
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2))
    >>> tracker = ModuleTracker()
    >>> handle = model[0].register_forward_pre_hook(lambda *args: print(sorted(tracker.parents)))
    >>> with tracker:
    ...     _ = model(torch.zeros(1, 2))
    ['Global', 'Sequential', 'Sequential.0']
    """

    def __init__(self) -> None:
        self._forward = {"Global"}
        self._backward: Any = weakref.WeakKeyDictionary()  # the names, per backward pass
        self._names: Any = weakref.WeakKeyDictionary()
        self._hooks: list[Any] = []

    @property
    def parents(self) -> set[str]:
        """The names of the innermost module and of those around it."""
        running = state.backward_pass
        return self._forward if running is None else self._backward.setdefault(running, {"Global"})

    @property
    def is_bw(self) -> bool:
        """Whether a backward pass runs."""
        return state.backward_pass is not None

    def _name(self, module: Any) -> str:
        """The class of the outermost module that was called, and the place of this one in it."""
        if module not in self._names:
            outermost = type(module).__name__
            for place, child in module.named_modules():
                self._names.setdefault(child, f"{outermost}.{place}" if place else outermost)
        return self._names[module]

    def _before(self, module: Any, inputs: Any) -> None:
        name = self._name(module)
        self.parents.add(name)
        self._on_gradients(inputs, lambda _: self.parents.discard(name))

    def _after(self, module: Any, inputs: Any, output: Any) -> None:
        name = self._name(module)
        self.parents.discard(name)
        self._on_gradients(output, lambda _: self.parents.add(name))

    def _on_gradients(self, values: Any, call: Any) -> None:
        found = [x for x in tree_leaves(values) if isinstance(x, Tensor) and x.requires_grad]
        if found and state.flags:
            self._hooks.append(register_multi_grad_hook(found, call))

    def __enter__(self) -> ModuleTracker:
        self._hooks = [
            register_module_forward_pre_hook(self._before),
            register_module_forward_hook(self._after),
        ]
        return self

    def __exit__(self, *exc: object) -> None:
        self._forward = {"Global"}
        for hook in self._hooks:
            hook.remove()
