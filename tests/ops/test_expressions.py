"""Small calls and what they give: conversions, questions, constructors, settings."""

from __future__ import annotations

from typing import Any

import pytest

import minitorch_dl
from tests.refusals import evaluated

LAST = 1.1920928955078125e-07

TABLE: list[tuple[str, Any]] = [
    # nothing is divided by zero where there is nothing
    ("(T([], dtype=torch.int64) % 0).tolist()", []),
    ("(T([], dtype=torch.int64) // torch.tensor(0)).tolist()", []),
    ("torch.nn.functional.cross_entropy(Z(0, 3), Z(0).long()).isnan().item()", True),
    # one sample's label may have a dim
    ("(F.nll_loss(T([0.5, 0.2]), T([1])).item(), F.cross_entropy(T([0.0, 0.0, 0.0]), T([1]), "
     "reduction='none').shape)", (-0.20000000298023224, ())),
    ("torch.scalar_tensor(1.0, requires_grad=True).requires_grad", True),
    ("F.cross_entropy(Z(5, 0), Z(5, 0), reduction='none').tolist()", [0.0] * 5),
    ("f'{torch.zeros((), device=\"meta\")}'", "tensor(..., device='meta', size=())"),
    ("torch.nextafter(torch.ones(2), T([2, 2])).dtype.itemsize", 4),
    ("T([1], dtype=torch.uint16).type()", "torch.UInt16Tensor"),
    ("Z(2, 3).index_put((T(1), T([False, True, True])), T([1.0, 2.0]), True).tolist()",
     [[0, 0, 0], [0, 1, 2]]),
    ("Z(2, 2).index_put_((T(1),), T([1.0, 2.0])).tolist()", [[0, 0], [1, 2]]),
    ("T([0.0, 1.0]).index_copy(0, T([0]), T(3.0)).tolist()", [3.0, 1.0]),
    ("torch.polygamma(1, T([float('inf')])).item()", 0.0),
    ("torch.polygamma(1, T([-float('inf')])).isnan().item()", True),
    ("str(torch.device(device='cpu')) + str(torch.device(device=torch.device('meta')))", "cpumeta"),
    ("[T([float('-inf')]).lerp(T([2.0]), w).item() for w in (0.5, T([0.7]))]",
     [-float("inf")] * 2),
    ("T([1.0, float('-inf')]).lerp_(T([float('-inf'), 2.0]), 0.5).tolist()[1]", -float("inf")),
    ("T([1.0, float('-inf')]).lerp_(T([float('-inf'), 2.0]), T([0.2, 0.7])).tolist()",
     [-float("inf")] * 2),
    # bfloat16 beside numbers, and numbers next to nothing
    ("[f(T([0.3]).bfloat16(), 0.3).item() for f in (torch.eq, torch.gt, torch.le)]",
     [True, False, True]),
    ("F.hardshrink(T([0.3, 0.5]).bfloat16(), 0.3).tolist()", [0.0, 0.5]),
    ("F.threshold(T([0.3, 0.2]).bfloat16(), 0.3, 9.0).tolist()", [0.30078125, 9.0]),
    ("T([float('nan'), float('inf'), -float('inf'), 1.0]).bfloat16().nan_to_num(2, 3).tolist()",
     [2.0, 3.0, -3.3895313892515355e38, 1.0]),
    ("[x := T([0.0, 1e-200, 1e-310], dtype=torch.float64, requires_grad=True),"
     " torch.sinc(x).sum().backward(), x.grad.tolist()][-1]", [0.0, 0.0, 0.0]),
    ("[abs(y.item() / x - 1) < 1e-12 for x in (1e-19 + 1e-18j, 1e-30 + 0j)"
     " for y in (torch.log1p(T(x, dtype=torch.complex128)),)]", [True, True]),
    ("str(T([[0, 3]], dtype=torch.int16).to_sparse()[0, 1].dtype)", "torch.int16"),
    ("[Z(2, 3).max(0)[0]._is_view(), Z(2, 3).median(1)[1]._is_view(), Z(2, 2).roll(1)._is_view()]",
     [False] * 3),
    ("[torch.kron(Z(2, 2), Z(2, 2))._is_view(), Z(3).quantile(0.5)._is_view()]", [False] * 2),
    # the weights of bytes are whole numbers of 16 bits, and halves are rounded up
    ("F.interpolate((torch.arange(63) * 37 % 256).reshape(1, 1, 7, 9).byte(), size=(14, 11),"
     " mode='bilinear')[0, 0, 1].tolist()", [19, 46, 76, 106, 137, 167, 145, 164, 107, 32, 59]),
    ("F.interpolate((torch.arange(63) * 37 % 256).reshape(1, 1, 7, 9).byte(), size=(14, 11),"
     " mode='bicubic')[0, 0, 2].tolist()", [50, 75, 106, 150, 205, 226, 66, 53, 66, 64, 93]),
    ("F.interpolate((torch.arange(63) * 37 % 256).reshape(1, 1, 7, 9).byte(), size=(3, 5),"
     " mode='bicubic', antialias=True)[0, 0].tolist()",
     [[83, 130, 133, 103, 89], [125, 110, 123, 136, 121], [157, 143, 113, 116, 163]]),
    ("torch.linalg.LinAlgError.__name__", "_LinAlgError"),
    # bools as numbers, and integers without a common dtype
    ("[f(T([0.25, 0.5]), T([True, False])).item() for f in (F.huber_loss, F.smooth_l1_loss)]",
     [0.203125] * 2),
    ("str(torch.ldexp(T([1], dtype=torch.int8), T([1], dtype=torch.uint64)).dtype)",
     "torch.float32"),
    ("[__import__('numpy').float32(x) in T([1.0, 2.0]) for x in (2, 3)]", [True, False]),
    # bools
    ("str(torch.add(T([1], dtype=torch.uint8), T([True]), alpha=2).dtype)", "torch.uint8"),
    ("[str((T([True]) ** e).dtype) for e in (True, False, 1)]",
     ["torch.bool", "torch.bool", "torch.int64"]),
    ("[x := T([True]), y := x ** True, y.fill_(False), x.item()][-1]", True),
    ("(T([True]) << 2).tolist()", [4]),
    ("torch.add(T([True]), T([True, False]), alpha=2).tolist()", [True, True]),
    ("torch.add(T([True, False]), T([True, True]), alpha=0).tolist()", [True, False]),
    # what is copied together shares memory as it did, and keeps its strides
    ("[x := Z(2, 3), y := __import__('copy').deepcopy([x[:1], x, x.t(), x.detach()]),"
     " y[1].fill_(2), [t.sum().item() for t in (x, *y)], y[2].stride()][-2:]",
     [[0.0, 6.0, 12.0, 12.0, 12.0], (1, 3)]),
    ("[x := torch.ones(3, 2), __import__('copy').deepcopy([torch.view_as_complex(x)[1:],"
     " torch.view_as_complex(x).sum(), x.view(torch.int32)[0], x.half().t()])][-1].__repr__()",
     "[tensor([1.+1.j, 1.+1.j]), tensor(3.+3.j),"
     " tensor([1065353216, 1065353216], dtype=torch.int32),"
     " tensor([[1., 1., 1.],\n        [1., 1., 1.]], dtype=torch.float16)]"),
    ("(repr(T([1, 2]).size() * 2), repr(2 * torch.Size([3])))",
     ("torch.Size([2, 2])", "torch.Size([3, 3])")),
    ("torch.gradient(T([0.0, 2**24, 2**24 + 2]), spacing=[T([0.0, 1, 2], dtype=torch.float64)])"
     "[0].dtype.itemsize", 8),
    # alpha counts in the dtype of the result, and one value may be written many times
    ("torch.add(T([5], dtype=torch.int8), T([3], dtype=torch.uint8), alpha=-1).tolist()", [2]),
    ("torch.sub(T([5], dtype=torch.int16), T([3], dtype=torch.uint8), alpha=200).tolist()",
     [-595]),
    ("torch.add(T([1.0]), T([3], dtype=torch.uint8), alpha=-1).tolist()", [-2.0]),
    ("torch.add(T([0.0]), T([3.0]).half(), alpha=0.1).item() == T(0.3).item()", True),
    ("T([0.0]).sub_(T([3.0]).half(), alpha=0.1).item() == T(-0.3).item()", True),
    ("[x := Z(2, 1), x.expand(2, 3)[0].fill_(3), x.tolist()][-1]", [[3.0], [0.0]]),
    ("torch.nn._reduction.get_enum('sum')", 2),
    ("[torch.nn._reduction.legacy_get_string(a, b, emit_warning=False)"
     " for a, b in ((None, None), (False, True), (True, False))]", ["mean", "sum", "none"]),
    ("[list(f(2)(Z(*s, 4)).shape) for f in (torch.nn.AdaptiveAvgPool1d, torch.nn.AdaptiveMaxPool1d)"
     " for s in ((0,), (0, 1))]", [[0, 2], [0, 1, 2], [0, 2], [0, 1, 2]]),
    # what indices pick lies in a row
    ("[x := torch.arange(12).view(2, 3, 2), m := T([True, False, True]), i := T([0, 1]), "
     "[y.view(-1).tolist() for y in (x[:, m], x[:, i, i], x[:, m, 1:], x[:, x[0] > 1])]][-1]",
     [[0, 1, 4, 5, 6, 7, 10, 11], [0, 3, 6, 9], [1, 5, 7, 11], [2, 3, 4, 5, 8, 9, 10, 11]]),
    ("torch.nn.functional.affine_grid(Z(1, 2, 3), [1, 1, T(2), T(3)], align_corners=False)"
     ".shape[2]", 3),
    # questions
    ("Z(2, 3).nbytes", 24),
    ("Z(2).get_device()", -1),
    ("(torch.get_device(Z(2)), torch.is_inference(Z(2)))", (-1, False)),
    ("Z(2).is_complex()", False),
    ("(Z(2).is_signed(), Z(2).to(torch.uint8).is_signed())", (True, False)),
    ("(Z(2).is_pinned(), Z(2).is_shared(), Z(2).is_distributed())", (False, False, False)),
    ("Z(2).share_memory_().tolist()", [0.0, 0.0]),
    ("Z(2).to_dense().tolist()", [0.0, 0.0]),
    ("Z(2).to_dense(torch.float64).dtype.itemsize", 8),
    ("(torch.is_tensor(Z(1)), torch.is_tensor(1))", (True, False)),
    ("(torch.is_floating_point(Z(1)), torch.is_floating_point(T([1])))", (True, False)),
    ("(torch.is_signed(T([1])), torch.is_signed(T([1], dtype=torch.uint8)))", (True, False)),
    ("torch.numel(Z(2, 3))", 6),
    ("Z(4)[1:]._is_view()", True),
    ("(Z(4)._is_view(), Z(4)._base)", (False, None)),
    ("Z(2, 3).is_contiguous(memory_format=torch.channels_last)", False),
    ("(2.0 in T([1.0, 2.0]), 3 in T([1.0, 2.0]))", (True, False)),
    ("torch.typename(Z(1))", "torch.FloatTensor"),
    ("torch.typename(3)", "int"),
    ("torch.typename(torch.nn.Parameter).rpartition('.')[2]", "Parameter"),
    ("Z(2, 3, 4).transpose(1, 2).dim_order(ambiguity_check=True)", (0, 2, 1)),
    ("Z(1, 2, 3, 4).dim_order(ambiguity_check=[torch.contiguous_format, torch.channels_last])",
     (0, 1, 2, 3)),
    ("repr((1, *Z(2).shape) + Z(3).shape)", "torch.Size([1, 2, 3])"),
    ("repr(torch.set_grad_enabled(True))",
     "torch.autograd.grad_mode.set_grad_enabled(mode=True)"),
    ("torch.thread_safe_generator()", None),
    # named tuples
    ("torch.return_types.max((1, 2)).indices", 2),
    ("(type(Z(2).sort())([3, 4]).values, torch.return_types.linalg_svd.n_fields)", (3, 3)),
    ("torch.return_types.max(iter([1, 2])) == (1, 2)", True),
    ("torch.lu(Z(2, 2), get_infos=True).info.item()", 1),
    ("torch.tensor([2j]).to(torch.complex128).float_power_(2).tolist()", [-4]),
    ("repr(torch.nn.GRUCell(1, 1)(Z(1, 1))).partition('grad_fn')[2]", "=<AddBackward0>)"),
    ("torch.are_deterministic_algorithms_enabled()", False),
    ("torch.is_deterministic_algorithms_warn_only_enabled()", False),
    ("str(torch.get_default_device())", "cpu"),
    ("repr(torch.device('cuda:1'))", "device(type='cuda', index=1)"),
    ("torch.float32.to_real() is torch.float32", True),
    ("[d.abbr for d in (torch.bool, torch.bfloat16, torch.int4, torch.float8_e5m2)]",
     ["b8", "bf16", "int4", "f8e5m2"]),
    ("torch.float16.to_complex() is torch.chalf", True),
    ("(torch.chalf.to_real() is torch.float16, torch.bfloat16.to_complex().itemsize)", (True, 8)),
    ("torch.promote_types(torch.chalf, torch.float32) is torch.complex64", True),
    ("[torch.int4, torch.uint7, torch.bits8, torch.quint8].__repr__()",
     "[torch.int4, torch.uint7, torch.bits8, torch.quint8]"),
    ("(isinstance(torch.strided, torch.layout), repr(torch.jagged))", (True, "torch.jagged")),
    ("(isinstance(torch.channels_last, torch.memory_format), isinstance(torch.strided, str))",
     (True, False)),
    ("isinstance(torch.per_tensor_affine, torch.qscheme)", True),
    ("(Z(2).layout is torch.strided, Z(2).to_sparse().layout is torch.sparse_coo)", (True, True)),
    ("__import__('copy').deepcopy(torch.channels_last) is torch.channels_last", True),
    ("torch.amp.is_autocast_available('cpu')", True),
    # windows without an element, and outputs without a window
    ("F.max_pool1d(T([[1.0]]), 2, padding=1, dilation=2).tolist()", [[float("-inf")]]),
    ("F.max_pool2d(T([[[1.0]]]), 2, padding=1, dilation=2).tolist()", [[[float("-inf")]]]),
    ("list(F.fractional_max_pool2d(Z(1, 2, 4, 4), 2, output_size=(0, 1)).shape)", [1, 2, 0, 1]),
    ("[g := Z(1, 1, 1, 2).requires_grad_(), F.grid_sample(Z(1, 1, 2, 2), g, 'nearest',"
     " align_corners=False).sum().backward(), g.grad.tolist()][-1]", [[[[0.0, 0.0]]]]),
    # arithmetic of Python numbers
    ("[f(7, 2).item() for f in (torch.add, torch.sub, torch.mul, torch.div)]", [9, 5, 14, 3.5]),
    ("torch.div(-7, 2, rounding_mode='trunc').item()", -3),
    ("torch.div(-7, 2, rounding_mode='floor').item()", -4),
    ("(torch.floor_divide(7, 2).dtype.itemsize, torch.mul(2, 0.5).dtype.itemsize)", (8, 4)),
    ("torch.add(3, 2, alpha=4).item()", 11),
    # limits of dtypes
    ("torch.finfo(torch.bfloat16).eps", 2.0**-7),
    ("torch.finfo(torch.bfloat16).tiny", 2.0**-126),
    ("torch.finfo(torch.bfloat16).max", (2 - 2.0**-7) * 2.0**127),
    ("torch.finfo().eps", LAST),
    (
        "repr(torch.finfo(torch.float32))",
        "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, "
        "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=float32)",
    ),
    ("repr(torch.iinfo(torch.int16))", "iinfo(min=-32768, max=32767, dtype=int16)"),
    # numbers in a row
    ("(lambda x: (torch.arange(4.0, out=x[:, 1:]), x)[1].tolist())(Z(2, 3))",
     [[0.0, 0.0, 1.0], [0.0, 2.0, 3.0]]),
    ("torch.logspace(1, 1j, 2).is_complex()", True),
    ("torch.empty((2,), out=Z(2), requires_grad=True).requires_grad", True),
    ("(lambda x: bool((x >= 3).all()))(torch.empty(9, dtype=torch.int8).random_(3, None))", True),
    ("torch.block_diag().shape", (1, 0)),
    ("torch.cat([Z(0), Z(0)], dim=1).shape", (0,)),
    # writing to a part of an expanded tensor
    ("(lambda x: (x.expand(3, 2)[2, 1].fill_(7), x)[1].tolist())(Z(3, 1))", [[0.0], [0.0], [7.0]]),
    ("Z(3)[T(1, dtype=torch.int16)].shape", ()),
    # buffers and arrays
    ("torch.asarray(memoryview(bytearray(b'ab')), dtype=torch.uint8).tolist()", [97, 98]),
    ("(lambda x: torch.asarray(x, copy=False).data_ptr() == x.data_ptr())(Z(2))", True),
    ("torch.asarray(Z(2, requires_grad=True) * 1, requires_grad=False).requires_grad", False),
    ("(Z(2).numpy() == T([0.0, 1.0])).tolist()", [True, False]),
    ("torch.Storage([1, 2]).tolist()", [1.0, 2.0]),
    ("torch.default_generator is torch.random.default_generator", True),
    ("torch.default_generator.manual_seed(3).initial_seed()", 3),
    ("T(T([1.0, 2.0]).storage()).tolist()", [1.0, 2.0]),
    ("T(T([1.0, 2.0]).untyped_storage(), dtype=torch.float32).tolist()", [1.0, 2.0]),
    ("T([1, 2]).type(torch.Tensor).dtype.itemsize", 4),
    ("T(2**64, dtype=torch.float64).item()", 2.0**64),
    ("(lambda g: torch.equal(g.set_state(torch.get_rng_state()).get_state(), "
     "torch.get_rng_state()))(torch.Generator())", True),
    ("Z(0).is_set_to(Z(0))", False),
    ("(torch.zeros(size=(2, 1)).shape, torch.rand(size=(2,)).shape)", ((2, 1), (2,))),
    ("(Z(2).repeat(repeats=(2,)).shape, Z(1, 2).permute(dims=(1, 0)).shape)", ((4,), (2, 1))),
    ("(Z(2).expand(size=(3, 2)).shape, Z(2, 2).view(size=(4,)).shape)", ((3, 2), (4,))),
    ("(2j * torch.ones(2)).scatter_reduce(0, T([0, 0]), 1j * torch.ones(2), 'prod').tolist()",
     [-2j, 2j]),
    ("(lambda x: x.new(x.storage()).data_ptr() == x.data_ptr())(Z(2))", True),
    ("(Z(2).new(size=(3, 4)).shape, Z(0).data_ptr())", ((3, 4), 0)),
    ("torch.ComplexFloatStorage(2).dtype is torch.complex64", True),
    ("Z(2, requires_grad=True).view(torch.float64).requires_grad", False),
    ("Z(2, requires_grad=True).view(torch.float32).requires_grad", False),
    ("torch.isclose(Z(1), Z(1) + 0.5, T(1), T(1)).item()", True),
    ("(lambda u: torch.isclose(u, u.flip(0), rtol=0, atol=1).tolist())(T([0, 1, 3]).byte())",
     [False, True, False]),
    ("torch.isclose(T([0, 1]).byte(), T([1, 0]).byte(), rtol=0, atol=1).tolist()", [True, True]),
    ("torch.repeat_interleave(T([1, 2]), T([1, 2]), output_size=T(3)).tolist()", [1, 2, 2]),
    ("torch.multinomial(Z(0, 3), 2, True).shape", (0, 2)),
    ("[row.tolist() for row in reversed(torch.arange(4).view(2, 2))]", [[2, 3], [0, 1]]),
    ("[str(x) for x in torch.gradient(T([1.0, float('inf'), float('inf'), 2.0]))[0].tolist()]",
     ["inf", "inf", "-inf", "-inf"]),
    ("torch.finfo(torch.float16).resolution", 0.001),
    ("torch.finfo(torch.float32) == torch.finfo()", True),
    ("torch.iinfo(torch.int8) == torch.iinfo(torch.uint8)", False),
    ("F.pad(Z(1, 2, 3, requires_grad=True), (0, 0), 'replicate').grad_fn.name()",
     "ReplicationPad1DBackward0"),
    # conversions
    ("T([1.7, -1.7, 0.0]).int().tolist()", [1, -1, 0]),
    ("T([1.7, -1.7, 0.0]).short().tolist()", [1, -1, 0]),
    ("T([1.7, -1.7, 0.0]).char().tolist()", [1, -1, 0]),
    ("T([1.7, 250.0, 0.0]).byte().tolist()", [1, 250, 0]),
    ("T([1.7, -1.7, 0.0]).bool().tolist()", [True, True, False]),
    ("T([1.7]).type('torch.LongTensor').tolist()", [1]),
    ("T([1.7]).type(torch.LongTensor).tolist()", [1]),
    ("T([1.7]).type(torch.int32).tolist()", [1]),
    ("T([1.7]).type()", "torch.FloatTensor"),
    ("T([1.7]).to(T([1])).tolist()", [1]),
    ("T([1.7]).to(torch.int64, False, True).tolist()", [1]),
    ("T([1.5]).requires_grad_().numpy(force=True).tolist()", [1.5]),
    ("f'{T(1.25, requires_grad=True) * 2}'", "2.5"),
    ("f'{T(1.25, requires_grad=True):.1f}'", "1.2"),
    ("__import__('numpy').add.reduce(T([1.0, 2.0]).numpy())", 3.0),
    ("__import__('numpy').asarray(T([1.0, 2.0]), dtype='int64').tolist()", [1, 2]),
    # constructors
    ("torch.full((2,), T(3.0)).tolist()", [3.0, 3.0]),
    ("torch.full_like(Z(2), T(3)).tolist()", [3.0, 3.0]),
    ("torch.empty_permuted((2, 3, 4), (2, 0, 1)).stride()", (3, 1, 6)),
    ("torch.empty_strided((2, 3), (2, 4)).untyped_storage().nbytes()", 44),
    ("Z(2, 3, 4, 5)[:, :, :, 1][:, 1:1].stride()", (60, 20, 5)),
    ("(Z(2, 0, 4).stride(), Z(1, 4)[:, :1].stride(), Z(1, 4).t().stride())",
     ((4, 4, 1), (4, 1), (1, 4))),
    ("(Z(3, 4)[:, None].stride(), Z(3)[:, None].stride())", ((4, 4, 1), (1, 1))),
    ("[x.stride() for x in (lambda x: (x, x.resize_as_(x)))(Z(2, 3).t())]", [(1, 3), (1, 3)]),
    ("torch.scalar_tensor(2).dtype.itemsize", 4),
    ("torch.logspace(0, 2, 3).tolist()", [1.0, 10.0, 100.0]),
    ("torch.logspace(0, 3, 4, base=2, dtype=torch.float64).tolist()", [1.0, 2.0, 4.0, 8.0]),
    ("torch.logspace(0, 2, 3, out=Z(3)).tolist()", [1.0, 10.0, 100.0]),
    ("torch.tril_indices(3, 2).tolist()", [[0, 1, 1, 2, 2], [0, 0, 1, 0, 1]]),
    ("torch.triu_indices(2, 3, 1).tolist()", [[0, 0, 1], [1, 2, 2]]),
    ("torch.frombuffer(bytearray(b'\\x01\\x02'), dtype=torch.uint8).tolist()", [1, 2]),
    ("torch.frombuffer(bytearray(8), dtype=torch.int16, count=2, offset=2).tolist()", [0, 0]),
    ("torch.asarray(Z(2), copy=True).tolist()", [0.0, 0.0]),
    ("torch.asarray([1.0], requires_grad=True).requires_grad", True),
    ("T([T(1.0), T(2.0)]).tolist()", [1.0, 2.0]),
    ("T(T([1, 2]).numpy().astype('float16')).dtype.itemsize", 2),
    ("torch.normal(2.0, 0.0, (2,)).tolist()", [2.0, 2.0]),
    ("torch.combinations(T([1, 2]), 0).tolist()", []),
    ("[x.tolist() for x in torch.broadcast_tensors([Z(2), Z(1)][0], Z(1))]", [[0.0] * 2] * 2),
    ("[x.tolist() for x in torch.tensor_split(T([1, 2, 3]), T([1]))]", [[1], [2, 3]]),
    ("torch.cat([Z(1), Z(2)], axis=0).tolist()", [0.0] * 3),
    ("torch.arange(3, out=Z(0).double()).dtype.itemsize", 8),
    ("torch.full((2,), 1.5, out=T([0, 0])).tolist()", [1, 1]),
    ("torch.cumsum(T([1.5, 1.7]), 0, out=T([0, 0])).tolist()", [1, 2]),
    ("torch.any(Z(2), out=T(1, dtype=torch.uint8)).item()", 0),
    ("torch.bernoulli(torch.ones(2), out=T([0, 0])).tolist()", [1, 1]),
    ("torch.linspace(4.3, 1, 5, dtype=torch.int64).tolist()", [4, 3, 2, 1, 1]),
    ("torch.logspace(0, 1.2, 5, dtype=torch.int64).tolist()", [1, 1, 3, 5, 10]),
    ("torch.broadcast_shapes((2, 1), (3,)).numel()", 6),
    ("Z(2).to(torch.complex64).normal_(2.0, 0.0).tolist()", [2 + 2j] * 2),
    # memory: what is row-major, and what is a copy
    ("torch.stack([Z(2, 3).t(), Z(2, 3).t()], 1).is_contiguous()", True),
    ("torch.topk(Z(2, 4, 3), 2, 1)[0].is_contiguous()", True),
    ("torch.kthvalue(Z(2, 4, 3), 2)[1].is_contiguous()", True),
    ("torch.mode(Z(2, 4, 3), 1)[1].is_contiguous()", True),
    ("torch.cross(Z(2, 3, 4), Z(2, 3, 4), 1).is_contiguous()", True),
    ("torch.multinomial(torch.ones(2, 5), 2).is_contiguous()", True),
    ("torch.nonzero(torch.ones(2, 3), as_tuple=True)[1].is_contiguous()", True),
    ("F.scaled_dot_product_attention(*[Z(2, 3, 4, 5)] * 3, is_causal=True).stride()",
     (60, 20, 5, 1)),
    ("F.scaled_dot_product_attention(*[Z(2, 3, 4, 5).swapaxes(1, 2)] * 3, is_causal=True).stride()",
     (60, 5, 20, 1)),
    ("(x := T(1.0), x.sort()[0].fill_(2.0), x.item())[2]", 1.0),
    ("(x := T(1.0), x.max(0)[0].fill_(2.0), x.item())[2]", 1.0),
    ("(x := T([True]), x.sign().fill_(False), x.item())[2]", True),
    ("(x := Z(1), x.diff(0).fill_(2.0), x.item())[2]", 0.0),
    ("(x := Z(1, 4, 2, 2), F.pixel_shuffle(x, 1).fill_(2.0), x.sum().item())[2]", 0.0),
    ("(x := Z(2), torch.histogram(x, x)[1].fill_(2.0), x.sum().item())[2]", 0.0),
    ("(x := Z(2), x.sum_to_size(2) is x)[1]", True),
    ("Z(3, 1).expand(3, 2).long().stride()", (2, 1)),
    ("(torch.manual_seed(0), [f'{x:.4f}' for x in Z(5, 5).t().normal_()[0].tolist()])[1]",
     ["1.5410", "-1.3986", "-0.5966", "0.1227", "0.3704"]),
    ("(torch.manual_seed(0), [f'{x:.4f}' for x in Z(2, 3).t().uniform_()[0].tolist()])[1]",
     ["0.4963", "0.1320"]),
    ("(torch.manual_seed(0), [f'{x:.4f}' for x in torch.randn_like(Z(5, 5).t())[0].tolist()])[1]",
     ["1.5410", "-1.3986", "-0.5966", "0.1227", "0.3704"]),
    ("(torch.manual_seed(0), x := Z(5, 5, 2)[..., 0], torch.randn(5, 5, out=x) is x,"
     " [f'{x:.4f}' for x in x[0].tolist()])[2:]",
     (True, ["1.5410", "-0.2934", "-2.1788", "0.5684", "-1.0845"])),
    ("[(f(x, 0.5, training, True) is x) for training in (True, False) for n, f in"
     " ((2, F.dropout1d), (4, F.dropout3d)) for x in (Z(*[2] * n),)]", [True] * 4),
    # the memory that a tensor lies in, beyond its own elements
    ("torch.arange(6)[3:].detach().as_strided((2, 2), (2, 1), 1).tolist()", [[1, 2], [3, 4]]),
    ("(x := torch.arange(6), x[4:].detach().as_strided((2,), (1,), 0).fill_(9), x.tolist())[2]",
     [9, 9, 2, 3, 4, 5]),
    ("torch.arange(6).reshape(2, 3).t().resize_(2, 2).tolist()", [[0, 1], [2, 3]]),
    ("torch.arange(6).reshape(2, 3).t().resize_(4, 2).tolist()[:3]", [[0, 1], [2, 3], [4, 5]]),
    ("(x := torch.arange(6), y := x[2:3].resize_(3), y.fill_(9), x.tolist())[3]",
     [0, 1, 9, 9, 9, 5]),
    ("[f(x, *n, out=[Z(2), Z(2)]) for f, x, n in ((torch.unbind_copy, Z(2, 2), ()),"
     " (torch.split_copy, Z(4), (2,)), (torch.split_with_sizes_copy, Z(4), ([2, 2],)))]",
     [None] * 3),
    # bytes are resampled in whole numbers
    ("[F.interpolate(T([[[[0, 5], [10, 15]]]]).byte(), (3, 3), mode='bilinear', antialias=smooth)"
     "[0, 0].tolist() for smooth in (False, True)]", [[[0, 3, 5], [5, 8, 10], [10, 13, 15]]] * 2),
    ("[F.interpolate(T([[[[0, 5], [10, 15]]]]).byte(), (3, 3), mode='bicubic', antialias=smooth)"
     "[0, 0].tolist() for smooth in (False, True)]", [[[0, 2, 4], [5, 8, 10], [11, 14, 16]]] * 2),
    ("F.interpolate((torch.arange(36) * 37 % 256).byte().reshape(1, 1, 6, 6), (2, 7),"
     " mode='bicubic')[0, 0].tolist()",
     [[232, 41, 10, 59, 91, 125, 153], [118, 146, 180, 237, 158, 0, 51]]),
    # places between elements are rounded to float32
    ("F.interpolate((torch.arange(456) * 37 % 101)[None, None].float(), 270, mode='linear')"
     "[0, 0, [65, 201, 268]].tolist()", [34.522247314453125, 49.011688232421875, 94.7669677734375]),
    # complex numbers
    ("(x := T([[4 + 0j]]).requires_grad_(), torch.linalg.cholesky(x, upper=True).backward("
     "T([[1j]])), x.grad.item())[2]", -0.25j),
    ("torch.linalg.lstsq(T([[2 + 0j]]), T([[2j]]), driver='gels').solution.item()", 1j),
    # products to a single number are not those that autocast casts
    ("(c := torch.autocast('cpu', torch.bfloat16), c.__enter__(), [torch.tensordot(Z(n, 2), "
     "Z(2, n), 1).dtype.itemsize for n in (1, 2)], c.__exit__(None, None, None))[2]", [4, 2]),
    # values
    ("torch.angle(T([float('inf'), -float('inf')])).tolist()", [0.0, 3.1415927410125732]),
    ("torch.special.zeta(T(1.5), T(-1.0)).item()", float("inf")),
    ("T([1.0]).polygamma(n=1).tolist()", [1.6449340581893921]),
    ("F.multi_margin_loss(Z(2), T([0]), reduction='none').shape", (1,)),
    ("f'{torch.special.ndtri(T(1e-300, dtype=torch.float64)).item():.12f}'", "-37.047096299361"),
    ("f'{torch.special.scaled_modified_bessel_k0(T(1e20, dtype=torch.float64)).item():.9e}'",
     "1.253314137e-10"),
    ("torch.i0(T([1e308], dtype=torch.float64)).item()", float("inf")),
    ("[tuple(f(Z(0, 2, *[3] * n), 3).shape) for n, f in "
     "enumerate((F.max_pool1d, F.max_pool2d, F.max_pool3d), 1)]",
     [(0, 2, 1), (0, 2, 1, 1), (0, 2, 1, 1, 1)]),
    ("[f(lambda x: x.half())(T([1.0, 2.0])).dtype.itemsize for f in "
     "(torch.func.jacfwd, torch.func.jacrev)]", [2, 4]),
    # the dtype of what is computed in an argument's memory
    ("[f(Z(2), Z(2).double()).dtype.itemsize for f in (F.huber_loss, F.soft_margin_loss, "
     "F.binary_cross_entropy_with_logits, F.mse_loss, torch.normal)]", [4, 4, 8, 8, 4]),
    ("[f(Z(2), Z(2), weight=Z(2).double()).dtype.itemsize for f in "
     "(F.binary_cross_entropy, F.binary_cross_entropy_with_logits)]", [4, 4]),
    ("[F.instance_norm(Z(3, 2, 4), Z(2).double(), Z(2).double(), Z(2), Z(2), use).dtype.itemsize "
     "for use in (True, False)]", [4, 4]),
    # slopes where a function ends, or meets a NaN
    ("(x := T([-1.0, 2.0, 0.5], requires_grad=True), x.logit().sum().backward(), "
     "str(x.grad.tolist()))[2]", "[nan, nan, 4.0]"),
    ("(x := T([0.0, 0.0], requires_grad=True), "
     "torch.xlogy(x, T([float('nan'), -1.0])).sum().backward(), str(x.grad.tolist()))[2]",
     "[nan, 0.0]"),
    ("(x := T([1.0, 2.0], requires_grad=True), torch.nextafter(x, T(1.0)).sum().backward(), "
     "x.grad.tolist())[2]", [0.0, 1.0]),
    ("(x := T([float('nan')], requires_grad=True), "
     "F.rrelu(x, training=True).sum().backward(), x.grad.tolist())[2]", [1.0]),
    ("torch.addcmul(Z(1).double(), T([0.1]).bfloat16(), T([0.3]), value=3).item()",
     0.09008789420477115),
    # counting
    ("F.avg_pool1d(T([[1, 2, 4, 7, -5, -8]]), 3, 1, 1).tolist()", [[1, 2, 4, 2, -2, -4]]),
    ("torch.linalg.matrix_norm(Z(3, 0), 1).item()", 0.0),
    ("torch.linalg.matrix_exp(Z(1, 1).half()).item()", 1.0),
    ("torch.linalg.matrix_rank(Z(0, 2, 2), out=T([])).tolist()", []),
    ("torch.linalg.lstsq(torch.eye(1), torch.ones(1, 1), out=(x := Z(0), Z(0), T([]).long(), Z(0)))"
     "[0] is x", True),
    ("torch.addr(T([[True]]), T([True]), T([False]), beta=0, alpha=3).tolist()", [[False]]),
    ("torch.searchsorted(T([3, 1, 2]), T([2]), sorter=T([1, 2, 0])).tolist()", [1]),
    ("torch.searchsorted(Z(0), Z(2)).tolist()", [0, 0]),
    ("torch.histogram(T([1.0, 2.0, 4.0]), T([0.0, 2.0, 5.0]))[0].tolist()", [1.0, 2.0]),
    ("torch.histogram(Z(0), 1, range=(2.0, 2.0))[1].tolist()", [1.5, 2.5]),
    ("torch.histogram(Z(0), 1)[1].tolist()", [0.0, 1.0]),
    ("torch.logcumsumexp(T([1 + 2j, 1e10 + 1e12j], dtype=torch.complex128), 0)[1].item()",
     1e10 + 1e12j),
    ("torch.sum(T([1.5, 1.5]), 0, out=T(0)).item()", 2),
    ("T([1.1, 2.3]).half().pow(3).tolist()", [1.3291015625, 12.1796875]),
    ("torch.addcmul(T([1]), T([1]), T([2]), value=1.5).tolist()", [3]),
    ("torch.prod(T([1.5, 1.5]), 0, out=T(0)).item()", 1),
    ("(torch.zeros(2) == T([1j, 0], dtype=torch.bool)).tolist()", [False, True]),
    ("torch.linalg.matrix_rank(Z(0, 2, 2)).tolist()", []),
    ("torch.matrix_power(T([[2.0]]), 3).tolist()", [[8.0]]),
    ("str(torch.nn.functional.margin_ranking_loss(T([1]), T([2]), T([1]), reduction='sum'))",
     "tensor(1.)"),
    ("torch.special.chebyshev_polynomial_w(T([1.0, -1.0, 2.0]), 1001).isnan().tolist()",
     [False, False, True]),
    ("torch.special.chebyshev_polynomial_w(T([1.0, -1.0]), 1001).tolist()", [2003.0, -1.0]),
    ("torch.special.laguerre_polynomial_l(T([1.0, 2.0]), T([1e20, float('nan')])).tolist()",
     [0.0, 0.0]),
    ("torch.special.chebyshev_polynomial_u(T([1.0, -1.0]), 100).tolist()", [101.0, 101.0]),
    ("torch.special.legendre_polynomial_p(T([1.0, -1.0]), 9999).tolist()", [1.0, -1.0]),
    ("torch.special.hermite_polynomial_h(T([1.0, -1.0]), 1e9).isnan().tolist()", [True, True]),
    ("torch.linalg.eigvals(T([[2.0]])).real.tolist()", [2.0]),
    ("torch.linalg.inv_ex(Z(1, 1))[1].item()", 1),
    # settings
    ("(torch.set_num_threads(1), torch.get_num_threads())", (None, 1)),
    ("torch.is_anomaly_enabled()", False),
    # storing
    ("__import__('pickle').loads(__import__('pickle').dumps(torch.int8)) is torch.int8", True),
    ("__import__('copy').deepcopy([x := Z(1), x])[0].tolist()", [0.0]),
    # writing by index
    ("(x := Z(2, 2), x.__setitem__(0, T([[1.0, 2.0]])), x.tolist())[2]", [[1.0, 2.0], [0.0, 0.0]]),
    ("(x := Z(2), x.__setitem__(True, 3.0), x.tolist())[2]", [3.0, 3.0]),
    ("(x := Z(2, 2), x.__setitem__(x == 0, T([[1.0, 2.0, 3.0, 4.0]])), x.sum().item())[2]", 10.0),
    ("(x := Z(2), x.random_(1, 2), x.tolist())[2]", [1.0, 1.0]),
    ("(x := Z(2), x.random_(1), x.tolist())[2]", [0.0, 0.0]),
    ("(x := Z(2), x.bernoulli_(1.0), x.tolist())[2]", [1.0, 1.0]),
    ("(x := Z(2), x.log_normal_(0.0, 0.0001), x.round().tolist())[2]", [1.0, 1.0]),
    ("Z(9).geometric_(0.5).ge(1).all().item()", True),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:set_num_threads")
@pytest.mark.parametrize(("code", "expected"), TABLE, ids=[code for code, _ in TABLE])
def test_what_it_gives(code: str, expected: Any) -> None:
    assert evaluated(code, minitorch_dl) == expected


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("code", "expected"), TABLE, ids=[code for code, _ in TABLE])
def test_pytorch_gives_it_too(code: str, expected: Any) -> None:
    assert evaluated(code, pytest.importorskip("torch")) == expected
