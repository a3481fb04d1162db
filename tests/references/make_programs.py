"""Writes programs.npz: random programs and what PyTorch makes of them. Run with PyTorch installed:

python -m tests.references.make_programs
"""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tests.autograd.random_programs import KINDS, Program, run

PATH = Path(__file__).with_name("programs.npz")
COUNT = 300


def draw(rng: np.random.Generator) -> tuple[Program, int]:
    """A program, and whether its first or second derivatives are taken."""
    steps = [
        (KINDS[rng.integers(len(KINDS))], *(int(n) for n in rng.integers(0, 10_000, 3)))
        for _ in range(rng.integers(3, 15))
    ]
    return steps, int(rng.integers(1, 3))


def load() -> list[tuple[Program, int, list[Any]]]:
    """The programs, their orders and what PyTorch saw, from the file, checked."""
    with np.load(PATH) as file:
        text, values, digest = str(file["programs"]), file["values"], str(file["sha256"])
    assert _digest(text, values) == digest, f"{PATH.name} is damaged: write it anew"
    arrays = iter(values.astype(np.float64).reshape(-1, 2, 2))
    return [
        (program, order, [next(arrays) if seen == "array" else seen for seen in result])
        for program, order, result in json.loads(text)
    ]


def _digest(text: str, values: np.ndarray) -> str:
    return hashlib.sha256(text.encode() + values.astype("<f4").tobytes()).hexdigest()


def main() -> None:
    import torch

    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    programs, values = [], []
    for _ in range(COUNT):
        program, order = draw(rng)
        result = []
        for seen in run(torch, program, order):
            if isinstance(seen, np.ndarray):
                values.append(seen)
                seen = "array"
            result.append(seen)
        programs.append((program, order, result))
    text, stacked = json.dumps(programs, separators=(",", ":")), np.float32(values)
    np.savez_compressed(PATH, programs=text, values=stacked, sha256=_digest(text, stacked))


if __name__ == "__main__":
    main()
