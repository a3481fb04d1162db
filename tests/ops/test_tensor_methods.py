"""Methods of tensors that belong to no family of ops."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl as torch


def test_views_share_their_storage() -> None:
    x = torch.zeros(3, 4)
    assert x[1:].untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    assert x[1:].untyped_storage().nbytes() == 48
    assert x.clone().untyped_storage().data_ptr() != x.untyped_storage().data_ptr()


def test_is_set_to_asks_for_the_same_view() -> None:
    x = torch.zeros(3, 4)
    assert x.is_set_to(x.view(3, 4))
    assert not x.is_set_to(x[:2])
    assert not x.is_set_to(x.clone())


def test_dim_order_follows_the_strides() -> None:
    assert torch.zeros(2, 3, 4).permute(2, 0, 1).dim_order() == (1, 2, 0)


def test_apply_and_map_work_in_place() -> None:
    x = torch.tensor([1.0, 2.0])
    assert x.apply_(lambda a: a + 1) is x
    assert x.map_(torch.tensor(10.0), lambda a, b: a * b).tolist() == [20.0, 30.0]
    with pytest.raises(RuntimeError, match="requires grad"):
        torch.ones(2, requires_grad=True).apply_(lambda a: a)


def test_new_empty_strided_has_the_strides() -> None:
    x = torch.zeros(1, dtype=torch.float64).new_empty_strided((2, 3), (1, 2))
    assert x.stride() == (1, 2)
    assert x.dtype is torch.float64


def test_in_place_functions_are_methods_too() -> None:
    x = torch.tensor([-1.0, 2.0])
    assert torch.abs_(x) is x
    assert x.tolist() == [1.0, 2.0]
    assert torch.zero_(x).tolist() == [0.0, 0.0]


def test_split_takes_its_size_by_name() -> None:
    assert [tuple(p.shape) for p in torch.zeros(4, 3).split(split_size=2, dim=1)] == [
        (4, 2),
        (4, 1),
    ]


def test_a_tensor_of_one_int_is_a_dim() -> None:
    x, dim = torch.arange(6.0).reshape(2, 3), torch.tensor(1)
    for name in ("sum", "mean", "prod", "amax", "std", "logsumexp", "all", "count_nonzero"):
        method = getattr(x, name)
        assert torch.equal(method(dim=dim), method(dim=1)), name
    assert torch.equal(x.aminmax(dim=dim).max, x.amax(1))


def test_numbers_in_the_place_of_tensors_are_refused() -> None:
    x = torch.ones(2)
    for function in (torch.maximum, torch.logical_and, torch.atan2, torch.hypot):
        with pytest.raises(TypeError, match="must be Tensor, not int"):
            function(x, 1)
    with pytest.raises(TypeError, match=r"eq\(\): argument 'input' \(position 1\) must be Tensor"):
        torch.eq(1, x)
    with pytest.raises(TypeError, match="must be Tensor, not str"):
        torch.add(x, "1")


def test_subtraction_of_bools_is_refused() -> None:
    mask = torch.tensor([True, False])
    for operands in ((mask, mask), (1 - torch.ones(2), mask), (mask, True)):
        with pytest.raises(RuntimeError, match="Subtraction, the `-` operator"):
            torch.sub(*operands)


def test_missing_kinds_of_numbers_are_named() -> None:
    with pytest.raises(NotImplementedError, match="complex numbers of float16 parts"):
        torch.ones(2).chalf()
    with pytest.raises(AttributeError, match="quantized tensors are not"):
        _ = torch.quantize_per_tensor


def test_igamma_of_large_numbers() -> None:
    a = torch.tensor([1e20, 1e10, 1e5, 1e20, 316.3579164225028], dtype=torch.float64)
    x = torch.tensor([1e20, 1e10, 1e5, 1e10, 344.84755225458554], dtype=torch.float64)
    half = 1 / (3 * (2 * torch.pi * a[:3]).sqrt())  # P(a, a) = 1/2 + this, for large a
    assert (torch.igamma(a, x)[:3] - 0.5 - half).abs().max() < 1e-9
    assert torch.igamma(a, x)[3] == 0
    assert abs(torch.igammac(a, x)[4].item() - 0.05766730714744062) < 1e-15  # by mpmath
    assert torch.equal(torch.igamma(a, x) + torch.igammac(a, x), torch.ones_like(a))


def test_gradient_by_order_of_igamma_is_refused() -> None:
    a = torch.ones(2, requires_grad=True)
    with pytest.raises(NotImplementedError, match="igamma"):
        torch.igamma(a, torch.ones(2)).sum().backward()


def test_lu_solves_what_needs_pivots() -> None:
    A = torch.tensor([[0.0, 2.0], [3.0, 1.0]], dtype=torch.float64)
    b = torch.tensor([[4.0], [5.0]], dtype=torch.float64)
    got = torch.linalg.lu_solve(*torch.linalg.lu_factor(A), b)
    np.testing.assert_allclose((A @ got).numpy(), b.numpy(), rtol=1e-14)


def test_failed_factorizations_say_so_in_info() -> None:
    singular = torch.stack([torch.eye(2), torch.zeros(2, 2)])
    inverse, info = torch.linalg.inv_ex(singular)
    assert info.tolist() == [0, 1]
    assert inverse[0].tolist() == torch.eye(2).tolist()
    with pytest.raises(torch.linalg.LinAlgError):
        torch.linalg.inv_ex(singular, check_errors=True)
    assert torch.linalg.cholesky_ex(-torch.eye(2)).info.item() > 0


def test_repeat_copies_where_only_axes_of_one_entry_grow() -> None:
    x = torch.arange(3).view(1, 1, 3)
    y = x.repeat(2, 2, 1)
    y[0, 0] = 7
    assert y.tolist() == [[[7, 7, 7], [0, 1, 2]], [[0, 1, 2], [0, 1, 2]]]
    assert x.tolist() == [[[0, 1, 2]]]
    assert torch.ones(1, 2, 3).repeat(4, 1, 1).view(1, 8, 3).shape == (1, 8, 3)


@pytest.mark.parametrize("scalar", [np.float64(0.5), np.float32(0.5), np.float16(0.5)])
def test_scalars_of_numpy_are_weak(scalar: np.floating) -> None:
    for x in (torch.ones([]), torch.ones(3)):
        for y in (
            x * scalar, scalar * x, x - scalar, torch.where(x > 0, x, scalar), x.clamp(max=scalar),
            torch.lerp(x, x, scalar), torch.add(x, x, alpha=scalar),
            torch.nn.functional.softplus(x, scalar), torch.nn.functional.elu(x, scalar),
            torch.nn.functional.hardtanh(x, -scalar, scalar), torch.full((2,), scalar),
        ):  # fmt: skip
            assert y.dtype is torch.float32
    assert torch.add(torch.tensor([1]), torch.tensor([2]), alpha=np.int64(3)).tolist() == [7]
    pooled = torch.nn.functional.avg_pool1d(torch.ones(3, 4), np.int64(2), np.int64(1))
    assert pooled.shape == (3, 3)


def test_old_constructors_tell_sizes_from_data() -> None:
    x = torch.ones(2, 3)
    for make in (torch.Tensor, torch.FloatTensor, x.new):
        assert make(x.size()).shape == make(2, 3).shape == (2, 3)
        assert make(np.int64(2)).shape == (2,)
        assert make().shape == (0,)
        assert make([2, 3]).tolist() == [2.0, 3.0]
        assert make(x).data_ptr() == x.data_ptr()
    assert x.double().new([2, 3]).dtype is torch.float64


def test_the_names_of_results_with_several_parts() -> None:
    x = torch.eye(2)
    for result, name in (
        (torch.slogdet(x), "slogdet"),
        (torch.linalg.slogdet(x), "linalg_slogdet"),
        (torch.qr(x), "qr"),
        (torch.linalg.qr(x), "linalg_qr"),
        (torch.sort(x), "sort"),
    ):
        assert type(result).__name__ == name
        assert repr(result).startswith(f"torch.return_types.{name}(")


def test_ufuncs_of_numpy_that_are_no_ops_here_give_tensors() -> None:
    x = torch.tensor([1.5, 8.0])
    for found, expected in (
        ((np.cbrt(x),), (np.cbrt(x.numpy()),)),
        (np.modf(x), np.modf(x.numpy())),
        (np.divmod(x, 2), np.divmod(x.numpy(), 2)),
    ):
        assert all(isinstance(y, torch.Tensor) for y in found)
        assert [y.tolist() for y in found] == [y.tolist() for y in expected]
    with pytest.raises(RuntimeError, match="requires grad"):
        np.cbrt(x.requires_grad_())


def test_map2_calls_back_with_the_elements_of_three_tensors() -> None:
    x = torch.ones(2, 2)
    found = x.map2_(torch.arange(2.0), torch.tensor([[1.0], [2.0]]), lambda a, b, c: a + b * c)
    assert found is x
    assert x.tolist() == [[1.0, 2.0], [1.0, 3.0]]


def test_operators_leave_unknown_operands_to_their_own_classes() -> None:
    class Unknown:
        def __radd__(self, other: object) -> str:
            return "added"

    x, y = torch.ones(2), Unknown()
    assert x + y == "added"
    for name in (
        "mul", "rsub", "rtruediv", "mod", "rfloordiv", "and", "lshift", "pow", "rpow", "matmul",
        "iadd", "imul", "ipow", "iand", "eq", "lt",
    ):  # fmt: skip
        assert getattr(x, f"__{name}__")(y) is NotImplemented
    with pytest.raises(TypeError, match="unsupported operand"):
        x * y
    with pytest.raises(TypeError, match=r"add\(\): argument 'other'"):
        torch.add(x, y)


def test_heaviside_takes_one_real_dtype() -> None:
    x = torch.ones(2)
    for other, text in ((x.double(), "different dtypes"), (x * 1j, "complex tensors")):
        with pytest.raises(RuntimeError, match=f"heaviside is not yet implemented for .*{text}"):
            torch.heaviside(x, other)


def test_a_number_is_its_own_adjoint() -> None:
    assert (torch.tensor(2.0).mT, torch.tensor(2.0).mH) == (2.0, 2.0)
    assert torch.tensor(1 + 2j).mH == torch.tensor(1 - 2j)
    x = torch.tensor(2.0)
    assert x.mT is x.mH is x.H is x
