"""Dual tensors: directional derivatives along with the values."""

from __future__ import annotations

import pytest

import minitorch_dl as torch
import minitorch_dl.autograd.forward_ad as fwAD
from minitorch_dl import nn
from minitorch_dl.autograd.gradcheck import GradcheckError
from minitorch_dl.testing import assert_close


def along(function, x, v):
    """J v by central differences."""
    eps = 1e-6
    return (function(x + eps * v) - function(x - eps * v)) / (2 * eps)


def double(*shape: int):
    return torch.randn(*shape, dtype=torch.float64)


FUNCTIONS = [
    lambda x: x.sin() * x,
    lambda x: x.softmax(1) @ x.t(),
    lambda x: nn.functional.layer_norm(x, (4,)).cumsum(0),
    lambda x: torch.linalg.inv(x[:, :3] + 4 * torch.eye(3, dtype=torch.float64)),
    lambda x: nn.functional.scaled_dot_product_attention(x[None], x[None], x[None]),
    lambda x: x.clone().mul_(x).add_(1),
    lambda x: torch.zeros(3, dtype=torch.float64).index_copy(0, torch.arange(3), x[:, 0] ** 2),
    lambda x: x.max(1).values * 2,
    lambda x: torch.ones(2),
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("grad", [True, False])
def test_tangents_are_directional_derivatives(function, grad: bool) -> None:
    x, v = double(3, 4), double(3, 4)
    with torch.set_grad_enabled(grad), fwAD.dual_level():
        y = function(fwAD.make_dual(x, v))
        primal, tangent = fwAD.unpack_dual(y)
    assert torch.equal(primal, function(x))
    expected = along(function, x, v)
    if tangent is None:
        assert not expected.any()
    else:
        assert not tangent.requires_grad
        assert_close(tangent, expected, rtol=1e-5, atol=1e-7)


def test_writes_in_place_are_followed_without_gradients() -> None:
    x, v = double(3), double(3)
    with torch.no_grad(), fwAD.dual_level():
        dual = fwAD.make_dual(x.clone(), v)
        dual.mul_(dual)
        assert_close(fwAD.unpack_dual(dual).tangent, 2 * x * v)
        z = torch.zeros(3, dtype=torch.float64)
        z[1] = dual[0]
        assert_close(fwAD.unpack_dual(z).tangent[1], 2 * x[0] * v[0])


def test_parts_of_a_dual_tensor() -> None:
    x, v = torch.randn(2, 2), torch.randn(2, 2)
    with fwAD.dual_level():
        dual = fwAD.make_dual(x, v)
        assert fwAD.unpack_dual(dual).tangent is v
        assert dual.data_ptr() == x.data_ptr()
        other = fwAD.unpack_dual(fwAD.make_dual(x, v.t())).tangent
        assert torch.equal(other, v.t())
        assert other.stride() == x.stride()
        assert fwAD.unpack_dual(x) == (x, None)
        assert fwAD.unpack_dual(dual.detach()).tangent is None
        assert fwAD.unpack_dual(fwAD.make_dual(x, v.double())).tangent.dtype is torch.float32
        y = dual * 2
    assert fwAD.unpack_dual(y).tangent is None
    with fwAD.dual_level():
        assert fwAD.unpack_dual(y).tangent is None


def test_levels_are_checked() -> None:
    x = torch.ones(2)
    with pytest.raises(RuntimeError, match="no level exists"):
        fwAD.make_dual(x, x)
    with pytest.raises(RuntimeError, match="exit a forward AD level"):
        fwAD.exit_dual_level()
    with fwAD.dual_level():
        with pytest.raises(RuntimeError, match="Nested"):
            fwAD.enter_dual_level()
        with pytest.raises(ValueError, match="floating point"):
            fwAD.make_dual(torch.ones(2, dtype=torch.int64), x)
        with pytest.raises(RuntimeError, match="different size"):
            fwAD.make_dual(x, torch.ones(3))


def test_forward_over_reverse_is_a_hessian_vector_product() -> None:
    x, v = double(4).requires_grad_(), double(4)
    with fwAD.dual_level():
        dual = fwAD.make_dual(x, v)
        (g,) = torch.autograd.grad((dual**3).sum(), dual, create_graph=True)
        assert_close(fwAD.unpack_dual(g).tangent, 6 * x * v)


def test_reverse_over_forward() -> None:
    x, v = double(4).requires_grad_(), double(4)
    with fwAD.dual_level():
        tangent = fwAD.unpack_dual(fwAD.make_dual(x, v) ** 3).tangent
    tangent.sum().backward()
    assert_close(x.grad, 6 * x.detach() * v)


def test_parameters_of_a_module() -> None:
    model, x = nn.Linear(3, 2).double(), double(5, 3)
    tangents = {name: torch.rand_like(p) for name, p in model.named_parameters()}
    with fwAD.dual_level():
        duals = {n: fwAD.make_dual(p, tangents[n]) for n, p in model.named_parameters()}
        y = torch.func.functional_call(model, duals, x)
        tangent = fwAD.unpack_dual(y).tangent
    assert_close(tangent, x @ tangents["weight"].t() + tangents["bias"])


class Exp(torch.autograd.Function):
    """Has a ``jvp`` only, which frees what it needs; counts its calls."""

    calls = 0

    @staticmethod
    def forward(ctx, x):
        ctx.result = x.exp()
        return ctx.result.clone()

    @staticmethod
    def jvp(ctx, t):
        Exp.calls += 1
        pushed = t.mul_(ctx.result)
        del ctx.result
        return pushed


class Product(torch.autograd.Function):
    """Has both, and saves for both; ``factor`` makes the ``jvp`` wrong."""

    factor = 1.0

    @staticmethod
    def forward(x, y, n):
        return x * y * n, x + y

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, y, ctx.n = inputs
        ctx.save_for_backward(x, y)
        ctx.save_for_forward(y, x)

    @staticmethod
    def backward(ctx, g, h):
        x, y = ctx.saved_tensors
        return g * y * ctx.n + h, g * x * ctx.n + h, None

    @staticmethod
    def jvp(ctx, s, t, n):
        assert n is None
        y, x = ctx.saved_tensors
        s, t = (0 if one is None else one for one in (s, t))
        return Product.factor * (s * y + t * x) * ctx.n, s + t


def test_functions_of_the_users_own() -> None:
    x, v = double(3).requires_grad_(), double(3)
    Exp.calls = 0
    with fwAD.dual_level():
        y = Exp.apply(fwAD.make_dual(x, v))
        for _ in range(2):
            assert_close(fwAD.unpack_dual(y).tangent.detach(), x.detach().exp() * v)
    assert Exp.calls == 1
    with pytest.raises(NotImplementedError, match="backward or vjp"):
        Exp.apply(x).sum().backward()
    options = {"check_backward_ad": False, "check_undefined_grad": False}
    assert torch.autograd.gradcheck(Exp.apply, (x,), check_forward_ad=True, **options)


def test_gradcheck_of_both_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = double(3).requires_grad_(), double(3).requires_grad_()

    def function(x, y):
        return Product.apply(x, y, 3.0)

    assert torch.autograd.gradcheck(function, (x, y), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(function, (x, y), check_fwd_over_rev=True)
    monkeypatch.setattr(Product, "factor", 2.0)
    assert torch.autograd.gradcheck(function, (x, y))
    with pytest.raises(GradcheckError, match=r"forward mode mismatch for output 0 .* input 0"):
        torch.autograd.gradcheck(function, (x, y), check_forward_ad=True)
    with pytest.raises(GradcheckError, match="forward mode"):
        torch.autograd.gradcheck(function, (x, y), check_forward_ad=True, fast_mode=True)


def test_functions_with_a_backward_alone_have_tangents() -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * g * x

    x, v = double(3), double(3)
    with fwAD.dual_level():
        tangent = fwAD.unpack_dual(Square.apply(fwAD.make_dual(x, v))).tangent
    assert_close(tangent, 2 * x * v)


def test_linear_approximations() -> None:
    x, v = double(3), double(3)
    y, push = torch.func.linearize(lambda p: {"y": p["x"].sin()}, {"x": x})
    assert torch.equal(y["y"], x.sin())
    for _ in range(2):
        assert_close(push({"x": v})["y"], x.cos() * v)
    with pytest.raises(RuntimeError, match="same structure"):
        push(v)


def test_batch_norms_of_each_batch_alone() -> None:
    model = torch.func.replace_all_batch_norm_modules_(nn.Sequential(nn.BatchNorm1d(3)))
    x = torch.randn(4, 3)
    assert_close(model.eval()(x), nn.BatchNorm1d(3)(x))
    assert dict(model.named_buffers()) == {}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what PyTorch imports
def test_tangents_of_inputs_that_have_none(torch) -> None:
    seen = []

    class Sum(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y, n):
            ctx.set_materialize_grads(n)
            return x + y

        @staticmethod
        def jvp(ctx, dx, dy, dn):
            seen.append((dy if dy is None else dy.tolist(), dn))
            return dx * 1

    with torch.autograd.forward_ad.dual_level():
        x = torch.autograd.forward_ad.make_dual(torch.ones(2), torch.ones(2))
        for materialize in (True, False):
            y = Sum.apply(x, torch.ones(2), materialize)
            assert torch.autograd.forward_ad.unpack_dual(y).tangent.tolist() == [1.0, 1.0]
    assert seen == [([0.0, 0.0], None), (None, None)]
