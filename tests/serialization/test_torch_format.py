"""Files that PyTorch wrote (by tests/references/make_pth.py)."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.serialization import ArchiveError

FILES = Path(__file__).parents[1] / "references" / "pth"


def test_a_state_dict_fits() -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3))
    torch.manual_seed(0)
    same = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3))
    state = torch.load(FILES / "state_dict.pth")
    assert net.load_state_dict(state).missing_keys == []
    assert torch.equal(net[0].weight, same[0].weight)
    assert state._metadata["1"]["version"] == 2


def test_values() -> None:
    values = torch.load(FILES / "values.pth")
    assert values["base"].tolist() == np.arange(12.0).reshape(3, 4).tolist()
    values["base"][0, 1] = -1.0
    assert values["column"].tolist() == [-1.0, 5.0, 9.0]
    assert isinstance(values["parameter"], torch.nn.Parameter)
    assert values["leaf"].requires_grad
    assert values["dtypes"] == [torch.float16, torch.int64]
    for t in values["tensors"]:
        assert t.double().tolist() == ([0, 1, 1] if t.dtype == torch.bool else [0, 1, 100])
    assert [t.dtype.name for t in values["tensors"]][:3] == ["float64", "float16", "bfloat16"]
    assert values["device"] == torch.device("cpu")
    assert values["size"] == torch.Size([1, 2])
    assert values["bytes"] == b"\x00\xff"
    assert values["set"] == {1}
    assert values["empty"].shape == (0, 3)
    assert values["scalar"].item() == 2.5


def test_a_whole_model_only_when_it_is_trusted() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"Unsupported global: torch\.nn.*Linear"):
        torch.load(FILES / "model.pth")
    model = torch.load(FILES / "model.pth", weights_only=False)
    assert type(model) is torch.nn.Linear
    assert model(torch.ones(1, 2)).shape == (1, 1)


def test_other_code_is_never_run() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", b"cos\nabort\n(tR.")
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match=r"Unsupported global: os\.abort"):
        torch.load(file)


def test_cuts_are_noticed() -> None:
    whole = (FILES / "state_dict.pth").read_bytes()
    for length in range(0, len(whole), 97):
        with pytest.raises(ArchiveError):
            torch.load(io.BytesIO(whole[:length]))


def rewritten(change: Any) -> io.BytesIO:
    result = io.BytesIO()
    with zipfile.ZipFile(FILES / "values.pth") as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    result.seek(0)
    return result


def test_a_storage_that_is_too_short() -> None:
    short = rewritten(lambda name, content: content[:-4] if name.endswith("data/0") else content)
    with pytest.raises(ArchiveError, match="leaves its storage of 11 elements"):
        torch.load(short)


def test_big_endian_files() -> None:
    def swap(name: str, content: bytes) -> bytes:
        if name.endswith("byteorder"):
            return b"big"
        if name.endswith("data/0"):
            return np.frombuffer(content, ">f4").astype("<f4").tobytes()
        return content

    assert torch.load(rewritten(swap))["base"].tolist()[2] == [8.0, 9.0, 10.0, 11.0]


@pytest.mark.parity
def test_live() -> None:
    pytorch = pytest.importorskip("torch")
    file = io.BytesIO()
    x = pytorch.randn(3, 4)
    pytorch.save({"x": x, "row": x[1], "T": x.T}, file)
    file.seek(0)
    found = torch.load(file)
    for key, value in {"x": x, "row": x[1], "T": x.T}.items():
        assert np.array_equal(found[key].numpy(), value.numpy())
        assert found[key].array.strides == tuple(4 * s for s in value.stride())
