"""Hooks on tensors, leaves and nodes."""

from __future__ import annotations

import pytest


def test_a_hook_sees_the_whole_gradient_and_may_replace_it(torch) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    (y * 3 + y).sum().backward()
    assert seen == [[4, 4]]
    assert x.grad.tolist() == [80, 80]


def test_hooks_run_in_order_and_can_be_removed(torch) -> None:
    x = torch.ones((), requires_grad=True)
    ran = []
    first = x.register_hook(lambda g: ran.append("first"))
    with x.register_hook(lambda g: ran.append("second")):
        (x * 2).backward()
    assert ran == ["first", "second"]
    (x * 2).backward()
    assert ran == ["first", "second", "first"]
    first.remove()
    first.remove()
    (x * 2).backward()
    assert len(ran) == 3


def test_a_hook_may_remove_itself(torch) -> None:
    x = torch.ones((), requires_grad=True)
    ran = []

    def once(g):
        ran.append(1)
        handle.remove()

    handle = x.register_hook(once)
    (x * 2).backward()
    (x * 2).backward()
    assert ran == [1]


def test_a_leaf_hook_runs_before_accumulation_and_the_post_hook_after(torch) -> None:
    x = torch.ones((), requires_grad=True)
    events = []
    x.register_hook(lambda g: events.append(("hook", None if x.grad is None else x.grad.item())))
    x.register_post_accumulate_grad_hook(lambda t: events.append(("post", t.grad.item(), t is x)))
    (x * 2).backward()
    assert events == [("hook", None), ("post", 2, True)]


def test_the_post_hook_can_free_the_gradient(torch) -> None:
    x = torch.ones(2, requires_grad=True)

    def step(t):
        with torch.no_grad():
            t -= 0.5 * t.grad
        t.grad = None

    x.register_post_accumulate_grad_hook(step)
    (x * 2).sum().backward()
    assert x.grad is None
    assert x.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("hook", "error", "text"),
    [
        (lambda torch: lambda g: torch.ones(5), RuntimeError, "has changed the size of value"),
        (lambda torch: lambda g: g.double(), RuntimeError, "has changed the type of value"),
        (lambda torch: lambda g: 3, TypeError, "expected Variable, but hook returned 'int'"),
    ],
)
def test_what_a_hook_may_return(torch, hook, error, text) -> None:
    y = torch.ones(2, requires_grad=True) * 2
    y.register_hook(hook(torch))
    with pytest.raises(error, match=text):
        y.sum().backward()


def test_hooks_need_a_gradient(torch) -> None:
    with pytest.raises(
        RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"
    ):
        torch.ones(2).register_hook(print)
    with pytest.raises(
        RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"
    ):
        torch.ones(2).register_post_accumulate_grad_hook(print)
    with pytest.raises(RuntimeError, match="cannot be registered on non-leaf"):
        (torch.ones(2, requires_grad=True) * 2).register_post_accumulate_grad_hook(print)


def test_hooks_survive_switching_requires_grad_off_and_on(torch) -> None:
    x = torch.ones((), requires_grad=True)
    x.register_hook(lambda g: g * 10)
    x.requires_grad_(False)
    x.requires_grad_(True)
    (x * 2).backward()
    assert x.grad.item() == 20


def test_retain_grad(torch) -> None:
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x
    assert not y.retains_grad
    y.retain_grad()
    assert y.retains_grad
    y.register_hook(lambda g: g * 2)
    (y * 5).backward()
    assert y.grad.item() == 10  # as the hook left it
    assert x.grad.item() == 60
    x.retain_grad()
    assert not x.retains_grad
    with pytest.raises(
        RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"
    ):
        torch.ones(2).retain_grad()


def test_a_retained_gradient_is_that_of_the_new_value_after_a_write(torch) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y.retain_grad()
    y.mul_(3)
    assert y.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [6, 12]
    assert x.grad.tolist() == [18, 36]


def test_a_node_hook_sees_both_sides(torch) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    seen = []
    y.grad_fn.register_hook(lambda gi, go: seen.append((gi[0].tolist(), go[0].tolist())))
    y.grad_fn.register_prehook(lambda go: (go[0] * 2,))
    y.sum().backward()
    assert seen == [([6, 6], [2, 2])]
    assert x.grad.tolist() == [6, 6]


def test_a_node_hook_may_replace_the_gradients(torch) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * 0 + 7,))
    y.sum().backward()
    assert x.grad.tolist() == [7, 7]


def test_a_prehook_of_a_node_with_several_outputs(torch) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    a, b = torch.split(x, 1)
    a.grad_fn.register_prehook(lambda go: tuple(None if g is None else g * 2 for g in go))
    (a + b * 3).sum().backward()
    assert x.grad.tolist() == [2, 6]


def test_hooks_under_create_graph_are_differentiated(torch) -> None:
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x
    y.register_hook(lambda g: g * x)
    (g,) = torch.autograd.grad(y * 1, x, create_graph=True)
    assert g.item() == 2 * 9
    assert torch.autograd.grad(g, x)[0].item() == 12


@pytest.mark.parametrize("mode", ["all", "any"])
def test_a_hook_on_several_gradients(torch, mode) -> None:
    x = torch.ones(2, requires_grad=True)
    a, b, c = x * 2, x * 3, x * 4
    got = []
    handle = torch.autograd.graph.register_multi_grad_hook([a, b, c], got.append, mode=mode)
    (a.sum() + b.sum() * 5).backward()
    if mode == "all":
        assert [[None if g is None else g.tolist() for g in grads] for grads in got] == [
            [[1, 1], [5, 5], None]
        ]
    else:
        assert len(got) == 1
    handle.remove()
    (c * 1).sum().backward()
    assert len(got) == 1


WRONG_REPLACEMENTS = [
    (lambda torch, g: g, TypeError, "expected tuple, but hook returned 'Tensor'"),
    (lambda torch, g: [g], TypeError, "expected tuple, but hook returned 'list'"),
    (lambda torch, g: (3,), TypeError, "expected Variable, but hook returned 'int'"),
    (
        lambda torch, g: (g, g),
        RuntimeError,
        r"values \(got 2, but expected 1\)",
    ),
    (lambda torch, g: (torch.ones(3),), RuntimeError, "has changed the size of value"),
    (lambda torch, g: (g.double(),), RuntimeError, "has changed the type of value"),
]


@pytest.mark.parametrize(("replace", "error", "match"), WRONG_REPLACEMENTS)
def test_what_the_hooks_of_a_node_may_return(torch, replace, error, match) -> None:
    x = torch.ones(1, requires_grad=True)
    for register, hook in [
        ("register_prehook", lambda given: replace(torch, given[0])),
        ("register_hook", lambda grads, given: replace(torch, grads[0])),
    ]:
        y = x.exp()
        getattr(y.grad_fn, register)(hook)
        with pytest.raises(error, match=match):
            y.sum().backward()
    assert x.grad is None


def test_a_hook_can_not_make_a_gradient_where_none_flows(torch) -> None:
    y = torch.ones(1, requires_grad=True) * torch.ones(1)
    y.grad_fn.register_hook(lambda grads, given: (grads[0], given[0]))
    with pytest.raises(RuntimeError, match="can't replace a None gradient"):
        y.sum().backward()


def test_a_prehook_may_take_the_gradient_away(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    y, (a, b) = x.exp(), x.split(1)
    y.grad_fn.register_prehook(lambda given: (None,))
    a.grad_fn.register_prehook(lambda given: (None, None))
    (y.sum() + (a + b).sum() + 3 * x.sum()).backward()
    assert x.grad.tolist() == [3, 3]


def test_prehooks_of_a_result_that_a_pass_stops_at(torch) -> None:
    y = torch.ones(1, requires_grad=True).clone()
    ran = []
    y.grad_fn.register_prehook(lambda given: ran.append(given[0].item()))
    torch.autograd.grad(y * 2, y)
    assert ran == []
    (y * 2).backward(inputs=[y])
    assert ran == [2]
    assert y.grad.item() == 2
