"""Write distributions.npz: PyTorch's results for the cases of tests/distributions/cases.py.

Run from the repository's root with PyTorch installed:

    python -m tests.references.make_distributions

The exponential draws are not those of an Intel CPU (see minitorch_dl/backend/random).
"""

from pathlib import Path

import numpy as np
import torch

from tests.distributions import cases


def main() -> None:
    torch.set_num_threads(1)
    arrays = {}
    for name in cases.DISTRIBUTIONS:
        arrays.update({f"{name}/{k}": v for k, v in cases.run(torch, name).items()})
    for name in cases.KL:
        arrays.update({f"kl {name}/{k}": v for k, v in cases.run_kl(torch, name).items()})
    np.savez_compressed(Path(__file__).with_name("distributions.npz"), **arrays)


if __name__ == "__main__":
    main()
