"""Write nn_utils.npz: what PyTorch gives for the cases of tests/nn/utils/cases.py.

Run from the repository's root with PyTorch installed: ``python -m tests.references.make_nn_utils``.
"""

from pathlib import Path

import numpy as np
import torch

from tests.nn.utils import cases


def main() -> None:
    torch.set_num_threads(1)
    arrays = {
        f"{name}/{key}": value
        for name in cases.CASES
        for key, value in cases.run(torch, name).items()
    }
    np.savez_compressed(Path(__file__).with_name("nn_utils.npz"), **arrays)


if __name__ == "__main__":
    main()
