"""Hooks on modules: on one, on all at once, and on their gradients."""

from __future__ import annotations

import contextlib
import functools
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..autograd import Function, is_grad_enabled
from ..autograd.hook_handles import RemovableHandle, add_hook
from ..backend.warning import warn
from ..tensor import Tensor

if TYPE_CHECKING:
    from ..autograd.node import Node
    from .module import Module

__all__ = [
    "register_module_backward_hook", "register_module_buffer_registration_hook",
    "register_module_forward_hook", "register_module_forward_pre_hook",
    "register_module_full_backward_hook", "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook", "register_module_parameter_registration_hook",
]  # fmt: skip


# The hooks on all modules. `in_calls` has an id for each hook that a call must look at, so that
# the fast path of a call is one test.
in_calls: OrderedDict[int, bool] = OrderedDict()
forward_pre_hooks: OrderedDict[int, Callable] = OrderedDict()
forward_hooks: OrderedDict[int, Callable] = OrderedDict()
forward_hooks_with_kwargs: OrderedDict[int, bool] = OrderedDict()
forward_hooks_always_called: OrderedDict[int, bool] = OrderedDict()
backward_pre_hooks: OrderedDict[int, Callable] = OrderedDict()
backward_hooks: OrderedDict[int, Callable] = OrderedDict()
node_hooks: OrderedDict[int, Callable] = OrderedDict()
"""The non-full backward hooks."""
buffer_registration_hooks: OrderedDict[int, Callable] = OrderedDict()
module_registration_hooks: OrderedDict[int, Callable] = OrderedDict()
parameter_registration_hooks: OrderedDict[int, Callable] = OrderedDict()


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before the forward of every module; it may return new args."""
    return add_hook(forward_pre_hooks, hook, in_calls)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the forward of every module.

    ``with_kwargs``: ``hook(module, args, kwargs, output)``. ``always_call``: also when the forward
    raised.
    """
    flags = [in_calls]
    if with_kwargs:
        flags.append(forward_hooks_with_kwargs)
    if always_call:
        flags.append(forward_hooks_always_called)
    return add_hook(forward_hooks, hook, *flags)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before the backward of every module."""
    return add_hook(backward_pre_hooks, hook, in_calls)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` after the backward of every module."""
    _refuse_both_kinds(node_hooks)
    return add_hook(backward_hooks, hook, in_calls)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Deprecated: as :meth:`Module.register_backward_hook`, on every module."""
    _refuse_both_kinds(backward_hooks)
    return add_hook(node_hooks, hook, in_calls)


def _refuse_both_kinds(other: Any) -> None:
    if other:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks on the same modules. "
            "Please use only one of them."
        )


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` at every registration; it may return another buffer."""
    return add_hook(buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` at every registration; it may return another one."""
    return add_hook(module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, param)`` at every registration; it may return another one."""
    return add_hook(parameter_registration_hooks, hook)


def run_hooks(
    registration_hooks: OrderedDict[int, Callable], module: Module, name: str, value: Any
) -> Any:
    """Call each ``hook(module, name, value)``. Returns the value, or what they replaced it by."""
    for hook in registration_hooks.values():
        replaced = hook(module, name, value)
        value = value if replaced is None else replaced
    return value


class BackwardHookFunction(Function):
    """The identity on tensors; in backward ``on_grads(grads)`` sees them and may replace them.

    ``materialize``: zeros stand for the gradients of tensors that nothing used, else None.
    """

    @staticmethod
    def forward(ctx, on_grads: Callable[[tuple], tuple], materialize: bool, *tensors: Tensor):
        ctx.set_materialize_grads(materialize)
        ctx.on_grads = on_grads
        outputs = tuple(tensor.view_as(tensor) for tensor in tensors)
        constant = [o for o, t in zip(outputs, tensors) if not t.requires_grad]
        ctx.mark_non_differentiable(*constant)
        return outputs

    @staticmethod
    def backward(ctx, *grads):
        return None, None, *ctx.on_grads(grads)


class BackwardHooks:
    """Runs a module's full backward hooks once the gradients of its inputs are known.

    One tap on the outputs sees ``grad_output`` (and lets the pre-hooks change it), one tap on the
    inputs then sees ``grad_input``, with zeros for tensors that the result does not depend on.
    Positions that hold no tensor show as None.
    """

    def __init__(self, module: Hooked) -> None:
        self.module = module
        self.pre_hooks = [*backward_pre_hooks.values(), *module._backward_pre_hooks.values()]
        own = module._backward_hooks.values() if module._is_full_backward_hook else ()
        self.hooks = [*backward_hooks.values(), *own]
        self.inputs_tapped = False
        self.n_inputs = 0
        self.grad_output: tuple | None = None

    def watch_inputs(self, args: tuple) -> tuple:
        self.n_inputs = len(args)
        tapped = self._tap(args, self._on_grad_input, materialize=True)
        self.inputs_tapped = tapped is not args
        return tapped

    def watch_outputs(self, result: Any) -> Any:
        if isinstance(result, Tensor):
            return self._tap((result,), self._on_grad_output)[0]
        if isinstance(result, tuple):
            return self._tap(result, self._on_grad_output)
        warn(
            "For backward hooks to be called, module output should be a Tensor or a tuple of "
            f"Tensors but received {type(result)}",
        )
        return result

    @staticmethod
    def _tap(
        values: tuple, on_grads: Callable[[tuple], tuple], *, materialize: bool = False
    ) -> tuple:
        where = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
        if not is_grad_enabled() or not any(values[i].requires_grad for i in where):
            return values

        def spread(grads: tuple) -> tuple:
            full: list = [None] * len(values)
            for i, grad in zip(where, grads):
                full[i] = grad
            full_grads = on_grads(tuple(full))
            return tuple(full_grads[i] for i in where)

        new_values = list(values)
        tensors = BackwardHookFunction.apply(spread, materialize, *(values[i] for i in where))
        for i, tensor in zip(where, tensors):
            new_values[i] = tensor
        if hasattr(values, "_fields"):  # namedtuple
            return type(values)(*new_values)
        return type(values)(new_values)

    def _on_grad_output(self, grad_output: tuple) -> tuple:
        for hook in self.pre_hooks:
            replaced = hook(self.module, grad_output)
            if replaced is not None:
                _expect_length(replaced, grad_output, "Backward pre hook", "grad_output")
                grad_output = replaced
        if self.inputs_tapped:
            self.grad_output = grad_output
            return grad_output
        if self.hooks:
            self._run_without_inputs(grad_output)
        return grad_output

    def _on_grad_input(self, grad_input: tuple) -> tuple:
        if self.grad_output is None:
            # The gradient reached the inputs without passing through the module's outputs, as in
            # a second backward.
            return grad_input
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, self.grad_output)
            if replaced is not None:
                _expect_length(replaced, grad_input, "Backward hook", "grad_input")
                grad_input = replaced
        self.grad_output = None
        return grad_input

    def _run_without_inputs(self, grad_output: tuple) -> None:
        warn(
            "Full backward hook is firing when gradients are computed with respect to module "
            "outputs since no inputs require gradients",
        )
        for hook in self.hooks:
            replaced = hook(self.module, (None,) * self.n_inputs, grad_output)
            if replaced is not None and any(grad is not None for grad in replaced):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always "
                    "return None or None for all gradients."
                )


def _expect_length(got: tuple, expected: tuple, kind: str, what: str) -> None:
    if len(got) != len(expected):
        raise RuntimeError(
            f"{kind} returned an invalid number of {what}, got {len(got)}, "
            f"but expected {len(expected)}"
        )


def hook_last_node(
    module: Hooked, hooks: Iterable[Callable[..., Any]], args: tuple, result: Any
) -> None:
    """Have the hooks called with the gradients of the op that made (the first of) the results."""
    first = result
    while not isinstance(first, Tensor):
        first = next(iter(first.values() if isinstance(first, dict) else first))
    node = first.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(functools.partial(hook, module))
    lacking = _what_a_node_lacks(args, result, node)
    if lacking is not None:
        warn(
            f"Using a non-full backward hook {lacking}. Please use register_full_backward_hook to "
            "get the documented behavior.",
            FutureWarning,
        )


def _what_a_node_lacks(args: tuple, result: Any, node: Node) -> str | None:
    """Why the gradients at the node are not those of the module's inputs and outputs."""
    results = result if isinstance(result, tuple) else (result,)
    if not all(isinstance(value, Tensor) for value in results):
        return "on a Module that does not return a single Tensor or a tuple of Tensors"
    if not all(isinstance(value, Tensor) for value in args):
        return "on a Module that does not take as input a single Tensor or a tuple of Tensors"
    if any(value.grad_fn is not node for value in results):
        return "when outputs are generated by different autograd Nodes"
    parents = {parent for parent, _ in node.next_functions if parent is not None and parent.edges}
    if not parents <= {value.grad_fn for value in args}:
        return "when the forward contains multiple autograd Nodes, whose inputs it will miss"
    return None


class Hooked:
    """The part of :class:`Module` that calls ``forward`` and the hooks around it."""

    forward: Callable[..., Any]
    _forward_hooks: OrderedDict[int, Callable]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: OrderedDict[int, Callable]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]
    _backward_hooks: OrderedDict[int, Callable]
    _backward_pre_hooks: OrderedDict[int, Callable]
    _is_full_backward_hook: bool | None = None
    """Of which kind the backward hooks are; None before the first one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if not (
                self._forward_hooks
                or self._forward_pre_hooks
                or self._backward_hooks
                or self._backward_pre_hooks
                or in_calls
            ):
                return self.forward(*args, **kwargs)
            return self._call_with_hooks(args, kwargs)
        except Exception as error:
            _note_path(error, self)
            raise

    _call_impl = _wrapped_call_impl = __call__

    def _call_with_hooks(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        result = None
        called: set[int] = set()
        try:
            pre_hooks = [*forward_pre_hooks.items(), *self._forward_pre_hooks.items()]
            for key, hook in pre_hooks:
                if key in self._forward_pre_hooks_with_kwargs:
                    replaced = hook(self, args, kwargs)
                    if replaced is not None:
                        if not isinstance(replaced, tuple) or len(replaced) != 2:
                            raise RuntimeError(
                                "forward pre-hook must return None or a tuple of (new_args, "
                                f"new_kwargs), but got {replaced}."
                            )
                        args, kwargs = replaced
                else:
                    replaced = hook(self, args)
                    if replaced is not None:
                        args = replaced if isinstance(replaced, tuple) else (replaced,)

            backward = BackwardHooks(self)
            watched = backward.hooks or backward.pre_hooks
            if watched:
                args = backward.watch_inputs(args)
            result = self.forward(*args, **kwargs)
            for key, hook in self._all_forward_hooks():
                called.add(key)
                replaced = self._call_forward_hook(key, hook, args, kwargs, result)
                result = result if replaced is None else replaced
            if watched:
                result = backward.watch_outputs(result)
            own = () if self._is_full_backward_hook else self._backward_hooks.values()
            if node_hooks or own:
                hook_last_node(self, (*node_hooks.values(), *own), args, result)
            return result
        except Exception:
            for key, hook in self._all_forward_hooks():
                always = forward_hooks_always_called, self._forward_hooks_always_called
                if key not in called and any(key in flags for flags in always):
                    try:
                        replaced = self._call_forward_hook(key, hook, args, kwargs, result)
                        result = result if replaced is None else replaced
                    except Exception as second:
                        warn(
                            "module forward hook with ``always_call=True`` raised an exception "
                            f"that was silenced as another error was raised in forward: {second}",
                        )
            raise

    def _all_forward_hooks(self) -> list[tuple[int, Callable]]:
        return [*forward_hooks.items(), *self._forward_hooks.items()]

    def _call_forward_hook(
        self, key: int, hook: Callable, args: tuple, kwargs: dict[str, Any], result: Any
    ) -> Any:
        if key in self._forward_hooks_with_kwargs or key in forward_hooks_with_kwargs:
            return hook(self, args, kwargs, result)
        return hook(self, args, result)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward; it may return new args.

        ``with_kwargs``: ``hook(module, args, kwargs)``, returning ``(args, kwargs)`` or None.
        """
        flags = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return add_hook(self._forward_pre_hooks, hook, *flags, prepend=prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each forward; it may return another output.

        ``with_kwargs``: ``hook(module, args, kwargs, output)``. ``always_call``: also when the
        forward raised.
        """
        flags = [self._forward_hooks_with_kwargs] if with_kwargs else []
        if always_call:
            flags.append(self._forward_hooks_always_called)
        return add_hook(self._forward_hooks, hook, *flags, prepend=prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before each backward; it may return another one."""
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` once the inputs' gradients are known.

        Both are tuples over the positional inputs and the outputs, with None where no tensor or
        no gradient is; the hook may return another ``grad_input``.
        """
        _refuse_both_kinds(self._is_full_backward_hook is False)
        self._is_full_backward_hook = True
        return add_hook(self._backward_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Deprecated: call ``hook(module, grad_input, grad_output)`` with the gradients of the
        last op of the forward, which for a module of several ops are not those of its inputs.
        """
        _refuse_both_kinds(self._is_full_backward_hook)
        self._is_full_backward_hook = False
        return add_hook(self._backward_hooks, hook)


def _note_path(error: Exception, module: Any) -> None:
    """Keep a note on ``error`` with the path from ``module`` to the module that raised it."""
    if not hasattr(error, "add_note"):  # notes came with Python 3.11
        return
    state = error.__dict__
    inner, path, source = state.get("_raised_in", (module, "", module))
    if inner is not module:
        below = next((name for name, m in module.named_modules() if m is inner), None)
        if below is None:
            return
        path = f"{below}.{path}" if path else below
    with contextlib.suppress(Exception):  # a repr that fails must not hide the error
        owner = f"'{path}' of {module._get_name()}: " if path else ""
        note = f"in the forward of {owner}{source._get_name()}({source.extra_repr()})"
        notes = [n for n in getattr(error, "__notes__", ()) if n != state.get("_path_note")]
        error.__notes__ = [*notes, note]
        state["_raised_in"], state["_path_note"] = (module, path, source), note
