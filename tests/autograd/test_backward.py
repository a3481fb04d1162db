"""``backward`` and ``grad``: the traversal, accumulation and their arguments."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl
from minitorch_dl.autograd import engine
from minitorch_dl.autograd.primitive import PRIMITIVES


def test_a_tensor_used_twice_gets_both_gradients(torch) -> None:
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    y = x * x
    (y * x + y).sum().backward()
    assert x.grad.tolist() == [3 * 4 + 2 * 2, 3 * 9 + 2 * 3]


def test_a_diamond_of_long_and_short_paths(torch) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = x * 3
    for _ in range(5):
        y = y * 2
    (y * x + x).backward()
    assert x.grad.item() == 2 * 96 * 2 + 1


def test_every_node_runs_once_and_after_all_that_use_it(torch) -> None:
    ran = []

    class Noted(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, name):
            ctx.name = name
            return x * 1

        @staticmethod
        def backward(ctx, g):
            ran.append(ctx.name)
            return g, None

    x = torch.ones((), requires_grad=True)
    a = Noted.apply(x, "a")
    b = Noted.apply(a, "b")
    c = Noted.apply(a, "c")
    (Noted.apply(b, "d") + c * b).backward()
    assert sorted(ran) == ["a", "b", "c", "d"]
    assert ran.index("d") < ran.index("b") < ran.index("a")
    assert ran.index("c") < ran.index("a")


def test_gradients_accumulate_over_passes(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5, 5]
    assert x.grad is first


def test_a_chain_of_200_000_ops() -> None:
    x = minitorch_dl.ones((), requires_grad=True)
    y = x
    for _ in range(200_000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    del y


def test_several_roots_and_their_gradients(torch) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y, z = x * 2, (x * x).sum()
    torch.autograd.backward([y, z], [torch.tensor([1.0, 10.0]), None])
    assert x.grad.tolist() == [2 + 2, 20 + 4]


def test_one_root_given_twice(torch) -> None:
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x
    torch.autograd.backward([y, y])
    assert x.grad.item() == 12


def test_a_leaf_is_a_root_too(torch) -> None:
    x = torch.tensor(3.0, requires_grad=True)
    x.backward()
    assert x.grad.item() == 1
    assert torch.autograd.grad(x, x)[0].item() == 1


def test_a_pass_adds_to_the_gradient_that_is_there(torch) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (slope,) = torch.autograd.grad((x * x).sum(), x, create_graph=True)
    x.grad = slope
    x.sum().backward()
    assert x.grad is slope
    assert slope.tolist() == [3, 5]
    x.grad = torch.ones(1).expand(2)
    with pytest.raises(RuntimeError):
        x.sum().backward()


def test_inputs_restrict_where_gradients_accumulate(torch) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    w = torch.tensor(3.0, requires_grad=True)
    y = x * w
    z = y * y
    z.backward(inputs=[x, y])
    assert w.grad is None
    assert x.grad.item() == 2 * 6 * 3
    assert y.grad.item() == 12


def test_only_the_needed_part_of_the_graph_runs(torch) -> None:
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise AssertionError("this branch leads to no target")

    x = torch.tensor(2.0, requires_grad=True)
    w = torch.tensor(3.0, requires_grad=True)
    (g,) = torch.autograd.grad(x * 5 + Fails.apply(w), x)
    assert g.item() == 5


def test_grad_of_an_intermediate_result(torch) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    z = y * y + x
    gy, gx = torch.autograd.grad(z, [y, x])
    assert (gy.item(), gx.item()) == (8, 8 * 4 + 1)
    assert x.grad is None


def test_unused_inputs(torch) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    other = torch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        torch.autograd.grad(x * 2, [x, other])
    assert torch.autograd.grad(x * 2, [x, other], allow_unused=True)[1] is None
    zeros = torch.autograd.grad(x * 2, [x, other], materialize_grads=True)[1]
    assert zeros.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="allow_unused"):
        torch.autograd.grad(x * 2, other, allow_unused=False, materialize_grads=True)


def test_a_batch_of_gradients(torch) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (rows,) = torch.autograd.grad(x * x, x, torch.eye(2), is_grads_batched=True)
    assert rows.tolist() == [[2, 0], [0, 4]]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t, x: t.ones(()).backward(), "does not require grad and does not have a grad_fn"),
        (lambda t, x: (x * 2).backward(), "grad can be implicitly created only for scalar outputs"),
        (lambda t, x: (x * 2).backward(t.ones(2)), "Mismatch in shape: grad_output"),
        (lambda t, x: (x * 2).sum().backward(inputs=[]), "cannot be empty"),
        (lambda t, x: t.autograd.grad((x * 2).sum(), []), "cannot be empty"),
        (lambda t, x: t.autograd.grad((x * 2).sum(), t.ones(3)), "does not require grad"),
        (
            lambda t, x: t.autograd.backward([x.sum(), x.sum()], [t.ones(())]),
            "got 2 tensors and 1 grad",
        ),
    ],
)
def test_wrong_calls(torch, call, text) -> None:
    x = torch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match=text):
        call(torch, x)
    assert x.grad is None


def test_a_second_backward_needs_retain_graph(torch) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


def test_what_saves_nothing_can_be_run_again(torch) -> None:
    x = torch.ones(3, requires_grad=True)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_a_gradient_of_another_dtype_is_cast(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    (x * 2).backward(torch.ones(2, dtype=torch.float64))
    assert x.grad.dtype == torch.float32


def test_mixed_dtypes_give_each_leaf_its_own(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    w = torch.ones(2, dtype=torch.float64, requires_grad=True)
    (x * w).sum().backward()
    assert (x.grad.dtype, w.grad.dtype) == (torch.float32, torch.float64)


def test_broadcast_inputs_get_their_own_shape(torch) -> None:
    x = torch.ones(3, 1, requires_grad=True)
    w = torch.ones(4, requires_grad=True)
    s = torch.ones((), requires_grad=True)
    (x * w + s).sum().backward()
    assert (tuple(x.grad.shape), tuple(w.grad.shape), tuple(s.grad.shape)) == ((3, 1), (4,), ())
    assert (x.grad[0, 0].item(), w.grad[0].item(), s.grad.item()) == (4, 3, 12)


def test_outputs_of_one_node_are_kept_apart(torch) -> None:
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    a, b = torch.split(x, 2)
    (a * 2 + a * 3).sum().backward()  # nothing reaches b
    assert x.grad.tolist() == [5, 5, 0, 0]
    a, b = torch.split(x, 2)
    ga, gb = torch.autograd.grad((a * b).sum(), [a, b])
    assert (ga.tolist(), gb.tolist()) == ([3, 4], [1, 2])


# -- no sharing of memory --------------------------------------------------------------------------


def test_gradients_of_leaves_share_no_memory(torch) -> None:
    x, w = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    given = torch.ones(3)
    (x + w).backward(given)
    x.grad.add_(5)
    assert w.grad.tolist() == [1, 1, 1]
    assert given.tolist() == [1, 1, 1]
    x.sum().backward()  # an expanded gradient becomes an array of its own
    x.grad.add_(1)
    assert x.grad.tolist() == [8, 8, 8]


def test_results_of_grad_share_no_memory() -> None:
    x, w = (minitorch_dl.ones(3, requires_grad=True) for _ in range(2))
    given = minitorch_dl.ones(3)
    a, b = minitorch_dl.autograd.grad(x + w, [x, w], given)
    assert not np.shares_memory(a.array, b.array)
    assert not np.shares_memory(a.array, given.array)
    (c,) = minitorch_dl.autograd.grad(x.sum(), x)
    c.add_(1)
    assert c.tolist() == [2, 2, 2]


def test_a_second_contribution_does_not_change_the_first_ones_source(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    y = x + 0
    z = y + 0
    seen = []
    z.register_hook(lambda g: seen.append(g))
    (z * 1 + y * 5).sum().backward()
    assert seen[0].tolist() == [1, 1]
    assert x.grad.tolist() == [6, 6]


# -- what the engine does and does not do ----------------------------------------------------------


def test_an_ordinary_backward_makes_no_tensor_but_the_gradients(monkeypatch) -> None:
    x = minitorch_dl.ones(3, 3, requires_grad=True)
    w = minitorch_dl.ones(3, requires_grad=True)
    loss = ((x * w).tanh() @ x + x.exp() / w).sum()
    made = []
    original = engine.result_class().wrap

    def counted(array, node=None):
        made.append(array)
        return original(array, node)

    monkeypatch.setattr(engine.result_class(), "wrap", staticmethod(counted))
    loss.backward(minitorch_dl.ones(()))
    assert len(made) == 2  # x.grad and w.grad


@pytest.mark.parametrize(
    ("op", "needs", "names"),
    [
        ("add", (True, True), ()),
        ("mul", (True, True), ("b", "a")),
        ("mul", (True, False), ("b",)),
        ("mul", (False, True), ("a",)),
        ("tanh", (True,), ("y",)),
        ("exp", (True,), ("y",)),
        ("log", (True,), ("a",)),
        ("neg", (True,), ()),
    ],
)
def test_an_op_saves_what_its_formulas_name(op, needs, names) -> None:
    assert PRIMITIVES[op].vjp(needs).names == names


def test_saved_arrays_are_the_operands_themselves() -> None:
    x = minitorch_dl.ones(3, requires_grad=True)
    w = minitorch_dl.ones(3)
    y = x * w
    assert [array is w.array for array in y.grad_fn.saved] == [True]
    z = y.tanh()
    assert [array is z.array for array in z.grad_fn.saved] == [True]
    assert (z + 1).grad_fn.saved == ()


def test_a_leaf_that_was_frozen_since_gets_no_gradient() -> None:
    w, x = (minitorch_dl.ones(2, requires_grad=True) for _ in range(2))
    y = (w * x).sum()
    w.requires_grad_(False)
    y.backward(retain_graph=True)
    assert (w.grad, x.grad.tolist()) == (None, [1, 1])
    w.requires_grad_(True)
    y.backward()
    assert w.grad.tolist() == [1, 1]
