"""``minitorch-dl train digits``."""

from __future__ import annotations

import argparse
import secrets
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ..backend.blas import set_blas_threads
from ..ops import empty
from ..train import Checkpoint, CheckpointError, DigitsOptions, DigitsRun, DivergedError
from ..train.digits import CHECKPOINT, CURVE, DEFAULT_LR, METRICS, MODELS, TASK
from .parser import UsageError, integer, positive

DEFAULT_OUT = Path("runs") / TASK
FREE_ON_RESUME = ("epochs", "device")  # may differ from the checkpoint's
SUPPRESS = argparse.SUPPRESS  # an option not given leaves no trace, so resuming can tell


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the tasks and their options to the parser of ``train``."""
    tasks = parser.add_subparsers(title="tasks", metavar="TASK", required=True)
    digits = tasks.add_parser(
        TASK,
        help="8x8 handwritten digits, which come with the package",
        description="Train a classifier of 8x8 handwritten digits. Writes "
        f"{CHECKPOINT}, {METRICS} and {CURVE} after every epoch.",
        argument_default=SUPPRESS,
    )
    default = DigitsOptions()
    lr = ", ".join(f"{value:g} for {name}" for name, value in DEFAULT_LR.items())
    add = digits.add_argument
    add("--model", choices=sorted(MODELS), help=f"the network (default: {default.model})")
    add(
        "--epochs",
        type=integer(1),
        metavar="N",
        help=f"epochs in all, also when resuming (default: {default.epochs})",
    )
    add(
        "--batch-size",
        type=integer(1),
        metavar="N",
        help=f"images per step (default: {default.batch_size})",
    )
    add("--lr", type=positive, metavar="X", help=f"learning rate (default: {lr})")
    add(
        "--optimizer",
        choices=sorted(DEFAULT_LR),
        help=f"sgd has momentum 0.9 (default: {default.optimizer})",
    )
    add("--device", choices=["cpu", "cuda"], help=f"where to compute (default: {default.device})")
    add(
        "--seed",
        type=integer(0, 2**63 - 1),
        metavar="N",
        help=f"of weights, order and dropout (default: {default.seed})",
    )
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="directory to write to; files of an earlier run there are replaced "
        f"(default: {DEFAULT_OUT}, or with --resume where the checkpoint is)",
    )
    add(
        "--resume",
        type=Path,
        metavar="FILE",
        help=f"go on from this {CHECKPOINT}, to the same weights as a run that never stopped",
    )
    digits.set_defaults(run=train_digits, program=digits.prog)


def train_digits(arguments: argparse.Namespace) -> int:
    """Check everything first, so that a wrong option leaves no file behind; then train."""
    given = vars(arguments)
    program = given["program"]
    try:
        checkpoint = Checkpoint.load(given["resume"], TASK) if "resume" in given else None
        options = _options(given, checkpoint)
        _check_device(options.device)
        run = _start(options, checkpoint)
        out = given.get("out") or (given["resume"].parent if "resume" in given else DEFAULT_OUT)
        _make_writable(out)
    except UsageError as error:
        error.program = program
        raise
    except (CheckpointError, OSError) as error:
        raise UsageError(f"--resume: {error}", program) from error

    set_blas_threads(1)  # these networks are so small that a second thread costs more than it gives
    print(_headline(run))
    try:
        run.train(out)
    except DivergedError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"--out: cannot write to {str(out)!r} ({error.strerror})"
        raise UsageError(message, program) from error
    except KeyboardInterrupt:
        done = len(run.history)
        if done:
            print(f"{done} epochs done; go on with --resume {out / CHECKPOINT}", file=sys.stderr)
        raise
    seconds = sum(row["seconds"] for row in run.history)
    print(
        f"test accuracy {run.history[-1]['test_accuracy']:.2%} after {len(run.history)} epochs "
        f"in {seconds:.1f} s\nwrote {CURVE}, {METRICS} and {CHECKPOINT} to {out}"
    )
    return 0


def _options(given: dict[str, Any], checkpoint: Checkpoint | None) -> DigitsOptions:
    """Merge the options given with the checkpoint's, or with the defaults."""
    names = [field.name for field in fields(DigitsOptions)]
    chosen = {name: given[name] for name in names if name in given}
    if checkpoint is None:
        chosen.setdefault("lr", DEFAULT_LR[chosen.get("optimizer", DigitsOptions.optimizer)])
        return DigitsOptions(**chosen)

    stored = checkpoint.options
    if not isinstance(stored, dict) or stored.keys() != set(names):
        raise CheckpointError("the checkpoint's options are not those of this version")
    for name, value in chosen.items():
        if name not in FREE_ON_RESUME and value != stored[name]:
            option = "--" + name.replace("_", "-")
            raise UsageError(
                f"{option} {value} does not fit the checkpoint, which was trained with "
                f"{option} {stored[name]}; leave {option} out, or train anew without --resume"
            )
    options = DigitsOptions(**(stored | chosen))
    if options.epochs <= checkpoint.epoch:
        raise UsageError(
            f"the checkpoint already has {checkpoint.epoch} epochs, and --epochs {options.epochs} "
            f"asks for no more; give the number in all, such as --epochs {checkpoint.epoch + 5}"
        )
    return options


def _check_device(device: str) -> None:
    try:
        empty(0, device=device)
    except (RuntimeError, ImportError, AssertionError) as error:
        raise UsageError(f"--device {device}: {error}") from error


def _start(options: DigitsOptions, checkpoint: Checkpoint | None) -> DigitsRun:
    try:
        return DigitsRun(options, checkpoint)
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        if checkpoint is None:
            raise
        reason = f"it lacks, or names an unknown, {error}" if isinstance(error, KeyError) else error
        raise CheckpointError(f"the checkpoint does not fit the network: {reason}") from error


def _make_writable(out: Path) -> None:
    """Create ``out`` and prove that a file can be made in it."""
    probe = out / f".probe-{secrets.token_hex(4)}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"--out: expected a directory that can be written to, got {str(out)!r} "
            f"({error.strerror}); choose another one"
        ) from error


def _headline(run: DigitsRun) -> str:
    options = asdict(run.options)
    weights = sum(parameter.numel() for parameter in run.model.parameters())
    words = [f"{name.replace('_', ' ')} {options[name]}" for name in options if name != "epochs"]
    start = f", from epoch {len(run.history)}" if run.history else ""
    return f"train {TASK}: {', '.join(words)}, {weights:,} weights{start}"
