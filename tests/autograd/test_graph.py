"""The graph as programs and people see it."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.autograd.anomaly import made_at
from minitorch_dl.autograd.formula_text import derivative_texts
from minitorch_dl.autograd.primitive import PRIMITIVES, primitive

PACKAGE = "minitorch_dl."


def test_names_and_edges() -> None:
    x = torch.ones(2, requires_grad=True)
    y = (x * 3).exp()
    assert repr(y.grad_fn).startswith("<ExpBackward0 object at 0x")
    (mul, index), *_ = y.grad_fn.next_functions
    assert (mul.name(), index) == ("MulBackward0", 0)
    names = [node and node.name() for node, _ in mul.next_functions]
    assert names == ["torch::autograd::AccumulateGrad", None]
    y.grad_fn.metadata["note"] = 1
    assert y.grad_fn.metadata == {"note": 1}


def test_formulas() -> None:
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    assert (x * w).grad_fn.formula() == "d/da = g * b\nd/db = g * a"
    assert (x * 3).grad_fn.formula() == "d/da = g * b"
    assert x.tanh().grad_fn.formula() == "d/da = g * (1 - y * y)"
    assert x.exp().grad_fn.formula() == "d/da = g * y"


def test_every_primitive_has_a_formula_as_text() -> None:
    for name, p in PRIMITIVES.items():
        texts = derivative_texts(p)
        assert bool(texts) == bool(p.formulas), name
        assert all(texts.values()), name


def test_the_drawing() -> None:
    x, w = torch.ones(2, 3, requires_grad=True), torch.ones(3, requires_grad=True)
    h = x * w
    assert torch.autograd.show_graph((h.exp() + h).tanh()).splitlines() == [
        "TanhBackward0 (2, 3)  d/da = g * (1 - y * y)",
        "└─ AddBackward0 (2, 3)  d/da = g, d/db = g",
        "   ├─ ExpBackward0 (2, 3)  d/da = g * y",
        "   │  └─ #1 MulBackward0 (2, 3)  d/da = g * b, d/db = g * a",
        "   │     ├─ AccumulateGrad (2, 3)  .grad += g",
        "   │     └─ AccumulateGrad (3,)  .grad += g",
        "   └─ #1 MulBackward0",
    ]
    assert torch.autograd.show_graph(x) == "AccumulateGrad (2, 3)  .grad += g"
    assert "no graph" in torch.autograd.show_graph(x.detach())


def test_the_drawing_of_a_long_chain_stops() -> None:
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(3000):
        y = y + 1
    lines = torch.autograd.show_graph(y, max_lines=20).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "..."


def test_the_drawing_of_a_custom_function() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = torch.ones(2, requires_grad=True)
    assert "TwiceBackward (2,)  Twice.backward(ctx, g)" in torch.autograd.show_graph(Twice.apply(x))


def test_gradient_edges() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert torch.autograd.graph.get_gradient_edge(y)[:2] == (y.grad_fn, 0)
    assert torch.autograd.graph.get_gradient_edge(x).node.variable is x


# -- hooks on saved values -------------------------------------------------------------------------


def test_saved_values_go_through_the_hooks() -> None:
    packed, unpacked = [], []

    def pack(t):
        packed.append(t.tolist())
        return t.numpy().copy()

    def unpack(kept):
        unpacked.append(kept.tolist())
        return torch.tensor(kept * 10)

    x, w = torch.tensor([2.0], requires_grad=True), torch.tensor([3.0])
    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = (x * w).exp()
    z = y.log()  # outside
    z.backward(retain_graph=True)
    assert (packed[0], len(packed), len(unpacked)) == ([3.0], 2, 2)
    # d log(y) / dy is right, exp saved y and the product w, which came back 10 times as large
    assert abs(x.grad.item() - 10 * 30) < 1e-3
    z.backward()
    assert len(unpacked) == 4
    with pytest.raises(RuntimeError, match="a second time"):
        z.backward()


def test_the_hooks_see_custom_functions_and_double_backward() -> None:
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x * x * g

    x = torch.tensor([2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: t.detach().numpy().copy(), torch.from_numpy
    ):
        y = Cube.apply(x) * x
        assert y.grad_fn.next_functions[0][0].saved_tensors[0].tolist() == [2]
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (h,) = torch.autograd.grad(g, x)
    assert (g.item(), h.item()) == (4 * 8, 12 * 4)
    with torch.autograd.graph.save_on_cpu():
        y = x.exp() * x
    y.backward()
    assert abs(x.grad.item() - 3 * 7.389056) < 1e-4


def test_a_write_to_memory_that_the_hooks_kept_is_refused() -> None:
    x = torch.tensor([2.0], requires_grad=True)
    w = torch.tensor([3.0])
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = x * w
    w.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_a_primitive_of_the_user_may_be_defined_again() -> None:
    def define(factor: float) -> Any:
        @primitive(name="scaled_by_a_user")
        def scaled(xp: Any, a: Any) -> Any:
            return a * factor

        scaled.defvjp(a=lambda g: g * factor)
        return scaled

    for factor in (2.0, 3.0):
        x = torch.ones(1, requires_grad=True)
        define(factor)(x).backward()
        assert x.grad.item() == factor
    del PRIMITIVES["scaled_by_a_user"]
    with pytest.raises(ValueError, match="'tanh' exists already"):
        primitive(name="tanh")(lambda xp, a: a)


def test_saved_values_by_pytorchs_names() -> None:
    a, b = torch.randn(3, requires_grad=True), torch.ones(3, requires_grad=True)
    y = a * b
    assert y.grad_fn._saved_self is a
    assert y.grad_fn._saved_other is b
    assert {"_saved_self", "_saved_other"} <= set(dir(y.grad_fn))
    z = y.exp()
    saved = z.grad_fn._saved_result
    assert saved.data_ptr() == z.data_ptr()
    assert saved.grad_fn is z.grad_fn
    with pytest.raises(AttributeError, match="_saved_other"):
        z.grad_fn._saved_other  # noqa: B018
    z.sum().backward()
    with pytest.raises(RuntimeError, match="freed"):
        z.grad_fn._saved_result  # noqa: B018


def test_hooks_see_tensors_with_their_history() -> None:
    packed = []
    a = torch.ones(2, requires_grad=True)
    b = a * 2
    with torch.autograd.graph.saved_tensors_hooks(lambda t: packed.append(t) or t, lambda t: t):
        y = a * b
    assert packed[0].grad_fn is b.grad_fn  # "other" before "self"
    assert packed[1] is a
    assert y.grad_fn._saved_self is a


def test_saved_hooks_can_be_refused() -> None:
    graph = torch.autograd.graph
    refused = pytest.raises(RuntimeError, match="not here")
    with graph.disable_saved_tensors_hooks("not here"), refused, graph.save_on_cpu():
        pass
    with graph.save_on_cpu():
        pass


def test_saved_tensors_may_be_overwritten_when_asked() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    with torch.autograd.graph.allow_mutation_on_saved_tensors() as kept:
        y = x.clone()
        z = (y**2).sum()
        y.sin_()
        z.backward()
        kept.clear()
    assert x.grad.tolist() == [[2.0] * 3] * 2


def test_writes_past_autograd_can_be_counted() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    z = y * y
    torch.autograd.graph.increment_version([y])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_the_node_of_a_custom_function_says_so() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

    y = Twice.apply(torch.ones(2, requires_grad=True))
    assert repr(y.grad_fn).startswith("<torch.autograd.function.TwiceBackward object at 0x")


def test_a_volatile_variable_warns() -> None:
    with pytest.warns(UserWarning, match="volatile was removed"):
        x = torch.autograd.Variable(torch.ones(2), volatile=True)
    with pytest.warns(UserWarning, match="no_grad"):
        x.volatile = True
    with pytest.warns(UserWarning, match="always False"):
        assert not x.volatile
    assert not x.requires_grad


def test_the_formula_of_a_longer_derivative_comes_with_its_source() -> None:
    x = torch.ones(2, requires_grad=True)
    call, _, source = x.amax(0).grad_fn.formula().partition("\n\n")
    assert call == "d/da = _d_extremum(g, a, y, dims, keepdim)"
    assert source.startswith("def _d_extremum(")
    assert "return spread(g" in source
    assert "def " not in torch.autograd.show_graph(x.amax(0))


def test_no_formula_is_shown_by_a_name_that_says_nothing() -> None:
    own = {name: p for name, p in PRIMITIVES.items() if p.kernel.__module__.startswith(PACKAGE)}
    assert "tanh" in own  # other tests register some of theirs
    for name, p in own.items():
        assert "<lambda>" not in str(derivative_texts(p)), name


def test_a_traceback_shows_the_code_that_calls_a_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    @primitive(name="traceback_test")
    def broken(xp: Any, a: Any) -> Any:
        return xp.tanh(a)

    monkeypatch.delitem(PRIMITIVES, "traceback_test")  # the table of checks knows nothing of it
    broken.defvjp(a=lambda g, y: g * y.missing)
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(AttributeError, match="missing") as failure:
        broken(x).backward(torch.ones(2))
    shown = "".join(traceback.format_exception(failure.value))
    assert 'File "<backward of traceback_test>", line 3' in shown
    assert "return (d_a(g, y),)" in shown
    assert "broken.defvjp(a=lambda g, y: g * y.missing)" in shown


def test_the_stack_of_an_op_inside_a_formula_is_the_program_s() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="Anomaly Detection"):
        detection = torch.autograd.detect_anomaly()
    with detection:
        (slope,) = torch.autograd.grad(x.sqrt().sum(), x, create_graph=True)
    assert slope.grad_fn.name() == "DivBackward0"
    *_, innermost = made_at(slope.grad_fn).splitlines()
    assert innermost.strip().startswith("(slope,) = torch.autograd.grad(")


def test_what_hooks_keep_is_freed_by_the_backward_pass() -> None:
    freed = []

    class Kept:
        def __init__(self, x: Any) -> None:
            self.x = x

        def __del__(self) -> None:
            freed.append(True)

    x = torch.ones(3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.x):
        y = x**2
    total = y.sum()
    total.backward(retain_graph=True)
    assert not freed
    total.backward()
    assert freed == [True]
    assert y.grad_fn is not None
    with pytest.raises(RuntimeError, match="second time"):
        total.backward()
