"""Every wrong call in the tables of ``tests/refusals`` is refused, and by PyTorch alike."""

from __future__ import annotations

import importlib

import pytest

import minitorch_dl
from tests.refusals import Refusal, check, check_error, nn, ops, tools

REFUSALS = pytest.mark.parametrize(
    "refusal",
    [Refusal(*row) for row in (*ops.TABLE, *nn.TABLE, *tools.TABLE)],
    ids=lambda refusal: refusal.code,
)


@REFUSALS
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_call_is_refused(refusal: Refusal) -> None:
    check(refusal, minitorch_dl)


@REFUSALS
@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_pytorch_refuses_it_alike(refusal: Refusal) -> None:
    torch = pytest.importorskip("torch")
    for name in ("nn.utils.parametrize", "nn.utils.prune", "utils.checkpoint"):
        importlib.import_module(f"torch.{name}")
    check_error(refusal, torch)
