"""Averages gradients over processes, some parameters at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ...autograd import no_grad
from ...autograd.variable import Variable
from ...distributed import GradBucket, all_reduce, get_rank
from ...ops import cat, zeros, zeros_like
from ...tensor import Tensor

__all__ = ["Reducer"]


class _Bucket:
    """Parameters whose gradients are sent as one tensor. Those of a sparse gradient are alone."""

    def __init__(self, places: list[int], params: list[Tensor], sparse: bool) -> None:
        self.places, self.params, self.sparse = places, params, sparse
        self.pending = len(params)
        self.future: Any = None

    def content(self) -> Tensor:
        """The gradients, one after the other; 0 where there is none."""
        grads = [zeros_like(p) if p.grad is None else p.grad.detach() for p in self.params]
        if not self.sparse:
            return cat([grad.reshape(-1) for grad in grads])
        return grads[0] if grads[0].is_sparse else grads[0].to_sparse()

    def zeros(self) -> Tensor:
        """What a process sends that has no gradients."""
        if self.sparse:
            return zeros_like(self.params[0].detach()).to_sparse()
        first = self.params[0]
        return zeros(sum(p.numel() for p in self.params), dtype=first.dtype, device=first.device)

    def parts(self, content: Tensor) -> list[Tensor]:
        """The gradients in a tensor that :meth:`content` made."""
        if self.sparse:
            return [content]
        sizes = [p.numel() for p in self.params]
        return [part.view(p.shape) for part, p in zip(content.split(sizes), self.params)]


class Reducer:
    """Averages the gradients of parameters over a group of processes.

    A hook on each parameter counts the gradients of its bucket. Buckets are sent in the same order
    in every process, each as soon as it and those before it are complete, and what came back is
    written to ``.grad`` when the backward pass ends.

    Args:
        named: the parameters, with their names for errors.
        group: the processes.
        sizes: of the buckets in bytes: the first's, and so on; the last one is that of the rest.
        find_unused: look for those that the outputs of the forward don't depend on.
        sparse: the ``id`` of those whose gradient is sparse.

    Attributes:
        divisor: what the sums are divided by.
    """

    def __init__(
        self,
        named: Sequence[tuple[str, Tensor]],
        group: Any,
        sizes: Sequence[float],
        find_unused: bool,
        sparse: set[int],
    ) -> None:
        self._names = [name for name, _ in named]
        self._params = [p for _, p in named]
        self._group, self._find_unused = group, find_unused
        self.divisor: int = group.size()
        self._buckets = _buckets(self._params, sizes, sparse)
        self._bucket_of = {i: bucket for bucket in self._buckets for i in bucket.places}
        self._hook: Callable[[Any], Any] = self._sum
        self._has_hook = False
        self._used = zeros(len(named), dtype="int32")
        self._active, self._finished = False, True
        self._ready: set[int] = set()
        self._unused: list[int] = []
        self._sent = 0
        for i, param in enumerate(self._params):
            param.register_post_accumulate_grad_hook(partial(self._take, i))

    def set_hook(self, state: Any, hook: Callable[[Any, Any], Any]) -> None:
        """Send buckets by ``hook(state, bucket)``, which returns a future."""
        if self._has_hook:
            raise RuntimeError(
                "register_comm_hook or register_builtin_comm_hook can only be called once."
            )
        self._has_hook = True
        self._hook = lambda bucket: hook(state, bucket)

    def _sum(self, bucket: GradBucket) -> Any:
        """Without a hook: the sum of what was divided before it was sent."""
        content = bucket.buffer().mul_(1 / self.divisor)
        work: Any = all_reduce(content, group=self._group, async_op=True)
        return work.get_future()

    def check_finished(self) -> None:
        """Raise if gradients of the last backward pass are still waited for."""
        if self._finished or not self._ready:
            return
        missing = sorted(set(range(len(self._params))) - self._ready)
        raise RuntimeError(
            "Expected to have finished reduction in the prior iteration before starting a new "
            "one. This error indicates that your module has parameters that were not used in "
            "producing loss. You can enable unused parameter detection by passing the keyword "
            "argument `find_unused_parameters=True` to "
            "`torch.nn.parallel.DistributedDataParallel`, and by making sure all `forward` "
            f"function outputs participate in calculating loss. On rank {get_rank()} these got no "
            f"gradient: {', '.join(f'{self._names[i]} ({i})' for i in missing)}"
        )

    def prepare_for_backward(self, outputs: Any) -> None:
        """Average the gradients of the next backward pass, from what the forward returned."""
        self._active, self._finished, self._sent = True, False, 0
        self._ready.clear()
        for bucket in self._buckets:
            bucket.pending, bucket.future = len(bucket.places), None
        if self._find_unused:
            reached = _leaves(outputs)
            self._unused = [i for i, p in enumerate(self._params) if id(p) not in reached]

    def stop(self) -> None:
        """Leave the gradients of the next backward pass as they are."""
        self._active = False

    def _take(self, i: int, param: Tensor) -> None:
        """The gradient of a parameter has come."""
        self._used[i] = 1
        if not self._active:
            return
        unused, self._unused = self._unused, []
        for place in (*unused, i):
            if place in self._ready:
                raise RuntimeError(
                    "Expected to mark a variable ready only once. This error is caused by a second "
                    f"backward pass after one forward, or by {self._names[place]} getting its "
                    "gradient in parts"
                )
            self._ready.add(place)
            self._bucket_of[place].pending -= 1
        while self._sent < len(self._buckets) and not self._buckets[self._sent].pending:
            bucket = self._buckets[self._sent]
            with no_grad():
                bucket.future = self._send(bucket, bucket.content())
            self._sent += 1
        if len(self._ready) == len(self._params):
            Variable._execution_engine.queue_callback(self._finish)

    def _send(self, bucket: _Bucket, content: Tensor) -> Any:
        place = self._buckets.index(bucket)
        is_last = place == len(self._buckets) - 1
        return self._hook(GradBucket(place, content, bucket.params, bucket.parts, is_last))

    def _finish(self) -> None:
        """Write the averages. A parameter that no process used keeps what it had."""
        if self._find_unused:
            all_reduce(self._used, group=self._group)
        kept = set() if not self._find_unused else _zeros_in(self._used)
        with no_grad():
            for bucket in self._buckets:
                found = bucket.future.wait()
                content = found[0] if isinstance(found, (list, tuple)) else found
                for i, param, part in zip(bucket.places, bucket.params, bucket.parts(content)):
                    if i in kept:
                        continue
                    if param.grad is None or bucket.sparse:
                        param.grad = part.clone()
                    else:
                        param.grad.copy_(part)
        self._used.zero_()
        self._finished, self._active = True, False

    def take_part(self) -> None:
        """Send zeros in the place of a backward pass, which this process does not have."""
        with no_grad():
            futures = [self._send(bucket, bucket.zeros()) for bucket in self._buckets]
        for future in futures:
            future.wait()
        if self._find_unused:
            all_reduce(zeros_like(self._used), group=self._group)


def _buckets(params: Sequence[Tensor], sizes: Sequence[float], sparse: set[int]) -> list[_Bucket]:
    """The parameters from the last to the first, as their gradients come, in buckets of one dtype
    and device."""
    limits = list(sizes)
    done: list[_Bucket] = []
    filling: dict[Any, list[int]] = {}

    def close(kind: Any) -> None:
        places = filling.pop(kind)
        done.append(_Bucket(places, [params[i] for i in places], kind[2]))

    for i in reversed(range(len(params))):
        param = params[i]
        kind = (param.dtype, param.device, id(param) in sparse)
        filling.setdefault(kind, []).append(i)
        size = sum(params[j].numel() * params[j].element_size() for j in filling[kind])
        if size >= limits[0] or kind[2]:
            close(kind)
            limits = limits[1:] or limits
    for kind in list(filling):
        close(kind)
    return done


def _zeros_in(counts: Tensor) -> set[int]:
    return {i for i, count in enumerate(counts.tolist()) if not count}


def _leaves(outputs: Any) -> set[int]:
    """The ``id`` of every leaf tensor that some tensor in nested containers depends on."""
    found: set[int] = set()
    seen: set[Any] = set()
    left: list[Any] = []
    for output in _tensors_in(outputs):
        if output.grad_fn is not None:
            left.append(output.grad_fn)
        else:
            found.add(id(output))
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        left += [source for source, _ in node.next_functions]
    return found


def _tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    elif hasattr(value, "__dataclass_fields__"):
        value = list(vars(value).values())
    if isinstance(value, (list, tuple)):
        return [found for item in value for found in _tensors_in(item)]
    return []
