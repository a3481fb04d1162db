"""PyTorch's results for every sample of the op table: made by this script, read by the tests.

    python -m tests.references.ops [FAMILY ...]

writes ``ops/<family>.npz`` for each family: the outputs in float64 and the gradients of their
weighted sum. Needs torch; reading needs only NumPy.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_dl.testing.op_cases import Row, leaves, replace, table

FOLDER = Path(__file__).with_name("ops")


def weights(shape: tuple[int, ...], i: int) -> np.ndarray:
    """The fixed weights by which output ``i`` of a sample enters the sum that is differentiated."""
    return np.asarray(np.random.default_rng(1000 + i).uniform(0.5, 1.5, shape))


def as_real(array: np.ndarray) -> np.ndarray:
    """Complex numbers as pairs of real ones, ``(*, 2)``; real ones as they are."""
    if array.dtype.kind != "c":
        return array
    return np.stack([array.real, array.imag], -1)


def as_complex(pairs: np.ndarray, like: np.ndarray) -> np.ndarray:
    """The reverse of ``as_real``: complex numbers if ``like`` has such; always a copy."""
    if like.dtype.kind != "c":
        return pairs.copy()
    return np.asarray(pairs[..., 0] + 1j * pairs[..., 1])


def weighted_sum(torch: Any, out: Any, k: int, to_tensor: Any) -> Any:
    """Output ``k`` of a sample, made one real number."""
    if out.is_complex():
        out = torch.view_as_real(out.resolve_conj())
    return (out * to_tensor(weights(tuple(out.shape), k)).to(out.dtype)).sum()


def evaluate(
    row: Row, i: int, torch: Any, to_tensor: Any, Tensor: type, float_dtype: Any
) -> dict[str, Any]:
    """Run sample ``i`` in ``torch`` (or minitorch_dl): its outputs and gradients as tensors.

    Returns:
        ``{"inputs": [...], "outputs": [...], "grads": [...]}``; a gradient is None where there is
        none.
    """
    inputs: list[Any] = []

    def tensor(array: np.ndarray) -> Any:
        t = to_tensor(array)
        if array.dtype.kind in "fc":
            t = t.to(float_dtype.to_complex() if array.dtype.kind == "c" else float_dtype)
            if row.grad:
                t.requires_grad_()
                inputs.append(t)
        return t

    args, kwargs = replace(row.values(i), tensor, np.ndarray)
    torch.manual_seed(0)
    result = row.function(torch)(*args, **kwargs)
    outputs = leaves(result, Tensor)
    grads: list[Any] = []
    if row.grad:
        total = None
        for k, out in enumerate(outputs):
            if out.requires_grad:
                part = weighted_sum(torch, out, k, to_tensor)
                total = part if total is None else total + part
        if total is not None:
            grads = list(torch.autograd.grad(total, inputs, retain_graph=True, allow_unused=True))
    return {
        "args": args,
        "kwargs": kwargs,
        "inputs": inputs,
        "result": result,
        "outputs": outputs,
        "grads": grads,
    }


def evaluate_torch(row: Row, i: int) -> dict[str, Any]:
    import torch

    return evaluate(
        row, i, torch, lambda a: torch.from_numpy(a.copy()), torch.Tensor, torch.float64
    )


def plain(value: Any) -> np.ndarray:
    return np.asarray(value.numpy(force=True))


def make(family: str, rows: list[Row]) -> None:
    stored: dict[str, np.ndarray] = {}
    for row in rows:
        for i in row.cases:
            got = evaluate_torch(row, i)
            stored[f"{row.name}/{i}/count"] = np.asarray(len(got["outputs"]))
            for kind in ("outputs", "grads"):
                for k, value in enumerate(got[kind]):
                    if value is not None:
                        stored[f"{row.name}/{i}/{kind}/{k}"] = plain(value)
            if not got["outputs"]:
                stored[f"{row.name}/{i}/value"] = np.asarray(got["result"])
    FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(FOLDER / f"{family}.npz", **stored)
    print(f"{family}: {len(rows)} rows, {(FOLDER / f'{family}.npz').stat().st_size} bytes")


@lru_cache
def load(family: str) -> dict[str, np.ndarray]:
    """The stored references of a family; empty when there are none."""
    path = FOLDER / f"{family}.npz"
    if not path.exists():
        return {}
    with np.load(path) as archive:
        return dict(archive)


if __name__ == "__main__":
    wanted = set(sys.argv[1:])
    by_family: dict[str, list[Row]] = {}
    for row in table():
        by_family.setdefault(row.family, []).append(row)
    for family, rows in by_family.items():
        if not wanted or family in wanted:
            make(family, rows)
