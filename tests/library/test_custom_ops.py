"""Ops of a user's own under a name."""

from collections.abc import Sequence

import pytest

import minitorch_dl as torch
from minitorch_dl import library


@pytest.fixture
def cube(request):
    @library.custom_op(f"tests::{request.node.name}", mutates_args=())
    def cube(x: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        return scale * x**3

    def setup_context(ctx, inputs, output):
        x, ctx.scale = inputs
        ctx.save_for_backward(x)

    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 3 * ctx.scale * x**2, None

    cube.register_autograd(backward, setup_context=setup_context)
    return cube


def test_an_op_has_the_derivative_that_it_was_given(cube):
    x = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    cube(x, scale=2.0).sum().backward()
    assert x.grad.tolist() == [6.0, 24.0]
    assert torch.autograd.gradcheck(lambda x: cube(x, 0.5), (x,))
    assert cube(x).grad_fn.name() == f"GeneratedBackwardFor_tests_{cube.name}_defaultBackward"


def test_a_check_finds_what_an_op_does_otherwise_than_registered(cube):
    given = (torch.tensor([1.0, -2.0], requires_grad=True), 3.0)
    with pytest.raises(library.OpCheckError, match="register_fake was not called"):
        library.opcheck(cube, given)
    cube.register_fake(lambda x, scale=1.0: torch.empty_like(x))
    assert set(library.opcheck(cube, given).values()) == {"SUCCESS"}
    cube.register_fake(lambda x, scale=1.0: x.new_empty(1))
    with pytest.raises(library.OpCheckError, match="test_faketensor failed"):
        library.opcheck(cube, given)
    cube.register_autograd(lambda ctx, grad: (grad[:1], None))
    found = library.opcheck(
        cube, given, test_utils=["test_autograd_registration"], raise_exception=False
    )
    assert "returned an invalid gradient" in str(found["test_autograd_registration"])

    @library.custom_op("tests::written", mutates_args={"out"})
    def written(x: torch.Tensor, out: torch.Tensor) -> None:
        x.add_(1)

    x = torch.zeros(2)
    with pytest.raises(library.OpCheckError, match="wrote to x"):
        library.opcheck(written, (x, torch.zeros(2)), test_utils="test_schema")
    assert x.tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="test_utils must be of"):
        library.opcheck(written, (x, x), test_utils="test_all")


def test_ops_are_found_under_their_names(cube):
    found = getattr(library.ops.tests, cube.name)
    assert found is cube
    assert found.default is cube
    with torch.as_torch():
        import torch as alias

        assert getattr(alias.ops.tests, cube.name) is cube
        with pytest.raises(OSError, match="compiled for PyTorch"):
            alias.ops.load_library("x.so")
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        _ = library.ops.tests.missing


def test_without_a_derivative_a_backward_pass_is_refused():
    @library.custom_op("tests::constant", mutates_args=())
    def constant(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    y = constant(torch.ones(2, requires_grad=True))
    with pytest.raises(RuntimeError, match="no autograd formula"):
        y.sum().backward()
    assert not constant(torch.ones(2)).requires_grad
    assert constant.schema == "(Tensor x) -> Tensor"
    assert str(constant._opoverload._schema) == "tests::constant(Tensor x) -> Tensor"


def test_kernels_by_device():
    library.define("tests::by_device", "(Tensor x) -> Tensor")

    @library.impl("tests::by_device", "cpu")
    def on_cpu(x):
        return x + 1

    assert library.ops.tests.by_device(torch.zeros(1)).item() == 1.0
    library.define("tests::nowhere", "(Tensor x) -> Tensor")
    with pytest.raises(NotImplementedError, match="no kernel for the device cpu"):
        library.ops.tests.nowhere(torch.zeros(1))
    with pytest.raises(ValueError, match="namespace::name"):
        library.define("nowhere", "() -> ()")
    with pytest.raises(ValueError, match="Unsupported library kind"):
        library.Library("tests", "ANY")


def test_a_decorator_gives_an_op_of_a_library_its_kernel():
    shapes = library.Library("older", "DEF")
    shapes.define("triple(Tensor x) -> Tensor")

    @library.impl(shapes, "triple", "CPU")
    def triple(x):
        return 3 * x

    assert library.ops.older.triple(triple(torch.ones(1))).tolist() == [9.0]
    library.impl(shapes, "triple", "Meta")(torch.empty_like)
    assert library.ops.older.triple.fake is torch.empty_like


def test_an_op_that_calls_kernels_of_triton():
    @library.triton_op("tests::halved", mutates_args={})
    def halved(x: torch.Tensor) -> torch.Tensor:
        return library.wrap_triton(lambda x: x / 2)(x)

    assert library.ops.tests.halved(torch.ones(2)).tolist() == [0.5, 0.5]


def test_a_mutating_op_writes_to_its_argument():
    @library.custom_op("tests::fill", mutates_args={"x"})
    def fill(x: torch.Tensor, value: float) -> None:
        x.fill_(value)

    x = torch.zeros(2)
    assert fill(x, 3.0) is None
    assert x.tolist() == [3.0, 3.0]
    with pytest.raises(RuntimeError, match="for non-functional operator"):
        fill.register_autograd(lambda ctx, grad: grad)


def test_functions_of_the_package_go_by_their_internal_names_too():
    x = torch.tensor([1.0, -2.0])
    assert library.ops.aten.relu.default(x).tolist() == [1.0, 0.0]
    assert library.ops.aten.add.Tensor(x, x).tolist() == [2.0, -4.0]
    with pytest.raises(AttributeError, match="no attribute 'nothing_of_the_kind'"):
        _ = library.ops.aten.nothing_of_the_kind


def test_functions_under_internal_names_are_shown_by_them():
    assert repr(library.ops.aten.mm) == "<OpOverloadPacket(op='aten.mm')>"


def test_an_op_runs_on_a_batch_by_its_own_rule():
    @library.custom_op("tests::product", mutates_args=())
    def product(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.tensor(x.numpy() * y.numpy())

    x, y = torch.randn(3, 2), torch.randn(2)
    assert torch.equal(torch.vmap(product, in_dims=(0, None))(x, y), x * y)  # per entry
    calls = []

    @product.register_vmap
    def _(info, in_dims, x, y):
        calls.append((info.batch_size, in_dims))
        return product(x, y.expand_as(x)), 0

    assert torch.equal(torch.vmap(product, in_dims=(0, None))(x, y), x * y)
    assert calls == [(3, (0, None))]


def test_schemas():
    def f(
        x: torch.Tensor,
        y: torch.Tensor | None,
        z: list[torch.Tensor],
        n: int = 3,
        kind: torch.dtype = torch.float32,
        *,
        p: float | None = None,
    ) -> tuple[torch.Tensor, list[torch.Tensor]]: ...

    rest = "SymInt n=3, ScalarType kind=float32, *, float? p=None) -> (Tensor, Tensor[])"
    assert library.infer_schema(f, mutates_args=()) == f"(Tensor x, Tensor? y, Tensor[] z, {rest}"
    assert library.infer_schema(f, mutates_args={"z"}, op_name="op") == (
        f"op(Tensor x, Tensor? y, Tensor(a2!)[] z, {rest}"
    )
    with pytest.raises(ValueError, match="'w'} in mutates_args were not found"):
        library.infer_schema(f, mutates_args={"w"})
    with pytest.raises(ValueError, match="Parameter x must have a type annotation"):
        library.infer_schema(lambda x: x, mutates_args=())


def test_what_an_op_writes_to_is_noted_and_its_results_are_its_own():
    @library.custom_op("tests::double_", mutates_args={"x"})
    def double_(x: torch.Tensor) -> None:
        x.numpy()[...] *= 2

    w = torch.ones(2, requires_grad=True)
    x = w * 3
    y = x * x
    double_(x.detach())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()

    @library.custom_op("tests::same", mutates_args=())
    def same(x: torch.Tensor) -> torch.Tensor:
        return x

    with pytest.raises(RuntimeError, match="may not alias"):
        same(torch.ones(2))


def test_a_composite_kernel_has_the_derivative_of_its_ops() -> None:
    shapes = library.Library("composites", "DEF")
    shapes.define("cube(Tensor x) -> Tensor")
    shapes.impl("cube", lambda x: x**3, "CompositeImplicitAutograd")
    x = torch.tensor(2.0, requires_grad=True)
    library.ops.composites.cube(x).backward()
    assert x.grad.item() == 12


def test_a_kernel_for_autocast() -> None:
    shapes = library.Library("casts", "DEF", "CPU")
    shapes.define("double(Tensor x) -> Tensor")
    shapes.impl("double", lambda x: x * 2)
    half = lambda x: library.ops.casts.double(x.bfloat16())  # noqa: E731
    shapes.impl("double", half, "AutocastCPU")
    assert library.ops.casts.double(torch.ones(1)).dtype == torch.float32
    with torch.autocast("cpu"):
        assert library.ops.casts.double(torch.ones(1)).dtype == torch.bfloat16


def test_only_known_compiled_libraries_can_be_loaded() -> None:
    library.ops.load_library("folder/torchvision/_C_stable.so")
    assert library.ops.torchvision.nms is not None
    with pytest.raises(OSError, match="is compiled for PyTorch"):
        library.ops.load_library("folder/other/_C.so")


def test_inputs_are_cast_under_autocast(cube):
    library.register_autocast(cube, "cpu", torch.bfloat16)
    x = torch.ones(2, requires_grad=True)
    y, wide = torch.ones(2), torch.ones(2, dtype=torch.float64)
    with torch.autocast("cpu"):
        assert cube(x, 2.0).dtype == torch.bfloat16
        assert cube(wide, 2.0).dtype == torch.float64
    assert cube(y, 2.0).dtype == torch.float32
    with pytest.raises(RuntimeError, match="tpu"):
        library.register_autocast(cube, "tpu", torch.bfloat16)


def test_lists_of_tensors_have_gradients():
    @library.custom_op("tests::joined", mutates_args=())
    def joined(xs: Sequence[torch.Tensor], dim: int) -> torch.Tensor:
        return torch.cat(list(xs), dim)

    @library.custom_op("tests::parted", mutates_args=())
    def parted(x: torch.Tensor, sizes: Sequence[int], dim: int) -> list[torch.Tensor]:
        return [part.clone() for part in x.split(list(sizes), dim)]

    def keep(ctx, inputs, output):
        ctx.dim = inputs[-1]
        ctx.sizes = [x.shape[ctx.dim] for x in inputs[0]] if len(inputs) == 2 else None

    joined.register_autograd(
        lambda ctx, grad: (parted(grad, ctx.sizes, ctx.dim), None), setup_context=keep
    )
    parted.register_autograd(
        lambda ctx, grads: (joined(grads, ctx.dim), None, None), setup_context=keep
    )
    a, b = torch.rand(2, 3).double(), torch.rand(2, 1).double().requires_grad_()
    assert joined([a, b], 1).shape == (2, 4)
    for x in (a, b):
        x.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: joined([a, b], 1) ** 2, (a, b))
    assert torch.autograd.gradgradcheck(lambda a, b: joined([a, b], 1) ** 2, (a, b))
    parts = parted(a, [1, 2], 1)
    assert isinstance(parts, list)
    (parts[1] ** 2).sum().backward()  # the other part's gradient is zeros
    assert torch.equal(a.grad, torch.cat([torch.zeros(2, 1), 2 * a.detach()[:, 1:]], 1).double())
    joined.register_autograd(lambda ctx, grad: (grad, None), setup_context=keep)
    with pytest.raises(RuntimeError, match="of the same structure as the inputs"):
        joined([a, b], 1).sum().backward()


def test_which_inputs_need_gradients_goes_by_the_op_s_arguments():
    seen = []

    @library.custom_op("tests::weighted", mutates_args=())
    def weighted(x: torch.Tensor, w: torch.Tensor, *, scale: float) -> torch.Tensor:
        return x * w * scale

    @library.custom_op("tests::summed", mutates_args=())
    def summed(xs: Sequence[torch.Tensor], w: torch.Tensor) -> torch.Tensor:
        return sum(xs) * w

    def keep(ctx, inputs, output, keyword_only_inputs=None):
        seen.append(ctx.needs_input_grad)

    def backward(ctx, grad):
        seen.append(ctx.needs_input_grad)
        return grad, None

    weighted.register_autograd(backward, setup_context=keep)
    x, w = torch.ones(2, requires_grad=True), torch.ones(2)
    weighted(x, w, scale=2.0).sum().backward()
    summed.register_autograd(lambda ctx, grad: ([grad, None], None), setup_context=keep)
    summed([x, w], w).sum().backward()
    assert seen == [(True, False), (True, False), ([True, False], False)]


def test_on_the_device_meta_an_op_runs_the_function_that_makes_shapes(cube):
    x = torch.ones(3, device="meta")
    with pytest.raises(RuntimeError, match=r"no fake impl registered for <CustomOpDef\(tests::"):
        cube(x)
    cube.register_fake(lambda x, scale=1.0: x.new_empty(2, 5))
    assert cube(x).shape == (2, 5)
    assert cube(x).device.type == "meta"
    assert cube._opoverload(torch.ones(1)).item() == 1.0


def test_sizes_that_depend_on_values():
    @library.custom_op("tests::places", mutates_args=())
    def places(x: torch.Tensor) -> torch.Tensor:
        return torch.tensor(x.numpy().nonzero()[0])

    @places.register_fake
    def _(x):
        return x.new_empty(library.get_ctx().new_dynamic_size(), dtype=torch.int64)

    with pytest.raises(RuntimeError, match="inside of a fake impl"):
        library.get_ctx()
    with pytest.raises(RuntimeError, match="depends on values"):
        places(torch.ones(3, device="meta"))
    assert set(library.opcheck(places, (torch.ones(3),)).values()) == {"SUCCESS"}
