"""Nodes and edges of the graph as arguments, and what hooks on nodes see; as PyTorch has it."""

from __future__ import annotations

import pytest


def test_an_edge_stands_for_its_tensor(torch) -> None:
    graph = torch.autograd.graph
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    middle = x.sin().sum()
    out = middle.exp()
    edge = graph.get_gradient_edge(middle)
    (slope,) = torch.autograd.grad(out, edge)
    (found,) = torch.autograd.grad(edge, x, grad_outputs=slope)
    (expected,) = torch.autograd.grad(x.sin().sum().exp(), x)
    assert torch.equal(found, expected)
    a, b = torch.arange(4.0, requires_grad=True).chunk(2)
    second = graph.GradientEdge(b.grad_fn, b.output_nr)
    (found,) = torch.autograd.grad((a + 3 * b).sum(), second)
    assert found.tolist() == [3.0, 3.0]
    torch.autograd.backward((x * 5).sum(), inputs=graph.get_gradient_edge(x))
    assert x.grad.tolist() == [5.0, 5.0]
    with pytest.raises(RuntimeError, match="when the given input is a GradientEdge"):
        torch.autograd.grad((a * 2).sum(), second, materialize_grads=True)
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        torch.autograd.grad(graph.get_gradient_edge(x * 2), x, grad_outputs=torch.ones(3))
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        torch.autograd.grad(graph.get_gradient_edge(x * 2), x)
    with pytest.raises(RuntimeError, match="required to have the same dtype"):
        (x * 2).backward(torch.ones(2, dtype=torch.complex64))


def test_zeros_in_place_of_no_gradient_can_be_differentiated(torch) -> None:
    x, y = (torch.ones((), requires_grad=True) for _ in range(2))
    options = {"materialize_grads": True, "create_graph": True}
    (found,) = torch.autograd.grad(x * 2, y, **options)
    assert torch.autograd.grad(found, y, materialize_grads=True)[0].item() == 0


def test_a_node_can_be_called(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    node = x.exp().grad_fn
    assert torch.allclose(node(torch.ones(2)), x.exp())
    with pytest.raises(TypeError, match="expected 1 arguments, got 2 instead"):
        node(x, x)


@pytest.mark.parametrize("targeted", [False, True])
def test_the_order_of_the_hooks_of_a_leaf(torch, targeted) -> None:
    x = torch.tensor(1.0, requires_grad=True)
    node = x.view_as(x).grad_fn.next_functions[0][0]
    seen = []
    node.register_hook(lambda grads, given: seen.append(("after", grads, given[0].item())))
    x.register_post_accumulate_grad_hook(lambda x: seen.append(("added", x.grad.item())))
    node.register_prehook(lambda given: (given[0] * 3,))
    x.register_hook(lambda grad: grad * 2)
    (x * 1).backward(inputs=[x] if targeted else None)
    assert seen == [("added", 6.0), ("after", (), 6.0)]
    assert torch.autograd.grad(x * 1, x)[0].item() == 2.0  # that node doesn't run
    assert len(seen) == 2


def test_hooks_after_accumulation_return_nothing_else(torch) -> None:
    x = torch.tensor(1.0, requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda x: x)
    (x * 1).backward()
    x.register_post_accumulate_grad_hook(lambda x: x.grad)
    with pytest.raises(RuntimeError, match="hooks should return None"):
        (x * 1).backward()


def test_callbacks_at_the_end_of_a_pass(torch) -> None:
    engine = torch.autograd.Variable._execution_engine
    x, seen = torch.tensor(1.0, requires_grad=True), []

    def last() -> None:
        seen.append(x.grad.item())

    y = x * 2
    y.register_hook(lambda _: engine.queue_callback(lambda: engine.queue_callback(last)))
    y.backward()
    assert seen == [2.0]
    with pytest.raises(RuntimeError, match="during backward pass"):
        engine.queue_callback(last)


def test_hooks_on_one_saved_tensor(torch) -> None:
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    y = x * x
    saved = y.grad_fn._raw_saved_self
    assert isinstance(saved, torch.autograd.SavedTensor)
    saved.register_hooks(lambda t: t * 2, lambda t: t)
    assert y.grad_fn._saved_self.tolist() == [4.0, 6.0]
    assert y.grad_fn._saved_other is x
    with pytest.raises(RuntimeError, match="already been set"):
        saved.register_hooks(lambda t: t, lambda t: t)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        saved.register_hooks(1, 1)
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 9.0]
    with pytest.raises(RuntimeError, match="already been freed"):
        y.grad_fn._saved_self  # noqa: B018
    with pytest.raises(RuntimeError, match="modifying its input in place"):
        (x * x).grad_fn._raw_saved_self.register_hooks(lambda t: t.mul_(2), lambda t: t)
    with pytest.raises(RuntimeError, match="forbidden"):
        torch.autograd.SavedTensor()


def test_what_a_function_saved(torch) -> None:
    class Identity(torch.autograd.Function):
        @staticmethod
        def forward(ctx, number, x):
            ctx.save_for_backward(x, None)
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            return None, g

    x = torch.ones(2, requires_grad=True)
    node = Identity.apply(3, x).grad_fn
    assert [one.name() for one, _ in node.next_functions] == ["torch::autograd::AccumulateGrad"]
    first, second = node._raw_saved_tensors
    first.register_hooks(lambda t: t * 2, lambda t: t)
    assert node.saved_tensors[0].tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="None is forbidden"):
        second.register_hooks(lambda t: t, lambda t: t)


def test_unbalanced_hooks_on_saved_tensors(torch) -> None:
    outer = torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t)
    for _ in range(2):
        outer.__enter__()
    for _ in range(2):
        outer.__exit__()
    y = torch.ones(2, requires_grad=True).exp()
    y.grad_fn._raw_saved_result.register_hooks(lambda t: t, lambda t: t)  # it has none


def test_a_detached_base_leaves_its_views_alone(torch) -> None:
    x = torch.ones(3, requires_grad=True)
    view = x[:2]
    x.detach_()
    assert view.requires_grad
    assert not x.requires_grad


def test_batches_of_gradients_have_the_shape_of_the_output(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="interpret the first"):
        torch.autograd.grad(x * 2, x, torch.ones(2), is_grads_batched=True)


def test_modes_decorate_classes_with_a_warning(torch) -> None:
    with pytest.warns(FutureWarning, match="Decorating classes is deprecated"):

        @torch.no_grad()
        class Probe:
            def __init__(self) -> None:
                self.inside = torch.is_grad_enabled()

    assert not Probe().inside


def test_one_tensor_returned_twice(torch) -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            return y, y

        @staticmethod
        def backward(ctx, g, h):
            return 2 * g + 2 * h

    x = torch.ones(2, requires_grad=True)
    a, b = Double.apply(x)
    assert a is b
    (a + b).sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]


def test_no_zeros_for_outputs_without_gradient(torch) -> None:
    class Split(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            rest = x.clone()
            ctx.mark_non_differentiable(rest)
            ctx._materialize_non_diff_grads = False
            return x.clone(), rest

        @staticmethod
        def backward(ctx, g, missing):
            assert missing is None
            return g

    Split.apply(torch.ones((), requires_grad=True))[0].backward()


def test_data_of_integers(torch) -> None:
    x = torch.ones((), requires_grad=True)
    with pytest.raises(RuntimeError, match="must be floating point or complex dtype"):
        x.data = torch.tensor(3)
    with torch.no_grad():
        assert x.numpy().item() == 1.0


def test_checkpoints_under_autocast(torch) -> None:
    seen = []

    def segment(x):
        y = x @ x
        seen.append(y.dtype)
        return y.float().exp()

    checkpoint = torch.utils.checkpoint.checkpoint
    for reentrant in (False, True):
        x = torch.ones(2, 2, requires_grad=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = checkpoint(segment, x, use_reentrant=reentrant)
        y.sum().backward()
    assert seen == [torch.bfloat16] * 4


def test_the_parts_of_checkpoints(torch) -> None:
    x, y = torch.ones(2, requires_grad=True), torch.ones(1)
    a, b, c = torch.utils.checkpoint.detach_variable((x * 2, y, "text"))
    assert (a.requires_grad, a.is_leaf, b.requires_grad, c) == (True, True, False, "text")
    with pytest.raises(RuntimeError, match="tuple"):
        torch.utils.checkpoint.detach_variable([x])
    torch.utils.checkpoint.check_backward_validity([y, x])
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        torch.utils.checkpoint.check_backward_validity([y])


def test_what_checkpoints_refuse(torch) -> None:
    checkpoint = torch.utils.checkpoint.checkpoint
    x, calls = torch.ones(2, requires_grad=True), []
    y = checkpoint(torch.exp, x, use_reentrant=True)
    with pytest.raises(RuntimeError, match="checkpoint is incompatible with"):
        torch.autograd.grad(y.sum(), x)

    def changes(x):
        calls.append(x)
        return x.sin().exp().sin() if len(calls) % 2 else x.sin().exp()

    with pytest.raises(RuntimeError, match="A different number of tensors was saved"):
        checkpoint(changes, x, use_reentrant=False).sum().backward()


def test_what_contexts_of_hooks_on_saved_tensors_refuse(torch) -> None:
    graph = torch.autograd.graph
    with pytest.raises(TypeError, match=r"callable|incompatible function arguments"):
        graph.saved_tensors_hooks(1, 2).__enter__()
    ordinary = graph.saved_tensors_hooks(lambda t: t, lambda t: t)
    with ordinary, pytest.raises(RuntimeError, match="not here"):
        graph.disable_saved_tensors_hooks("not here").__enter__()
    copying = graph.allow_mutation_on_saved_tensors()
    with copying, pytest.raises(RuntimeError, match="cannot be nested"):
        graph.allow_mutation_on_saved_tensors().__enter__()
