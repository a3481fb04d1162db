"""What ``docs/differences.md`` says of the differences from PyTorch."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.autograd.gradcheck import GradcheckError
from minitorch_dl.testing import assert_close, fake_gpu

PAGE = Path(__file__).resolve().parents[1] / "docs" / "differences.md"


def test_the_page_and_the_tests_agree() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = re.findall(r"<!-- (test_\w+) -->$", text, re.MULTILINE)
    here = {name for name in globals() if name.startswith("test_")}
    assert sorted(named) == sorted(here - {"test_the_page_and_the_tests_agree"})
    assert len(named) == len(re.findall("^- ", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("quantize_per_channel", "quantized"),
        ("quantize_per_tensor", "quantized"),
    ],
)
def test_kinds_of_tensors_left_out(name: str, kind: str) -> None:
    with pytest.raises(AttributeError, match=f"{kind} .* not supported"):
        getattr(torch, name)


def test_dtypes_left_out_are_names() -> None:
    assert torch.float16.to_complex() is torch.complex32
    for dtype in (torch.complex32, torch.float8_e5m2, torch.int4, torch.quint8):
        with pytest.raises(RuntimeError, match="minitorch_dl has no tensors of"):
            torch.zeros(2, dtype=dtype)


def test_conjugates_are_copies() -> None:
    z = torch.tensor([1 + 2j, 3 - 1j])
    conjugates = z.conj()
    assert not conjugates.is_conj()
    conjugates[0] = 0
    assert z[0].item() == 1 + 2j


def test_compiling_returns_the_function() -> None:
    def f(x: torch.Tensor) -> torch.Tensor:
        return x + 1

    assert torch.compile(f) is f
    assert torch.jit.script(f) is f


def test_jvp_by_double_backward() -> None:
    x, v = torch.tensor([0.5, 1.0]).double(), torch.tensor([2.0, -1.0]).double()
    y, slope = torch.func.jvp(torch.sin, (x,), (v,))
    assert_close(y, torch.sin(x))
    assert_close(slope, torch.cos(x) * v)


def test_an_overwritten_output() -> None:
    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    y = x.clone().sigmoid_()
    y.mul_(2)
    y.sum().backward()
    s = 1 / (1 + np.exp(-x.detach().numpy()))
    np.testing.assert_allclose(x.grad.numpy(), 2 * s * (1 - s))


@pytest.mark.parametrize("device", ["cpu", "fakegpu"])
def test_indices_out_of_range_raise_on_every_device(device: str) -> None:
    fake_gpu.register()
    x = torch.ones(3, device=device)
    with pytest.raises(IndexError, match="out of"):
        x[torch.tensor([5], device=device)].sum().item()
    with pytest.raises((IndexError, RuntimeError), match="out of"):
        weight = torch.ones(3, 2, device=device)
        nn.functional.embedding(torch.tensor([5], device=device), weight).sum().item()


def test_sync_batch_norm_trains_on_the_cpu() -> None:
    x = torch.randn(4, 3, 2)
    assert_close(nn.SyncBatchNorm(3)(x), nn.BatchNorm1d(3)(x))


def test_negative_tolerances() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        assert_close(1.0, 1.0, rtol=-1.0, atol=0.0)


def test_a_bool_and_a_number() -> None:
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(True, 1)


class WrongSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
        return x * x

    @staticmethod
    def backward(ctx: object, g: torch.Tensor) -> torch.Tensor:
        return g * 3


def test_gradcheck_explains() -> None:
    x = torch.tensor([1.5, 0.2], dtype=torch.float64, requires_grad=True)
    with pytest.raises(GradcheckError) as caught:
        torch.autograd.gradcheck(WrongSquare.apply, x)
    assert "at output index (1,) and input index (1,)" in str(caught.value)
    assert "probably wrong" in str(caught.value)


def test_gradcheck_of_a_large_function() -> None:
    x = torch.linspace(-1, 1, 3000, dtype=torch.float64).requires_grad_()
    calls = []

    def f(x: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return x.tanh()

    assert torch.autograd.gradcheck(f, x)
    assert len(calls) < 100


def test_a_wrong_kind_of_argument() -> None:
    with pytest.raises(TypeError, match=r"mse_loss.*'input'.* must be Tensor, not list"):
        nn.functional.mse_loss([1.0], torch.ones(1))


def test_flags_are_taken_by_their_truth() -> None:
    x = torch.ones(2, 3)
    assert x.sum(0, keepdim=1).shape == (1, 3)
    assert x.transpose(False, True).shape == (3, 2)


def test_numbers_above_64_bits() -> None:
    with pytest.raises(RuntimeError, match="without overflow"):
        torch.ones(2, dtype=torch.int64).fill_(10**30)
    with pytest.raises(RuntimeError, match="add"):
        torch.ones(2, dtype=torch.int64) + 10**30


def test_single_ops_take_arrays() -> None:
    y = torch.exp(np.zeros(2))
    assert isinstance(y, np.ndarray)
    assert y.tolist() == [1.0, 1.0]


def test_what_overrides_are_told() -> None:
    told = []

    class Told(torch.Tensor):
        @classmethod
        def __torch_function__(
            cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            told.append((func, args[1:], kwargs))
            return super().__torch_function__(func, types, args, kwargs)

    F, x = torch.nn.functional, torch.ones(2).as_subclass(Told)
    F.softmax(x, dim=0)
    F.relu(x)
    assert told == [(torch.softmax, (0,), None), (torch.relu, (), None)]


def test_channels_last_is_only_a_name() -> None:
    x = torch.ones(1, 2, 3, 3).contiguous(memory_format=torch.channels_last)
    assert x.stride() == (18, 9, 3, 1)


def test_leaves_are_reached_last() -> None:
    seen: list[str] = []
    a, b = (torch.ones(2, requires_grad=True) for _ in range(2))
    middle = a * 2
    middle.register_hook(lambda g: seen.append("middle"))
    for name, leaf in (("a", a), ("b", b)):
        leaf.register_post_accumulate_grad_hook(lambda leaf, name=name: seen.append(name))
    (middle * b).sum().backward()
    assert seen == ["middle", "b", "a"]


def test_views_taken_under_no_grad() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        assert not x[0].requires_grad


def test_a_view_keeps_its_gradient_when_written_aside() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    view = x.t()
    total = (view * 3).sum()
    x.detach().fill_(2.0)
    (g,) = torch.autograd.grad(total, view)
    assert g.tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_a_clone_is_row_major() -> None:
    x = torch.arange(6).reshape(2, 3).t()
    assert x.stride() == (1, 3)
    assert x.clone().stride() == (2, 1)
    assert x.clone().view(-1).tolist() == [0, 3, 1, 4, 2, 5]


def test_a_copy_within_one_memory() -> None:
    x = torch.arange(4.0).reshape(2, 2)
    x.t().copy_(x)
    assert x.tolist() == [[0.0, 2.0], [1.0, 3.0]]
    y = torch.arange(4.0)
    assert torch.add(y[1:], 1, out=y[:-1]).tolist() == [2.0, 3.0, 4.0]


def test_a_refused_batch_is_not_counted() -> None:
    layer = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        layer(torch.ones(1, 3))
    assert layer.num_batches_tracked.item() == 0


def test_second_derivative_of_a_product_of_zeros() -> None:
    source = torch.zeros(2, requires_grad=True)
    y = torch.ones(1).scatter_reduce(0, torch.tensor([0, 0]), source, "prod")
    (first,) = torch.autograd.grad(y, source, create_graph=True)
    (second,) = torch.autograd.grad(first[0], source)
    assert first.tolist() == [0.0, 0.0]
    assert second.tolist() == [0.0, 1.0]


def test_a_loaded_state_is_a_copy() -> None:
    first, second = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer, other = torch.optim.Adam([first]), torch.optim.Adam([second])
    first.grad = torch.ones(2)
    optimizer.step()
    saved = optimizer.state_dict()
    other.load_state_dict(saved)
    saved["state"][0]["exp_avg"].fill_(7.0)
    assert other.state[second]["exp_avg"].tolist() != [7.0, 7.0]


def test_pinned_memory_is_ordinary() -> None:
    x = torch.ones(2)
    assert x.pin_memory() is x
    assert not x.is_pinned()


def test_queues_carry_copies() -> None:
    queue = torch.multiprocessing.SimpleQueue()
    x = torch.ones(2)
    queue.put(x)
    queue.get().fill_(2)
    assert x.tolist() == [1, 1]
    assert not x.is_shared()


def test_the_data_of_a_tensor_is_not_shared_alone() -> None:
    with pytest.raises(RuntimeError, match="another tensor"):
        torch.ones(2).data.share_memory_()


def test_gradient_of_a_nan_extremum() -> None:
    x = torch.tensor([[1.0, 1.0], [torch.nan, 2.0]], requires_grad=True)
    x.amax(1).sum().backward()
    assert x.grad.tolist() == [[0.5, 0.5], [1.0, 0.0]]


def test_a_leaf_with_other_data() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    y = w * w
    w.data = torch.tensor([10.0, 10.0])
    y.sum().backward()
    assert w.grad.tolist() == [2.0, 4.0]


def test_tensors_of_inference_mode_are_ordinary() -> None:
    with torch.inference_mode():
        x = torch.ones(2)
    assert not x.is_inference()
    x.add_(1)
    w = torch.ones(2, requires_grad=True)
    (w * x).sum().backward()
    assert w.grad.tolist() == [2.0, 2.0]


def test_sparse_tensors_are_of_a_class_of_their_own() -> None:
    s = torch.eye(2).to_sparse_csr()
    assert isinstance(s, torch.Tensor)
    assert type(s) is not torch.Tensor
    assert torch.cat([s, s]).layout == torch.sparse_coo


def test_places_outside_a_sparse_tensor() -> None:
    with pytest.raises(RuntimeError, match="outside size"):
        torch.sparse_coo_tensor([[2]], [1.0], (2,))


def test_gradients_of_sparse_tensors_have_their_entries() -> None:
    for function in (torch.sum, lambda s: (s @ torch.ones(2, 2)).sum()):
        s = torch.tensor([[0.0, 2.0], [3.0, 0.0]]).to_sparse().requires_grad_()
        function(s).backward()
        assert s.grad.layout == torch.sparse_coo
        assert (s.grad.to_dense() != 0).tolist() == [[False, True], [True, False]]


def test_lobpcg_is_exact() -> None:
    a = torch.diag(torch.arange(1.0, 8.0))
    values, vectors = torch.lobpcg(a, k=2, niter=0)
    assert_close(values, torch.tensor([7.0, 6.0]))
    assert_close(vectors.abs().argmax(0), torch.tensor([6, 5]))


def test_sparse_gradients_are_for_leaves() -> None:
    table = torch.ones(3, 2, requires_grad=True)
    torch.nn.functional.embedding(torch.tensor([1]), table * 2, sparse=True).sum().backward()
    assert table.grad.tolist() == [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0]]


def test_dispatch_modes_are_refused() -> None:
    from minitorch_dl.utils import _python_dispatch

    class Count(_python_dispatch.TorchDispatchMode):
        pass

    with pytest.raises(NotImplementedError, match="TorchFunctionMode"), Count():
        torch.ones(1)
    for refused in (
        _python_dispatch.return_and_correct_aliasing,
        _python_dispatch.transform_subclass,
    ):
        with pytest.raises(NotImplementedError, match="__torch_dispatch__ is not supported"):
            refused(torch.exp, (), {}, None)
    assert not _python_dispatch.is_traceable_wrapper_subclass(torch.ones(1))


def test_exported_programs_run_the_module(tmp_path) -> None:
    program = torch.export.export(torch.nn.Sequential(torch.nn.ReLU()), (torch.ones(2),))
    assert [node.op for node in program.graph.nodes] == ["placeholder", "call_module", "output"]
    torch.export.save(program, tmp_path / "relu.pt2")
    assert b"Sequential" in (tmp_path / "relu.pt2").read_bytes()


def test_several_processes_hold_whole_models() -> None:
    from minitorch_dl.distributed.fsdp import fully_shard
    from minitorch_dl.distributed.tensor import distribute_tensor

    for refused in (fully_shard, distribute_tensor):
        with pytest.raises(RuntimeError, match="is not supported"):
            refused(torch.ones(1))


def test_collective_calls_are_in_place() -> None:
    dist = torch.distributed
    dist.init_process_group(store=dist.HashStore(), rank=0, world_size=1)
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    z = (y**2).sum()
    dist.all_reduce(y)
    dist.destroy_process_group()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def _send_first(rank: int, path: str) -> None:
    dist = torch.distributed
    dist.init_process_group(init_method=f"file://{path}", rank=rank, world_size=2)
    x = torch.zeros(1)
    dist.send(torch.ones(1), 1 - rank)
    dist.recv(x, 1 - rank)
    assert x.item() == 1


def test_two_processes_that_send_first(tmp_path: Path) -> None:
    path = str(tmp_path / "store")
    torch.multiprocessing.spawn(_send_first, (path,), nprocs=2, start_method="fork")


def test_cross_map_norm_lets_go_of_the_first_channel() -> None:
    x = torch.rand(1, 4, 3, 3)
    torch.testing.assert_close(nn.CrossMapLRN2d(2)(x), nn.LocalResponseNorm(2)(x))


def test_dual_tensors_require_gradients() -> None:
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(torch.ones(2), torch.ones(2))
        assert (dual * 2).requires_grad


def test_equal_elements_keep_their_order() -> None:
    x = torch.tensor([1, 0] * 50)
    zeros, ones = list(range(1, 100, 2)), list(range(0, 100, 2))
    assert x.sort().indices.tolist() == zeros + ones
    assert x.mode().indices.item() == zeros[-1]


def test_unsafe_parts_are_copies() -> None:
    x = torch.zeros(4)
    torch.unsafe_split(x, 2)[0].fill_(1.0)
    torch.unsafe_chunk(x, 2)[1].fill_(1.0)
    assert x.tolist() == [0.0] * 4


def test_meta_tensors_run_on_zeros() -> None:
    y = torch.cumsum(torch.empty(3, 4, device="meta"), 0)
    assert y.is_meta
    assert y.shape == (3, 4)


def test_a_gpu_rounds_16_bit_state_once_a_step() -> None:
    fake_gpu.register()
    w = torch.nn.Parameter(torch.zeros(1000, dtype=torch.bfloat16, device="fakegpu"))
    optimizer = torch.optim.RMSprop([w], alpha=0.99)
    v = torch.zeros(1000)
    for step in range(3):
        torch.manual_seed(step)
        g = torch.randn(1000).bfloat16()
        w.grad = g.to("fakegpu")
        optimizer.step()
        v = (v * 0.99 + (1 - 0.99) * (g.float() * g.float())).bfloat16().float()
    assert torch.equal(optimizer.state[w]["square_avg"].cpu().float(), v)


def test_halves_on_the_cpu() -> None:
    x = torch.ones(2, 3, dtype=torch.float16)
    assert torch.cdist(x, x).dtype is torch.float16
    assert torch.special.bessel_j0(x).dtype is torch.float16
    assert nn.functional.avg_pool3d(x[None, None, None], 1).dtype is torch.float16


def test_low_rank_is_exact() -> None:
    x = torch.arange(12.0, dtype=torch.float64).reshape(4, 3) ** 2
    exact = torch.linalg.svdvals(x)
    assert_close(torch.svd_lowrank(x, 2, niter=0)[1], exact[:2])
    assert_close(torch.pca_lowrank(x, 2, center=False, niter=0)[1], exact[:2])


def test_gradient_of_as_strided_scatter() -> None:
    x = torch.zeros(4, requires_grad=True)
    torch.as_strided_scatter(x, torch.ones(2), (2,), (1,), 1).sum().backward()
    assert x.grad.tolist() == [1.0, 0.0, 0.0, 1.0]


def test_gradient_of_polar() -> None:
    size = torch.tensor([-2.0, 0.0, 2.0], requires_grad=True)
    torch.polar(size, torch.full((3,), 0.5)).real.sum().backward()
    assert_close(size.grad, torch.full((3,), 0.5).cos())


@pytest.mark.parametrize("op", [torch.exp, torch.diag, lambda x, out: torch.softmax(x, 0, out=out)])
def test_out_and_gradients(op: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        op(x, out=torch.zeros(2))


def test_files_hold_what_was_saved() -> None:
    x = torch.zeros(100_000)
    file = io.BytesIO()
    torch.save([x[:10], x[5:15]], file)
    assert len(file.getvalue()) < 2000
    file.seek(0)
    first, second = torch.load(file)
    first[5] = 1.0
    assert second[0].item() == 1.0


def test_arrays_in_files_are_data() -> None:
    file = io.BytesIO()
    torch.save({"array": np.arange(3.0), "number": np.float32(2.5)}, file)
    file.seek(0)
    found = torch.load(file, weights_only=True)
    assert found["array"].tolist() == [0.0, 1.0, 2.0]
    assert isinstance(found["number"], np.float32)


def test_the_first_momentum_is_differentiable() -> None:
    slope = torch.tensor(2.0, requires_grad=True)
    parameter = torch.tensor(0.0)
    parameter.grad = slope * 3
    torch.optim.SGD([parameter], lr=1, momentum=0.9, differentiable=True).step()
    assert torch.autograd.grad(parameter, slope)[0].item() == -3.0


def test_sobol_sequences_have_1111_dimensions() -> None:
    with pytest.raises(ValueError, match="1111"):
        torch.quasirandom.SobolEngine(1112)
    first = torch.quasirandom.SobolEngine(3, scramble=True, seed=5).draw(dtype=torch.float64)
    assert (first * 2**30).tolist() == [[515708045, 125905764, 133132919]]


def test_gradients_have_no_masks() -> None:
    factor = torch.tensor(2.0, requires_grad=True)
    data, mask = torch.tensor([1.0, 2.0, float("nan")]), torch.tensor([True, True, False])
    (torch.masked.masked_tensor(data, mask) * factor).sum().backward()
    assert type(factor.grad) is torch.Tensor
    assert factor.grad.item() == 3


def test_semi_structured_sparsity_is_refused() -> None:
    from minitorch_dl.sparse import SparseSemiStructuredTensor, to_sparse_semi_structured

    x = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    assert not isinstance(x, SparseSemiStructuredTensor)
    for made_by in (SparseSemiStructuredTensor, to_sparse_semi_structured):
        with pytest.raises(NotImplementedError, match="no kernels for semi-structured"):
            made_by(x)
