"""``functorch``'s names: modules as functions of their parameters."""

from __future__ import annotations

import pytest

import minitorch_dl as torch
from minitorch_dl import functorch, nn

pytestmark = pytest.mark.filterwarnings("ignore:functorch:FutureWarning")


def test_it_is_imported_beside_torch() -> None:
    with torch.as_torch():
        from functorch import vmap

    x = torch.arange(6.0).view(3, 2)
    with pytest.warns(FutureWarning, match=r"torch\.func\.vmap"):
        assert vmap(torch.sum)(x).tolist() == [1, 5, 9]


def test_a_module_as_a_function() -> None:
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.Tanh(), layer)
    f, params = functorch.make_functional(net)
    assert [tuple(p.shape) for p in params] == [(2, 2), (2,)]  # tied weights come once
    x = torch.tensor([[1.0, 2.0]])
    torch.testing.assert_close(f(params, x), net(x))
    (slope, _) = functorch.grad(lambda p: f(p, x).sum())(params)
    net(x).sum().backward()
    torch.testing.assert_close(slope, layer.weight.grad)
    assert not any(p.requires_grad for p in functorch.make_functional(net, True)[1])
    with pytest.raises(RuntimeError, match="make_functional_with_buffers"):
        functorch.make_functional(nn.BatchNorm1d(2))


def test_a_module_with_buffers_as_a_function() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    f, params, buffers = functorch.make_functional_with_buffers(net)
    x = torch.arange(8.0).view(4, 2)
    torch.testing.assert_close(f(params, buffers, x), net(x))
    assert f.buffer_names == ("1.running_mean", "1.running_var", "1.num_batches_tracked")
    torch.testing.assert_close(buffers[0], net[1].running_mean)


def test_an_ensemble() -> None:
    models = [nn.Linear(2, 1) for _ in range(3)]
    f, params, buffers = functorch.combine_state_for_ensemble(models)
    x = torch.tensor([1.0, 2.0])
    y = functorch.vmap(f, in_dims=(0, 0, None))(params, buffers, x)
    torch.testing.assert_close(y, torch.stack([m(x) for m in models]))
