"""Batches of sequences of unequal length: padded, or packed without the padding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...autograd.public_functions import public
from ...backend import dtypes
from ...ops import argsort, as_tensor, cat, full, tensor
from ...ops.joining import pad_sequences
from ...tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence",
    "pad_packed_sequence", "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences of unequal length, time step after time step, without padding.

    Attributes:
        data: the rows of step 0 of all sequences, then those of step 1, ...
        batch_sizes: how many sequences have a step t, int64 on the CPU.
        sorted_indices, unsorted_indices: how the sequences were sorted by length, and back.
    """

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be "
                "created manually. They should be instantiated by functions like pack_sequence and "
                "pack_padded_sequence"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _moved(self, data: Tensor) -> PackedSequence:
        if data is self.data:
            return self
        indices = [
            None if i is None else i.to(data.device)
            for i in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(data, self.batch_sizes, *indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequences in another dtype or on another device."""
        return self._moved(self.data.to(*args, **kwargs))

    def cpu(self) -> PackedSequence:
        """To host memory."""
        return self.to("cpu")

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """To the GPU."""
        return self._moved(self.data.cuda(*args, **kwargs))

    def double(self) -> PackedSequence:
        """To float64."""
        return self._moved(self.data.double())

    def float(self) -> PackedSequence:
        """To float32."""
        return self._moved(self.data.float())

    def half(self) -> PackedSequence:
        """To float16."""
        return self._moved(self.data.half())

    def long(self) -> PackedSequence:
        """To int64."""
        return self._moved(self.data.long())

    def int(self) -> PackedSequence:
        """To int32."""
        return self._moved(self.data.int())

    def short(self) -> PackedSequence:
        """To int16."""
        return self._moved(self.data.short())

    def char(self) -> PackedSequence:
        """To int8."""
        return self._moved(self.data.char())

    def byte(self) -> PackedSequence:
        """To uint8."""
        return self._moved(self.data.byte())

    def pin_memory(self) -> PackedSequence:
        """Accepted for PyTorch's sake; returns the sequences."""
        return self

    def is_pinned(self) -> bool:
        """Whether the memory is page-locked: never here."""
        return False

    @property
    def is_cuda(self) -> bool:
        return self.data.is_cuda


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes ``permutation``."""
    return None if permutation is None else argsort(permutation)


def _lengths(lengths: Any) -> np.ndarray:
    if isinstance(lengths, Tensor):
        if lengths.device.type != "cpu":
            raise RuntimeError(
                "'lengths' argument should be a 1D CPU int64 tensor, but got it on "
                f"{lengths.device}"
            )
        lengths = lengths.numpy()
    lengths = np.asarray(lengths, dtype=np.int64)
    if lengths.ndim != 1:
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.ndim}D"
        )
    return lengths


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Leave the padding out of ``(T, B, *)`` (or ``(B, T, *)`` if ``batch_first``).

    Args:
        lengths: the length of each sequence, at least 1.
        enforce_sorted: the sequences come longest first; False sorts them.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.nn.utils.rnn import pack_padded_sequence
    >>> padded = torch.tensor([[1, 2, 3], [4, 5, 0]])
    >>> pack_padded_sequence(padded, [3, 2], batch_first=True).data
    tensor([1, 4, 2, 5, 3])
    """
    if not input.numel():
        raise RuntimeError(f"Cannot pack empty tensors: got an input of shape {list(input.shape)}")
    sizes = _lengths(lengths)
    if enforce_sorted:
        order = None
    else:
        positions = np.argsort(-sizes, kind="stable")
        sizes = sizes[positions]
        order = as_tensor(positions, device=input.device)
        input = input.index_select(0 if batch_first else 1, order)
    x = input.transpose(0, 1) if batch_first else input
    if len(sizes) != x.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(sizes)} "
            f"(batch_size={x.shape[1]})"
        )
    if sizes.min() <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if (np.diff(sizes) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement"
        )
    if sizes[0] > x.shape[0]:
        raise RuntimeError(
            f"Expected the lengths to be at most the input's {x.shape[0]} steps, but got {sizes[0]}"
        )
    batch_sizes = (np.arange(sizes[0])[:, None] < sizes).sum(1)
    kept = np.concatenate([np.arange(n) + t * x.shape[1] for t, n in enumerate(batch_sizes)])
    rows = x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])
    data = rows.index_select(0, as_tensor(kept, device=input.device))
    return PackedSequence(data, tensor(batch_sizes, device="cpu"), order)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The reverse of :func:`pack_padded_sequence`: the padded batch and the lengths."""
    data, batch_sizes, _, unsorted = sequence
    sizes = batch_sizes.numpy()
    T, B = len(sizes), int(sizes[0])
    if total_length is not None:
        if total_length < T:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, "
                f"but got total_length={total_length} and max sequence length being {T}"
            )
        T = total_length
    # Each padded position takes its row, or the extra row of padding at the end.
    places = np.full((T, B), data.shape[0])
    first = 0
    for t, n in enumerate(sizes):
        places[t, :n] = np.arange(first, first + n)
        first += n
    extra = full((1, *data.shape[1:]), padding_value, dtype=data.dtype, device=data.device)
    rows = cat([data, extra]).index_select(0, as_tensor(places.reshape(-1), device=data.device))
    padded = rows.reshape(T, B, *data.shape[1:])
    lengths = tensor((np.arange(len(sizes))[:, None] < _ends(sizes)).sum(0), device="cpu")
    if batch_first:
        padded = padded.transpose(0, 1)
    if unsorted is not None:
        padded = padded.index_select(0 if batch_first else 1, unsorted)
        lengths = lengths[unsorted.cpu()]
    return padded, lengths


def _ends(sizes: np.ndarray) -> np.ndarray:
    """The length of each sequence, longest first."""
    return (sizes[:, None] > np.arange(sizes[0])).sum(0)


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences ``(L, *)`` of unequal length in one tensor ``(T, B, *)``, padded at one end.

    ``batch_first`` gives ``(B, T, *)``; ``padding_side``: "right" or "left".

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.nn.utils.rnn import pad_sequence
    >>> pad_sequence([torch.ones(2), torch.ones(1)], batch_first=True)
    tensor([[1., 1.],
            [1., 0.]])
    """
    if not isinstance(sequences, (Iterable, Tensor)):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences: at least one is expected")
    dtype, rest = sequences[0].dtype, sequences[0].shape[1:]
    for i, s in enumerate(sequences):
        if not s.ndim or s.shape[1:] != rest:
            raise RuntimeError(
                f"pad_sequence: expected sequences of shapes (L, {', '.join(map(str, rest))}), but "
                f"got {list(s.shape)} at entry {i}"
            )
    return pad_sequences(
        *[s.to(dtype) for s in sequences],
        dim=0 if batch_first else 1,
        value=dtypes.element(padding_value, dtype.numpy),
        left=padding_side == "left",
    )


pad_sequence = public(pad_sequence, "pad_sequence")  # which its errors tell


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences of a padded batch, cut to their lengths."""
    x = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[: int(n)] for row, n in zip(x, lengths.tolist())]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences ``(L, *)`` of unequal length."""
    lengths = [s.shape[0] for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed batch, in their first order."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
