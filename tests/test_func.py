"""``func``: transforms of functions."""

from __future__ import annotations

import importlib

import pytest

pytestmark = pytest.mark.filterwarnings(
    "ignore:.torch.jit:DeprecationWarning"
)  # PyTorch warns of itself


def close(torch, a, b) -> None:
    assert tuple(a.shape) == tuple(b.shape)
    assert torch.allclose(a, b, rtol=1e-10, atol=1e-12), (a, b)


def points(torch):
    return torch.tensor([0.3, -1.2, 0.7], dtype=torch.float64), torch.tensor(
        [1.1, 0.4, -0.2], dtype=torch.float64
    )


def test_grad(torch) -> None:
    x, w = points(torch)

    def f(x, w):
        return (x**2 * w).sum()

    g = torch.func.grad(f)(x, w)
    close(torch, g, 2 * x * w)
    assert not g.requires_grad
    _gx, gw = torch.func.grad(f, argnums=(0, 1))(x, w)
    close(torch, gw, x**2)
    close(torch, torch.func.grad(f, argnums=1)(x, w), x**2)
    g, aux = torch.func.grad(lambda x: (f(x, w), x * 2), has_aux=True)(x)
    close(torch, aux, x * 2)
    g, value = torch.func.grad_and_value(f)(x, w)
    close(torch, value, f(x, w))
    assert x.grad is None


def test_what_nothing_depends_on_has_gradient_zero_even_where_it_is_infinite(torch) -> None:
    x, infinite = torch.tensor([1.0, 2.0]), torch.tensor([float("inf"), float("nan")])
    used, unused = torch.func.grad(lambda x, y: (x * x).sum(), argnums=(0, 1))(x, infinite)
    assert used.tolist() == [2.0, 4.0]
    assert unused.tolist() == [0.0, 0.0]
    for jacobian in (torch.func.jacfwd, torch.func.jacrev):
        assert jacobian(lambda x, y: x * y[:1], argnums=0)(x, x).tolist() == [
            [1.0, 0.0],
            [0.0, 1.0],
        ]
        assert not jacobian(lambda x, y: torch.cat([x, x]), argnums=1)(x, infinite).any()


def test_grad_of_a_dict_of_parameters(torch) -> None:
    x, w = points(torch)
    found = torch.func.grad(lambda p: (p["w"] * p["b"][0] * x).sum())({"w": w, "b": [x]})
    close(torch, found["w"], x * x)
    close(torch, found["b"][0], w * x)


def test_nesting(torch) -> None:
    x, _ = points(torch)
    grad = torch.func.grad
    close(torch, grad(grad(grad(lambda x: x**4)))(x[0]), 24 * x[0])

    def inner(y):
        return grad(lambda x: x * y * y)(y)  # the inner x is its own variable

    close(torch, grad(inner)(x[0]), 2 * x[0])


def test_results_can_be_differentiated_by_the_caller(torch) -> None:
    x, w = points(torch)
    x.requires_grad_()
    torch.func.grad(lambda x: (x**3).sum())(x).sum().backward()
    close(torch, x.grad, 6 * x.detach())
    w.requires_grad_()
    g = torch.func.grad(lambda x: (x**2 * w).sum())(x.detach())
    g.sum().backward()
    close(torch, w.grad, 2 * x.detach())


def test_vjp_and_jvp(torch) -> None:
    x, w = points(torch)
    y, pull = torch.func.vjp(lambda x, w: (x * w, x.sin()), x, w)
    gx, gw = pull((x, w))
    close(torch, gx, x * w + w * x.cos())
    close(torch, pull((x, w), retain_graph=True, create_graph=False)[0], gx)
    close(torch, gw, x * x)
    assert not y[0].requires_grad
    y, t = torch.func.jvp(lambda x, w: x.sin() * w, (x, w), (w, x))
    close(torch, y, x.sin() * w)
    close(torch, t, x.cos() * w * w + x.sin() * x)


def test_whole_numbers_have_tangents_of_zero(torch) -> None:
    x, w = points(torch)
    y, t = torch.func.jvp(torch.sort, (x,), (w,))
    assert y.indices.tolist() == [1, 0, 2]
    close(torch, t.values, w[y.indices])
    assert t.indices.dtype == torch.int64
    assert t.indices.tolist() == [0, 0, 0]
    _, t = torch.func.jvp(lambda x: {"large": x > 0, "y": 2 * x}, (x,), (w,))
    assert t["large"].tolist() == [False] * 3
    close(torch, t["y"], 2 * w)
    for function in (lambda x: x**2, lambda x: x.repeat(2) ** 2):  # by rows, and by columns
        jacobian, zeros = torch.func.jacfwd(lambda x, f=function: (f(x), x.argmax()))(x)
        close(torch, jacobian, (2 * x).diag().repeat(len(jacobian) // 3, 1))
        assert zeros.tolist() == [0, 0, 0]


def test_tangents_have_no_history_of_ours(torch) -> None:
    a = torch.eye(2)
    _, t = torch.func.jvp(torch.matrix_exp, (a,), (a,))  # a matrix holds both, argument and tangent
    assert not t.requires_grad


@pytest.mark.parametrize("name", ["jacrev", "jacfwd"])
def test_jacobians(torch, name) -> None:
    x, w = points(torch)
    transform = getattr(torch.func, name)
    close(torch, transform(lambda x: x**3)(x), (3 * x**2).diag())
    jx, jw = transform(lambda x, w: x * w, argnums=(0, 1))(x, w)
    close(torch, jx, w.diag())
    close(torch, jw, x.diag())
    both = transform(lambda x: {"y": x * 2, "s": x.sum()})(x)
    close(torch, both["s"], torch.ones_like(x))
    close(torch, torch.func.hessian(lambda x: (x**3).sum())(x), (6 * x).diag())


def test_vmap(torch) -> None:
    x, w = points(torch)
    batch = torch.stack([x, w, x + w])
    close(torch, torch.func.vmap(lambda v: (v * v).sum())(batch), (batch * batch).sum(1))
    close(torch, torch.func.vmap(lambda v, u: v * u, in_dims=(0, None))(batch, x), batch * x)
    close(torch, torch.func.vmap(lambda v: v * 2, in_dims=1, out_dims=1)(batch), batch * 2)
    per_sample = torch.func.vmap(
        torch.func.grad(lambda w, v: (w * v).sum() ** 2), in_dims=(None, 0)
    )(w, batch)
    close(torch, per_sample, 2 * (batch * w).sum(1, keepdim=True) * batch)
    a, b = torch.func.vmap(lambda d: (d["v"].sum(), d["v"]))({"v": batch})
    close(torch, a, batch.sum(1))
    close(torch, b, batch)
    with pytest.raises(ValueError, match="vmap"):
        torch.func.vmap(lambda a, b: a)(batch, x[:2])
    x.requires_grad_()
    y = x**3
    rows = torch.func.vmap(lambda v: torch.autograd.grad(y, x, v)[0])(torch.eye(len(x)).to(x))
    close(torch, rows, (3 * x**2).diag())  # every entry goes through the same graph
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(y.sum(), x)


def test_functional_call(torch) -> None:
    class Scale(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(3))
            self.register_buffer("b", torch.zeros(3))

        def forward(self, x, times=1):
            return (self.w * x + self.b) * times

    outer = torch.nn.Sequential(Scale(), Scale())
    x = torch.tensor([1.0, 2.0, 3.0])
    new = {"0.w": torch.full((3,), 2.0), "1.b": torch.ones(3)}
    assert torch.func.functional_call(outer, new, x).tolist() == [3, 5, 7]
    assert outer(x).tolist() == [1, 2, 3]
    assert isinstance(outer[0].w, torch.nn.Parameter)
    assert torch.func.functional_call(Scale(), {}, (x,), {"times": 2}).tolist() == [2, 4, 6]
    params = {name: p.detach() for name, p in outer.named_parameters()}

    def loss(params, x):
        return torch.func.functional_call(outer, params, (x,)).sum()

    assert torch.func.grad(loss)(params, x)["0.w"].tolist() == [1, 2, 3]
    assert outer[0].w.grad is None
    per_sample = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(
        params, torch.stack([x, 2 * x])
    )
    assert per_sample["1.w"].tolist() == [[1, 2, 3], [2, 4, 6]]
    assert torch.func.functional_call(outer, {"nothing": x}, x).tolist() == [1, 2, 3]
    with pytest.raises(RuntimeError, match=r"[Mm]issing key"):
        torch.func.functional_call(outer, {"0.w": x}, x, strict=True)
    with pytest.raises(RuntimeError, match=r"[Uu]nexpected key"):
        torch.func.functional_call(outer, {"nothing": x}, x, strict=True)
    stacked, buffers = torch.func.stack_module_state([Scale(), Scale()])
    assert tuple(stacked["w"].shape) == (2, 3)
    assert tuple(buffers["b"].shape) == (2, 3)


def test_wrong_calls(torch) -> None:
    x, _ = points(torch)
    with pytest.raises(RuntimeError, match="scalar Tensor"):
        torch.func.grad(lambda x: x)(x)
    with pytest.raises(RuntimeError, match="argnum"):
        torch.func.grad(lambda x: x.sum(), argnums=3)(x)


def test_what_vmap_refuses(torch) -> None:
    vmap, x = torch.func.vmap, torch.ones(2, 3)
    square = torch.square
    cases = [
        (lambda: vmap(square)(), "got no inputs"),
        (lambda: vmap(square, in_dims=[0])(x), "expected `in_dims` to be int or a"),
        (lambda: vmap(square, in_dims=(0, 0))(x), "in_dims is not compatible with the structure"),
        (lambda: vmap(square, in_dims=({"a": 0},))(x), "in_dims is not compatible"),
        (lambda: vmap(square, in_dims=("a",))(x), "must be either an integer dimension or None"),
        (lambda: vmap(torch.mul)(x, 2), "use None as the respective in_dim"),
        (lambda: vmap(square, in_dims=2)(x), "of dimensionality 2"),
        (lambda: vmap(square, in_dims=(None,))(x), "at least one Tensor to vmap over"),
        (lambda: vmap(torch.add)(x, torch.ones(3)), "same size in the mapped dimension"),
        (lambda: vmap(square, out_dims="a")(x), "`out_dims` must be an int, None or a python"),
        (lambda: vmap(square, out_dims=(0, 0))(x), "out_dims is not compatible with the structure"),
        (lambda: vmap(lambda x: 3)(x), "must only return Tensors"),
        (lambda: vmap(square, chunk_size=0), "chunk_size should be None or greater than 0"),
    ]
    for call, text in cases:
        with pytest.raises(ValueError, match=text):
            call()
    with pytest.raises(IndexError, match="out of range"):
        vmap(square, out_dims=5)(x)


def test_vmap_of_containers_and_of_nothing(torch) -> None:
    vmap, x = torch.func.vmap, torch.arange(6.0).reshape(2, 3)
    dims = ({"a": 0, "b": (None, 1)},)
    found = vmap(lambda d: d["a"] * d["b"][1] + d["b"][0], in_dims=dims)(
        {"a": x, "b": (torch.ones(3), x.T)}
    )
    close(torch, found, x * x + 1)
    one, word = vmap(lambda x: (x, "word"), out_dims=(1, None))(x)
    assert (tuple(one.shape), word) == ((3, 2), "word")
    empty = vmap(lambda x: (x, x.sum()), out_dims=(1, 0))(torch.ones(0, 3))
    assert [tuple(y.shape) for y in empty] == [(3, 0), (0,)]


def test_transforms_under_no_grad_are_constants(torch) -> None:
    grad = torch.func.grad

    def shifted(x):
        with torch.no_grad():
            shift = grad(lambda x: 0.25 * x**4)(x)
        return x**3 - shift

    x = torch.tensor(1.5, requires_grad=True)
    y = grad(shifted)(x)
    assert y.item() == 6.75
    assert torch.autograd.grad(y, x)[0].item() == 9.0
    with torch.no_grad():
        assert not grad(torch.sin)(x).requires_grad
        assert not torch.func.vjp(torch.sin, x)[0].requires_grad


def test_nested_results_that_no_caller_can_differentiate(torch) -> None:
    x, w = points(torch)
    func = torch.func

    def f(x, w):
        return (x * w).sum() ** 3

    mixed = [
        func.jacrev(func.grad(f, 1), 0),
        func.jacfwd(func.grad(f, 1), 0),
        lambda x, w: func.grad(lambda w: func.grad(f, 0)(x, w).sum())(w),
        lambda x, w: func.jvp(lambda w: func.vjp(f, x, w)[1](x[0])[0], (w,), (x,))[1],
    ]
    for g in mixed:
        assert not g(x, w).requires_grad
        assert not func.vmap(g)(torch.stack([x, w]), torch.stack([w, x])).requires_grad
    w.requires_grad_()
    assert func.jacrev(func.grad(f, 0), 0)(x, w).requires_grad


@pytest.mark.parametrize("argnums", [(), (0, 0), (0, -2)])
def test_which_arguments_to_differentiate_by(torch, argnums) -> None:
    with pytest.raises(RuntimeError, match="argnums"):
        torch.func.jacrev(torch.add, argnums=argnums)(torch.ones(2), torch.ones(2))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda torch, x: x.sum().item(), r"calling \.item\(\)"),
        (lambda torch, x: x if x.sum() > 0 else -x, "data-dependent control flow"),
        (lambda torch, x: torch.ones(3).add_(x), "."),
        (lambda torch, x: x.nonzero(), "vmap"),
        (lambda torch, x: torch.nn.functional.dropout(x), "randomness error mode"),
        (lambda torch, x: torch.rand(3) + x, "randomness error mode"),
    ],
)
def test_what_a_batch_can_not_do(torch, function, message) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match=message):
        torch.vmap(lambda x: function(torch, x))(torch.ones(2, 3))
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize("randomness", ["same", "different"])
@pytest.mark.parametrize(
    "function",
    [
        lambda torch, x: torch.nn.functional.dropout(x),
        lambda torch, x: torch.rand_like(x),
        lambda torch, x: torch.randn(4) + x.sum(),
        lambda torch, x: torch.bernoulli(torch.full((8,), 0.5)) * x[0],
        lambda torch, x: torch.nn.functional.dropout(torch.ones(3)) * x,
    ],
)
def test_random_numbers_of_a_batch(torch, function, randomness) -> None:
    def draw(size):
        torch.manual_seed(0)
        mapped = torch.vmap(lambda x: function(torch, x), randomness=randomness)
        return mapped(torch.ones(size, 3))

    entries = draw(8)
    same = (entries == entries[0]).all().item()
    assert same == (randomness == "same")
    assert torch.equal(draw(8), entries)


def test_writes_of_a_batch(torch) -> None:
    def fill(x):
        out = x.new_zeros(3)
        out[1:] = x[:2]
        out.add_(1)
        out.t().mul_(x)
        return out

    x = torch.arange(6.0).reshape(2, 3)
    assert torch.vmap(fill)(x).tolist() == [fill(row).tolist() for row in x]
    with pytest.raises(ValueError, match="can not return a BatchedTensor when out_dim is None"):
        torch.vmap(fill, out_dims=None)(x)
    assert torch.vmap(lambda x: 2 * torch.ones(2), out_dims=1)(x).tolist() == [[2, 2], [2, 2]]


def test_indices_and_levels_of_batches(torch) -> None:
    x, i = torch.arange(12.0).reshape(3, 4), torch.tensor([2, 0, 1])
    assert torch.vmap(lambda row, i: row[i])(x, i).tolist() == [2, 4, 9]
    assert torch.vmap(lambda i: x[i], out_dims=1)(i).tolist() == x[i].T.tolist()
    pairs = torch.vmap(torch.vmap(lambda a, b: (a * b).sum(), (None, 0)), (0, None))(x, x)
    close(torch, pairs, x @ x.T)
    chunks = torch.vmap(lambda row: row.sum(), chunk_size=2)(x)
    close(torch, chunks, x.sum(1))


def test_a_functions_own_rule_for_batches(torch) -> None:
    class Cube(torch.autograd.Function):
        seen = []

        @staticmethod
        def forward(x):
            return torch.tensor(x.numpy() ** 3)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * g

        @staticmethod
        def vmap(info, in_dims, x):
            Cube.seen.append((info.batch_size, info.randomness, in_dims))
            return Cube.apply(x), in_dims[0]

    x = torch.tensor([1.0, 2.0, 3.0])
    assert torch.vmap(Cube.apply)(x).tolist() == [1, 8, 27]
    assert torch.vmap(torch.func.grad(Cube.apply))(x).tolist() == [3, 12, 27]
    assert Cube.seen == [(3, "error", (0,))] * 2

    class NoRule(Cube):
        vmap = torch.autograd.Function.vmap

    with pytest.raises(RuntimeError, match="does not have vmap support"):
        torch.vmap(NoRule.apply)(x)
    NoRule.generate_vmap_rule = True
    NoRule.forward = staticmethod(lambda x: x**3)
    assert torch.vmap(NoRule.apply)(x).tolist() == [1, 8, 27]


def test_a_functions_own_rule_for_batches_is_told_defaults(torch) -> None:
    class Power(torch.autograd.Function):
        @staticmethod
        def forward(x, exponent=3):
            return x**exponent

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def vmap(info, in_dims, x, exponent):
            return Power.apply(x, exponent) + 1, 0

    x = torch.tensor([1.0, 2.0])
    assert torch.vmap(Power.apply)(x).tolist() == [2, 9]
    assert torch.vmap(lambda x: Power.apply(x, exponent=2))(x).tolist() == [2, 5]


def test_wrong_calls_of_transforms(torch) -> None:
    x = torch.ones(2)
    f = torch.func
    for call, message in [
        (lambda: f.vjp(lambda x: None, x), "non-empty output"),
        (lambda: f.vjp(lambda x: (x, x, x), x, has_aux=True), "should be a tuple"),
        (lambda: f.vjp(lambda x: (x, x), x)[1](x), "Expected pytree structure"),
        (lambda: f.jvp(torch.sin, x, (x,)), "be a tuple"),
        (lambda: f.jvp(torch.sin, (x,), (x, x)), "same python structure"),
        (lambda: f.jvp(lambda x: torch.ones(2), (x,), (x,), strict=True), "strict"),
        (lambda: f.grad(torch.sum, argnums=[0])(x), "int or Tuple"),
        (lambda: f.jacrev(lambda x: x * 1j)(x), "jacrev: Expected all outputs"),
        (lambda: f.stack_module_state([]), "at least one model"),
        (lambda: f.vjp(torch.sort, x), "must be floating-point or complex"),
        (lambda: f.jacrev(lambda x: (x, x.argmax()))(x), "must be floating-point or complex"),
    ]:
        with pytest.raises(RuntimeError, match=message):
            call()
    with pytest.raises(ValueError, match="primal to be floating point or complex"):
        f.jvp(lambda i: x[i], (x.long(),), (x,))


def test_norms_of_several_weights(torch) -> None:
    x, w = points(torch)
    batch, weights = torch.stack([x, w]), torch.stack([w, x])
    mean, var = torch.zeros_like(x), torch.ones_like(x)

    def norm(weight):
        return torch.nn.functional.batch_norm(batch, mean, var, weight, training=True)

    expected = torch.stack(
        [(batch - batch.mean(0)) / batch.std(0, unbiased=False) * weight for weight in weights]
    )
    assert torch.allclose(torch.func.vmap(norm)(weights), expected, atol=1e-4)
    close(torch, mean, 0.1 * batch.mean(0))  # of one batch, for all weights


@pytest.mark.filterwarnings("ignore:There is a performance drop")  # of PyTorch
def test_a_fill_value_of_each_entry(torch) -> None:
    x, mask = torch.ones(2, 3), torch.tensor([[True, False, True], [False, False, True]])
    filled = torch.vmap(lambda x, m, v: x.masked_fill(m, v))(x, mask, torch.tensor([5.0, 7.0]))
    assert filled.tolist() == [[5, 1, 5], [1, 1, 7]]


def test_sizes_by_name_inside_vmap(torch) -> None:
    x = torch.arange(6.0).reshape(2, 3)
    for function in (
        lambda x: torch.tile(x, dims=(2, 1)),
        lambda x: x.repeat(repeats=(2, 1)),
        lambda x: x.expand(size=(2, 3)),
        lambda x: x.reshape(shape=(3, 1)),
        lambda x: x.new_full(size=(2,), fill_value=3.0),
    ):
        close(torch, torch.vmap(function)(x), torch.stack([function(row) for row in x]))


def test_views_inside_two_vmaps(torch) -> None:
    x = torch.arange(12).reshape(3, 2, 2)
    for call in (lambda z: z.t(), lambda z: z.view(2, 1), lambda z: z.view_as(z)):
        y = torch.func.vmap(torch.func.vmap(call), in_dims=-1)(x)
        assert y.reshape(2, 3, 2).tolist() == x.movedim(-1, 0).tolist()


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_what_vmap_cannot_know_of_one_entry(torch) -> None:
    x = torch.ones(2, 3)
    with pytest.raises(RuntimeError):  # how many there are differs
        torch.vmap(torch.where)(x > 0)
    with pytest.raises(RuntimeError, match="only supports boolean masks"):
        torch.vmap(lambda x, v: x.masked_fill(x.long(), v))(x, x[:, 0])


def test_a_programs_own_function_does_not_run_by_the_rule_of_an_op_of_its_name(torch) -> None:
    overrides = importlib.import_module(f"{torch.__name__}.overrides")

    def mul(x):
        if overrides.has_torch_function_unary(x):
            return overrides.handle_torch_function(mul, (x,), x)
        return x * x.sum()

    assert torch.func.vmap(mul)(torch.ones(2, 3)).tolist() == [[3.0] * 3] * 2
