"""The functions behind the layers, under PyTorch's names: re-exports of ``ops``.

>>> import minitorch_dl as torch
>>> import minitorch_dl.nn.functional as F
>>> F.linear(torch.ones(1, 2), torch.ones(3, 2))
tensor([[2., 2., 2.]])
"""

from ..ops.classification import cross_entropy, nll_loss
from ..ops.convolution import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from ..ops.linear import linear
from ..ops.softmax import log_softmax, softmax, softmin
