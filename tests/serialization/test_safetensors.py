from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.serialization import ArchiveError, safetensors

TENSORS = {
    "b": torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
    "a": torch.tensor([True, False]),
    "half": torch.ones(3).half(),
    "bf": torch.ones(3).bfloat16(),
    "long": torch.arange(4),
    "empty": torch.empty(0, 2),
    "scalar": torch.tensor(2.5).double(),
    "T": torch.arange(6.0).reshape(2, 3).T,
}


def test_round_trip(tmp_path: Path) -> None:
    safetensors.save_file(TENSORS, tmp_path / "x.safetensors", {"format": "pt"})
    found = safetensors.load_file(tmp_path / "x.safetensors")
    assert set(found) == set(TENSORS)
    for name, t in TENSORS.items():
        assert found[name].dtype is t.dtype
        assert torch.equal(found[name], t)
    found["b"].zero_()  # the memory is the user's own


def test_the_bytes_are_those_of_the_format() -> None:
    data = safetensors.save({"w": torch.tensor([1.0, -2.0])})
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert header == {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    assert int.from_bytes(data[:8], "little") % 8 == 0
    assert data[-8:] == bytes.fromhex("0000803f000000c0")


def file_of(header: Any, values: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + values


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"short",
        (1 << 60).to_bytes(8, "little") + b"{}",
        file_of([]),
        file_of({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"1234567"),
        file_of({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"123456789"),
        file_of({"w": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, b"12345678"),
        file_of({"w": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, b"123456789012"),
        file_of({"w": {"dtype": "X", "shape": [2], "data_offsets": [0, 8]}}, b"12345678"),
        file_of({"w": {"dtype": "F32", "shape": [-2], "data_offsets": [0, -8]}}),
        file_of({"w": 1}),
    ],
)
def test_other_bytes_are_an_error(data: bytes) -> None:
    with pytest.raises(ArchiveError, match="truncated or of another kind"):
        safetensors.load(data)


def test_only_tensors_and_strings_are_stored() -> None:
    with pytest.raises(ValueError, match="got int under 'n'"):
        safetensors.save({"n": 3})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="metadata of strings"):
        safetensors.save({}, {"n": 3})  # type: ignore[dict-item]
