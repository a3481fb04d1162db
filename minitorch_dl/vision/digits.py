"""Handwritten digits: 1,797 real 8x8 images that come with the package.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0 (see data/NOTICE).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..ops import from_numpy
from ..tensor import Tensor
from ..utils.data import Dataset

DATA_FILE = Path(__file__).parent / "data" / "digits.npz"  # images (N, 8, 8), labels (N,): uint8
CLASSES = 10
TEST_IMAGES_PER_CLASS = 36
PIXEL_MAX = 16


def load_digits_arrays(train: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(images, labels)`` of one part as NumPy arrays of bytes.

    Images are ``(N, 8, 8)`` with values 0 (paper) to 16 (ink), labels ``(N,)`` 0 to 9. The split is
    fixed: of each digit, 36 images spaced evenly over the file are for testing (360 in all, so
    every writer is in both parts) and the other 1,437 for training. Both keep the file's order.

    >>> images, labels = load_digits_arrays(train=False)
    >>> images.shape, labels.shape, int(images.max())
    ((360, 8, 8), (360,), 16)
    """
    with np.load(DATA_FILE) as archive:
        images, labels = archive["images"], archive["labels"]
    is_test = np.zeros(len(labels), dtype=bool)
    for digit in range(CLASSES):
        (members,) = np.nonzero(labels == digit)
        every = np.arange(TEST_IMAGES_PER_CLASS) * len(members) // TEST_IMAGES_PER_CLASS
        is_test[members[every]] = True
    part = ~is_test if train else is_test
    return images[part], labels[part]


class Digits(Dataset):
    """Handwritten digits as a dataset, in the manner of torchvision's MNIST.

    An item is ``(image, target)``: a float32 tensor ``(1, 8, 8)`` from 0 (paper) to 1 (ink), and
    the digit as an ``int``. ``transform`` and ``target_transform`` are applied to the two when
    given. ``data`` holds all images as uint8 ``(N, 8, 8)`` with values 0 to 16, ``targets`` all
    labels as int64 ``(N,)``. See :func:`load_digits_arrays` for the split.

    >>> digits = Digits(train=True)
    >>> image, target = digits[0]
    >>> len(digits), tuple(image.shape), target
    (1437, (1, 8, 8), 0)
    """

    classes = [str(digit) for digit in range(CLASSES)]

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Tensor], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
    ) -> None:
        images, labels = load_digits_arrays(train)
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        self.data = from_numpy(images)
        self.targets = from_numpy(labels.astype(np.int64))
        self._images = from_numpy(images[:, None].astype(np.float32) / PIXEL_MAX)  # (N, 1, 8, 8)
        self._labels = labels.tolist()

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self._images[index], self._labels[index]
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target
