"""Local SGD: processes take steps of their own, and average their parameters now and then (Lin et
al., 2020)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd import no_grad
from ..futures import Future
from .comm_hooks import GradBucket, average, noop_hook
from .communication import all_reduce
from .groups import GroupMember, group_of, new_subgroups

__all__ = [
    "PeriodicModelAverager", "PostLocalSGDState", "average_parameters", "post_localSGD_hook",
]  # fmt: skip


class PostLocalSGDState:
    """What :func:`post_localSGD_hook` is given.

    Args:
        process_group: the processes that average at first.
        subgroup: those that do so later. Default: those of a machine.
        start_localSGD_iter: so many steps are averaged over all.
        post_local_gradient_allreduce: whether to average over ``subgroup`` at all.
    """

    def __init__(
        self,
        process_group: Any,
        subgroup: Any,
        start_localSGD_iter: int,
        post_local_gradient_allreduce: bool = True,
    ) -> None:
        self.process_group, self.subgroup = process_group, subgroup
        self.start_localSGD_iter = start_localSGD_iter
        self.post_local_gradient_allreduce = post_local_gradient_allreduce
        self.iter = 0


def post_localSGD_hook(state: PostLocalSGDState, bucket: GradBucket) -> Future:
    """Average gradients over all processes in the first steps, then over a subgroup."""
    if state.iter < state.start_localSGD_iter:
        state.iter += bucket.is_last()
        return average(state.process_group, bucket.buffer())
    if not state.post_local_gradient_allreduce:
        return noop_hook(None, bucket)
    if state.subgroup is None:
        state.subgroup, _ = new_subgroups()
    return average(state.subgroup, bucket.buffer())


def average_parameters(params: Iterable[Any], process_group: Any = None) -> None:
    """Replace parameters by their averages over the processes."""
    if process_group is GroupMember.NON_GROUP_MEMBER:
        return
    group = group_of(process_group)
    with no_grad():
        for param in params:
            value = param.detach().div(group.size())
            all_reduce(value, group=group)
            param.copy_(value)


class PeriodicModelAverager:
    """Averages parameters at every ``period``-th step, from step ``warmup_steps`` on."""

    def __init__(self, period: int, warmup_steps: int = 0, process_group: Any = None) -> None:
        if warmup_steps < 0:
            raise ValueError("Arg ``warmup_steps`` must be a non-negative number.")
        if period < 1:
            raise ValueError("Arg ``period`` must be a positive value.")
        self.period, self.warmup_steps = period, warmup_steps
        self.process_group = group_of(process_group)
        self.step = 0

    def average_parameters(self, params: Iterable[Any]) -> None:
        """Count a step, and average the parameters, or those of a list of parameter groups, if it
        is one at which that is done."""
        if self.step >= self.warmup_steps and not (self.step - self.warmup_steps) % self.period:
            average_parameters(_parameters(params), self.process_group)
        self.step += 1


def _parameters(params: Iterable[Any]) -> Iterable[Any]:
    for param in params:
        if isinstance(param, dict):
            yield from (p for p in param["params"] if p.grad is not None)
        elif param.grad is not None:
            yield param
