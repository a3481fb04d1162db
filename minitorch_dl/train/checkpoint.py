"""Checkpoints of a training run, from which it goes on bit for bit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend.random import default_generator
from ..nn import Module
from ..optim import Optimizer
from ..serialization import ArchiveError, load, save
from ..serialization.atomic import atomic_write


class CheckpointError(RuntimeError):
    """The file is no checkpoint of the kind of run that was to go on from it."""


@dataclass
class Checkpoint:
    """The state of a run after ``epoch`` epochs.

    ``task`` names the kind of run, ``options`` are what it was started with, ``history`` holds one
    row of metrics per epoch; the rest are the state dicts of model and optimizer and the states of
    the random generators by device.
    """

    task: str
    options: dict[str, Any]
    epoch: int
    history: list[dict[str, float]]
    model: dict[str, Any]
    optimizer: dict[str, Any]
    generators: dict[str, np.ndarray]

    @classmethod
    def capture(
        cls,
        task: str,
        options: dict[str, Any],
        history: list[dict[str, float]],
        model: Module,
        optimizer: Optimizer,
    ) -> Checkpoint:
        """Take the state of a run as it is now."""
        devices = sorted({"cpu", options["device"]})  # the CPU's generator shuffles
        return cls(
            task=task,
            options=options,
            epoch=len(history),
            history=history,
            model=model.state_dict(),
            optimizer=optimizer.state_dict(),
            generators={name: default_generator(name).get_state().numpy() for name in devices},
        )

    def restore(self, model: Module, optimizer: Optimizer) -> None:
        """Put the state back into ``model``, ``optimizer`` and the random generators."""
        model.load_state_dict(self.model)
        optimizer.load_state_dict(self.optimizer)
        for name in sorted({"cpu", next(model.parameters()).device.type}):
            if name in self.generators:
                default_generator(name).set_state(self.generators[name])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the checkpoint, whole or not at all."""
        with atomic_write(path) as file:
            save(dict(vars(self)), file)

    @classmethod
    def load(cls, path: str | os.PathLike[str], task: str) -> Checkpoint:
        """Read a checkpoint of ``task``.

        Raises OSError when there is no such file, and CheckpointError when it is truncated or
        not such a checkpoint.
        """
        try:
            content = load(path, map_location="cpu")
        except ArchiveError as error:
            raise CheckpointError(str(error)) from error
        fields = cls.__dataclass_fields__
        if not isinstance(content, dict) or content.keys() != fields.keys():
            raise CheckpointError(
                f"expected a checkpoint of a training run in {os.fspath(path)!r}, but the file "
                "holds something else; give a checkpoint that minitorch-dl train wrote"
            )
        if content["task"] != task:
            raise CheckpointError(
                f"expected a checkpoint of train {task} in {os.fspath(path)!r}, but it is one of "
                f"train {content['task']}"
            )
        checkpoint = cls(**content)
        if not isinstance(checkpoint.generators, dict) or "cpu" not in checkpoint.generators:
            raise CheckpointError(
                f"the checkpoint {os.fspath(path)!r} lacks the state of the random generator, "
                "without which the run can't go on to the same weights; take another one"
            )
        if not isinstance(checkpoint.history, list) or checkpoint.epoch != len(checkpoint.history):
            raise CheckpointError(
                f"the checkpoint {os.fspath(path)!r} contradicts itself: epoch {checkpoint.epoch}, "
                "but not one row of metrics for each; take an earlier one"
            )
        return checkpoint
