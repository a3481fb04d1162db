"""PyTorch's results for every case of the module table: made by this script, read by the tests.

    python -m tests.references.modules [FAMILY ...]

writes ``modules/<family>.npz``: per case the printed module, its state as drawn with seed 0, and in
training and evaluation mode the outputs, the gradients of their weighted sum and the buffers after
the call, in float64. Needs torch; reading needs only NumPy.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_dl.testing.module_cases import Row, table
from minitorch_dl.testing.op_cases import leaves, replace
from tests.references.ops import plain, weights

FOLDER = Path(__file__).with_name("modules")


def run(
    row: Row, i: int, module: Any, torch: Any, to_tensor: Any, training: bool, dtype: Any
) -> dict[str, Any]:
    """Call a module with seed 1: a label per output, gradient and buffer.

    Its parameters are first moved off their start, where many are 0 or 1 and hide mistakes.
    """
    parameters, buffers = [], []
    if isinstance(module, torch.nn.Module):
        module.to(dtype).train(training)
        parameters = list(module.named_parameters())
        buffers = list(module.named_buffers())
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for _, p in parameters:
            p.add_(to_tensor(rng.uniform(-0.3, 0.3, tuple(p.shape))).to(dtype))
    inputs: list[Any] = []

    def tensor(array: np.ndarray) -> Any:
        t = to_tensor(array)
        if array.dtype == np.float64:
            t = t.to(dtype).requires_grad_()
            inputs.append(t)
        return t

    args, kwargs = replace(row.given(i), tensor, np.ndarray)
    torch.manual_seed(1)
    result = row.cases[i].run(torch, module, args, kwargs)
    outputs = leaves(result, torch.Tensor)
    got = {f"output {k}": out for k, out in enumerate(outputs)}
    wanted = [(f"input {k}", x) for k, x in enumerate(inputs)] + parameters
    parts = [
        (out * to_tensor(weights(tuple(out.shape), k)).to(out.dtype)).sum()
        for k, out in enumerate(outputs)
        if out.requires_grad
    ]
    if parts and wanted:
        total = sum(parts[1:], parts[0])
        grads = torch.autograd.grad(total, [x for _, x in wanted], allow_unused=True)
        for (name, x), g in zip(wanted, grads):
            got[f"gradient of {name}"] = torch.zeros_like(x) if g is None else g
    got |= {f"buffer {name}": value for name, value in buffers}
    return got


def evaluate(
    row: Row, i: int, torch: Any, to_tensor: Any, dtype: Any
) -> tuple[str, dict[str, Any]]:
    """What the module prints, and every stored tensor by its label."""
    module = row.make(i, torch, to_tensor)
    text = ""
    got = {}
    if isinstance(module, torch.nn.Module):
        text = repr(module)
        got = {f"state {name}": value.clone() for name, value in module.state_dict().items()}
    for mode, training in (("train", True), ("eval", False)):
        module = row.make(i, torch, to_tensor)
        for label, value in run(row, i, module, torch, to_tensor, training, dtype).items():
            got[f"{mode}: {label}"] = value
    return text, got


def evaluate_torch(row: Row, i: int) -> tuple[str, dict[str, np.ndarray]]:
    import torch

    text, got = evaluate(row, i, torch, lambda a: torch.from_numpy(a.copy()), torch.float64)
    return text, {label: plain(value) for label, value in got.items()}


def store(family: str, rows: list[Row]) -> None:
    """One array of numbers per case, with an index of what lies where: small files."""
    numbers: dict[str, Any] = {}
    index: dict[str, Any] = {}
    for row in rows:
        for i in range(len(row.cases)):
            text, got = evaluate_torch(row, i)
            labels: dict[str, Any] = {}
            parts = []
            for label, value in got.items():
                mode, _, rest = label.partition(": ")
                twin = got.get(f"train: {rest}")
                if (
                    mode == "eval"
                    and twin is not None
                    and np.array_equal(value, twin, equal_nan=True)
                ):
                    labels[label] = f"train: {rest}"
                    continue
                labels[label] = [value.dtype.name, list(value.shape)]
                parts.append(value.ravel().astype(np.float64))
            index[f"{row.name}/{i}"] = {"repr": text, "labels": labels}
            numbers[f"{row.name}/{i}"] = np.concatenate([np.zeros(0), *parts])
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{family}.npz"
    np.savez_compressed(path, index=np.asarray(json.dumps(index)), **numbers)
    print(f"{family}: {len(rows)} rows, {path.stat().st_size} bytes")


@lru_cache
def load(family: str) -> dict[str, tuple[str, dict[str, np.ndarray]]]:
    """The stored references of a family, by case: the printed module, and the arrays by label."""
    path = FOLDER / f"{family}.npz"
    if not path.exists():
        return {}
    cases = {}
    with np.load(path) as archive:
        for case, entry in json.loads(str(archive["index"])).items():
            numbers, arrays, start = archive[case], {}, 0
            for label, what in entry["labels"].items():
                if isinstance(what, str):
                    arrays[label] = arrays[what]
                    continue
                dtype, shape = what
                stop = start + int(np.prod(shape, dtype=np.int64))
                arrays[label] = numbers[start:stop].reshape(shape).astype(dtype)
                start = stop
            cases[case] = (entry["repr"], arrays)
    return cases


if __name__ == "__main__":
    for family, rows in groupby(table(), key=lambda row: row.family):
        if not sys.argv[1:] or family in sys.argv[1:]:
            store(family, list(rows))
