"""Attention whose scores a function changes: ``flex_attention``.

The functions get the numbers of the batch, head, query and key as tensors that broadcast together,
so that one call serves all scores.

>>> import minitorch_dl as torch
>>> from minitorch_dl.nn.flex_attention import create_block_mask, flex_attention
>>> q = k = v = torch.eye(2).reshape(1, 1, 2, 2)
>>> causal = create_block_mask(lambda b, h, i, j: i >= j, None, None, 2, 2)
>>> flex_attention(q, k, v, block_mask=causal)[0, 0, 0]
tensor([1., 0.])
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from .. import ops
from ..ops.padding import pad
from ..tensor import Tensor

__all__ = [
    "AuxOutput", "AuxRequest", "BlockMask", "and_masks", "create_block_mask", "create_mask",
    "flex_attention", "noop_mask", "or_masks",
]  # fmt: skip

_DEFAULT_SPARSE_BLOCK_SIZE = 128
MaskMod = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
_mask_mod_signature = MaskMod
_score_mod_signature = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]


class AuxRequest(NamedTuple):
    """What :func:`flex_attention` is to return besides its result."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for: the logarithm of the sum of the exponentials, and the largest scores."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


def noop_mask(batch: Tensor, head: Tensor, token_q: Tensor, token_kv: Tensor) -> Tensor:
    """True: every query sees every key."""
    return (batch + head + token_q + token_kv) >= 0


def and_masks(*mask_mods: MaskMod) -> MaskMod:
    """The mask that lets through what all of these do."""

    def both(b: Tensor, h: Tensor, q_idx: Tensor, kv_idx: Tensor) -> Tensor:
        seen = noop_mask(b, h, q_idx, kv_idx)
        for mod in mask_mods:
            seen = seen & mod(b, h, q_idx, kv_idx)
        return seen

    return both


def or_masks(*mask_mods: MaskMod) -> MaskMod:
    """The mask that lets through what one of these does."""

    def either(b: Tensor, h: Tensor, q_idx: Tensor, kv_idx: Tensor) -> Tensor:
        seen = ~noop_mask(b, h, q_idx, kv_idx)
        for mod in mask_mods:
            seen = seen | mod(b, h, q_idx, kv_idx)
        return seen

    return either


def _indices(b: int, h: int, q: int, kv: int, device: Any) -> list[Tensor]:
    """The numbers of batches, heads, queries and keys: ``(B, 1, 1, 1)``, ``(1, H, 1, 1)``, ..."""
    made = []
    for i, n in enumerate((b, h, q, kv)):
        shape = [1] * 4
        shape[i] = n
        made.append(ops.arange(n, device=device).reshape(shape))
    return made


def create_mask(
    mod_fn: MaskMod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None
) -> Tensor:
    """The mask as a bool tensor ``(B, H, Q_LEN, KV_LEN)``; None counts as 1."""
    seen = mod_fn(*_indices(B or 1, H or 1, Q_LEN, KV_LEN, device))
    return seen.expand(B or 1, H or 1, Q_LEN, KV_LEN)


_LISTS = [
    f"{full}{of}_{what}"
    for full in ("", "full_")
    for of in ("kv", "q")
    for what in ("num_blocks", "indices")
]


class BlockMask:
    """Which keys each query sees, as a function of their numbers.

    Attributes:
        kv_num_blocks: how many blocks of keys each block of queries sees in part.
        kv_indices: which these are, and after them those that it doesn't.
        full_kv_num_blocks, full_kv_indices: the same of the blocks that it sees whole.
        q_num_blocks, q_indices, full_q_num_blocks, full_q_indices: which blocks of queries see each
            block of keys.
    """

    def __init__(
        self, mask_mod: MaskMod, shape: tuple[int, int, int, int], block_size: tuple[int, int]
    ) -> None:
        self.mask_mod, self.BLOCK_SIZE = mask_mod, block_size
        self._batches, self.seq_lengths = shape[:2], shape[2:]

    @property
    def shape(self) -> tuple[int, ...]:
        """``(B, H, queries, keys)``."""
        return (*self._batches, *self.seq_lengths)

    @functools.cached_property
    def _pairs(self) -> Tensor:
        """How many pairs each block lets through."""
        b, h, q, kv = self.shape
        rows, columns = self.BLOCK_SIZE
        down, across = -(-q // rows), -(-kv // columns)
        seen = create_mask(self.mask_mod, b, h, q, kv)
        padded = pad(seen, (0, across * columns - kv, 0, down * rows - q))
        return padded.reshape(b, h, down, rows, across, columns).sum((3, 5))

    @property
    def _blocks(self) -> Tensor:
        return (self._pairs > 0).int()

    @functools.cached_property
    def _lists(self) -> dict[str, Tensor]:
        full = self._pairs == math.prod(self.BLOCK_SIZE)
        partial = (self._pairs > 0) & ~full
        parts = (partial, partial.transpose(-2, -1), full, full.transpose(-2, -1))
        lists = []
        for blocks in parts:
            order = blocks.int().argsort(dim=-1, descending=True, stable=True)
            lists += [blocks.sum(-1).int(), order.int()]
        return dict(zip(_LISTS, lists, strict=True))

    def __getattr__(self, name: str) -> Tensor:
        if name not in _LISTS:
            raise AttributeError(f"'BlockMask' object has no attribute {name!r}")
        return self._lists[name]

    def __getitem__(self, index: Any) -> BlockMask:
        """The mask of some batches, heads and blocks of queries. Its ``mask_mod`` is to be set,
        since that of this mask counts queries from its own start."""
        index = index if isinstance(index, tuple) else (index,)
        places = tuple(
            slice(i % n, i % n + 1) if isinstance(i, int) else i
            for i, n in zip(index, self._pairs.shape)
        )
        pairs = self._pairs[places]
        part = BlockMask(_mask_of_a_part, (*pairs.shape[:2], *self.seq_lengths), self.BLOCK_SIZE)
        part._pairs = pairs
        return part

    def __str__(self) -> str:
        head = f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%, \n"
        return f"{head}{self.to_string().strip()}\n)"

    def to_string(self, grid_size: int | tuple[int, int] = (20, 20), limit: int = 4) -> str:
        """A picture of at most ``limit`` batches and heads: a full square where all blocks are
        computed, a grey one where some are, in at most ``grid_size`` rows and columns (-1: all)."""
        grid = (grid_size, grid_size) if isinstance(grid_size, int) else grid_size
        down, across = (
            1 if most == -1 else max(1, -(-n // most))
            for n, most in zip(self._blocks.shape[2:], grid)
        )
        pictures = []
        for place in itertools.islice(itertools.product(*map(range, self._batches)), limit):
            picture = f"{place}\n"
            for rows in self._blocks[place].split(down):
                parts = [part.float().mean().item() for part in rows.split(across, dim=1)]
                picture += "".join({0.0: "  ", 1.0: "██"}.get(part, "░░") for part in parts) + "\n"
            pictures.append(picture)
        if math.prod(self._batches) > limit:
            pictures.append("... (a greater limit shows more, an index one batch and head)")
        return "\n".join(pictures)

    def to_dense(self) -> Tensor:
        """The mask as 0 and 1 per block: ``(B, H, query blocks, key blocks)``."""
        return self._blocks

    def numel(self) -> int:
        """How many pairs of a query and a key there are."""
        return math.prod(self.shape)

    def sparsity(self) -> float:
        """The share of the pairs that lie outside of the blocks with a pair that is seen, in
        percent; below 0 where blocks reach beyond the last query or key."""
        seen = self._blocks.sum().item() * math.prod(self.BLOCK_SIZE)
        return 100 * (1 - seen / self.numel())

    def to(self, device: Any) -> BlockMask:
        """The mask itself: it is made where the queries are."""
        return self


def _mask_of_a_part(*numbers: Tensor) -> Tensor:
    raise RuntimeError(
        "Cannot use mask_mod from a sliced BlockMask: set it from that of the whole BlockMask, "
        "with the numbers of the queries shifted as needed"
    )


def create_block_mask(
    mask_mod: MaskMod,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
    _compile: bool = False,
) -> BlockMask:
    """The mask of a function ``(batch, head, query, key) -> bool``."""
    size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
    return BlockMask(mask_mod, (B or 1, H or 1, Q_LEN, KV_LEN), size)


def flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score_mod: Callable[..., Tensor] | None = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: Any = None,
    *,
    return_aux: AuxRequest | None = None,
) -> Any:
    """``softmax(score_mod(scale Q Kᵀ)) V`` over the keys that ``block_mask`` lets through.

    Args:
        query: ``(B, H, L, E)``.
        key, value: ``(B, H, S, E)`` and ``(B, H, S, Ev)``; with ``enable_gqa`` a divisor of H.
        score_mod: ``(score, batch, head, query, key)`` to the new score.
        block_mask: which keys each query sees; a query that sees none gives 0.
        scale: default ``1 / sqrt(E)``.
        return_lse: also return the logarithm of the sum of the exponentials, ``(B, H, L)``.
        return_aux: an :class:`AuxRequest`: also return what it asks for.
    """
    if query.is_nested or key.is_nested or value.is_nested:
        raise NotImplementedError(
            "flex_attention does not support NestedTensor inputs. Give it .to_padded_tensor(0) of "
            "them, and a block_mask that leaves the padding out"
        )
    (b, h, n, e), s = query.shape, key.shape[-2]
    if enable_gqa:
        key = key.repeat_interleave(h // key.shape[1], dim=1)
        value = value.repeat_interleave(h // value.shape[1], dim=1)
    scores = query @ key.transpose(-2, -1) * (1 / math.sqrt(e) if scale is None else scale)
    indices = _indices(b, h, n, s, query.device)
    if score_mod is not None:
        scores = score_mod(scores, *indices)
    if block_mask is not None:
        scores = scores.masked_fill(~block_mask.mask_mod(*indices), -math.inf)
    lse = scores.logsumexp(-1, keepdim=True)
    weights = (scores - lse.masked_fill(lse == -math.inf, 0.0)).exp()
    out = weights.to(value.dtype) @ value
    if return_aux is not None:
        largest = scores.amax(-1) if return_aux.max_scores else None
        return out, AuxOutput(lse.squeeze(-1) if return_aux.lse else None, largest)
    return (out, lse.squeeze(-1)) if return_lse else out
