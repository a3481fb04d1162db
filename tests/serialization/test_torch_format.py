"""PyTorch's files: stored ones that it wrote (by tests/references/make_pth.py), and ours."""

from __future__ import annotations

import io
import mmap
import pickle
import pickletools
import re
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


@pytest.mark.parametrize("file", ["values.pth", "legacy.pth"])
def test_values(file: str) -> None:
    values = torch.load(FILES / file)
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
    with pytest.raises(
        pickle.UnpicklingError, match=r"Unsupported global: GLOBAL torch\.nn.*Linear"
    ):
        torch.load(FILES / "model.pth")
    model = torch.load(FILES / "model.pth", weights_only=False)
    assert type(model) is torch.nn.Linear
    assert model(torch.ones(1, 2)).shape == (1, 1)


def test_other_code_is_never_run() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", b"cos\nabort\n(tR.")
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match=r"unsupported GLOBAL os\.abort"):
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


def test_a_legacy_file_cut_short() -> None:
    whole = (FILES / "legacy.pth").read_bytes()
    for length in range(0, len(whole), 97):
        with pytest.raises(ArchiveError):
            torch.load(io.BytesIO(whole[:length]))


def test_legacy_files_in_a_row() -> None:
    file = io.BytesIO()
    x = torch.arange(6.0).reshape(2, 3)
    for obj in ({"x": x, "T": x.T}, [x[1]]):
        torch.save(obj, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    first, second = torch.load(file), torch.load(file)
    first["x"].zero_()
    assert not first["T"].any()
    assert second[0].tolist() == [3.0, 4.0, 5.0]


def test_mapped_files(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save({"x": torch.arange(4.0), "half": torch.ones(3).bfloat16()}, path)
    found = torch.load(path, mmap=True)
    assert found["half"].tolist() == [1.0, 1.0, 1.0]
    found["x"][0] = 7.0
    assert torch.load(path)["x"][0].item() == 0.0
    with torch.serialization.set_default_mmap_options(mmap.MAP_SHARED):
        torch.load(path, mmap=True)["x"][0] = 7.0
    assert torch.serialization.get_default_mmap_options() == mmap.MAP_PRIVATE
    assert torch.load(path, mmap=True)["x"].tolist() == [7.0, 1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="f must be a file path"):
        torch.load(io.BytesIO(path.read_bytes()), mmap=True)
    torch.save(torch.ones(1), path, _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match="mmap can only be used with files saved with"):
        torch.load(path, mmap=True)


# -- writing ---------------------------------------------------------------------------------------


class Net(torch.nn.Module):
    """A class of the program's own, with layers of the package's."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)
        self.attention = torch.nn.MultiheadAttention(2, 1)
        self.extra = torch.float16


def written(obj: Any, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    torch.save(obj, file, **options)
    file.seek(0)
    return file


def test_files_without_the_bytes_of_tensors(torch, tmp_path) -> None:
    state = {"a": torch.ones(3), "b": torch.arange(4)}
    torch.save(state, tmp_path / "whole.pt")
    with torch.serialization.skip_data():
        torch.save(state, tmp_path / "room.pt")
        loaded = torch.load(tmp_path / "whole.pt")
    assert {name: (t.shape, t.dtype) for name, t in loaded.items()} == {
        name: (t.shape, t.dtype) for name, t in state.items()
    }
    assert torch.load(tmp_path / "room.pt")["b"].tolist() == [0, 0, 0, 0]
    assert torch.load(tmp_path / "whole.pt")["b"].tolist() == [0, 1, 2, 3]


def test_the_records_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    weight = torch.arange(6.0).reshape(2, 3)
    torch.save({"weight": weight, "row": weight[1], "n": torch.tensor(3)}, path)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [
            "state/data.pkl", "state/byteorder", "state/data/0", "state/data/1", "state/version",
        ]  # fmt: skip
        assert archive.read("state/version") == b"3\n"
        assert archive.read("state/data/0") == weight.numpy().tobytes()
        assert archive.read("state/data/1") == np.int64(3).tobytes()
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            name, extra = np.frombuffer(content, "<u2", 2, info.header_offset + 26)
            assert (info.header_offset + 30 + int(name) + int(extra)) % 64 == 0


NAMES = {
    "state dict": (
        lambda: Net().state_dict(),
        {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch FloatStorage"},
    ),
    "parameter": (
        lambda: torch.nn.Parameter(torch.ones(2)),
        {
            "torch._utils _rebuild_parameter", "torch._utils _rebuild_tensor_v2",
            "torch FloatStorage", "collections OrderedDict",
        },
    ),
    "data": (
        lambda: [
            torch.Size([1]), torch.device("cpu"), torch.bfloat16, torch.float8_e5m2, {1}, 2j,
            torch.strided, torch.channels_last, torch.per_tensor_affine,
        ],
        {
            "torch Size", "torch device", "torch bfloat16", "torch float8_e5m2",
            "torch.serialization _get_layout", "torch channels_last", "torch per_tensor_affine",
            "__builtin__ set", "__builtin__ complex",
        },
    ),
    "uint16": (
        lambda: torch.ones(2).to(torch.uint16),
        {
            "torch._utils _rebuild_tensor_v3", "torch.storage UntypedStorage", "torch uint16",
            "collections OrderedDict",
        },
    ),
    "attribute": (
        lambda: _with_attribute(torch.ones(2)),
        {
            "torch._tensor _rebuild_from_type_v2", "torch._utils _rebuild_tensor_v2",
            "torch Tensor", "torch FloatStorage", "collections OrderedDict",
        },
    ),
    "sparse": (
        lambda: torch.eye(2).to_sparse(),
        {
            "torch._utils _rebuild_sparse_tensor", "torch._utils _rebuild_tensor_v2",
            "torch.serialization _get_layout", "torch FloatStorage", "torch LongStorage",
            "torch Size", "collections OrderedDict",
        },
    ),
    "layers": (
        lambda: [torch.nn.Embedding(2, 2), torch.nn.BatchNorm1d(2), torch.optim.SGD, torch.relu],
        {
            "torch.nn.modules.sparse Embedding", "torch.nn.modules.batchnorm BatchNorm1d",
            "torch.optim SGD", "torch relu", "collections OrderedDict",
            "torch._utils _rebuild_parameter", "torch._utils _rebuild_tensor_v2",
            "torch FloatStorage", "torch LongStorage", "__builtin__ set",
        },
    ),
    "whole": (
        Net,
        {
            f"{__name__} Net", "torch.nn.modules.conv Conv2d", "torch float16",
            "torch.nn.modules.activation MultiheadAttention",
            "torch.nn.modules.linear NonDynamicallyQuantizableLinear",
            "torch._utils _rebuild_parameter", "torch._utils _rebuild_tensor_v2",
            "torch FloatStorage", "collections OrderedDict", "__builtin__ set",
        },
    ),
}  # fmt: skip


def _with_attribute(tensor: Any) -> Any:
    tensor.mark = "x"
    return tensor


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(("make", "names"), NAMES.values(), ids=NAMES)
def test_the_names_in_a_file(make: Any, names: set[str], protocol: int) -> None:
    file = written(make(), pickle_protocol=protocol)
    with zipfile.ZipFile(file) as archive:
        content = archive.read("archive/data.pkl")
    found = {arg for op, arg, _ in pickletools.genops(content) if op.name == "GLOBAL"}
    ours = {name for name in names if name.startswith("torch")}
    assert found == names if protocol == 2 else found == ours
    assert b"minitorch" not in content


def test_attributes_and_subclasses_come_back() -> None:
    class_path = (Marked, f"{__name__}.Marked")
    with torch.serialization.safe_globals([class_path]):
        found = torch.load(written([Marked(torch.ones(2)), _with_attribute(torch.ones(2))]))
    assert [type(t) for t in found] == [Marked, torch.Tensor]
    assert found[0].tolist() == [1.0, 1.0]
    assert found[1].mark == "x"
    parameter = torch.load(written(_with_attribute(torch.nn.Parameter(torch.ones(2)))))
    assert (type(parameter), parameter.mark) == (torch.nn.Parameter, "x")


class Marked(torch.Tensor):
    pass


def test_tensors_without_elements() -> None:
    there = torch.empty(2, 3, device="meta").t()
    found = torch.load(written([there, torch.nn.Linear(2, 3, device="meta").weight]))
    assert (found[0].device.type, found[0].shape, found[0].stride()) == ("meta", (3, 2), (1, 3))
    assert type(found[1]) is torch.nn.Parameter
    on_meta = torch.load(written({"x": torch.ones(2, 3).t()}), map_location="meta")["x"]
    assert (on_meta.device.type, on_meta.stride()) == ("meta", (1, 3))


def test_hooks_are_not_saved() -> None:
    x = torch.ones(1, requires_grad=True)
    x.register_hook(torch.utils.hooks.unserializable_hook(lambda g: 2 * g))
    written(x)
    handle = x.register_hook(lambda g: 3 * g)
    with pytest.warns(UserWarning, match="backward hook .* will not be serialized"):
        written(x)
    handle.remove()
    written(x)


def test_one_memory_of_two_dtypes_is_refused() -> None:
    x = torch.zeros(2, dtype=torch.complex64)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        torch.save([x, torch.view_as_real(x)], io.BytesIO())


def test_storages_come_back() -> None:
    x = torch.arange(4.0)
    storage, tensor = torch.load(written([x.storage(), x[1:]]))
    tensor.zero_()
    assert storage.tolist() == [0.0, 0.0, 0.0, 0.0]
    assert storage.dtype is torch.float32


def test_storages_in_a_pickle_without_save() -> None:
    from minitorch_dl._utils import _rebuild_tensor_v2
    from minitorch_dl.storage import _load_from_bytes

    content = written(torch.arange(6.0).storage(), _use_new_zipfile_serialization=False).read()
    storage = _load_from_bytes(content)
    found = _rebuild_tensor_v2(storage, 1, (2, 2), (3, 1), False, {})
    assert found.tolist() == [[1, 2], [4, 5]]


def test_parts_of_one_memory_that_do_not_overlap_are_apart() -> None:
    x = torch.arange(100_000.0)
    file = written([x[:10], x[-10:]])
    assert len(file.getvalue()) < 2000
    assert [t[0].item() for t in torch.load(file)] == [0.0, 99_990.0]


def test_globals_that_a_file_needs() -> None:
    needed = torch.serialization.get_unsafe_globals_in_checkpoint(written([Net(), torch.ones(1)]))
    assert set(needed) == {
        f"{__name__}.Net", "torch.nn.modules.conv.Conv2d",
        "torch.nn.modules.activation.MultiheadAttention",
        "torch.nn.modules.linear.NonDynamicallyQuantizableLinear",
    }  # fmt: skip
    assert torch.serialization.get_unsafe_globals_in_checkpoint(written(torch.ones(1))) == []


# -- with PyTorch at hand --------------------------------------------------------------------------


def everything(torch: Any, zipped: bool) -> Any:
    """What both libraries shall read of each other's files as data."""
    base = torch.arange(12.0).reshape(3, 4)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 3))
    optimizers = [torch.optim.Adam(net.parameters()), torch.optim.SGD(net.parameters(), momentum=1)]
    net(base).square().sum().backward()
    for optimizer in optimizers:
        optimizer.step()
    dtypes = "float64 float32 float16 bfloat16 bool uint8 int8 int16 int32 int64 complex64 "
    dtypes += "complex128 uint16 uint32 uint64" if zipped else "complex128"
    return {
        "views": [base, base[1], base[:, 2], base.T, base[::2, 1:3], base[None].expand(2, 3, 4)],
        "dtypes": [torch.ones(2).to(getattr(torch, name)) for name in dtypes.split()],
        "shapes": [torch.tensor(2.5), torch.empty(0, 3), torch.ones(2, 1, 3).permute(2, 0, 1)],
        "parameter": torch.nn.Parameter(torch.ones(2), requires_grad=False),
        "leaf": torch.ones(2, requires_grad=True),
        "net": net.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "schedule": torch.optim.lr_scheduler.StepLR(optimizers[0], 2).state_dict(),
        "numbers": [1, 2.5, True, None, 1 << 40, "text", b"\x00\xff", (1, {2}), {3: 4j}],
        "meta": torch.empty(2, 3, device="meta", dtype=torch.float64),
        "rest": [torch.Size([2, 3]), torch.device("cuda", 1), torch.bfloat16, torch.strided],
        "by rows and columns": [torch.eye(3).to_sparse_csr(), torch.eye(3).to_sparse_csc()],
        "blocks": [torch.eye(4).to_sparse_bsr((2, 1)), torch.eye(4).to_sparse_bsc((1, 2))],
        "coo": torch.eye(3).to_sparse(),
    }


def alike(a: Any, b: Any) -> None:
    if isinstance(a, dict):
        assert list(a) == list(b)
        alike(getattr(a, "_metadata", None), getattr(b, "_metadata", None))
        for key in a:
            alike(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            alike(x, y)
    elif hasattr(a, "requires_grad"):
        assert type(a).__name__ == re.sub("Sparse|C..(?=T)|B..(?=T)", "", type(b).__name__)
        assert str(a.dtype) == str(b.dtype)
        assert a.requires_grad == b.requires_grad
        assert str(a.layout) == str(b.layout)
        if str(a.layout) != "torch.strided":
            a, b = a.to_dense(), b.to_dense()
        assert (a.device.type, tuple(a.shape)) == (b.device.type, tuple(b.shape))
        if a.is_meta:
            return
        np.testing.assert_allclose(a.tolist(), b.tolist(), rtol=1e-5, atol=1e-6)
    else:
        assert str(a) == str(b)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("weights_only", [True, False])
def test_both_read_what_the_other_wrote(zipped: bool, weights_only: bool) -> None:
    pytorch = pytest.importorskip("torch")
    for here, there in ((torch, pytorch), (pytorch, torch)):
        file = io.BytesIO()
        values = everything(here, zipped)
        here.save(values, file, _use_new_zipfile_serialization=zipped)
        file.seek(0)
        found = there.load(file, weights_only=weights_only)
        alike(everything(pytorch, zipped), found if there is pytorch else values)
        alike(everything(pytorch, zipped), values if there is pytorch else found)
        base, row, column, transposed, part, repeated = found["views"]
        assert transposed.stride() == (1, 4)
        assert repeated.stride() == (0, 4, 1)
        base.zero_()
        for view in (row, column, transposed, part, repeated):
            assert not view.any()


@pytest.mark.parity
def test_pytorch_maps_our_files(tmp_path: Path) -> None:
    pytorch = pytest.importorskip("torch")
    torch.save({"x": torch.arange(3), "y": torch.ones(100)}, tmp_path / "x.pt")
    found = pytorch.load(tmp_path / "x.pt", mmap=True)
    assert found["x"].tolist() == [0, 1, 2]
    assert found["y"].data_ptr() % 64 == 0


MODULES = {
    "Linear": ((3, 4), [(2, 3)]),
    "Conv2d": ((2, 3, 2), [(1, 2, 6, 6)]),
    "ConvTranspose1d": ((2, 3, 2), [(1, 2, 6)]),
    "BatchNorm2d": ((2,), [(2, 2, 3, 3)]),
    "LayerNorm": ((3,), [(2, 3)]),
    "LSTM": ((3, 4, 2), [(5, 2, 3)]),
    "GRUCell": ((3, 4), [(2, 3)]),
    "MultiheadAttention": ((4, 2), [(3, 1, 4)] * 3),
    "TransformerDecoderLayer": ((4, 2, 8, 0.0), [(3, 1, 4)] * 2),
    "MaxPool2d": ((2,), [(1, 2, 4, 4)]),
    "Upsample": ((None, 2), [(1, 2, 3, 3)]),
    "PixelShuffle": ((2,), [(1, 4, 2, 2)]),
    "Unfold": ((2,), [(1, 1, 4, 4)]),
    "ReflectionPad2d": ((1,), [(1, 1, 3, 3)]),
    "GELU": ((), [(2, 3)]),
    "HuberLoss": ((), [(2, 3)] * 2),
}


@pytest.mark.parity
@pytest.mark.parametrize("name", MODULES)
def test_both_run_the_modules_that_the_other_wrote(name: str) -> None:
    pytorch = pytest.importorskip("torch")
    arguments, shapes = MODULES[name]
    draw = np.random.default_rng(0)
    inputs = [draw.random(shape, np.float32) for shape in shapes]
    for here, there in ((torch, pytorch), (pytorch, torch)):
        module = getattr(here.nn, name)(*arguments)
        file = io.BytesIO()
        here.save(module, file)
        file.seek(0)
        found = there.load(file, weights_only=False)
        assert type(found) is getattr(there.nn, name)
        assert repr(found) == repr(module)
        results = [
            run(*(library.tensor(x) for x in inputs))
            for library, run in ((here, module), (there, found))
        ]
        a, b = (y[0] if isinstance(y, tuple) else y for y in results)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parity
def test_every_layer_has_pytorchs_path() -> None:
    pytorch = pytest.importorskip("torch")
    from minitorch_dl.serialization.names import path_in_pytorch

    for name, theirs in vars(pytorch.nn).items():
        ours = getattr(torch.nn, name, None)
        if not isinstance(theirs, type) or not theirs.__module__.startswith("torch.nn.modules"):
            continue
        if isinstance(ours, type) and not name.endswith("Options"):
            assert path_in_pytorch(ours) == (theirs.__module__, name)


def test_the_records_of_an_archive() -> None:
    from minitorch_dl.serialization.reader import PyTorchFileReader

    reader = PyTorchFileReader(str(FILES / "state_dict.pth"))
    assert reader.has_record("data.pkl")
    assert "data.pkl" in reader.get_all_records()
    assert reader.get_record("data.pkl")[:1] == b"\x80"
    with pytest.raises(RuntimeError, match="no record 'nothing'"):
        reader.get_record("nothing")
