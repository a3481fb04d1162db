"""PyTorch's own lists of what autocast does, op by op: the dtypes of the results are those."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from tests.cuda.simulated_gpu import install

torch = pytest.importorskip("torch")
lists = pytest.importorskip("torch.testing._internal.autocast_test_lists")
pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")]

LEFT_OUT = {
    "_convolution", "_native_multi_head_attention", "_addmm_activation", "convolution", "conv_tbc",
    "cudnn_convolution", "cudnn_convolution_transpose", "nll_loss2d", "__div__",
    "einsum", "margin_ranking_loss", "linear", "reflection_pad1d",
}  # fmt: skip
"""What is not here, and what PyTorch's functions refuse too: its samples are for their kernels."""
WIDEST = "the widest"


def cases(found: Any, half: str) -> Iterator[tuple[str, str, tuple[Any, ...], Any, str]]:
    """The list, the op, its arguments, and the dtype that is expected."""
    for name, entries in vars(found).items():
        if name == "banned":
            continue
        if "16" in name.rsplit("_", 1)[-1]:
            expected = half
        else:
            expected = "float32" if name.endswith("fp32") else WIDEST
        for entry in entries:
            op, *rest = entry
            if op in LEFT_OUT:
                continue
            options = next((x for x in rest if isinstance(x, dict)), {})
            yield name, op, rest[0], options, expected


def translated(value: Any, device: str) -> Any:
    """PyTorch's tensors as ours."""
    if isinstance(value, torch.Tensor):
        wide = value.float() if value.is_floating_point() else value
        made = minitorch_dl.from_numpy(np.array(wide.numpy()))
        return made.to(device, getattr(minitorch_dl, str(value.dtype).removeprefix("torch.")))
    if isinstance(value, (tuple, list)):
        return type(value)(translated(v, device) for v in value)
    return value


def called(module: Any, op: str, arguments: Any, options: Any) -> Any:
    """What the function of this name gives, wherever the library has it."""
    places = (module, module.nn.functional, module.linalg)
    for place, name in [*((p, op) for p in places), (module.linalg, op.removeprefix("linalg_"))]:
        if (
            not op.startswith("__")
            and hasattr(place, name)
            and not (op == "bilinear" and place is module)
        ):
            return getattr(place, name)(*arguments, **options)
    return getattr(arguments[0], op)(*arguments[1:2], **options)


def dtype_of(result: Any) -> str:
    first = result[0] if isinstance(result, (tuple, list)) else result
    return str(getattr(first, "dtype", type(first)))


CPU = list(cases(lists.AutocastCPUTestLists("cpu"), "bfloat16"))
HALVES = {"torch_need_autocast_promote": ["bfloat16"]}  # which is in these samples
CUDA = list(cases(lists.AutocastTestLists("cpu"), "float16"))


def names(found: list[Any]) -> list[str]:
    return [f"{i}-{case[0]}-{case[1]}" for i, case in enumerate(found)]


@pytest.mark.parametrize("case", CPU, ids=names(CPU))
def test_on_the_cpu(case: Any) -> None:
    name, op, arguments, options, _ = case
    for half in HALVES.get(name, ["bfloat16", "float16"]):
        with torch.autocast("cpu", dtype=getattr(torch, half)):
            expected = called(torch, op, arguments, options)
        with minitorch_dl.autocast("cpu", dtype=getattr(minitorch_dl, half)):
            got = called(minitorch_dl, op, translated(arguments, "cpu"), options)
        assert dtype_of(got) == dtype_of(expected), half


@pytest.mark.parametrize("case", CUDA, ids=names(CUDA))
def test_on_a_simulated_gpu(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's lists say what its GPU does, here on one whose memory is the host's."""
    install(monkeypatch)
    _, op, arguments, options, expected = case
    given = translated(arguments, "cuda")
    with minitorch_dl.autocast("cuda"):
        got = called(minitorch_dl, op, given, options)
    if isinstance(got, bool):  # of ``equal``
        return
    dtype = dtype_of(got).removeprefix("torch.")
    if expected is WIDEST:
        expected = "bool" if op.strip("_") in ("eq", "ge", "gt", "le", "lt", "ne") else "float32"
    assert dtype == expected
