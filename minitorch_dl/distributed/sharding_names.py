"""The names of models spread over processes (``DTensor``, ``FullyShardedDataParallel``, ...):
libraries import them to ask whether they meet one. Each can be imported; none can be used but
those that read and load a model's state.

>>> import minitorch_dl as torch
>>> from minitorch_dl.distributed.sharding_names import DTensor, Shard
>>> isinstance(torch.ones(1), DTensor)
False
>>> Shard(0)  # a description of how a tensor would be spread
Shard(0)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORKING = """
    DTensor DeviceMesh FSDPModule FullyShardedDataParallel  PipelineStage
    ShardedGradScaler ZeroRedundancyOptimizer apply_activation_checkpointing checkpoint_wrapper
    compute_local_shape_and_global_offset context_parallel distribute_module distribute_tensor
    elastic_launch fully_shard get_optimizer_state_dict get_state_dict
    init_device_mesh loss_parallel parallelize_module pipeline
    set_optimizer_state_dict set_rotate_method set_state_dict size_based_auto_wrap_policy
    transformer_auto_wrap_policy
""".split()
_DESCRIBING = """
    BackwardPrefetch CPUOffload CPUOffloadPolicy CheckpointImpl CheckpointWrapper ColwiseParallel
    DefaultLoadPlanner DefaultSavePlanner FileSystemReader FileSystemWriter
    FullOptimStateDictConfig FullStateDictConfig LaunchConfig LocalOptimStateDictConfig
    LocalStateDictConfig MixedPrecision MixedPrecisionPolicy ModuleWrapPolicy OffloadPolicy
    ParallelStyle Partial Placement PrepareModuleInput PrepareModuleInputOutput
    PrepareModuleOutput Replicate RowwiseParallel ScheduleGPipe SequenceParallel Shard
    ShardedOptimStateDictConfig ShardedStateDictConfig ShardingStrategy SplitPoint
    StateDictOptions StateDictType _StridedShard
""".split()


class _Refused:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"{type(self).__name__} is not supported: each process holds whole tensors and "
            "modules, which DistributedDataParallel trains on several"
        )


class _Description:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs

    def __repr__(self) -> str:
        given = [repr(x) for x in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"{type(self).__name__}({', '.join(given)})"


globals().update({name: type(name, (_Refused,), {}) for name in _WORKING})


def is_available() -> bool:
    """Whether calls to other processes (``torch.distributed.rpc``) can be made: no."""
    return False


def get_model_state_dict(model: Any, *, submodules: Any = None, options: Any = None) -> Any:
    """``model.state_dict()``, which each process has whole."""
    return model.state_dict()


def set_model_state_dict(
    model: Any, model_state_dict: Mapping[str, Any], *, options: Any = None
) -> Any:
    """``model.load_state_dict``; of ``StateDictOptions`` only ``strict`` counts."""
    strict = True if options is None else options.kwargs.get("strict", True)
    return model.load_state_dict(dict(model_state_dict), strict=strict)


globals().update({name: type(name, (_Description,), {}) for name in _DESCRIBING})
