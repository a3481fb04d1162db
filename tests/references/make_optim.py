"""Write optim.npz: what PyTorch's optimizers and schedulers do in the runs of tests/optim/cases.py.

Run from the repository's root with PyTorch installed: ``python -m tests.references.make_optim``.
"""

import json
from pathlib import Path

import numpy as np
import torch

from tests.optim import cases


def main() -> None:
    arrays: dict[str, np.ndarray] = {}
    for name, options in cases.OPTIMIZERS:
        for dtype in ("float64", "float32"):
            key = f"{cases.case_id(name, options)}/{dtype}"
            arrays[key], state = cases.run(torch, name, options, dtype)
            if dtype == "float64":
                arrays[f"{key}/state_dict"] = np.array(
                    json.dumps(state, default=torch.Tensor.tolist)
                )
    for options in cases.LBFGS:
        arrays[cases.case_id("LBFGS", options)] = cases.run_lbfgs(torch, options)
    for name in cases.SCHEDULERS:
        for kind in ("SGD", "Adam"):
            optimizer, scheduler = cases.build_scheduler(torch, name, kind)
            steps = range(cases.SCHEDULER_STEPS)
            arrays[f"{name}/{kind}"] = cases.run_scheduler(optimizer, scheduler, steps)
    np.savez_compressed(Path(__file__).with_name("optim.npz"), **arrays)


if __name__ == "__main__":
    main()
