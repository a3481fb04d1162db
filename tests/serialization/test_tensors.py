"""``save`` and ``load``."""

from __future__ import annotations

import io
import os
import pickle
import re
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.serialization import ArchiveError, map_location
from tests.devices import DEVICES


def through(obj: Any, **options: Any) -> Any:
    """``obj`` written to memory and read again."""
    file = io.BytesIO()
    torch.save(obj, file)
    file.seek(0)
    return torch.load(file, **options)


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
        self.norm = torch.nn.BatchNorm1d(2)
        self.tied = self.layer.weight

    def forward(self, x: Any) -> Any:
        return self.norm(self.layer(x))


class Point:
    def __init__(self, x: Any) -> None:
        self.x = x


DTYPES = [
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool, torch.uint8,
    torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (2, 3)], ids=str)
def test_tensors_come_back(dtype: Any, shape: Any) -> None:
    t = torch.ones(shape).to(dtype)
    found = through(t)
    assert found.dtype is dtype
    assert found.shape == shape
    assert torch.equal(found, t)
    assert not found.requires_grad
    assert type(found) is torch.Tensor


def test_plain_values_come_back_with_their_types() -> None:
    values = {
        "size": torch.Size([2, 3]),
        "dtype": torch.bfloat16,
        "device": torch.device("cpu"),
        "cuda": torch.device("cuda:1"),
        "bytes": b"\x00\xff",
        "none": None,
        "nested": [(1, 2.5), {"a": [True]}, OrderedDict(b=1)],
        3: "int key",
        ("a", 1): {1, 2},
        "numpy": np.float64(2.5),
        "nan": float("inf"),
    }
    found = through(values)
    assert found == values
    assert list(found) == list(values)
    assert [type(v) for v in found.values()] == [type(v) for v in values.values()]
    assert found["dtype"] is torch.bfloat16


def test_parameters_and_requires_grad() -> None:
    p = torch.nn.Parameter(torch.ones(2))
    frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    result = torch.ones(2, requires_grad=True) * 2
    found = through([p, frozen, result])
    assert [type(t).__name__ for t in found] == ["Parameter", "Parameter", "Tensor"]
    assert [t.requires_grad for t in found] == [True, False, True]
    assert all(t.is_leaf for t in found)


def test_shared_memory_stays_shared() -> None:
    base = torch.arange(12.0).reshape(3, 4)
    found = through({"base": base, "row": base[1], "column": base[:, 2], "T": base.T, "b": base})
    assert found["b"] is found["base"]
    assert found["column"].tolist() == [2.0, 6.0, 10.0]
    found["base"].zero_()
    assert not found["row"].any()
    assert not found["column"].any()
    assert found["T"].shape == (4, 3)
    assert not found["T"].any()


def test_a_view_alone_takes_no_more_room_than_its_own_values() -> None:
    file = io.BytesIO()
    torch.save(torch.zeros(100_000)[::1000], file)
    assert len(file.getvalue()) < 5000


def test_a_state_dict_keeps_its_order_and_metadata() -> None:
    state = Net().state_dict()
    found = through(state)
    assert list(found) == list(state)
    assert type(found) is OrderedDict
    assert found._metadata == state._metadata
    net = Net()
    net.load_state_dict(found)
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), state.values()))


def test_training_goes_on_from_a_file(tmp_path: Path) -> None:
    def build() -> tuple[Any, Any]:
        torch.manual_seed(0)
        net = Net()
        return net, torch.optim.Adam(net.parameters(), lr=0.1)

    def step(net: Any, optimizer: Any, x: Any) -> None:
        optimizer.zero_grad()
        net(x).square().sum().backward()
        optimizer.step()

    x = torch.randn(4, 3)
    net, optimizer = build()
    step(net, optimizer, x)
    torch.save({"model": net.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "c.pt")
    step(net, optimizer, x)
    again, optimizer = build()
    kept = torch.load(tmp_path / "c.pt")
    again.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    step(again, optimizer, x)
    for a, b in zip(net.state_dict().values(), again.state_dict().values()):
        assert torch.equal(a, b)


# -- whole objects ---------------------------------------------------------------------------------


def test_a_whole_model_loads_only_when_it_is_trusted(tmp_path: Path) -> None:
    net = Net()
    torch.save(net, tmp_path / "net.pt")
    with pytest.raises(pickle.UnpicklingError, match=r"Weights only load failed.*Net") as caught:
        torch.load(tmp_path / "net.pt")
    assert "weights_only=False" in str(caught.value)
    found = torch.load(tmp_path / "net.pt", weights_only=False)
    x = torch.randn(4, 3)
    assert torch.equal(found.eval()(x), net.eval()(x))
    assert found.layer.weight is found.tied
    assert found.layer.weight.is_leaf
    assert found.layer.weight.requires_grad


def test_the_error_names_the_class() -> None:
    with pytest.raises(pickle.UnpicklingError, match=rf"GLOBAL {__name__}\.Point was not an"):
        through({"a": [Point(1)]})
    assert through({"a": [Point(torch.ones(1))]}, weights_only=False)["a"][0].x.item() == 1.0


def test_safe_globals_load_as_data() -> None:
    from minitorch_dl import serialization

    point = {"p": Point(torch.ones(2))}
    with serialization.safe_globals([Point]):
        assert serialization.get_safe_globals() == [Point]
        assert through(point)["p"].x.tolist() == [1.0, 1.0]
    with pytest.raises(pickle.UnpicklingError, match=r"Unsupported global: .*\.Point"):
        through(point)
    serialization.add_safe_globals([(Point, f"{__name__}.Point")])
    try:
        assert isinstance(through(point)["p"], Point)
    finally:
        serialization.clear_safe_globals()


def test_containers_that_hold_themselves_are_whole_objects() -> None:
    loop: list[Any] = []
    loop.append(loop)
    found = through(loop, weights_only=False)
    assert found[0] is found


def test_loading_runs_no_code() -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.abort, ()

    with pytest.raises(pickle.UnpicklingError):
        through([Bomb()])


# -- devices ---------------------------------------------------------------------------------------


def relabelled(content: bytes, device: str) -> io.BytesIO:
    """The file as if its tensors had been saved on ``device``."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            text = b"X" + len(device).to_bytes(4, "little") + device.encode()
            new.writestr(name, old.read(name).replace(b"X\x03\0\0\0cpu", text))
    result.seek(0)
    return result


def test_map_location(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    torch.save({"a": torch.ones(2), "b": torch.zeros(3)}, file)
    content = file.getvalue()

    def unavailable(d: Any = None) -> Any:
        raise RuntimeError("no CuPy here")

    known = map_location.backend_for
    monkeypatch.setattr(
        map_location, "backend_for", lambda d: known(d) if d.type == "cpu" else unavailable()
    )
    with pytest.raises(RuntimeError, match=r"saved on 'cuda:0'.*map_location='cpu'"):
        torch.load(relabelled(content, "cuda:0"))
    seen = []

    def to_cpu(storage: Any, location: str) -> Any:
        seen.append((storage.shape, location))
        return storage

    def by_name(storage: Any, location: str) -> Any:
        return torch.serialization.default_restore_location(storage, "cpu")

    for choice in ("cpu", torch.device("cpu"), {"cuda:0": "cpu"}, to_cpu, by_name):
        found = torch.load(relabelled(content, "cuda:0"), map_location=choice)
        assert found["a"].device.type == "cpu"
        assert found["b"].tolist() == [0.0, 0.0, 0.0]
    assert seen == [((2,), "cuda:0"), ((3,), "cuda:0")]
    with pytest.raises(TypeError, match="map_location should be None, a device"):
        torch.load(relabelled(content, "cpu"), map_location=3)


@pytest.mark.parametrize("device", DEVICES)
def test_tensors_come_back_to_their_device(device: str) -> None:
    base = torch.arange(6.0, device=device)
    net = torch.nn.Linear(2, 2).to(device)
    found = through({"base": base, "part": base[2:], "state": net.state_dict()})
    assert found["part"].device == base.device
    assert found["state"]["weight"].device == base.device
    found["base"].zero_()
    assert found["part"].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert through(base, map_location="cpu").device.type == "cpu"
    assert through(torch.ones(2), map_location=device).device.type == device
    assert through(net, map_location="cpu", weights_only=False).weight.device.type == "cpu"
    assert through(net, weights_only=False).weight.device == base.device


# -- files -----------------------------------------------------------------------------------------


def test_paths_and_open_files(tmp_path: Path) -> None:
    t = torch.arange(3)
    for path in (tmp_path / "a.pt", str(tmp_path / "b.pt")):
        torch.save(t, path)
        assert torch.equal(torch.load(path), t)
    with open(tmp_path / "c.pt", "wb") as file:
        torch.save(t, file)
    with open(tmp_path / "c.pt", "rb") as file:
        assert torch.equal(torch.load(file), t)
    with pytest.raises(AttributeError, match="expected a path or a file"):
        torch.save(t, 3)
    with pytest.raises(TypeError, match="expected a path or a file"):
        torch.load(3)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    torch.save(1, tmp_path / "a.pt")
    with pytest.raises((pickle.PicklingError, AttributeError)):
        torch.save(lambda: None, tmp_path / "a.pt")
    assert torch.load(tmp_path / "a.pt") == 1
    assert os.listdir(tmp_path) == ["a.pt"]


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No such file") as missing:
        torch.load(tmp_path / "none.pt")
    assert missing.value.filename == str(tmp_path / "none.pt")
    for content in (b"", b"text", pickle.dumps([1])):
        with pytest.raises(ArchiveError, match=r"load: expected a file of torch\.save"):
            torch.load(io.BytesIO(content))
    with pytest.raises(EOFError, match="Ran out of input"):
        torch.load(io.BytesIO())
    with pytest.raises(pickle.UnpicklingError):
        torch.load(io.BytesIO(b"text"))
    with pytest.raises(IsADirectoryError):
        torch.load(tmp_path)


def test_a_cut_file_is_called_what_pytorch_calls_it() -> None:
    file = io.BytesIO()
    torch.save(torch.ones(100), file)
    words = "PytorchStreamReader failed reading zip archive: failed finding central directory"
    with pytest.raises(RuntimeError, match=words):
        torch.load(io.BytesIO(file.getvalue()[:300]))


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    for path, words in [
        (tmp_path / "none" / "a.pt", f"Parent directory {tmp_path / 'none'} does not exist"),
        (tmp_path, "Is a directory"),
    ]:
        with pytest.raises(RuntimeError, match=re.escape(words)):
            torch.save(1, path)
        with pytest.raises(OSError, match=r"expected an existing directory|Is a directory"):
            torch.save(1, path, _use_new_zipfile_serialization=False)


def test_a_tensor_that_leaves_its_storage_is_refused() -> None:
    file = io.BytesIO()
    base = torch.arange(6.0)
    torch.save([base, base[2:]], file)
    result = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            moved = b"QK\x03K\x04\x85"  # the offset after the storage's id, before the size (4,)
            new.writestr(name, old.read(name).replace(b"QK\x02K\x04\x85", moved))
    result.seek(0)
    with pytest.raises(ArchiveError, match="leaves its storage of 6 elements"):
        torch.load(result)


def test_every_cut_is_noticed() -> None:
    file = io.BytesIO()
    torch.save(torch.nn.Linear(2, 2).state_dict(), file)
    whole = file.getvalue()
    for length in range(len(whole)):
        with pytest.raises(ArchiveError):
            torch.load(io.BytesIO(whole[:length]))
