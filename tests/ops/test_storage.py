"""The memory behind tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import minitorch_dl as torch


def test_views_share_their_storage() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    for view in (x, x[1], x.t(), x[:, ::2]):
        assert view.storage().tolist() == [0, 1, 2, 3, 4, 5]
        assert view.untyped_storage().nbytes() == 24
        assert view.untyped_storage().data_ptr() == x.data_ptr()
    x[1].storage()[0] = 9
    assert x[0, 0] == 9
    assert x.storage().untyped().tolist()[:4] == torch.tensor([9.0]).untyped_storage().tolist()


def test_a_storage_is_a_row_of_numbers() -> None:
    s = torch.FloatStorage([1, 2, 3])
    assert (len(s), s.size(), s.nbytes(), s.element_size()) == (3, 3, 12, 4)
    assert isinstance(s, torch.FloatStorage)
    assert not isinstance(s, torch.LongStorage)
    assert torch.is_storage(s)
    assert not torch.is_storage(torch.ones(1))
    assert s[1:].tolist() == [2, 3]
    assert s.long().tolist() == s.type(torch.int64).tolist() == [1, 2, 3]
    assert s.long().dtype is torch.int64
    assert s.type() == torch.ones(1).storage_type() == "torch.FloatStorage"
    copy = s.clone().fill_(7)
    assert list(s) == [1, 2, 3]
    assert s.copy_(copy).tolist() == [7, 7, 7]
    assert repr(torch.LongStorage([4])).splitlines() == [
        " 4", "[torch.storage.TypedStorage(dtype=torch.int64, device=cpu) of size 1]",
    ]  # fmt: skip
    assert len(torch.TypedStorage(4)) == torch.UntypedStorage(4).nbytes() == 4
    with pytest.raises(RuntimeError, match="can't be given 8"):
        torch.UntypedStorage(4).resize_(8)


def test_a_tensor_can_be_put_on_other_memory() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    y = torch.empty(0).set_(x.storage(), 1, (2, 2), (3, 1))
    assert y.tolist() == [[1, 2], [4, 5]]
    y[0, 0] = 7
    assert x[0, 1] == 7
    assert torch.empty(0).set_(x).shape == (2, 3)
    assert torch.empty(0).set_(x.untyped_storage(), 0, (3, 2)).shape == (3, 2)
    assert torch.empty(0).set_(x.storage()).shape == (6,)
    assert torch.ones(3).set_().shape == (0,)
    with pytest.raises(RuntimeError, match="out of bounds"):
        torch.empty(0).set_(x.storage(), 3, (2, 2))
    with pytest.raises(RuntimeError, match="dtype"):
        torch.empty(0).set_(torch.arange(3))


def test_a_file_as_memory(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    np.arange(6, dtype=np.float32).tofile(path)
    apart = torch.from_file(str(path), size=6)
    apart[0] = 9
    assert np.fromfile(path, np.float32)[0] == 0
    shared = torch.from_file(str(path), shared=True, size=8)  # the file grows
    shared[7] = 5
    assert np.fromfile(path, np.float32).tolist() == [0, 1, 2, 3, 4, 5, 0, 5]
    memory = torch.UntypedStorage.from_file(str(path), False, 24)
    assert memory.nbytes() == 24
    assert memory.untyped() is memory
    part = torch.asarray(memory[4:12], dtype=torch.uint8).view(dtype=torch.float32)
    assert part.tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="has 32 bytes, which is too few"):
        torch.from_file(str(path), size=100)
