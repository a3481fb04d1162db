"""What the network ops refuse, and that the text says why."""

from __future__ import annotations

from typing import Any

import pytest

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl.testing import fake_gpu

fake_gpu.register()


def zeros(*shape: int) -> Any:
    return torch.zeros(shape)


def labels(*values: int) -> Any:
    return torch.tensor(values)


def conv(x: Any, bias: Any = None, **options: Any) -> Any:
    return F.conv2d(x, zeros(8, 3, 3, 3), bias, **options)


WRONG_CHANNELS = (
    r"Given groups=1, weight of size \[8, 3, 3, 3\], expected input\[2, 4, 8, 8\] to have 3 "
    "channels, but got 4 channels instead"
)
IMAGE = (1, 3, 4, 4)
REFUSED = {
    WRONG_CHANNELS: lambda: conv(zeros(2, 4, 8, 8)),
    r"Expected 3D \(unbatched\) or 4D": lambda: conv(zeros(8, 8)),
    r"Kernel size: \(3 x 3\)": lambda: conv(zeros(1, 3, 2, 2)),
    "bias to be 1-dimensional with 8": lambda: conv(zeros(*IMAGE), zeros(3)),
    "non-positive stride": lambda: conv(zeros(*IMAGE), stride=0),
    "negative padding": lambda: conv(zeros(*IMAGE), padding=-1),
    "padding='same' is not": lambda: conv(zeros(*IMAGE), padding="same", stride=2),
    r"Input type \(float64\)": lambda: conv(zeros(*IMAGE).double()),
    "smaller than either stride or dilation": lambda: F.conv_transpose2d(
        zeros(*IMAGE), zeros(3, 2, 3, 3), output_padding=1
    ),
    r"\[2, 3\] needs a weight of size": lambda: F.linear(zeros(2, 3), zeros(4, 5)),
    "same dtype": lambda: F.linear(zeros(2, 3), zeros(4, 3).double()),
    "Output size is too small": lambda: F.max_pool2d(zeros(1, 1, 2, 2), 3),
    "at most half": lambda: F.max_pool2d(zeros(1, 1, 4, 4), 2, padding=2),
    r"with shape \[\*, 4\]": lambda: F.layer_norm(zeros(2, 3), (4,)),
    "divisible by num_groups": lambda: F.group_norm(zeros(2, 3), 2),
    "should contain 3 elements": lambda: F.batch_norm(zeros(2, 3), zeros(4), zeros(4)),
    "product of kernel_size": lambda: F.fold(zeros(1, 5, 4), (3, 3), 2),
    "square of upscale_factor": lambda: torch.pixel_shuffle(zeros(1, 3, 2, 2), 2),
    "same batch size": lambda: F.grid_sample(
        zeros(1, 1, 2, 2), zeros(2, 2, 2, 2), align_corners=True
    ),
    "all 3 classes": lambda: F.cross_entropy(zeros(2, 3), labels(0, 1), zeros(4)),
    "between 0 and 1": lambda: F.binary_cross_entropy(zeros(2) + 2, zeros(2)),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_does_not_fit_is_a_runtime_error(text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        REFUSED[text]()


BAD_VALUES = {
    r"batch_size \(2\) to match": lambda: F.cross_entropy(zeros(2, 3), labels(0, 1, 2)),
    "average is not a valid value": lambda: F.mse_loss(zeros(2), zeros(2), reduction="average"),
    "but got 1.5": lambda: F.dropout(zeros(2), 1.5),
    "more than 1 value": lambda: F.batch_norm(zeros(1, 3), None, None, training=True),
    "same as input size": lambda: F.binary_cross_entropy_with_logits(zeros(2), zeros(3)),
    "either size or scale_factor": lambda: F.interpolate(zeros(1, 1, 2)),
    "offsets has to be a 1D Tensor": lambda: F.embedding_bag(labels(0, 1), zeros(3, 2)),
}


@pytest.mark.parametrize("text", BAD_VALUES)
def test_bad_values_are_value_errors(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        BAD_VALUES[text]()


@pytest.mark.parametrize("device", ["cpu", "fakegpu"])
@pytest.mark.parametrize("label", [-1, 3])
@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
def test_labels_out_of_range_name_the_label_and_the_range(
    loss: Any, label: int, device: str
) -> None:
    scores, target = zeros(2, 3).to(device), labels(0, label).to(device)
    with pytest.raises(IndexError, match=rf"Target {label} is out of bounds.*\[0, 2\]"):
        loss(scores, target).item()  # a device other than the CPU says so when it is read
    loss(scores, target, ignore_index=label)


@pytest.mark.parametrize("device", ["cpu", "fakegpu"])
@pytest.mark.parametrize("index", [-1, 4])
def test_indices_out_of_range_name_the_index_and_the_range(index: int, device: str) -> None:
    table, indices = zeros(4, 2).to(device), labels(0, index).to(device)
    with pytest.raises(IndexError, match=rf"{index} is not in \[0, 3\]"):
        F.embedding(indices, table).cpu()
    with pytest.raises(RuntimeError, match=rf"idx < num_embeddings = 4 but found .* {index}"):
        F.embedding_bag(indices[None], table).cpu()


def test_labels_on_another_device_are_refused() -> None:
    with pytest.raises(
        RuntimeError, match="ctc_loss expected all tensors to be on the same device"
    ):
        F.ctc_loss(zeros(3, 1, 2).to("fakegpu"), labels(1)[None], (3,), (1,))


def test_older_reduction_arguments_warn() -> None:
    x, y = torch.tensor([1.0, 2.0]), zeros(2)
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        loss = F.mse_loss(x, y, size_average=False)
    assert loss.item() == 5
    with pytest.warns(UserWarning, match="please use reduction='none' instead"):
        loss = F.mse_loss(x, y, reduce=False)
    assert loss.tolist() == [1, 4]


def test_a_target_of_another_size_warns() -> None:
    with pytest.warns(UserWarning, match="different to the input size"):
        F.mse_loss(zeros(2, 1), zeros(2))


@pytest.mark.parametrize("loss", [F.l1_loss, F.mse_loss, F.smooth_l1_loss])
def test_a_single_target_decides_the_dtype_as_one_of_the_input_s_size(loss: Any) -> None:
    with pytest.warns(UserWarning, match="different to the input size"):
        y = loss(torch.ones(2, dtype=torch.float16), torch.tensor(3.0))
    assert y.dtype is torch.float32
