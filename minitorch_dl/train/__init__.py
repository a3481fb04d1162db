"""Training loops, with their progress bar, charts and checkpoints."""

from .chart import Panel, Series, line_chart
from .checkpoint import Checkpoint, CheckpointError
from .digits import DigitsOptions, DigitsRun
from .loop import DivergedError, RunningScore, evaluate, train_epoch
from .progress import ProgressBar

__all__ = [
    "Checkpoint", "CheckpointError", "DigitsOptions", "DigitsRun", "DivergedError", "Panel",
    "ProgressBar", "RunningScore", "Series", "evaluate", "line_chart", "train_epoch",
]  # fmt: skip
