"""Every check of every layer and loss, made from the table of modules."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from minitorch_dl import Tensor, nn
from minitorch_dl.testing.module_cases import Row, table
from tests.devices import DEVICES, tensor_on
from tests.references import modules as reference

ROWS = table()
CASES = [pytest.param(row, i, id=f"{row.name}-{i}") for row in ROWS for i in range(len(row.cases))]


def to_tensor(array: np.ndarray) -> Tensor:
    return minitorch_dl.from_numpy(array.copy())


def evaluate(row: Row, i: int, dtype: Any = minitorch_dl.float64) -> tuple[str, dict[str, Any]]:
    return reference.evaluate(row, i, minitorch_dl, to_tensor, dtype)


def made(row: Row, i: int) -> Any:
    return row.make(i, minitorch_dl, to_tensor)


def numbers(tensor: Tensor) -> np.ndarray:
    return np.asarray(tensor.detach().numpy())


def check(got: dict[str, np.ndarray], expected: dict[str, np.ndarray], rtol: float) -> None:
    assert list(got) == list(expected)
    for label, value in expected.items():
        actual = got[label]
        assert actual.shape == value.shape, f"{label}: shape {actual.shape}, torch {value.shape}"
        assert actual.dtype == value.dtype, f"{label}: dtype {actual.dtype}, torch {value.dtype}"
        # The state was drawn in float32.
        bound = max(rtol, 1e-6) if label.startswith("state ") else rtol
        np.testing.assert_allclose(actual, value, rtol=bound, atol=bound, err_msg=label)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("row", "i"), CASES)
def test_a_module_is_pytorchs(row: Row, i: int) -> None:
    stored = reference.load(row.family)
    key = f"{row.name}/{i}"
    assert key in stored, f"{key} has no reference: python -m tests.references.modules {row.family}"
    text, expected = stored[key]
    ours, got = evaluate(row, i)
    arrays = {label: numbers(value) for label, value in got.items()}
    if row.formula is not None:  # the reference is a function: it prints and keeps nothing
        arrays = {label: value for label, value in arrays.items() if label in expected}
    else:
        assert ours == text
    check(arrays, expected, 1e-8)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("row", "i"), CASES)
def test_float32_stays_float32(row: Row, i: int) -> None:
    _, wide = evaluate(row, i)
    _, got = evaluate(row, i, minitorch_dl.float32)
    assert list(got) == list(wide)
    for label, value in wide.items():
        if not label.startswith("state "):  # as made, before it is brought to float32
            expected = value.dtype
            if expected is minitorch_dl.float64:
                expected = minitorch_dl.float32
            assert got[label].dtype is expected, label


@pytest.mark.usefixtures("cpu_numbers")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("row", "i"), CASES)
def test_a_strict_device_gives_the_same(row: Row, i: int, device: str) -> None:
    _, expected = reference.load(row.family)[f"{row.name}/{i}"]
    on_device = tensor_on(device)
    for mode, training in (("train", True), ("eval", False)):
        module = made(row, i)
        if isinstance(module, nn.Module):
            module = module.to(device)
        else:
            module = row.make(i, minitorch_dl, on_device)
        with minitorch_dl.device(device):
            got = reference.run(
                row, i, module, minitorch_dl, on_device, training, minitorch_dl.float64
            )
        # Lengths of sequences stay on the CPU.
        assert {v.device.type for v in got.values() if v.is_floating_point()} == {device}
        arrays = {f"{mode}: {label}": value.cpu() for label, value in got.items()}
        wanted = {k: v for k, v in expected.items() if k in arrays}
        assert wanted
        check({k: numbers(arrays[k]) for k in wanted}, wanted, 1e-8)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("row", "i"), CASES)
def test_copies_and_pickles_work_alike(row: Row, i: int) -> None:
    module = made(row, i)

    def outputs(m: Any) -> dict[str, np.ndarray]:
        got = reference.run(row, i, m, minitorch_dl, to_tensor, True, minitorch_dl.float64)
        return {label: numbers(value) for label, value in got.items()}

    copied = copy.deepcopy(module)
    pickled = pickle.loads(pickle.dumps(module))
    assert repr(copied) == repr(pickled) == repr(module)
    expected = outputs(module)
    for twin in (copied, pickled):
        assert type(twin) is type(module)
        check(outputs(twin), expected, 0.0)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("row", "i"), CASES)
def test_a_state_from_pytorch_loads(row: Row, i: int) -> None:
    if row.formula is not None:
        return
    _, expected = reference.load(row.family)[f"{row.name}/{i}"]
    state = {
        label.removeprefix("state "): to_tensor(np.asarray(value + 1))
        for label, value in expected.items()
        if label.startswith("state ")
    }
    module = made(row, i)
    assert str(module.load_state_dict(state)) == "<All keys matched successfully>"
    for name, value in module.state_dict().items():
        np.testing.assert_array_equal(numbers(value), numbers(state[name]), err_msg=name)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("row", "i"), CASES)
def test_the_stored_references_are_pytorchs(row: Row, i: int) -> None:
    pytest.importorskip("torch")
    text, expected = reference.load(row.family)[f"{row.name}/{i}"]
    live, got = reference.evaluate_torch(row, i)
    assert live == text
    check(got, expected, 1e-8)


WITHOUT_ROW = {
    **{
        name: "becomes the ordinary layer in its first call; see test_lazy.py"
        for name in vars(nn)
        if name.startswith("Lazy")
    },
    "Module": "the base class, tested in test_module.py",
    "Container": "is Module under an old name; see test_both_libraries.py",
    "NLLLoss2d": "is NLLLoss under an old name; see test_both_libraries.py",
    "RNNBase": "what RNN, LSTM and GRU share",
    "RNNCellBase": "what the cells share",
    "CrossMapLRN2d": "is LocalResponseNorm, which PyTorch's is not; see test_differences.py",
    "SyncBatchNorm": "PyTorch's takes no CPU tensors in training; see the test below",
}


def test_every_public_module_has_a_row() -> None:
    names = {row.name for row in ROWS}
    classes = {
        name
        for name, value in vars(nn).items()
        if isinstance(value, type) and issubclass(value, nn.Module) and not name.startswith("_")
    }
    assert classes - names == set(WITHOUT_ROW)
    assert names - classes == set()


def test_sync_batch_norm_is_batch_norm_in_one_process() -> None:
    x = minitorch_dl.randn(4, 3, 2)
    sync, plain = nn.SyncBatchNorm(3), nn.BatchNorm1d(3)
    for training in (True, False):
        y = sync.train(training)(x)
        np.testing.assert_array_equal(numbers(y), numbers(plain.train(training)(x)))
    for name, value in plain.state_dict().items():
        np.testing.assert_array_equal(numbers(sync.state_dict()[name]), numbers(value))


def test_convert_sync_batchnorm_keeps_parameters_and_statistics() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3, eps=0.1)).eval())
    parameters, state = list(net.parameters()), dict(net.named_buffers())
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    norm = converted[1][0]
    assert type(norm) is nn.SyncBatchNorm
    assert norm.eps == 0.1
    assert not norm.training
    assert all(a is b for a, b in zip(converted.parameters(), parameters, strict=True))
    assert dict(converted.named_buffers()) == state
