"""Calls of ops that are refused: which exception, and what it says."""

from __future__ import annotations

import pytest

import minitorch_dl
from tests.refusals import Refusal, check, check_error

R, V, I, K = RuntimeError, ValueError, IndexError, TypeError

CREATION = [
    ("torch.zeros(2.5)", K, "expected integers, got (float)"),
    ("torch.zeros(-1)", R, "negative dimension"),
    ("torch.arange(0, 3, 0)", R, "step must be nonzero"),
    ("torch.arange(3, 0, 1)", R, "bound"),
    ("torch.arange(0, float('inf'))", R, "unsupported range"),
    ("torch.linspace(Z(2), 1, 3)", R, "0-dimensional"),
    ("torch.linspace(0, 1, -1)", R, "number of steps must be non-negative"),
    ("torch.empty_permuted((2, 3), (0,))", R, "len(size) = 2 is not equal"),
    ("torch.empty_permuted((2, 3), (0, 2))", R, "Dimension out of range"),
    ("torch.empty_permuted((2, 3), (1, 1))", R, "Duplicate dim not allowed"),
    ("torch.tril_indices(-1, 2)", R, "negative"),
    ("T([1, 2], requires_grad=True)", R, "Only Tensors of floating point"),
    ("T([[1, 2], [3]])", V, "length"),
    ("T(['a'])", K, "str", True),
    ("T([2**70])", V, "overflow"),
    ("torch.from_numpy([1.0])", K, "expected np.ndarray (got list)"),
    ("torch.asarray([1.0], copy=False)", V, "copy"),
    ("torch.finfo(torch.int32)", K, "requires a floating point input type"),
    ("torch.iinfo(torch.float32)", K, "requires an integer input type"),
    ("torch.set_default_dtype(torch.int64)", K, "floating-point types"),
    ("torch.promote_types(torch.int64, 3)", K, "dtype"),
    ("torch.signal.windows.hann(4, dtype=torch.float16)", V, "expects float32 or float64"),
    ("torch.signal.windows.general_cosine(4, a=3)", K, "must be a list/tuple"),
    ("torch.signal.windows.general_cosine(4, a=[])", V, "cannot be empty"),
    ("torch.signal.windows.hann(-1)", V, "non-negative window length"),
    ("torch.signal.windows.exponential(4, tau=0)", V, "Tau must be positive"),
    ("torch.signal.windows.exponential(4, center=1.0)", V, "Center must be None"),
    ("torch.signal.windows.gaussian(4, std=0)", V, "must be positive"),
]

CONVERSION = [
    ("Z(2).item()", R, "cannot be converted to Scalar"),
    ("Z(2).requires_grad_().numpy()", R, "detach"),
    ("Z(2).requires_grad_().__dlpack__()", BufferError, "tensor.detach()"),
    ("Z(2).to(speed=1)", K, "unexpected keyword argument 'speed'", True),
    ("bool(Z(2))", R, "more than one value is ambiguous"),
    ("bool(Z(0))", R, "no values is ambiguous"),
    ("[1, 2][T(1.0)]", K, "only integer tensors of a single element"),
    ("len(T(1.0))", K, "len() of a 0-d tensor"),
    ("iter(T(1.0))", K, "iteration over a 0-d tensor"),
    ("'a' in Z(2)", R, "__contains__"),
    ("__import__('copy').deepcopy(Z(2).requires_grad_() * 2)", R, "deepcopy"),
    ("torch.device('cpu:x')", R, "invalid device string"),
    ("torch.device('cpu:0', 1)", R, "index"),
    ("torch.device('abacus')", R, "abacus"),
    ("torch.device(1.5)", K, "device"),
]

INDEXING = [
    ("Z(4)[::0]", V, "step must be greater than zero"),
    ("Z(4)[..., ...]", I, "single ellipsis", True),
    ("Z(2, 3)[0, 1, 2]", I, "too many indices"),
    ("Z(2, 3)[..., 7]", I, "out of bounds for dimension 1 with size 3"),
    ("Z(3)[T([1.0])]", I, "long, int, byte or bool"),
    ("Z(3)['a']", I, "only integers, slices", True),
    ("Z(3)[T([True, False])]", I, "does not match"),
    ("Z(4, 4)[T([0, 1]), T([0, 1, 2])]", I, "broadcast"),
    ("Z(3).__setitem__(0, 'a')", K, "can't assign a str"),
    ("Z(3).__setitem__(slice(0, 2), Z(3))", R, "shape mismatch", True),
    ("torch.narrow(T(1.0), 0, 0, 1)", R, "cannot be applied to a 0-dim tensor"),
    ("torch.narrow(Z(4), 0, 5, 1)", I, "start out of range"),
    ("torch.narrow(Z(4), 0, 2, 3)", R, "exceeds dimension size (4)"),
    ("torch.narrow(Z(4), 0, T(1.5), 1)", R, "start must be"),
    ("torch.narrow(Z(4), 0, 0, -1)", R, "length must be non-negative"),
    ("torch.select(Z(4), 0, 4)", I, "out of range"),
    ("Z(4).index_put((), T(1.0))", R, "at least one", True),
]

SHAPES = [
    ("torch.cat([])", V, "non-empty list"),
    ("torch.cat(Z(2))", K, "must be tuple of Tensors"),
    ("torch.stack([])", R, "non-empty TensorList"),
    ("torch.hstack([])", R, "non-empty TensorList"),
    ("torch.column_stack([])", R, "non-empty TensorList"),
    ("torch.meshgrid(Z(2), indexing='ji')", R, "indexing must be one of"),
    ("torch.combinations(Z(2, 2))", R, "Expect a 1D vector"),
    ("torch.combinations(Z(2), -1)", R, "non-negative number"),
    ("torch.unbind(T(1.0))", I, "no dimensions"),
    ("torch.split(T(1.0), 1)", R, "at least a 1-dimensional"),
    ("torch.split(Z(3), 0)", R, "split_size can only be 0"),
    ("torch.split(Z(3), -1)", R, "non-negative"),
    ("torch.split(Z(3), [1, 1])", R, "exactly to 3"),
    ("torch.chunk(T(1.0), 1)", R, "at least a 1-dimensional"),
    ("torch.chunk(Z(3), 0)", R, "greater than 0"),
    ("torch.tensor_split(T(1.0), 2)", R, "at least a 1-dimensional"),
    ("torch.tensor_split(Z(3), 0)", R, "larger than 0"),
    ("torch.vsplit(Z(3), 2)", R, "at least 2 dimensions"),
    ("torch.broadcast_shapes((2, -1))", V, "negative dimension"),
    ("Z(2, 3).repeat(2)", R, "can not be smaller than number of dimensions"),
    ("torch.repeat_interleave(Z(2), -1)", R, "non-negative"),
    ("torch.repeat_interleave(Z(2), T([1, -1]))", R, "can not be negative"),
    ("torch.repeat_interleave(Z(2), T([1, 2, 3]))", R, "same size"),
    ("torch.repeat_interleave(Z(2), T([1.0, 2.0]))", R, "1D int vector"),
    ("torch.roll(Z(3), ())", R, "`shifts` required"),
    ("torch.roll(Z(3), (1, 2), (0,))", R, "must align"),
    ("torch.roll(T(1.0), 1, 0)", I, "no dimensions"),
    ("torch.rot90(Z(3, 3), 1, (0,))", R, "total rotation dims == 2"),
    ("torch.rot90(Z(3), 1, (0, 1))", R, "total dims >= 2"),
    ("torch.rot90(Z(3, 3), 1, (0, -2))", R, "different"),
    ("torch.diagonal(Z(3, 3), 0, 1, 1)", R, "cannot be identical"),
    ("torch.diag(Z(2, 2, 2))", R, "1D or 2D"),
    ("Z(3).fill_diagonal_(1)", R, "larger than 1"),
    ("Z(3).unfold(0, 4, 1)", R, "maximum size for tensor at dimension 0 is 3"),
    ("Z(3).unfold(0, 2, 0)", R, "must be > 0"),
    ("torch.select_scatter(Z(3), T(1.0), 0, 3)", I, "out of range"),
    ("Z(3).as_strided((2, 2), (1,))", R, "mismatch in length"),
    ("Z(3).as_strided((2,), (-1,))", R, "Negative strides"),
    ("Z(3).as_strided((2,), (1,), -1)", R, "invalid storage offset"),
    ("Z(3).requires_grad_().resize_(4)", R, "cannot resize variables that require grad"),
    ("torch.movedim(Z(2, 3), (0, 0), (0, 1))", R, "repeated dim"),
    ("Z(3).expand(-1, 3)", R, "isn't allowed in a leading"),
    ("Z(2, 3).expand(3)", R, "must be greater or equal"),
    ("Z(2, 3).view(4, -1)", R, "invalid for input of size 6"),
    ("torch.diff(T(1.0))", R, "at least one-dimensional"),
    ("torch.diff(Z(3), -1)", R, "non-negative"),
    ("torch.diff(Z(3), prepend=Z(1, 1))", R, "same dimension"),
    ("torch.trapezoid(Z(3), Z(2))", R, "one `x` value for each sample point"),
    ("torch.gradient(Z(4, 4), dim=(0, 0))", R, "multiple times"),
    ("torch.gradient(Z(4, 4), spacing=(1.0,))", R, "spacing"),
]

COUNTING = [
    ("torch.histc(Z(3), 0)", R, "bins must be > 0"),
    ("torch.histc(Z(3), 2, 3, 1)", R, "max must be larger than min"),
    ("torch.histc(T([float('inf')]), 2)", R, "not finite"),
    ("torch.unravel_index(Z(2), (2, 2))", K, "integer dtype"),
    ("torch.searchsorted(Z(3), Z(1), side='middle')", R, "can only be 'left' or 'right'"),
    ("torch.searchsorted(Z(3), Z(1), side='left', right=True)", R, "opposites"),
    ("torch.searchsorted(T(1.0), Z(1))", R, "at least one dim"),
    ("torch.searchsorted(Z(3), Z(1), sorter=Z(3))", R, "long dtype but got dtype"),
    ("torch.searchsorted(Z(3), Z(1), sorter=T([0, 1]))", R, "must have the same size"),
    ("torch.searchsorted(Z(3), Z(1), sorter=T([0, 1, 3]))", R, "out of range"),
    ("torch.unique(Z(0, 2, 0), dim=1)", R, "only if no other dim"),
    ("torch.normal(1.0, 2.0)", K, "size"),
]

MATRICES = [
    ("torch.linalg.qr(Z(2, 2), 'half')", R, "'half'"),
    ("torch.linalg.eigh(Z(2, 2), 'X')", R, "'L' or 'U'"),
    ("torch.pca_lowrank(Z(2, 2), 3)", V, "not greater than 2"),
    ("torch.linalg.lstsq(Z(2, 2), Z(2, 1), driver='gel')", R, "driver"),
    ("torch.linalg.matrix_power(Z(2), 2)", R, "at least 2 dimensions"),
    ("torch.linalg.matrix_power(Z(2, 3), 2)", R, "square"),
    ("torch.linalg.tensorinv(Z(2, 2), 0)", R, "strictly positive"),
    ("torch.linalg.vander(T(1.0))", R, "at least 1 dimension"),
    ("torch.vander(Z(2), -1)", R, "non-negative"),
    ("torch.linalg.vector_norm(Z(2, 0), -1, 1)", R, "identity"),
    ("torch.linalg.vector_norm(Z(2), dtype=torch.int64)", R, "dtype"),
    ("torch.linalg.matrix_norm(Z(2))", R, "at least 2 dimensions"),
    ("torch.linalg.matrix_norm(Z(2, 2), dim=(0,))", R, "2-tuple"),
    ("torch.linalg.norm(Z(2, 2, 2), 2)", R, "1D or 2D"),
    ("torch.linalg.norm(Z(2), 'fro', 0)", R, "order", True),
    ("torch.einsum('i')", V, "at least one operand"),
    ("torch.einsum('1', Z(2))", R, "subscript"),
    ("torch.einsum('i,j', Z(2))", R, "operands"),
    ("torch.einsum('ij', Z(2))", R, "dimensions"),
    ("torch.einsum('ii', Z(2, 3))", R, "does not broadcast"),
    ("torch.einsum('i->j', Z(2))", R, "output"),
    ("torch.linalg.lu_factor_ex(Z(2, 2), check_errors=True)", R, "1"),
    ("torch.lu_unpack(Z(2, 2), T([1, 2]))", R, "int32"),
    ("torch.linalg.householder_product(Z(2, 3), Z(1))", R, "greater than or equal"),
    ("torch.linalg.householder_product(Z(3, 1), Z(2))", R, "greater than or equal"),
    ("torch.linalg.cholesky(Z(2, 2))", "LinAlgError", "positive-definite"),
]

NETWORK = [
    ("F.interpolate(Z(1, 1, 4), 2, align_corners=True)", V, "align_corners"),
    ("F.interpolate(Z(1, 1, 4), 2, mode='bilinear')", NotImplementedError, "bilinear mode"),
    ("F.interpolate(Z(1, 1, 4), 2, mode='linear', antialias=True)", V, "bilinear and bicubic"),
    ("F.interpolate(Z(1, 1, 4))", V, "should be defined"),
    ("F.interpolate(Z(1, 1, 4), 2, 2.0)", V, "only one of size or scale_factor"),
    ("F.interpolate(Z(1, 1, 4), 2, recompute_scale_factor=True)", V, "recompute_scale_factor"),
    ("F.interpolate(Z(1, 1, 4), (2, 2))", V, "spatial"),
    ("F.grid_sample(Z(1, 1, 2, 2), Z(1, 2, 2, 2), mode='best', align_corners=False)", V, "'best'"),
    ("F.grid_sample(Z(1, 1, 0, 2), Z(1, 2, 2, 2), align_corners=False)", R, "non-empty"),
    ("F.grid_sample(Z(1, 1, 2, 2, 2), Z(1, 2, 2, 2, 3), mode='bicubic', align_corners=False)",
     R, "only supports 4D"),
    ("F.affine_grid(Z(1, 2, 3), (1, 1, 0, 2), align_corners=False)", V, "positive output size"),
    ("F.multi_margin_loss(Z(2, 3), T([0, 1]), p=3)", V, "only p == 1 and p == 2"),
    ("F.multi_margin_loss(Z(2, 3), T([0, 1]), weight=Z(2, 2))", V, "one-dimensional"),
    ("F.multi_margin_loss(Z(2, 3), T([0, 1]), weight=Z(2))", R, "weight must have 3"),
    ("F.multi_margin_loss(Z(2, 3), Z(2))", R, "target"),
    ("F.triplet_margin_loss(Z(2), Z(2), Z(2), margin=0.0)", V, "greater than 0"),
    ("F.ctc_loss(T([[[1]]]), T([[1]]), (1,), (1,))", R, "log_probs"),
    ("F.ctc_loss(Z(2, 1, 3), T([[1]]), (2,), (1,), blank=3)", R, "label range"),
    ("F.ctc_loss(Z(2, 1, 3), Z(1, 1), (2,), (1,))", R, "targets", True),
    ("F.ctc_loss(Z(2, 2, 3), T([[1], [1]]), (2,), (1, 1))", R, "batch"),
    ("F.ctc_loss(Z(2, 1, 3), T([[1]]), (2,), (2,))", R, "target"),
    ("F.ctc_loss(Z(2, 2, 3), T([1]), (2, 2), (1, 1))", R, "targets", True),
    ("F.embedding(T([0]), Z(2, 3), padding_idx=2)", AssertionError, "within num_embeddings"),
    ("F.embedding_bag(T([[0]]), Z(2, 3), mode='sum', per_sample_weights=Z(2, 1))", V, "shape"),
    ("F.embedding_bag(T([[0]]), Z(2, 3), mode='max', scale_grad_by_freq=True)", V, "max mode"),
    ("F.embedding_bag(T([[0]]), Z(2, 3), T([0]))", V, "offsets"),
    ("F.embedding_bag(T([0]), Z(2, 3), Z(0).long(), include_last_offset=True)", R, "at least one",
     True),
    ("F.multi_head_attention_forward(Z(2, 1, 4), Z(2, 1, 4), Z(2, 1, 4), 3, 2, Z(12, 4), None, "
     "None, None, False, 0.0, Z(4, 4), None)", AssertionError, "was expecting embedding dimension"),
    ("F.multi_head_attention_forward(Z(2, 1, 4), Z(2, 1, 4), Z(2, 1, 4), 4, 3, Z(12, 4), None, "
     "None, None, False, 0.0, Z(4, 4), None)", AssertionError, "not divisible by num_heads"),
    ("F.multi_head_attention_forward(Z(2, 1, 4), Z(2, 1, 4), Z(3, 1, 4), 4, 2, Z(12, 4), None, "
     "None, None, False, 0.0, Z(4, 4), None)", AssertionError, "(3, 1, 4)"),
    ("F.multi_head_attention_forward(Z(2, 1, 4), Z(2, 1, 4), Z(2, 1, 4), 4, 2, Z(12, 4), None, "
     "Z(1, 1, 4), None, False, 0.0, Z(4, 4), None)", AssertionError, ""),
    ("F.multi_head_attention_forward(Z(2, 1, 4), Z(2, 1, 4), Z(2, 1, 4), 4, 2, Z(12, 4), None, "
     "None, None, False, 0.0, Z(4, 4), None, attn_mask=T([[1, 0], [0, 1]]))", AssertionError,
     "only bool and floating types"),
    ("F.multi_head_attention_forward(Z(2, 1, 4), Z(2, 1, 4), Z(2, 1, 4), 4, 2, Z(12, 4), None, "
     "None, None, False, 0.0, Z(4, 4), None, key_padding_mask=Z(2))", AssertionError, "2-D"),
    ("F.multi_head_attention_forward(Z(2, 4), Z(2, 4), Z(2, 4), 4, 2, Z(12, 4), None, "
     "None, None, False, 0.0, Z(4, 4), None, attn_mask=Z(1, 2, 2))", AssertionError, "(2, 2, 2)"),
    ("F.multi_head_attention_forward(Z(2, 1, 4), Z(2, 1, 4), Z(2, 1, 4), 4, 2, Z(12, 4), None, "
     "None, None, False, 0.0, Z(4, 4), None, static_k=Z(1, 2, 2))", AssertionError, "static_k"),
]  # fmt: skip

TABLE = [
    Refusal(*row) for row in (
        *CREATION, *CONVERSION, *INDEXING, *SHAPES, *COUNTING, *MATRICES, *NETWORK,
    )
]  # fmt: skip


@pytest.mark.parametrize("refusal", TABLE, ids=lambda refusal: refusal.code)
def test_the_call_is_refused(refusal: Refusal) -> None:
    check(refusal, minitorch_dl)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("refusal", TABLE, ids=lambda refusal: refusal.code)
def test_pytorch_refuses_it_alike(refusal: Refusal) -> None:
    check_error(refusal, pytest.importorskip("torch"))
