"""Writes minitorch_dl/quasirandom/directions.npz, from PyTorch's table of direction numbers:

    python -m tests.references.make_sobol

PyTorch's table has all 30 numbers of a dimension. Kept are those that the others follow from: the
polynomial of the recurrence, of degree s, and the first s numbers.
"""

from pathlib import Path

import numpy as np

PATH = Path(__file__).parents[2] / "minitorch_dl" / "quasirandom" / "directions.npz"
BITS, DIMENSIONS = 30, 1111  # those of degree 13 and less


def continued(start, polynomial, degree):
    """The numbers of a dimension from its first ``degree``, for each of the polynomials."""
    m = [np.full(polynomial.shape, n) for n in start]
    while len(m) < BITS:
        new = m[-degree] ^ m[-degree] << degree
        for k in range(1, degree):
            new ^= np.where(polynomial >> degree - k & 1, m[-k] << k, 0)
        m.append(new)
    return np.stack(m, -1)


def main():
    import torch

    table = torch.quasirandom.SobolEngine(DIMENSIONS).sobolstate.numpy()
    table = table >> np.arange(BITS)[::-1]
    polynomials, starts = [], np.zeros((DIMENSIONS - 1, 13), np.uint16)
    degree = 1
    for row, numbers in enumerate(table[1:]):
        while True:  # the polynomials of a degree in ascending order, then those of the next
            candidates = np.arange(2**degree + 1, 2 ** (degree + 1), 2)
            found = (continued(numbers[:degree], candidates, degree) == numbers).all(-1)
            if found.any():
                break
            degree += 1
        polynomials.append(candidates[found][0])
        starts[row, :degree] = numbers[:degree]
    np.savez_compressed(PATH, polynomials=np.array(polynomials, np.uint16), starts=starts)


if __name__ == "__main__":
    main()
