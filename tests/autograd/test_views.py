"""Views are real views: a write through one reaches the base and its history, with PyTorch's
meaning.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import minitorch_dl
from tests.autograd.view_programs import PROGRAMS, run

EXPECTED = json.loads(
    (Path(__file__).parents[1] / "references" / "views.json").read_text(encoding="utf-8")
)


def assert_same(got, expected):
    assert isinstance(got, str) == isinstance(expected, str), f"got {got}, expected {expected}"
    if isinstance(expected, str):
        assert got == expected
        return
    values, gradient = got
    assert len(values) == len(expected[0])
    for one, other in zip(values, expected[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
    assert (gradient is None) == (expected[1] is None)
    if gradient is not None:
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-10)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_gives_the_stored_result(name):
    assert_same(run(minitorch_dl, PROGRAMS[name]), EXPECTED[name])


def test_every_stored_result_has_its_program():
    assert set(EXPECTED) == set(PROGRAMS)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_program_agrees_with_pytorch(name):
    torch = pytest.importorskip("torch")
    assert_same(run(minitorch_dl, PROGRAMS[name]), run(torch, PROGRAMS[name]))


def test_a_view_made_before_the_base_got_a_history_follows_it():
    """PyTorch takes such a view for a leaf and refuses the write."""
    w = minitorch_dl.ones(2, 3, requires_grad=True)
    x = minitorch_dl.zeros(2, 3)
    row = x[1]
    x[0] = w[0] * 2
    row.add_(w[1] * 3)
    assert row.requires_grad
    x.sum().backward()
    assert w.grad.tolist() == [[2.0] * 3, [3.0] * 3]


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[1:, 0],
        lambda x: x.t(),
        lambda x: x.view(-1),
        lambda x: x.diagonal(),
        lambda x: x.unfold(1, 2, 1),
        lambda x: x.as_strided((2,), (1,), 3),
        lambda x: x.expand(2, 3, 4),
        lambda x: x.unbind(1)[2],
        lambda x: x.split(1)[1],
        lambda x: x.detach(),
        lambda x: x.data,
        lambda x: x.squeeze(),
        lambda x: x.movedim(0, 1),
        lambda x: x.view(minitorch_dl.int32),
    ],
)
def test_views_share_memory(view):
    x = minitorch_dl.arange(12.0).reshape(3, 4)
    assert np.shares_memory(view(x).array, x.array)


def test_a_view_of_a_view_follows_the_base_itself():
    """As in PyTorch: what the inner view sends back does not pass the outer one."""
    x = minitorch_dl.zeros(2, 3)
    outer = x.t()
    inner = outer[0]
    x.add_(minitorch_dl.ones(3, requires_grad=True))
    total = (2 * outer).sum() + (3 * inner).sum()
    by_outer, by_x = minitorch_dl.autograd.grad(total, [outer, x])
    assert by_outer.tolist() == [[2.0, 2.0]] * 3
    assert by_x.tolist() == [[5.0, 2.0, 2.0]] * 2


def test_a_refused_write_changes_nothing():
    w = minitorch_dl.ones(2, 3, requires_grad=True)
    x = minitorch_dl.zeros(2, 3)
    part = x.split(1)[0]
    with pytest.raises(RuntimeError, match="multiple views"):
        part.mul_(w[0])
    with pytest.raises(IndexError, match="out of bounds"):
        x[[0, 5]] = 1.0
    with pytest.raises(RuntimeError, match="shape"):
        x[0] = minitorch_dl.ones(2)
    with pytest.raises(RuntimeError, match="leaf"):
        w[0] = 0.0
    assert x.tolist() == [[0.0] * 3] * 2
    assert w.tolist() == [[1.0] * 3] * 2
    assert x._version == 0


def test_a_stale_value_names_the_line_that_wrote_it():
    w = minitorch_dl.ones(3, requires_grad=True)
    x = w * 2
    y = x.exp() * x
    x[1] = 0.0
    with pytest.raises(RuntimeError, match=r"setitem overwrote afterwards \(File .*test_views"):
        y.sum().backward()


def test_a_part_of_what_was_overwritten_still_says_that_it_requires_a_gradient(torch) -> None:
    x = torch.ones(4, requires_grad=True) * 2
    part = x.split(2)[0]
    x.mul_(3)
    assert part.requires_grad
    with pytest.raises(RuntimeError):
        part * 2


@pytest.mark.parametrize("how", ["tensor_split", "hsplit"])
@pytest.mark.parametrize("where", [2, [1], [1, 2]])
def test_parts_that_may_be_written(torch, how, where) -> None:
    x = torch.ones(4, requires_grad=True)
    y = x * 2
    first, last = (part := getattr(torch, how)(y, where))[0], part[-1]
    first.mul_(3)
    last.mul_(5)
    y.sum().backward()
    n = len(first)
    assert x.grad.tolist() == [6.0] * n + [2.0] * (4 - n - len(last)) + [10.0] * len(last)
