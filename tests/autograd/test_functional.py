"""``autograd.functional``: values against closed forms, shapes and errors as PyTorch's."""

from __future__ import annotations

import pytest

import minitorch_dl


def point(torch):
    return (
        torch.tensor([[1.0, -2.0, 0.5], [0.3, 0.7, -1.1]], dtype=torch.float64),
        torch.tensor([0.2, -0.4, 1.5], dtype=torch.float64),
    )


def close(torch, a, b) -> None:
    assert tuple(a.shape) == tuple(b.shape)
    assert torch.allclose(a, b, rtol=1e-12, atol=1e-13), (a, b)


def two(x, w):
    return (x * w).exp(), (x * w).sum()


def scalar(x, w):
    return (x**3 * w**2).sum()


@pytest.mark.parametrize("create_graph", [False, True])
def test_vjp(torch, create_graph) -> None:
    x, w = point(torch)
    v = x + 1
    outputs, (gx, gw) = torch.autograd.functional.vjp(
        two, (x, w), (v, torch.tensor(2.0, dtype=torch.float64)), create_graph=create_graph
    )
    close(torch, outputs[0], (x * w).exp())
    close(torch, gx, v * w * (x * w).exp() + 2 * w)
    close(torch, gw, (v * x * (x * w).exp() + 2 * x).sum(0))
    _, g = torch.autograd.functional.vjp(lambda x: (x * x).sum(), x)
    close(torch, g, 2 * x)


@pytest.mark.parametrize("create_graph", [False, True])
def test_jvp(torch, create_graph) -> None:
    x, w = point(torch)
    vx, vw = x - 1, w * 2
    _, (ty, ts) = torch.autograd.functional.jvp(two, (x, w), (vx, vw), create_graph=create_graph)
    tangent = vx * w + x * vw
    close(torch, ty, tangent * (x * w).exp())
    close(torch, ts, tangent.sum())


def test_jacobian(torch) -> None:
    x, w = point(torch)
    jacobian = torch.autograd.functional.jacobian
    j = jacobian(lambda w: w**2, w)
    close(torch, j, (2 * w).diag())
    (yx, yw), (sx, sw) = jacobian(two, (x, w))
    assert tuple(yx.shape) == (2, 3, 2, 3)
    assert tuple(yw.shape) == (2, 3, 3)
    close(torch, sx, w.expand(2, 3))
    close(torch, sw, x.sum(0))
    assert yx[0, 1, 0, 1].item() == pytest.approx((w[1] * (x[0, 1] * w[1]).exp()).item())
    assert yx[0, 1, 1, 1].item() == 0
    (row,) = jacobian(lambda w: w.sum(), (w,))
    assert row.tolist() == [1, 1, 1]


def test_the_jacobian_of_nothing() -> None:
    w = minitorch_dl.ones(3)
    assert tuple(minitorch_dl.autograd.functional.jacobian(lambda w: w[:0], w).shape) == (0, 3)


def test_the_jacobian_can_be_differentiated(torch) -> None:
    _, w = point(torch)
    w.requires_grad_()
    j = torch.autograd.functional.jacobian(lambda w: w**3, w, create_graph=True)
    j.sum().backward()
    close(torch, w.grad, 6 * w.detach())


def test_hessian(torch) -> None:
    x, w = point(torch)
    (xx, xw), (wx, ww) = torch.autograd.functional.hessian(scalar, (x, w))
    close(torch, xx.reshape(6, 6), (6 * x * w**2).reshape(-1).diag())
    close(torch, ww, (2 * x**3).sum(0).diag())
    close(torch, wx.permute(1, 2, 0), xw)
    close(torch, torch.autograd.functional.hessian(lambda w: (w**3).sum(), w), (6 * w).diag())


@pytest.mark.parametrize("name", ["vhp", "hvp"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_products_with_the_hessian(torch, name, create_graph) -> None:
    x, w = point(torch)
    vx, vw = x - 1, w * 2
    output, (hx, hw) = getattr(torch.autograd.functional, name)(
        scalar, (x, w), (vx, vw), create_graph=create_graph
    )
    close(torch, output, scalar(x, w))
    close(torch, hx, 6 * x * w**2 * vx + 6 * x**2 * w * vw)
    close(torch, hw, (6 * x**2 * w * vx + 2 * x**3 * vw).sum(0))


def test_inputs_keep_their_own_gradients(torch) -> None:
    x, _ = point(torch)
    x.requires_grad_()
    torch.autograd.functional.hvp(lambda x: (x**3).sum(), x, x)
    torch.autograd.functional.jacobian(lambda x: x * x.sum(), x)
    assert x.grad is None


@pytest.mark.parametrize("name", ["vjp", "jvp", "jacobian"])
def test_strict_first_derivatives(torch, name) -> None:
    x, _ = point(torch)
    f = getattr(torch.autograd.functional, name)
    v = () if name == "jacobian" else (x,)
    constant, linear = (lambda x: x.detach() * 2), (lambda x: x * 2)
    f(constant, x, *v)
    with pytest.raises(RuntimeError, match="does not require gradients"):
        f(constant, x, *v, strict=True)
    f(linear, x, *v, strict=True)
    with pytest.raises(
        RuntimeError, match=r"is independent of .*strict mode when create_graph=True"
    ):
        f(linear, x, *v, strict=True, create_graph=True)


@pytest.mark.parametrize("name", ["vhp", "hvp", "hessian"])
def test_strict_second_derivatives(torch, name) -> None:
    x, _ = point(torch)
    f = getattr(torch.autograd.functional, name)
    v = () if name == "hessian" else (x,)
    linear, square = (lambda x: (x * 2).sum()), (lambda x: (x * x).sum())
    f(linear, x, *v)
    with pytest.raises(RuntimeError, match=r"is independent of .*strict mode"):
        f(linear, x, *v, strict=True)
    f(square, x, *v, strict=True)
    with pytest.raises(
        RuntimeError, match=r"is independent of .*strict mode when create_graph=True"
    ):
        f(square, x, *v, strict=True, create_graph=True)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda f, x: f.jacobian(lambda x: 3, x),
            TypeError,
            "outputs of the user-provided function",
        ),
        (lambda f, x: f.vjp(lambda x: x, [x]), TypeError, "The inputs given to vjp"),
        (lambda f, x: f.vjp(lambda x: x, x), RuntimeError, "The vector v can only be None"),
        (lambda f, x: f.jvp(lambda x: x, x), RuntimeError, "The vector v can only be None"),
        (lambda f, x: f.vjp(lambda x: x.sum(0), x, x), RuntimeError, "v has invalid size"),
        (
            lambda f, x: f.vjp(lambda x: (x, x), x, x),
            RuntimeError,
            "v is a tuple of invalid length",
        ),
        (lambda f, x: f.hessian(lambda x: x, x), RuntimeError, "should contain a single element"),
        (
            lambda f, x: f.hessian(lambda x: (x.sum(),), x),
            RuntimeError,
            "should return a single Tensor",
        ),
        (lambda f, x: f.vhp(lambda x: x, x, x), RuntimeError, "should contain a single element"),
        (lambda f, x: f.jacobian(lambda x: x, x, strategy="both"), AssertionError, "strategy"),
    ],
)
def test_wrong_calls(torch, call, error, text) -> None:
    with pytest.raises(error, match=text):
        call(torch.autograd.functional, point(torch)[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch compiles its own rules
def test_lists_of_a_jacobian_over_several_inputs_in_forward_mode(torch) -> None:
    def found(function, inputs, strategy="forward-mode"):
        return torch.autograd.functional.jacobian(
            function, inputs, vectorize=True, strategy=strategy
        )

    x = torch.ones(2)
    assert type(found(lambda x: (x, x * 2), x)) is tuple
    assert type(found(lambda x, y: x * y, (x, x))) is list
    several = found(lambda x, y: (x * y, x), (x, x))
    assert [type(several), *map(type, several)] == [list, list, list]
    assert type(found(lambda x, y: x * y, (x, x), "reverse-mode")) is tuple
    assert torch.equal(several[0][1], torch.eye(2))
