"""``DistributedDataParallel``: each process computes the gradients of its part of the batch, and
all take a step with their average."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from ...autograd import is_grad_enabled
from ...distributed import ReduceOp, all_reduce, get_rank, get_world_size
from ...distributed.communication import broadcast_coalesced
from ...distributed.groups import group_of
from ...distributed.join import Join, Joinable, JoinHook
from ...distributed.objects import all_gather_object
from ...ops import tensor
from ..embedding import Embedding, EmbeddingBag
from ..module import Module
from .reducer import Reducer

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module, Joinable):
    """Call ``module``, and have ``backward()`` average its gradients over all processes.

    At first every process gets the parameters and buffers of rank 0. The gradients are averaged
    when the backward pass ends, in buckets of several parameters. What ``module`` computes must use
    each parameter that requires a gradient, unless ``find_unused_parameters``.

    Args:
        module: what to call.
        device_ids: ``[device]`` of a module on a GPU. None: the module's own.
        broadcast_buffers: give all processes rank 0's buffers before each forward.
        init_sync: give all processes rank 0's parameters and buffers here.
        process_group: the processes. Default: all.
        bucket_cap_mb: the size of a bucket in MiB. Default: 25, and 1 for the first.
        find_unused_parameters: look for parameters that the outputs don't depend on.
        static_graph: the same parameters are used in each step; here it means
            ``find_unused_parameters``.
        gradient_as_bucket_view, output_device, dim, and others: accepted for PyTorch's sake.

    Raises:
        RuntimeError: no parameter requires a gradient; or the processes' parameters differ in
            shape; or when called again: a parameter got no gradient in the last step.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Any = None,
        output_device: Any = None,
        dim: int = 0,
        broadcast_buffers: bool | None = None,
        init_sync: bool = True,
        process_group: Any = None,
        bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False,
        check_reduction: bool = False,
        gradient_as_bucket_view: bool = False,
        static_graph: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        Joinable.__init__(self)
        self.process_group = group_of(process_group)
        self.module = module
        ignored = set(getattr(module, "_ddp_params_and_buffers_to_ignore", ()))
        named = [(name, p) for name, p in module.named_parameters() if name not in ignored]
        learned = [(name, p) for name, p in named if p.requires_grad]
        if not learned:
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameter "
                "that requires a gradient."
            )
        self.device = learned[0][1].device
        if device_ids and self.device.type == "cpu":
            raise ValueError(
                "DistributedDataParallel device_ids and output_device arguments only work with "
                f"GPU modules, but got device_ids {device_ids} and a module on the CPU"
            )
        self.device_ids, self.output_device, self.dim = device_ids or None, output_device, dim
        self.broadcast_buffers = broadcast_buffers is None or broadcast_buffers
        self.find_unused_parameters = find_unused_parameters
        self.static_graph, self.gradient_as_bucket_view = static_graph, gradient_as_bucket_view
        self.require_backward_grad_sync = self.require_forward_param_sync = True
        self._parameters_to_sync = [p for _, p in named]
        self._buffers_to_sync = [b for name, b in module.named_buffers() if name not in ignored]
        self._divide_by_initial_world_size = True
        if init_sync:
            self._check_shapes(learned)
            self._broadcast(self._parameters_to_sync + self._buffers_to_sync, 0)
        self._ignored, self._bucket_cap_mb = ignored, bucket_cap_mb
        self._make_reducer()

    def _make_reducer(self) -> None:
        learned = [
            (name, p)
            for name, p in self.module.named_parameters()
            if p.requires_grad and name not in self._ignored
        ]
        sparse = {
            id(layer.weight)
            for layer in self.module.modules()
            if isinstance(layer, (Embedding, EmbeddingBag)) and layer.sparse
        }
        megabytes = [1, 25] if self._bucket_cap_mb is None else [self._bucket_cap_mb]
        finds_unused = self.find_unused_parameters or self.static_graph
        sizes = [number * 1024 * 1024 for number in megabytes]
        self.reducer = Reducer(learned, self.process_group, sizes, finds_unused, sparse)

    def _check_shapes(self, named: list[tuple[str, Any]]) -> None:
        """All processes have parameters of the same shapes."""
        shapes = [(name, tuple(p.shape), str(p.dtype)) for name, p in named]
        everybodys: list[Any] = [None] * self.process_group.size()
        all_gather_object(everybodys, shapes, self.process_group)
        for rank, theirs in enumerate(everybodys):
            if len(theirs) != len(shapes):
                raise RuntimeError(
                    f"DDP expects same model across all ranks, but rank {get_rank()} has "
                    f"{len(shapes)} params, while rank {rank} has {len(theirs)}"
                )
            for i, (here, there) in enumerate(zip(shapes, theirs)):
                if here[1:] != there[1:]:
                    raise RuntimeError(
                        f"[{get_rank()}]: params[{i}] ({here[0]}) in this process with sizes "
                        f"{list(here[1])} appears not to match sizes of the same param in process "
                        f"{rank}: {list(there[1])}"
                    )

    def _broadcast(self, tensors: list[Any], src: int) -> None:
        """Give all processes those of rank ``src`` of the group."""
        broadcast_coalesced([t.detach() for t in tensors], src, self.process_group)

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        learns = is_grad_enabled() and self.require_backward_grad_sync
        if learns:
            self.reducer.check_finished()
        remaining = Join.notify_join_context(self)
        if remaining is not None and not self._divide_by_initial_world_size:
            self.reducer.divisor = remaining
        if self._syncs_buffers():
            joins = self._join_config.enable
            self._broadcast(self._buffers_to_sync, self._common_rank(True) if joins else 0)
        if self._join_config.enable:
            self._is_backward_synced(is_joined=False)
        output = self.module(*inputs, **kwargs)
        if learns:
            self.reducer.prepare_for_backward(output)
        else:
            self.reducer.stop()
        self.require_forward_param_sync = learns
        return output

    def _syncs_buffers(self) -> bool:
        return bool(
            self.require_forward_param_sync and self.broadcast_buffers and self._buffers_to_sync
        )

    @contextlib.contextmanager
    def no_sync(self) -> Iterator[None]:
        """Gradients of forwards in here are added up in this process only; the first backward
        pass after it averages the sums."""
        before = self.require_backward_grad_sync
        self.require_backward_grad_sync = False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    def register_comm_hook(self, state: Any, hook: Callable[[Any, Any], Any]) -> None:
        """Average buckets by ``hook(state, bucket)`` instead: it returns a future of the bucket's
        new content, see ``distributed.algorithms.ddp_comm_hooks.default_hooks``."""
        if not callable(hook):
            raise TypeError("Communication hook must be callable.")
        self.reducer.set_hook(state, hook)

    def join(
        self,
        divide_by_initial_world_size: bool = True,
        enable: bool = True,
        throw_on_early_termination: bool = False,
    ) -> Join:
        """A block in which processes may run out of batches at different steps: those that have
        left the loop add gradients of 0 until the last one is through.

        Args:
            divide_by_initial_world_size: divide the sums by the number of all processes, not of
                those that still have batches.
        """
        return Join(
            [self], enable, throw_on_early_termination,
            divide_by_initial_world_size=divide_by_initial_world_size,
        )  # fmt: skip

    def join_hook(self, **kwargs: Any) -> JoinHook:
        """What keeps the others company, for :class:`Join`."""
        self._divide_by_initial_world_size = kwargs.get("divide_by_initial_world_size", True)
        return _JoinHook(self)

    @property
    def join_device(self) -> Any:
        return self.device

    @property
    def join_process_group(self) -> Any:
        return self.process_group

    def _get_ddp_logging_data(self) -> dict[str, Any]:
        """What PyTorch has measured, for programs that ask: nothing."""
        return {}

    def _is_backward_synced(self, is_joined: bool) -> bool:
        """Whether the step that the others are at averages gradients."""
        yes = tensor([0.0 if is_joined or not self.require_backward_grad_sync else 1.0])
        all_reduce(yes, group=self.process_group)
        return yes.item() != 0

    def _common_rank(self, candidate: bool) -> int:
        """The highest rank among the candidates, on which all agree."""
        rank = tensor([get_rank(self.process_group) if candidate else -1])
        all_reduce(rank, ReduceOp.MAX, self.process_group)
        if rank.item() < 0:
            raise ValueError("BUG! Expected rank_cond to be true for at least one process.")
        return int(rank.item())

    def __getstate__(self) -> dict[str, Any]:
        if self.process_group.size() != get_world_size():
            raise RuntimeError("DDP pickling is only supported with the default process group")
        state = dict(self.__dict__)
        del state["process_group"], state["reducer"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.process_group = group_of(None)
        self._make_reducer()


class _JoinHook(JoinHook):
    """What a process that has no more batches does for each step of the others."""

    def __init__(self, ddp: DistributedDataParallel) -> None:
        self.ddp = ddp

    def main_hook(self) -> None:
        ddp = self.ddp
        if ddp._syncs_buffers():
            ddp._broadcast(ddp._buffers_to_sync, ddp._common_rank(False))
        ddp.require_forward_param_sync = ddp._is_backward_synced(is_joined=True)
        if ddp.require_forward_param_sync:
            ddp.reducer.take_part()

    def post_hook(self, is_last_joiner: bool) -> None:
        ddp = self.ddp
        source = ddp._common_rank(is_last_joiner)
        ddp._broadcast(ddp._parameters_to_sync + ddp._buffers_to_sync, source)
