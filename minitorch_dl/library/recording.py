"""Calls of registered ops that have a derivative."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from ..autograd.function import Function
from ..tensor import Tensor


class Call:
    """One call of an op; ``autograd.Function`` sees the tensors in its lists one by one."""

    def __init__(self, op: Any, args: Sequence[Any], keywords: dict[str, Any]) -> None:
        self.op, self.args, self.keywords = op, tuple(args), keywords
        self.sizes = _sizes(args)
        self.returns_tuple = False
        self.output_sizes: list[int | None] = []

    def record(self) -> Any:
        """The output of the op, with its history."""
        made = self.op.function.apply(self, *_taken_apart(self.args, self.sizes))
        output = _put_together(made, self.output_sizes)
        return output if self.returns_tuple else output[0]

    def run(self, ctx: Any) -> tuple[Any, ...]:
        """Compute the op and let ``setup_context`` keep what the backward needs."""
        output = self.op.run(self.args, self.keywords)
        ctx.needs_input_grad = _put_together(ctx.needs_input_grad[1:], self.sizes)
        if self.op.setup_context is not None:
            given = {"keyword_only_inputs": self.keywords} if self.keywords else {}
            self.op.setup_context(ctx=ctx, inputs=self.args, output=output, **given)
        self.returns_tuple = isinstance(output, tuple)
        outputs = output if self.returns_tuple else (output,)
        self.output_sizes = _sizes(outputs)
        return _taken_apart(outputs, self.output_sizes)

    def gradients(self, ctx: Any, grads: Iterable[Any]) -> tuple[Any, ...]:
        """The gradients of the single inputs by the op's own backward."""
        name = f"{self.op.namespace}::{self.op.name}"
        if self.op.backward is None:
            raise RuntimeError(
                f"There is no autograd formula for {name}. Please use register_autograd to add one"
            )
        found = self.op.backward(ctx, *_put_together(grads, self.output_sizes))
        found = found if isinstance(found, tuple) else (found,)
        if not any(self.sizes):
            return found
        if [_size_of(g, size) for g, size in zip(found, self.sizes, strict=False)] != self.sizes:
            raise RuntimeError(
                f"{name}: Expected the return from backward to be of the same structure as the "
                f"inputs, with a list where these have a list of tensors. Got: {found}, for lists "
                f"of the lengths {self.sizes}"
            )
        return _taken_apart(found, self.sizes)


class Recorded(Function):
    """The op as one node of the graph."""

    @staticmethod
    def forward(ctx: Any, call: Call, *inputs: Any) -> Any:
        ctx.call = call
        outputs = call.run(ctx)
        return outputs if len(outputs) != 1 else outputs[0]

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return None, *ctx.call.gradients(ctx, grads)


def _sizes(values: Iterable[Any]) -> list[int | None]:
    """Per value, the length of a list that holds tensors; None for what goes as it is."""
    return [
        len(v) if isinstance(v, (list, tuple)) and any(isinstance(x, Tensor) for x in v) else None
        for v in values
    ]


def _size_of(gradient: Any, size: int | None) -> int | None:
    return None if size is None or not isinstance(gradient, (list, tuple)) else len(gradient)


def _taken_apart(values: Iterable[Any], sizes: Iterable[int | None]) -> tuple[Any, ...]:
    several = ([v] if size is None else v for v, size in zip(values, sizes, strict=True))
    return tuple(x for some in several for x in some)


def _put_together(values: Any, sizes: Iterable[int | None]) -> tuple[Any, ...]:
    single = iter(values if isinstance(values, tuple) else (values,))
    return tuple(next(single) if n is None else list(islice(single, n)) for n in sizes)
