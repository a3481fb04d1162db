"""Files in the format that ``save`` wrote before PyTorch's: stored files of that time, and strange
ones."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.serialization import ArchiveError

FILES = Path(__file__).parents[1] / "references" / "archives"


def archive_of(header: Any) -> io.BytesIO:
    """A file with this tree."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tree.json", json.dumps(header))
    file.seek(0)
    return file


def test_values() -> None:
    found = torch.load(FILES / "values.pt")
    assert found["base"].tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert found["again"] is found["base"]
    found["base"].zero_()
    assert not found["column"].any()
    assert type(found["parameter"]) is torch.nn.Parameter
    assert found["leaf"].requires_grad
    for t in found["tensors"]:
        assert t.tolist() == ([0, 1, 1] if t.dtype == torch.bool else [0, 1, 100])
    assert [str(t.dtype).removeprefix("torch.") for t in found["tensors"]] == [
        "float64", "float16", "bfloat16", "bool", "uint8", "int8", "int16", "int32", "int64",
        "uint16", "complex64",
    ]  # fmt: skip
    plain = {
        "dtype": torch.bfloat16, "device": torch.device("cpu"), "size": torch.Size([1, 2]),
        "bytes": b"\x00\xff", "none": None, 3: "int key", ("a", 1): {1, 2}, "inf": float("inf"),
        "nested": [(1, 2.5), {"a": [True]}, OrderedDict(b=1)], "numpy": 2.5, "complex": 1 + 2j,
    }  # fmt: skip
    assert {key: found[key] for key in plain} == plain
    assert isinstance(found["numpy"], np.float64)
    assert found["array"].tolist() == [0, 1, 2]
    torch.nn.BatchNorm1d(2).load_state_dict(found["state"])
    assert found["state"]._metadata[""]["version"] == 2
    assert found["empty"].shape == (0, 3)
    assert found["scalar"].item() == 2.5


def test_a_whole_model_only_when_it_is_trusted() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"Unsupported global: .*Linear"):
        torch.load(FILES / "model.pt")
    model = torch.load(FILES / "model.pt", weights_only=False)
    assert model(torch.ones(1, 2)).shape == (1, 1)
    assert model.weight.requires_grad


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
def test_a_strange_tree(header: Any, message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        torch.load(archive_of(header))


def test_a_foreign_zip() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "")
    file.seek(0)
    with pytest.raises(ArchiveError, match=r"another kind of zip file \(it holds readme.txt\)"):
        torch.load(file)


def test_a_pickled_array_is_not_opened() -> None:
    file = archive_of({"format": "minitorch_dl archive", "version": 1, "tree": {"array": 0}})
    with zipfile.ZipFile(file, "a") as archive, archive.open("arrays/0.npy", "w") as member:
        np.save(member, np.array([{}]), allow_pickle=True)
    file.seek(0)
    with pytest.raises(ArchiveError, match="allow_pickle"):
        torch.load(file)


def test_cuts_are_noticed() -> None:
    whole = (FILES / "model.pt").read_bytes()
    for length in range(0, len(whole), 37):
        with pytest.raises(ArchiveError):
            torch.load(io.BytesIO(whole[:length]), weights_only=False)
