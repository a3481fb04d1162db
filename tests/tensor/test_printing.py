"""How tensors print: the same text here and in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def usual(torch: Any) -> Iterator[None]:
    yield
    torch.set_printoptions(profile="default")


EXAMPLES = {
    "torch.tensor([1, -20])": "tensor([  1, -20])",
    "torch.tensor([True, False])": "tensor([ True, False])",
    "torch.tensor([])": "tensor([])",
    "torch.zeros(0, 3)": "tensor([], size=(0, 3))",
    "torch.zeros(0, dtype=torch.int64)": "tensor([], dtype=torch.int64)",
    "torch.zeros(2, 0, dtype=torch.float64)": "tensor([], size=(2, 0), dtype=torch.float64)",
    "torch.tensor([1e-8, 1.0])": "tensor([1.0000e-08, 1.0000e+00])",
    "torch.tensor([1.0, float('nan'), float('inf')])": "tensor([1., nan, inf])",
    "torch.tensor(2.5, requires_grad=True)": "tensor(2.5000, requires_grad=True)",
    "torch.ones(2, dtype=torch.float16)": "tensor([1., 1.], dtype=torch.float16)",
    "torch.arange(1001)": "tensor([   0,    1,    2,  ...,  998,  999, 1000])",
}


@pytest.mark.parametrize(("code", "text"), EXAMPLES.items(), ids=list(EXAMPLES))
def test_the_text(torch: Any, code: str, text: str) -> None:
    assert repr(eval(code, {"torch": torch})) == text


def test_a_large_matrix_is_summarized(torch: Any) -> None:
    assert repr(torch.arange(10000).reshape(100, 100)) == (
        "tensor([[   0,    1,    2,  ...,   97,   98,   99],\n"
        "        [ 100,  101,  102,  ...,  197,  198,  199],\n"
        "        [ 200,  201,  202,  ...,  297,  298,  299],\n"
        "        ...,\n"
        "        [9700, 9701, 9702,  ..., 9797, 9798, 9799],\n"
        "        [9800, 9801, 9802,  ..., 9897, 9898, 9899],\n"
        "        [9900, 9901, 9902,  ..., 9997, 9998, 9999]])"
    )


def test_the_options(torch: Any) -> None:
    x = torch.tensor([1.0 / 3, 20.0])
    torch.set_printoptions(precision=2)
    assert repr(x) == "tensor([ 0.33, 20.00])"
    torch.set_printoptions(sci_mode=True)
    assert repr(x) == "tensor([3.33e-01, 2.00e+01])"
    torch.set_printoptions(threshold=3, edgeitems=1)
    assert repr(torch.arange(4)) == "tensor([0,  ..., 3])"
    torch.set_printoptions(linewidth=20, threshold=100)
    assert repr(torch.arange(6)) == "tensor([0, 1, 2, 3,\n        4, 5])"
    torch.set_printoptions(profile="short")
    assert repr(x) == "tensor([ 0.33, 20.00])"
    torch.set_printoptions(profile="full")
    assert "..." not in repr(torch.arange(1001))
    torch.set_printoptions(profile="long", precision=1)  # no such profile
    assert repr(x) == "tensor([ 0.3, 20.0])"
    assert "..." not in repr(torch.arange(1001))


def test_options_of_a_block(torch: Any) -> None:
    printing = torch._tensor_str
    x = torch.tensor(1.23456)
    with pytest.raises(ZeroDivisionError), printing.printoptions(precision=2):
        assert repr(x) == "tensor(1.23)"
        raise ZeroDivisionError
    assert repr(x) == "tensor(1.2346)"


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
def test_dual_tensors_show_their_tangents(torch: Any) -> None:
    forward_ad = torch.autograd.forward_ad
    x, direction = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
    with forward_ad.dual_level():
        y = forward_ad.make_dual(x, direction) * 2
        assert repr(y) == "tensor([2., 4.], tangent=tensor([2., 0.]))"
        y = forward_ad.make_dual(x.requires_grad_(), direction) * 2
        assert repr(y).startswith("tensor([2., 4.], grad_fn=<MulBackward0>,")
        assert "tangent=tensor([2., 0.]" in repr(y)
    assert repr(y) == "tensor([2., 4.], grad_fn=<MulBackward0>)"
