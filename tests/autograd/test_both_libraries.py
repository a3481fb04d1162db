"""Smaller promises of autograd, its graph, transforms and recomputation: as PyTorch keeps them."""

from __future__ import annotations

import importlib
import warnings
from collections import namedtuple
from typing import Any

import pytest

Pair = namedtuple("Pair", "a b")


def checkpoints(torch: Any) -> Any:
    return importlib.import_module(f"{torch.__name__}.utils.checkpoint")


def test_a_policy_for_recomputing(torch: Any) -> None:
    module = checkpoints(torch)
    x = torch.tensor([1.0, 2.0], requires_grad=True)

    def contexts() -> Any:
        return module.create_selective_checkpoint_contexts(
            lambda ctx, op, *args, **kwargs: module.CheckpointPolicy.PREFER_SAVE
        )

    y = module.checkpoint(torch.exp, x, use_reentrant=False, context_fn=contexts)
    y.sum().backward()
    assert torch.equal(x.grad, x.exp())
    with pytest.raises(TypeError, match="either a function or a list"):
        module.create_selective_checkpoint_contexts(3)


# -- transforms of functions -----------------------------------------------------------------------


def test_transforms_take_nested_arguments(torch: Any) -> None:
    x = torch.tensor([1.0, 2.0])
    found = torch.func.grad(lambda p: (p.a * p.b).sum())(Pair(x, x * 3))
    assert type(found) is Pair
    assert found.a.tolist() == [3.0, 6.0]
    found = torch.func.grad(lambda d: (d["x"] * 2).sum())({"x": x})
    assert found["x"].tolist() == [2.0, 2.0]


def test_what_a_function_ignores_has_a_gradient_of_zero(torch: Any) -> None:
    x = torch.tensor([1.0, 2.0])
    assert torch.func.grad(lambda x: torch.ones(()))(x).tolist() == [0.0, 0.0]
    assert torch.func.jacrev(lambda x: torch.ones(2))(x).tolist() == [[0.0, 0.0]] * 2


def test_vmap_over_containers(torch: Any) -> None:
    x, y = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([5.0, 6.0])
    f = torch.func.vmap(lambda d, y: d["x"].sum() * y, in_dims=({"x": 1}, None))
    assert f({"x": x}, y).tolist() == [[20.0, 24.0], [30.0, 36.0]]


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_vmap_of_calls_by_keyword(torch: Any) -> None:
    x = torch.arange(24.0).reshape(2, 3, 4)
    for f in (
        lambda t: torch.sum(t, axis=0),
        lambda t: torch.cumsum(t, axis=0),
        lambda t: torch.cat([t, t], axis=1),
        lambda t: torch.flip(t, dims=[0, 1]),
        lambda t: t.permute(dims=(1, 0)),
        lambda t: t.masked_fill(t > 5, t[0, 0]),
        lambda t: t.masked_fill(t[0, 0] > 5, 3),
        lambda t: torch.where(t[0, 0] > 5, t, 0),
        lambda t: t.t().as_strided((2, 2), (1, 4)),
    ):
        assert torch.equal(torch.func.vmap(f)(x), torch.stack([f(t) for t in x]))
    shifted = torch.func.vmap(lambda t: t.as_strided((2,), (1,), 1))(x)
    assert shifted.tolist() == [[1.0, 2.0], [13.0, 14.0]]  # counted from each entry's begin


def test_an_ensemble_of_modules(torch: Any) -> None:
    models = [torch.nn.Linear(2, 1) for _ in range(3)]
    parameters, buffers = torch.func.stack_module_state(models)
    assert parameters["weight"].shape == (3, 1, 2)
    assert buffers == {}


# -- the graph -------------------------------------------------------------------------------------


def test_hooks_for_several_tensors(torch: Any) -> None:
    a, b = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    seen: list[Any] = []
    every = torch.autograd.graph.register_multi_grad_hook(
        (a, b), lambda grads: seen.append([None if g is None else g.item() for g in grads])
    )
    first = torch.autograd.graph.register_multi_grad_hook(
        (a, b), lambda g: seen.append(g.item()), mode="any"
    )
    (a * 5).backward()
    assert sorted(map(str, seen)) == ["5.0", "[5.0, None]"]
    every.remove()
    first.remove()
    (a * b).backward()
    assert len(seen) == 2


def test_saved_tensors_go_through_hooks_in_lists(torch: Any) -> None:
    packed: list[Any] = []

    def pack(x: Any) -> Any:
        packed.append(tuple(x.shape))
        return x.detach() * 1

    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        y = (torch.cat([x, x]) * torch.stack([x, x]).reshape(-1)).sum()
    y.backward()
    assert x.grad.tolist() == [4.0, 4.0]
    assert (4,) in packed


def test_an_unpacking_hook_must_give_a_tensor(torch: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: 3):
        y = (x * x).sum()
    with pytest.raises(TypeError, match="Tensor"):
        y.backward()


# -- custom functions ------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_function_object_is_not_called(torch: Any) -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    with pytest.raises(RuntimeError, match=r"apply|Legacy"):
        Twice()(torch.ones(1))


def test_saved_tensors_are_freed_with_the_graph(torch: Any) -> None:
    kept: list[Any] = []

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            kept.append(ctx)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * 2 * x

    x = torch.ones(1, requires_grad=True)
    y = Square.apply(x)
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.grad_fn.saved_tensors  # noqa: B018


@pytest.mark.parametrize("name", ["mark_dirty", "mark_non_differentiable"])
def test_only_tensors_are_marked(torch: Any, name: str) -> None:
    class Marks(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            getattr(ctx, name)(3)
            return x * 2

    with pytest.raises((RuntimeError, TypeError, AssertionError)):
        Marks.apply(torch.ones(1, requires_grad=True))


# -- recomputation ---------------------------------------------------------------------------------


def test_a_segment_without_gradients_just_runs(torch: Any) -> None:
    x = torch.ones(2)
    with torch.no_grad():
        y = checkpoints(torch).checkpoint(torch.sin, x, use_reentrant=False)
    assert not y.requires_grad
    assert y.tolist() == torch.sin(x).tolist()


def test_the_random_state_may_be_left_alone(torch: Any) -> None:
    x = torch.ones(4, requires_grad=True)
    y = checkpoints(torch).checkpoint(torch.sin, x, use_reentrant=False, preserve_rng_state=False)
    y.sum().backward()
    assert torch.allclose(x.grad, torch.cos(x))


def test_a_segment_of_several_results(torch: Any) -> None:
    def several(x: Any) -> Any:
        return x * 2, [x * 3], 5

    x = torch.ones(2, requires_grad=True)
    double, (triple,), five = checkpoints(torch).checkpoint(several, x, use_reentrant=False)
    (double.sum() + triple.sum()).backward()
    assert five == 5
    assert x.grad.tolist() == [5.0, 5.0]


def test_reentrant_results_need_a_gradient(torch: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    y = checkpoints(torch).checkpoint(lambda x: x.detach() * 1, x, use_reentrant=True)
    with pytest.raises(RuntimeError, match=r"none of output has requires_grad=True|none of the"):
        y.sum().backward()


def test_the_choice_of_recomputation_should_be_said(torch: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        checkpoints(torch).checkpoint_sequential([torch.nn.Tanh(), torch.nn.Tanh()], 1, x)
    assert any("use_reentrant" in str(one.message) for one in seen)


# -- sparse gradients ------------------------------------------------------------------------------


def table_and_lookup(torch: Any) -> tuple[Any, Any]:
    table = torch.arange(6.0).reshape(3, 2).requires_grad_()
    places = torch.tensor([[2, 0], [2, 1]])
    functional = torch.nn.functional
    return table, lambda: functional.embedding(places, table, padding_idx=1, sparse=True)


def test_the_gradient_of_a_table_has_the_rows_that_were_looked_up(torch: Any) -> None:
    table, look_up = table_and_lookup(torch)
    seen: list[bool] = []
    table.register_hook(lambda g: seen.append(g.is_sparse))
    (look_up() ** 2).sum().backward()
    assert table.grad.is_sparse
    assert seen == [True]
    assert table.grad._indices().tolist() == [[2, 0, 2]]
    assert table.grad._values().tolist() == [[8.0, 10.0], [0.0, 2.0], [8.0, 10.0]]
    (g,) = torch.autograd.grad(look_up().sum(), table)
    assert g.is_sparse
    assert g.to_dense().tolist() == [[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]]


def test_sparse_and_dense_gradients_add_up(torch: Any) -> None:
    table, look_up = table_and_lookup(torch)
    for _ in range(2):
        look_up().sum().backward()
    assert table.grad.is_sparse
    assert table.grad.to_dense().tolist() == [[2.0, 2.0], [0.0, 0.0], [4.0, 4.0]]
    (look_up().sum() + table.sum() + look_up().sum()).backward()
    assert table.grad.tolist() == [[5.0, 5.0], [1.0, 1.0], [9.0, 9.0]]
    look_up().sum().backward()
    assert table.grad.tolist() == [[6.0, 6.0], [1.0, 1.0], [11.0, 11.0]]


def test_a_sparse_gradient_may_be_set(torch: Any) -> None:
    table, look_up = table_and_lookup(torch)
    (g,) = torch.autograd.grad(look_up().sum(), table)
    table.grad = g
    assert table.grad is g
    with pytest.raises(RuntimeError, match="size"):
        table.grad = torch.ones(2, 2).to_sparse()


@pytest.mark.filterwarnings("ignore:Sparse invariant|Using backward")
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("before", "given", "kept"),
    [("sparse", "sparse", True), ("dense", "sparse", True), ("sparse", "dense", False)],
)
def test_a_leaf_is_given_a_gradient_of_either_layout(
    torch: Any, before: str, given: str, kept: bool, create_graph: bool
) -> None:
    made = {
        "sparse": lambda: torch.sparse_coo_tensor([[1, 1]], [1.0, 1.0], (2,)),
        "dense": lambda: torch.tensor([1.5, 1.5]),
    }
    x = torch.zeros(2, requires_grad=True)
    x.grad = old = made[before]()
    total = old.to_dense() + made[given]().to_dense()
    x.backward(made[given](), create_graph=create_graph)
    assert (x.grad is old) == (kept and not create_graph)
    assert x.grad.is_sparse == (before == given)
    assert torch.equal(x.grad.to_dense(), total)
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        x.backward(torch.ones(3).to_sparse())


def test_bags_of_rows_have_sparse_gradients(torch: Any) -> None:
    bags = torch.nn.EmbeddingBag(4, 2, mode="mean", sparse=True)
    bags(torch.tensor([[3, 1]])).sum().backward()
    assert bags.weight.grad.is_sparse
    assert bags.weight.grad.to_dense().tolist() == [[0.0, 0.0], [0.5, 0.5], [0.0, 0.0], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("optimizer", "sparse", "match"),
    [
        ("Adam", True, "does not support sparse gradients"),
        ("SparseAdam", False, "does not support dense gradients"),
    ],
)
def test_optimizers_say_which_gradients_they_take(
    torch: Any, optimizer: str, sparse: bool, match: str
) -> None:
    table = torch.nn.Embedding(3, 2, sparse=sparse)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match=match):
        getattr(torch.optim, optimizer)(table.parameters()).step()


# -- gradients of what only a part is read ---------------------------------------------------------


def test_the_gradient_of_eigenvectors_is_symmetric(torch: Any) -> None:
    a = torch.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=torch.float64, requires_grad=True)
    vectors = torch.linalg.eigh(a).eigenvectors
    (g,) = torch.autograd.grad(vectors[0, 0] / vectors[0, 0].detach(), a)
    slope = 5**-0.5 * (1 - 5**-0.5) / 4
    assert g.tolist()[0] == pytest.approx([-2 * slope, -slope])
    assert g.tolist()[1] == pytest.approx([-slope, 2 * slope])


def test_the_gradient_of_a_cholesky_factor_is_that_of_the_whole_matrix(torch: Any) -> None:
    b = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    factor = torch.tensor([[2.0, 0.0], [1.0, 1.0]], dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(torch.cholesky_solve(b, factor).sum(), factor)
    whole = factor.detach().requires_grad_()
    (expected,) = torch.autograd.grad(torch.linalg.solve(whole @ whole.mT, b).sum(), whole)
    assert torch.allclose(g, expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's, of its compiler
def test_a_gradient_through_zeros_of_the_one_before(torch: Any) -> None:
    x = torch.tensor([0.5, 2.0, 1.0])
    _, tangent = torch.func.jvp(lambda x: torch.logcumsumexp(x, 0), (x,), (torch.ones(3),))
    assert tangent.tolist() == pytest.approx([1.0, 1.0, 1.0])


# -- leaves ----------------------------------------------------------------------------------------


def test_a_leaf_turned_without_gradients_stays_one(torch: Any) -> None:
    x = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        x.t_()
    x.sum().backward()
    assert x.grad.shape == (3, 2)


@pytest.mark.parametrize("check", ["default", "none"])
@pytest.mark.parametrize("again", [1, 3])
def test_another_number_of_saved_tensors_is_an_error(torch: Any, check: str, again: int) -> None:
    times = [2, again]

    def segment(x: Any) -> Any:
        for _ in range(times.pop(0)):
            x = x.exp()
        return x

    x = torch.ones(2, requires_grad=True)
    module = checkpoints(torch)
    with module.set_checkpoint_early_stop(False):
        y = module.checkpoint(segment, x, use_reentrant=False, determinism_check=check)
    with pytest.raises(module.CheckpointError):
        y.sum().backward()


def test_a_checkpoint_saves_nothing_for_the_hooks_around_it(torch: Any) -> None:
    seen: list[Any] = []
    x = torch.tensor([2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: seen.append(t) or t, lambda t: t):
        h = checkpoints(torch).checkpoint(lambda x: x.pow(2).pow(2), x, use_reentrant=False)
        h.exp().sum().backward()
    assert 4 not in [t.item() for t in seen]  # x.pow(2), which is made again
    torch.testing.assert_close(x.grad, 4 * x.detach() ** 3 * h.detach().exp())


def test_a_backward_pass_into_what_it_passes_through(torch: Any) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y, z = x * 2, x * 3
    y.retain_grad()
    (y * z).sum().backward(inputs=[x, y, z], retain_graph=True)
    assert (x.grad.tolist(), y.grad.tolist(), z.grad.tolist()) == ([12, 24], [3, 6], [2, 4])
    assert z.retains_grad
    (y * z).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist(), z.grad.tolist()) == ([24, 48], [6, 12], [4, 8])


def test_names_of_nodes_that_call_python(torch: Any) -> None:
    layer = torch.nn.Linear(1, 1)
    layer.register_full_backward_hook(lambda module, before, after: None)
    x = torch.ones(1, requires_grad=True)
    assert layer(x).grad_fn.name() == "BackwardHookFunctionBackward"
    y = checkpoints(torch).checkpoint(torch.exp, x, use_reentrant=True)
    assert y.grad_fn.name() == "CheckpointFunctionBackward"


def test_gamma_draws_of_a_batch(torch: Any) -> None:
    """Each entry's draws are its own, and are those of one call on the whole batch."""
    x = torch.tensor([[0.5, 2.0], [3.0, 0.7]])
    for draw in (lambda x: torch._standard_gamma(x), lambda x: torch._sample_dirichlet(x)):
        torch.manual_seed(3)
        expected = draw(x)
        torch.manual_seed(3)
        torch.testing.assert_close(torch.vmap(draw, randomness="different")(x), expected)
        with pytest.raises(RuntimeError, match="randomness"):
            torch.vmap(draw)(x)


def test_jacobians_by_tangents_and_by_gradients(torch: Any) -> None:
    x = torch.tensor([0.5, 1.0])

    def several(x: Any) -> dict[str, Any]:
        return {"outer": torch.outer(x, x), "sum": x.sum(), "constant": torch.ones(2)}

    found, expected = torch.func.jacfwd(several)(x), torch.func.jacrev(several)(x)
    for name, jacobian in found.items():
        assert jacobian.tolist() == expected[name].tolist()
        assert not jacobian.requires_grad
    assert found["outer"].tolist() == [[[1.0, 0.0], [1.0, 0.5]], [[1.0, 0.5], [0.0, 2.0]]]
    assert torch.func.jacfwd(lambda x: (several(x), x + 1), has_aux=True)(x)[1].tolist() == [1.5, 2]
    assert torch.func.hessian(lambda x: x**3)(x)[1].tolist() == [[0.0, 0.0], [0.0, 6.0]]
