"""Names of how tensors are stored: layouts, memory formats and schemes of quantization.

Tensors here are ``strided`` or sparse; the other layouts and the schemes are only names that
programs compare with.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "channels_last", "channels_last_3d", "contiguous_format", "jagged", "layout",
    "legacy_contiguous_format", "memory_format", "per_channel_affine",
    "per_channel_affine_float_qparams", "per_channel_symmetric", "per_tensor_affine",
    "per_tensor_symmetric", "preserve_format", "qscheme", "sparse_bsc", "sparse_bsr", "sparse_coo",
    "sparse_csc", "sparse_csr", "strided",
]  # fmt: skip


class _Name:
    """A constant of the ``torch`` namespace, of which there is one object."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # pickled by name, so that what is loaded is the same object


class layout(_Name):
    """How a tensor's elements are kept: ``torch.strided``, ``torch.sparse_coo``, ..."""

    __slots__ = ()


class memory_format(_Name):
    """The order of a tensor's dimensions in memory: ``torch.channels_last``, ..."""

    __slots__ = ()


class qscheme(_Name):
    """How numbers are quantized: ``torch.per_tensor_affine``, ..."""

    __slots__ = ()


strided = layout("strided")
SPARSE = sparse_coo, sparse_csr, sparse_csc, sparse_bsr, sparse_bsc = tuple(
    layout(f"sparse_{name}") for name in ("coo", "csr", "csc", "bsr", "bsc")
)
"""Those of sparse tensors."""
jagged, _mkldnn = layout("jagged"), layout("_mkldnn")

contiguous_format = legacy_contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")

per_tensor_affine, per_tensor_symmetric = (
    qscheme("per_tensor_affine"),
    qscheme("per_tensor_symmetric"),
)
per_channel_affine = qscheme("per_channel_affine")
per_channel_symmetric = qscheme("per_channel_symmetric")
per_channel_affine_float_qparams = qscheme("per_channel_affine_float_qparams")

CHANNELS_LAST = {channels_last: 4, channels_last_3d: 5}
"""The formats with channels last, and for how many dimensions they are."""


def check_format(wanted: memory_format, ndim: int) -> None:
    """Refuse a format that tensors of ``ndim`` dimensions can't have."""
    rank = CHANNELS_LAST.get(wanted, ndim)
    if rank != ndim:
        raise RuntimeError(f"required rank {rank} tensor to use {wanted.name} format")


def check_sparse(op: str, layout: layout | None) -> None:
    """Refuse layouts that aren't sparse; None is any."""
    if layout is not None and layout not in SPARSE:
        raise RuntimeError(f"{op}(): expected a sparse layout, got {layout}")


def block_of(blocksize: Any) -> tuple[int, ...] | None:
    """The rows and columns of a block, which one number may stand for."""
    if blocksize is None:
        return None
    return (blocksize, blocksize) if isinstance(blocksize, int) else tuple(blocksize)
