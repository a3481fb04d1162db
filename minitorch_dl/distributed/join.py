"""Uneven inputs: processes that are done keep those company that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..backend.warning import warn
from ..ops import ones, zeros
from .communication import all_reduce
from .groups import get_rank

__all__ = ["Join", "JoinHook", "Joinable"]


class JoinHook:
    """What a process that is done does, for one :class:`Joinable`."""

    def main_hook(self) -> None:
        """Take part in the collective calls of one step of the others."""

    def post_hook(self, is_last_joiner: bool) -> None:
        """When all are done.

        Args:
            is_last_joiner: whether this process was among the last.
        """


@dataclass(frozen=True)
class _Config:
    enable: bool = False
    throw_on_early_termination: bool = False
    is_first_joinable: bool = False


class Joinable:
    """What makes collective calls in each step, and can be waited for in :class:`Join`."""

    def __init__(self) -> None:
        self._join_config = _Config()

    def join_hook(self, **kwargs: Any) -> JoinHook:
        """What to do in its place when this process is done."""
        raise NotImplementedError

    @property
    def join_device(self) -> Any:
        """The device of its tensors."""
        raise NotImplementedError

    @property
    def join_process_group(self) -> Any:
        """The processes that it calls."""
        raise NotImplementedError


class Join:
    """A block that each process may leave at another step.

    Args:
        joinables: what makes collective calls in it.
        enable: False: a block that does nothing.
        throw_on_early_termination: when the first process leaves, raise in all.
        kwargs: for their ``join_hook``.
    """

    def __init__(
        self,
        joinables: Sequence[Joinable],
        enable: bool = True,
        throw_on_early_termination: bool = False,
        **kwargs: Any,
    ) -> None:
        if not joinables:
            raise ValueError("The join context manager requires at least one joinable")
        self._joinables = list(joinables)
        self._hooks = [joinable.join_hook(**kwargs) for joinable in self._joinables]
        self._enable, self._throws = enable, throw_on_early_termination
        for i, joinable in enumerate(self._joinables):
            joinable._join_config = _Config(enable, throw_on_early_termination, i == 0)
        self._group = self._joinables[0].join_process_group

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if not self._enable or kind is not None:
            return
        steps, is_last = 0, True
        while (left := _count(False, self._group)) > 0:
            if self._throws:
                _tell(self._group, True)
                return
            is_last = False
            for hook in self._hooks:
                hook.main_hook()
            steps += 1
            if steps == 1000:
                warn(
                    f"Detected uneven input skew of over 1000: {left} processes have at least as "
                    f"many more inputs than rank {get_rank(self._group)}"
                )
        for hook in self._hooks:
            hook.post_hook(is_last)

    @staticmethod
    def notify_join_context(joinable: Joinable) -> int | None:
        """Tell those that are done that this process makes a step; how many do. None: outside of
        a block.

        Raises:
            RuntimeError: one is done, and ``throw_on_early_termination`` was set.
        """
        config = joinable._join_config
        if not (config.enable and config.is_first_joinable):
            return None
        group = joinable.join_process_group
        remaining = _count(True, group)
        if config.throw_on_early_termination and remaining < group.size():
            _tell(group, False)
        return remaining


def _count(still_here: bool, group: Any) -> int:
    count = ones(1) if still_here else zeros(1)
    all_reduce(count, group=group)
    return int(count.item())


def _tell(group: Any, done: bool) -> None:
    """All raise together: those that are done, and those that are not."""
    raise RuntimeError(
        f"Rank {get_rank(group)} exhausted all inputs."
        if done
        else "Detected at least one rank that exhausted inputs. Throwing across all ranks."
    )
