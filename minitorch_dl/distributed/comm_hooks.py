"""How ``DistributedDataParallel`` averages a bucket of gradients: hooks for
``register_comm_hook``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..backend import dtypes
from ..futures import Future
from ..tensor import Tensor
from .communication import all_reduce
from .groups import group_of

__all__ = [
    "GradBucket", "allreduce_hook", "bf16_compress_hook", "bf16_compress_wrapper",
    "fp16_compress_hook", "fp16_compress_wrapper", "noop_hook",
]  # fmt: skip


class GradBucket:
    """The gradients of some parameters in one tensor."""

    def __init__(
        self,
        index: int,
        content: Tensor,
        parameters: Sequence[Tensor],
        parts: Callable[[Tensor], list[Tensor]],
        is_last: bool,
    ) -> None:
        self._index, self._content, self._is_last = index, content, is_last
        self._parameters, self._parts = list(parameters), parts

    def index(self) -> int:
        """Which bucket it is: they are sent in this order."""
        return self._index

    def is_last(self) -> bool:
        """Whether it is the last one."""
        return self._is_last

    def buffer(self) -> Tensor:
        """The tensor."""
        return self._content

    def set_buffer(self, tensor: Tensor) -> None:
        """Replace it."""
        self._content = tensor

    def gradients(self) -> list[Tensor]:
        """The gradients, views of the tensor."""
        return self._parts(self._content)

    def parameters(self) -> list[Tensor]:
        """Whose they are."""
        return list(self._parameters)


def noop_hook(_: Any, bucket: GradBucket) -> Future:
    """Leave each process its own gradients."""
    future: Future = Future()
    future.set_result(bucket.buffer())
    return future


def allreduce_hook(process_group: Any, bucket: GradBucket) -> Future:
    """The average, as without a hook."""
    return average(process_group, bucket.buffer())


def fp16_compress_hook(process_group: Any, bucket: GradBucket) -> Future:
    """Send float16."""
    return fp16_compress_wrapper(allreduce_hook)(process_group, bucket)


def bf16_compress_hook(process_group: Any, bucket: GradBucket) -> Future:
    """Send bfloat16."""
    return bf16_compress_wrapper(allreduce_hook)(process_group, bucket)


def fp16_compress_wrapper(hook: Callable[[Any, GradBucket], Future]) -> Any:
    """The hook, given float16."""
    return _compressed(hook, dtypes.float16)


def bf16_compress_wrapper(hook: Callable[[Any, GradBucket], Future]) -> Any:
    """The hook, given bfloat16."""
    return _compressed(hook, dtypes.bfloat16)


def average(process_group: Any, content: Tensor) -> Future:
    """The average of a tensor over a group, in its place."""
    group = group_of(process_group)
    content.div_(group.size())
    work: Any = all_reduce(content, group=group, async_op=True)
    return work.get_future().then(lambda done: done.value()[0])


def _compressed(hook: Callable[[Any, GradBucket], Future], dtype: Any) -> Any:
    def compressed(state: Any, bucket: GradBucket) -> Future:
        before = bucket.buffer().dtype
        bucket.set_buffer(bucket.buffer().to(dtype))

        def decompress(done: Future) -> Tensor:
            value = done.value()
            return (value[0] if isinstance(value, list) else value).to(before)

        return hook(state, bucket).then(decompress)

    return compressed
