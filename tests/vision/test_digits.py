from __future__ import annotations

import hashlib

import numpy as np

import minitorch_dl as torch
from minitorch_dl.utils.data import DataLoader
from minitorch_dl.vision import Digits, load_digits_arrays
from minitorch_dl.vision.digits import DATA_FILE

# Of scikit-learn's load_digits(): images and then target, as bytes.
SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
# As the UCI repository states for the test part of the set.
IMAGES_PER_DIGIT = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_data_are_those_of_the_source() -> None:
    with np.load(DATA_FILE) as archive:
        content = archive["images"].tobytes() + archive["labels"].tobytes()
    assert hashlib.sha256(content).hexdigest() == SHA256


def test_both_parts_together_are_the_whole_set() -> None:
    images, labels = map(np.concatenate, zip(load_digits_arrays(True), load_digits_arrays(False)))
    assert images.shape == (1797, 8, 8)
    assert images.dtype == labels.dtype == np.uint8
    assert np.bincount(labels).tolist() == IMAGES_PER_DIGIT
    with np.load(DATA_FILE) as archive:
        rows = {image.tobytes() + bytes([label]) for image, label in zip(*archive.values())}
    assert {image.tobytes() + bytes([label]) for image, label in zip(images, labels)} == rows


def test_the_split_is_stratified_and_fixed() -> None:
    _, labels = load_digits_arrays(train=False)
    assert np.bincount(labels).tolist() == [36] * 10
    # Of the zeros in file order, each 178/36-th is for testing, from the first on.
    assert labels[:10].tolist() == list(range(10))
    again = load_digits_arrays(train=False)[1]
    assert np.array_equal(labels, again)


def test_items() -> None:
    digits = Digits(train=False)
    images, labels = load_digits_arrays(train=False)
    assert len(digits) == 360
    image, target = digits[-1]
    assert image.shape == (1, 8, 8)
    assert image.dtype == torch.float32
    assert (image * 16).tolist() == [images[-1].tolist()]
    assert type(target) is int
    assert target == labels[-1]
    assert digits.data.dtype == torch.uint8
    assert digits.data.tolist() == images.tolist()
    assert digits.targets.dtype == torch.int64
    assert digits.targets.tolist() == labels.tolist()
    assert digits.classes[target] == str(target)


def test_transforms() -> None:
    digits = Digits(transform=lambda image: image.flatten(), target_transform=lambda t: -t)
    image, target = digits[5]
    plain = Digits()
    assert image.tolist() == plain[5][0].flatten().tolist()
    assert target == -plain[5][1]


def test_batches() -> None:
    images, targets = next(iter(DataLoader(Digits(), batch_size=32)))
    assert images.shape == (32, 1, 8, 8)
    assert targets.dtype == torch.int64
    assert images.min().item() >= 0
    assert images.max().item() == 1
