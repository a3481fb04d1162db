"""``autograd.Function``: custom ops, the whole of PyTorch's contract."""

from __future__ import annotations

import gc
import weakref

import pytest

import minitorch_dl


def op(torch, forward, backward, **more):
    """A Function from two plain functions."""
    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    members |= {name: staticmethod(one) for name, one in more.items()}
    return type("MyOp", (torch.autograd.Function,), members)


def leaf(torch, *values):
    return torch.tensor(values, requires_grad=True)


def test_forward_and_backward_with_saved_tensors_and_other_arguments(torch) -> None:
    class Power(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n, name=None):
            assert not torch.is_grad_enabled()
            ctx.save_for_backward(x)
            ctx.n = n
            return x**n

        @staticmethod
        def backward(ctx, g):
            assert not torch.is_grad_enabled()
            (x,) = ctx.saved_tensors
            return g * ctx.n * x ** (ctx.n - 1), None, None

    x = leaf(torch, 1.0, 2.0)
    y = Power.apply(x, 3, "cube")
    assert y.requires_grad
    assert y.grad_fn.name() == "PowerBackward"
    assert y.grad_fn.n == 3
    assert y.grad_fn.saved_tensors[0].tolist() == [1, 2]
    y.sum().backward()
    assert x.grad.tolist() == [3, 12]
    assert not Power.apply(x.detach(), 3).requires_grad
    with torch.no_grad():
        assert not Power.apply(x, 3).requires_grad


def test_setup_context(torch) -> None:
    def setup(ctx, inputs, output):
        x, ctx.n = inputs
        ctx.save_for_backward(x, output)

    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * ctx.n * y / x, None

    cube = op(torch, lambda x, n=3: x**n, backward, setup_context=setup)
    x = leaf(torch, 1.0, 2.0)
    cube.apply(x).sum().backward()
    cube.apply(x, n=2).sum().backward()
    assert x.grad.tolist() == [3 + 2, 12 + 4]


def test_needs_input_grad(torch) -> None:
    seen = []

    def backward(ctx, g):
        seen.append(ctx.needs_input_grad)
        return g, None, g

    f = op(torch, lambda ctx, a, n, b: a + b, backward)
    f.apply(leaf(torch, 1.0), 2, torch.ones(1)).sum().backward()
    assert seen == [(True, False, False)]


def test_saved_tensors_are_the_tensors_themselves(torch) -> None:
    def forward(ctx, x):
        ctx.save_for_backward(x, None)
        return x * 2

    seen = []

    def backward(ctx, g):
        seen.extend(ctx.saved_tensors)
        return g

    x = leaf(torch, 1.0)
    op(torch, forward, backward).apply(x).backward()
    assert seen[0] is x
    assert seen[1] is None


def test_double_backward_goes_through_the_users_backward(torch) -> None:
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x**3
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g * 3 * y / x  # through the saved input and the saved output

    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    (gg,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    (ggg,) = torch.autograd.grad(gg.sum(), x)
    assert g.tolist() == [3, 12]
    assert gg.tolist() == [6, 12]
    assert ggg.tolist() == [6, 6]
    assert torch.autograd.gradcheck(Cube.apply, x)
    assert torch.autograd.gradgradcheck(Cube.apply, x)


def test_a_saved_output_of_several_connects_to_the_graph(torch) -> None:
    class Both(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y, z = x.exp(), x * 2
            ctx.save_for_backward(y)
            return y, z

        @staticmethod
        def backward(ctx, gy, gz):
            (y,) = ctx.saved_tensors
            return gy * y + gz * 2

    x = torch.tensor([0.3, -0.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(Both.apply, x)
    y, _ = Both.apply(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)  # g = y as a function of x
    (gy,) = torch.autograd.grad(g.sum(), y)
    assert gy.tolist() == [1, 1]


def test_several_outputs_and_unused_ones(torch) -> None:
    seen = []

    def backward(ctx, *gs):
        seen.append([None if g is None else g.tolist() for g in gs])
        return gs[0]

    def lazy(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 1, x * 2

    x = leaf(torch, 1.0, 2.0)
    a, b = op(torch, lambda ctx, x: (x * 1, x * 2), backward).apply(x)
    assert (a.output_nr, b.output_nr) == (0, 1)
    assert a.grad_fn is b.grad_fn
    a.sum().backward()
    op(torch, lazy, backward).apply(x)[0].sum().backward()
    assert seen == [[[1, 1], [0, 0]], [[1, 1], None]]


def test_outputs_that_are_no_tensors_pass_through(torch) -> None:
    seen = []

    def backward(ctx, g, other):
        seen.append(other)
        return g

    y, name = op(torch, lambda ctx, x: (x * 1, "name"), backward).apply(leaf(torch, 1.0))
    assert name == "name"
    y.backward()
    assert seen == [None]


def test_outputs_without_a_gradient(torch) -> None:
    def forward(ctx, x):
        index = x.argmax()
        y = x * 2
        ctx.mark_non_differentiable(y)
        return x * 1, index, y

    a, index, y = op(torch, forward, lambda ctx, g, gi, gy: g).apply(leaf(torch, 1.0, 2.0))
    assert a.requires_grad
    assert not index.requires_grad
    assert not y.requires_grad
    a.sum().backward()


def test_an_input_returned_as_it_is(torch) -> None:
    f = op(torch, lambda ctx, x: x, lambda ctx, g: g * 5)
    x = leaf(torch, 1.0, 2.0)
    y = f.apply(x)
    assert y is not x
    assert y.grad_fn.name() == "MyOpBackward"
    y.sum().backward()
    assert x.grad.tolist() == [5, 5]
    with pytest.raises(RuntimeError, match="created inside a custom Function"):
        f.apply(x * 1).mul_(2)
    with pytest.raises(RuntimeError, match="created inside a custom Function"):
        op(torch, lambda ctx, x: x.view(2, 1), lambda ctx, g: g.view(2)).apply(x * 1).mul_(2)


def test_mark_dirty(torch) -> None:
    def forward(ctx, x):
        with torch.no_grad():
            x.mul_(3)
        ctx.mark_dirty(x)
        return x

    triple = op(torch, forward, lambda ctx, g: g * 3)
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    version = y._version
    z = triple.apply(y)
    assert z is y
    assert y._version > version
    (y * y).sum().backward()
    assert x.grad.tolist() == [18, 36]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        triple.apply(leaf(torch, 1.0))

    def forgets(ctx, x):
        ctx.mark_dirty(x)
        return x * 1

    with pytest.raises(RuntimeError, match="were not returned as output"):
        op(torch, forgets, lambda ctx, g: g).apply(x * 1)


def test_a_dirty_input_that_is_saved_too(torch) -> None:
    def forward(ctx, x):
        x.exp_()
        ctx.mark_dirty(x)
        ctx.save_for_backward(x)
        return x

    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y

    x = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: op(torch, forward, backward).apply(x * 1), x)
    assert torch.autograd.gradgradcheck(lambda x: op(torch, forward, backward).apply(x * 1), x)


def test_gradients_are_fitted_to_their_inputs(torch) -> None:
    x = leaf(torch, 1.0, 2.0)
    op(torch, lambda ctx, x: x * 1, lambda ctx, g: torch.ones(3, 2)).apply(x).sum().backward()
    assert x.grad.tolist() == [3, 3]
    op(torch, lambda ctx, x: x * 1, lambda ctx, g: g.double()).apply(x).sum().backward()
    assert x.grad.dtype == torch.float32
    op(torch, lambda ctx, x: x * 1, lambda ctx, g: (g, None, None)).apply(x).sum().backward()
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        torch.autograd.grad(op(torch, lambda ctx, x: x * 1, lambda ctx, g: None).apply(x).sum(), x)


@pytest.mark.parametrize(
    ("arguments", "backward", "text"),
    [
        (2, lambda ctx, g: g, r"returned an incorrect number of gradients \(expected 2, got 1\)"),
        (
            1,
            lambda ctx, g: (g, g),
            r"returned an incorrect number of gradients \(expected 1, got 2\)",
        ),
        (1, lambda ctx, g: g.new_ones(3), "returned an invalid gradient at index 0"),
        (1, lambda ctx, g: g.sum(), "returned an invalid gradient at index 0"),
        (
            1,
            lambda ctx, g: g + 1j,
            "isFloatingType|returned an invalid gradient at index 0 - expected torch.float32",
        ),
        (1, lambda ctx, g: 3, r"expected Variable or None \(got int\)"),
    ],
)
def test_wrong_gradients(torch, arguments, backward, text) -> None:
    x = leaf(torch, 1.0, 2.0)
    y = op(torch, lambda ctx, *xs: xs[0] * 1, backward).apply(*[x] * arguments)
    with pytest.raises(RuntimeError, match=text):
        y.sum().backward()
    assert x.grad is None


def test_a_gradient_for_what_is_no_tensor(torch) -> None:
    y = op(torch, lambda ctx, x, n: x * n, lambda ctx, g: (g, g)).apply(leaf(torch, 1.0), 2)
    with pytest.raises(RuntimeError, match="returned a gradient different than None at position 2"):
        y.backward()


def test_wrong_uses(torch) -> None:
    def saves_a_number(ctx, x):
        ctx.save_for_backward(3)
        return x * 1

    x = leaf(torch, 1.0)
    with pytest.raises(TypeError, match="save_for_backward can only save variables"):
        op(torch, saves_a_number, None).apply(x)
    op(torch, saves_a_number, None).apply(x.detach())  # there is no backward to save for
    only_forward = type(
        "F", (torch.autograd.Function,), {"forward": staticmethod(lambda ctx, x: x * 1)}
    )
    with pytest.raises(NotImplementedError, match="backward or vjp"):
        only_forward.apply(x).backward()
    with pytest.raises(NotImplementedError, match="must implement the forward"):
        type("F", (torch.autograd.Function,), {}).apply(x)
    both = op(torch, lambda ctx, x: x * 1, lambda ctx, g: g, vjp=lambda ctx, g: g)
    with pytest.raises(RuntimeError, match="Implementing both 'backward' and 'vjp'"):
        both.apply(x).backward()


def test_vjp_is_another_name_for_backward(torch) -> None:
    members = {
        "forward": staticmethod(lambda ctx, x: x * 1),
        "vjp": staticmethod(lambda ctx, g: g * 4),
    }
    x = leaf(torch, 1.0)
    type("F", (torch.autograd.Function,), members).apply(x).backward()
    assert x.grad.tolist() == [4]


def test_saved_tensors_are_freed_and_checked(torch) -> None:
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 1

    f = op(torch, forward, lambda ctx, g: g * ctx.saved_tensors[0])
    y = f.apply(leaf(torch, 1.0))
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()
    z = leaf(torch, 1.0) * 1
    y = f.apply(z)
    z.mul_(2)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        y.backward()


def test_gradients_in_a_list(torch) -> None:
    class Both(torch.autograd.Function):
        boxed_grads_call = True

        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, grads):
            assert isinstance(grads, list)
            return 2 * grads.pop(0) + 3 * grads.pop()

    x = leaf(torch, 1.0)
    a, b = Both.apply(x)
    (a + 5 * b).backward()
    assert x.grad.tolist() == [17]


def test_saved_tensors_that_can_be_read_once(torch) -> None:
    class Square(torch.autograd.Function):
        clear_saved_tensors_on_access = True

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with pytest.raises(RuntimeError, match="can only be accessed once"):
                _ = ctx.saved_tensors
            return 2 * g * x

    x = leaf(torch, 3.0)
    y = Square.apply(x)
    y.backward(retain_graph=True)
    assert x.grad.tolist() == [6]
    with pytest.raises(RuntimeError, match="can only be accessed once"):
        y.backward()


def test_once_differentiable(torch) -> None:
    from importlib import import_module

    once = import_module(f"{torch.__name__}.autograd.function").once_differentiable

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    square = op(torch, forward, once(lambda ctx, g: 2 * ctx.saved_tensors[0] * g))
    x = leaf(torch, 3.0)
    square.apply(x).backward()
    assert x.grad.tolist() == [6]
    y = square.apply(x * 1)
    w = torch.ones(1, requires_grad=True)
    (g,) = torch.autograd.grad(y, x, w, create_graph=True)
    with pytest.raises(RuntimeError, match=r"differentiate twice .*@once_differentiable"):
        g.backward()


def test_a_second_derivative_through_once_differentiable_is_never_silently_wrong() -> None:
    from minitorch_dl.autograd.function import once_differentiable

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    square = op(
        minitorch_dl, forward, once_differentiable(lambda ctx, g: 2 * ctx.saved_tensors[0] * g)
    )
    x = leaf(minitorch_dl, 3.0)
    (g,) = minitorch_dl.autograd.grad(square.apply(x) * x, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        minitorch_dl.autograd.grad(g, x)


def test_nothing_stays_alive() -> None:
    class Exp(minitorch_dl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[1]

    gc.disable()
    try:
        x = minitorch_dl.ones(3, requires_grad=True)
        y = Exp.apply(x * 2)
        node, array = weakref.ref(y.grad_fn), weakref.ref(y.array)
        y.sum().backward()
        del y
        assert node() is None
        assert array() is None
    finally:
        gc.enable()


def test_a_dirty_input_without_derivative(torch) -> None:
    class Zero(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            ctx.mark_non_differentiable(x)
            return x.zero_()

    y = Zero.apply(torch.ones(2, requires_grad=True) * 2)
    assert y.tolist() == [0, 0]
    assert not y.requires_grad
    assert y.grad_fn is None


def test_functions_are_not_instantiated(torch) -> None:
    class Twice(torch.autograd.Function):
        pass

    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        Twice()


def test_arguments_by_keyword(torch) -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y, z=1):
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g * y, g * x

    x, y = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    for call in (lambda: Product.apply(x, y=y), lambda: Product.apply(y=y, x=x)):
        x.grad = y.grad = None
        call().backward()
        assert (x.grad.item(), y.grad.item()) == (3.0, 2.0)
    with pytest.raises(TypeError, match="missing"):
        Product.apply(x, z=2)


def test_an_input_given_back_keeps_its_class(torch) -> None:
    class Named(torch.Tensor):
        pass

    class AsIs(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    constant = torch.ones(2).as_subclass(Named)
    y = AsIs.apply(constant)
    assert type(y) is Named
    assert y is not constant
    x = torch.ones(2, requires_grad=True)
    y = AsIs.apply(x.as_subclass(Named))
    assert type(y) is Named
    assert y.grad_fn.name() == "AsIsBackward"
    y.sum().backward()
    assert torch.equal(x.grad, torch.tensor([2.0, 2.0]))
    assert type(AsIs.apply(torch.nn.Parameter(torch.ones(2)))) is torch.Tensor
