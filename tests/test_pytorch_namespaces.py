"""Names that PyTorch keeps elsewhere than this package, and functions of its top level."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.nn import functional as F

x = torch.rand(4, 3, 5)
w, m = torch.rand(3), torch.rand(6, 3)
probabilities, labels = torch.rand(4, 3), torch.tensor([1, 0, 1, 0])


def test_folders_of_pytorch_are_found_under_this_name() -> None:
    assert importlib.import_module("minitorch_dl.nn.modules.conv").Conv2d is torch.nn.Conv2d
    assert torch.nn.modules.batchnorm._BatchNorm.__name__ == "_BatchNorm"
    assert torch.nn.modules.utils._pair(3) == (3, 3)
    assert torch.nn.modules.linear.Linear is torch.nn.modules.Linear is torch.nn.Linear
    assert torch.distributions.normal.Normal is torch.distributions.Normal
    assert isinstance(1.0, torch.types.Number)
    assert isinstance(x, torch.types._TensorOrTensors)
    assert {"Conv2d", "Linear"} <= set(torch.nn.modules.__all__)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("minitorch_dl.nn.modules.nowhere")
    with pytest.raises(AttributeError, match=r"nn\.Linnear.*Nearest here: Linear"):
        torch.nn.Linnear  # noqa: B018


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (torch.batch_norm(x, w, None, None, None, True, 0.1, 1e-5, False),
         F.batch_norm(x, None, None, w, None, True)),
        (torch.instance_norm(x, None, w, None, None, True, 0.1, 1e-5, False),
         F.instance_norm(x, bias=w)),
        (torch.embedding(m, labels), F.embedding(labels, m)),
        (torch.kl_div(probabilities, probabilities, 2),
         F.kl_div(probabilities, probabilities, reduction="sum")),
        (torch.binary_cross_entropy_with_logits(probabilities, probabilities, None, w, 0),
         F.binary_cross_entropy_with_logits(
             probabilities, probabilities, pos_weight=w, reduction="none")),
        (torch.margin_ranking_loss(w, w, w, 0.5, 1), F.margin_ranking_loss(w, w, w, 0.5)),
        (torch.hinge_embedding_loss(w, w, reduction=1), F.hinge_embedding_loss(w, w)),
        (torch.cosine_embedding_loss(m[:4], probabilities, labels, reduction=1),
         F.cosine_embedding_loss(m[:4], probabilities, labels)),
        (torch.poisson_nll_loss(w, w, True, False, 1e-8, 1), F.poisson_nll_loss(w, w)),
        (torch.triplet_margin_loss(m, m + 1, m - 1, reduction=1),
         F.triplet_margin_loss(m, m + 1, m - 1)),
        (torch.ctc_loss(x[:, :1].log_softmax(2), labels[None, :1], (4,), (1,), 0, 2),
         F.ctc_loss(x[:, :1].log_softmax(2), labels[None, :1], (4,), (1,), reduction="sum")),
        (torch.convolution(x, x[:, :, :2], w[:0].sum().expand(4), 1, 0, 1, False, 0, 1),
         F.conv1d(x, x[:, :, :2])),
        (torch.convolution(x, m[:3, :, None], None, 2, 0, 1, True, 1, 1),
         F.conv_transpose1d(x, m[:3, :, None], stride=2, output_padding=1)),
        (torch.norm_except_dim(x, 2, 1).flatten(), x.transpose(0, 1).flatten(1).norm(dim=1)),
    ],
)  # fmt: skip
def test_functions_of_the_top_level(one: Any, other: Any) -> None:
    torch.testing.assert_close(one, other)


def test_questions_about_libraries_that_are_not_here() -> None:
    assert not torch.is_vulkan_available()
    names = "cusparselt kleidiai miopen nnpack quantized xnnpack"
    assert not any(getattr(torch.backends, name).is_available() for name in names.split())
    assert torch.backends.nnpack.set_flags(True) == (False,)
    assert torch.backends.quantized.supported_engines == ["none"]
    assert torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        assert not torch.backends.mha.get_fastpath_enabled()
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


def test_ops_of_programs_may_have_tags() -> None:
    @torch.library.custom_op("tagged::twice", mutates_args=(), tags=(torch.Tag.pointwise,))
    def twice(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    assert twice(torch.ones(1)).tolist() == [2.0]


def test_losses_of_the_top_level_are_not_reduced_unless_told() -> None:
    assert torch.kl_div(m, m).shape == torch.hinge_embedding_loss(m, m).shape == m.shape
    assert torch.binary_cross_entropy_with_logits(m, m).shape == m.shape
    assert torch.margin_ranking_loss(w, w, w).shape == w.shape
    assert torch.cosine_embedding_loss(m, m, torch.ones(len(m))).shape == m.shape[:1]
    assert torch.triplet_margin_loss(m, m, m).shape == m.shape[:1]
    logs = x[:, :1].log_softmax(2)
    assert torch.ctc_loss(logs, labels[None, :1], torch.tensor([4]), torch.tensor([1])).shape == (
        1,
    )


def test_the_backward_of_a_convolution() -> None:
    image, weight = torch.rand(1, 2, 4, 4, requires_grad=True), torch.rand(3, 2, 2, 2)
    y = F.conv2d(image, weight.requires_grad_(), torch.zeros(3))
    expected = torch.autograd.grad(y, (image, weight), torch.ones_like(y))
    options = ([3], 1, 0, 1, False, 0, 1)
    found = torch.library.ops.aten.convolution_backward(
        torch.ones_like(y), image, weight, *options, (True, True, False)
    )
    assert found[2] is None
    torch.testing.assert_close(found[:2], expected)


def test_the_old_way_to_set_the_default_dtype() -> None:
    before = torch.get_default_dtype()
    try:
        with pytest.warns(UserWarning, match="please use torch.set_default_dtype"):
            torch.set_default_tensor_type("torch.DoubleTensor")
        assert torch.ones(1).dtype is torch.float64
        with pytest.warns(UserWarning, match="please use torch.set_default_dtype"):
            torch.set_default_tensor_type(torch.FloatTensor)
        assert torch.ones(1).dtype is torch.float32
        with (
            pytest.warns(UserWarning, match="deprecated"),
            pytest.raises(TypeError, match="floating-point"),
        ):
            torch.set_default_tensor_type(torch.LongTensor)
    finally:
        torch.set_default_dtype(before)


def test_the_dtype_of_autocast() -> None:
    assert torch.get_autocast_dtype("cpu") is torch.bfloat16
    with torch.autocast("cpu", torch.float16):
        assert torch.get_autocast_dtype("cpu") is torch.float16
        assert torch.is_autocast_cpu_enabled()


def test_tensors_as_one_vector_and_back() -> None:
    from minitorch_dl._utils import _flatten_dense_tensors, _unflatten_dense_tensors

    tensors = [torch.arange(4.0).view(2, 2), torch.ones(3), torch.tensor(5.0)]
    flat = _flatten_dense_tensors(tensors)
    assert flat.tolist() == [0, 1, 2, 3, 1, 1, 1, 5]
    parts = _unflatten_dense_tensors(flat, tensors)
    assert all(map(torch.equal, parts, tensors))
    flat.zero_()  # the parts are views
    assert not any(part.any() for part in parts)


def test_tensors_in_lists_of_a_size_and_a_dtype() -> None:
    from minitorch_dl._utils import _take_tensors

    tensors = [torch.ones(3), torch.ones(2, dtype=torch.int64), torch.ones(1), torch.ones(9)]
    lists = [[x.numel() for x in some] for some in _take_tensors(tensors, 16)]
    assert lists == [[3, 1], [9], [2]]


def test_what_is_not_here_can_be_asked_for() -> None:
    from minitorch_dl._subclasses.fake_tensor import is_fake

    from minitorch_dl.distributed import autograd, rpc
    from minitorch_dl.utils import cpp_extension

    assert not is_fake(x)
    assert not torch._C._mps_is_available()
    assert not any([torch.has_cuda, torch.has_cudnn, torch.has_mps, torch.has_mkldnn])
    assert not rpc.is_available()
    assert not autograd.is_available()
    assert not cpp_extension.is_ninja_available()
    assert cpp_extension.include_paths() == cpp_extension.library_paths() == []
    for build in (cpp_extension.load, cpp_extension.BuildExtension, cpp_extension.CUDAExtension):
        with pytest.raises(RuntimeError, match="PyTorch's own library"):
            build("name", ["name.cpp"])
    with pytest.raises(RuntimeError, match="Ninja"):
        cpp_extension.verify_ninja_availability()
