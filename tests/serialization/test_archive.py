from __future__ import annotations

import json
import math
import os
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch_dl.serialization.archive import ArchiveError, Codec, load, save
from minitorch_dl.serialization.atomic import atomic_write

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TREES = st.recursive(
    SCALARS,
    lambda tree: (
        st.lists(tree, max_size=4)
        | st.lists(tree, max_size=4).map(tuple)
        | st.dictionaries(SCALARS.filter(lambda key: key == key), tree, max_size=4)
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Equality that tells types apart and takes nan as equal to itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        pairs = list(zip(a.items(), b.items()))
        return len(a) == len(b) and all(same(x, y) for pair in pairs for x, y in zip(*pair))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return repr(a) == repr(b)
    return a == b


@given(tree=TREES)
def test_trees_come_back_with_their_types(
    tree: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "tree.zip"
    save(tree, path)
    assert same(load(path), tree)


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "<i8", ">i4", "f2", "f4", "f8", "c8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_arrays_come_back_bit_for_bit(dtype: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    size = math.prod(shape)
    array = np.arange(size).astype(dtype).reshape(shape)
    save({"a": array, "t": array.T}, tmp_path / "x.zip")
    loaded = load(tmp_path / "x.zip")
    assert same(loaded["a"], array)
    assert np.array_equal(loaded["t"], array.T)
    assert loaded["a"].flags.writeable


def test_order_and_special_floats(tmp_path: Path) -> None:
    tree = OrderedDict([("b", (math.nan, -math.inf, -0.0)), (1, [True, 1, 1.0]), (None, {})])
    tree[1, "a"] = [b"bytes\x00", 2j, {3}, frozenset((4,)), np.float32(5)]
    save(tree, tmp_path / "x.zip")
    assert same(load(tmp_path / "x.zip"), tree)


def test_one_array_met_twice_is_stored_once_and_stays_one(tmp_path: Path) -> None:
    array = np.zeros(1000)
    save([array, {"again": array}], tmp_path / "x.zip")
    first, second = load(tmp_path / "x.zip")
    assert first is second["again"]
    assert (tmp_path / "x.zip").stat().st_size < 2 * array.nbytes


def test_other_values_go_through_the_codec(tmp_path: Path) -> None:
    class Point:
        def __init__(self, x: float) -> None:
            self.x = x

    class Points(Codec):
        def encode(self, value: Any, writer: Any, place: str) -> Any:
            return {"point": value.x} if isinstance(value, Point) else None

        def decode(self, kind: str, content: Any, reader: Any) -> Any:
            return Point(content) if kind == "point" else super().decode(kind, content, reader)

    save([Point(2.5), np.ones(2)], tmp_path / "x.zip", Points())
    point, array = load(tmp_path / "x.zip", Points())
    assert point.x == 2.5
    assert isinstance(array, np.ndarray)
    with pytest.raises(ArchiveError, match="unknown kind of value, 'point'"):
        load(tmp_path / "x.zip")


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        save({"weights": np.arange(4.0)}, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [0, {range(2)}]}, r"obj\['a'\]\[1\]\[0\], a range"),
        ({frozenset((1, 2)): 0}, "key of obj, a frozenset"),
        ([np.array([None])], r"obj\[0\], an array of dtype object"),
        ([np.array(["text"])], r"obj\[0\], an array of dtype <U4"),
        (print, "obj, a builtin_function_or_method"),
    ],
)
def test_what_cannot_be_stored_is_named_and_leaves_no_file(
    value: Any, place: str, tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match=place):
        save(value, tmp_path / "x.zip")
    assert os.listdir(tmp_path) == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_an_atomic_write_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old and longer")
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old and longer"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["x"]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file; check the path"):
        load(tmp_path / "nothing.zip")


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"\x80\x04\x95pickle", r"starts with the bytes b'\\x80"), (b"PK", "PK")],
)
def test_a_foreign_file(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=message):
        load(path)


def test_a_foreign_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("data.pkl", "")
    with pytest.raises(ArchiveError, match=r"another kind of zip file \(it holds data.pkl\)"):
        load(tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"format": "other", "version": 1, "tree": 0}, "its format is 'other'"),
        ({"format": "minitorch_dl archive", "version": 2, "tree": 0}, "install a newer"),
        ({"format": "minitorch_dl archive", "version": 1}, "'tree'"),
        ({"format": "minitorch_dl archive", "version": 1, "tree": {"code": 0}}, "unknown kind"),
        ({"format": "minitorch_dl archive", "version": 1, "tree": {"array": 0}}, "no item named"),
        ([], "not those of"),
    ],
)
def test_a_strange_tree(header: Any, message: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("tree.json", json.dumps(header))
    with pytest.raises(ArchiveError, match=message):
        load(tmp_path / "x.zip")


def test_a_pickled_array_is_not_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        header = {"format": "minitorch_dl archive", "version": 1, "tree": {"array": 0}}
        archive.writestr("tree.json", json.dumps(header))
        with archive.open("arrays/0.npy", "w") as member:
            np.save(member, np.array([{}]), allow_pickle=True)
    with pytest.raises(ArchiveError, match="allow_pickle"):
        load(tmp_path / "x.zip")


def test_every_cut_and_every_damaged_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    tree = {"name": "x", "weights": np.arange(6, dtype=np.float32)}
    path = tmp_path / "x.zip"
    save(tree, path)
    whole = path.read_bytes()
    cuts = [whole[:length] for length in range(len(whole))]
    flips = [
        whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        for place in range(len(whole))
    ]
    for content in cuts:
        path.write_bytes(content)
        with pytest.raises(ArchiveError):
            load(path)
    for content in flips:
        path.write_bytes(content)
        try:
            loaded = load(path)
        except ArchiveError:
            continue
        assert same(loaded, tree)  # a byte of a time stamp or the like
