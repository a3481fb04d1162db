"""The table of modules: a row per public class of ``minitorch_dl.nn``, by family.

A case says how the module is made and called; ``tests/references/modules.py`` stores what PyTorch
gives for it, in training and in evaluation mode. ``F``, ``I`` and ``B`` stand for tensors, ``S``
for arguments.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitorch_dl.testing.op_cases import B, F, I, S, Spec, replace


@dataclass
class Case:
    """One module and one call of it.

    Attributes:
        new: the constructor's arguments; or ``(torch) -> module``, for modules that take modules.
        given: the tensors and other arguments of the call.
        call: ``(torch, module, *args, **kwargs)`` where the call is more than ``module(*args)``.
    """

    new: S | Callable[[Any], Any]
    given: S
    call: Callable[..., Any] | None = None


@dataclass(init=False)
class Row:
    """One class.

    Attributes:
        name: its name in ``nn``, here and in PyTorch.
        formula: ``(torch, *args of the constructor) -> function`` for a class that PyTorch lacks.
    """

    name: str
    cases: tuple[Case, ...]
    formula: Callable[..., Any] | None

    def __init__(self, name: str, *cases: Case, formula: Callable[..., Any] | None = None) -> None:
        self.name, self.cases, self.formula = name, cases, formula

    def values(self, i: int, part: str, tree: Any) -> Any:
        """``tree`` with NumPy arrays for the specs; the numbers follow from row, case and part."""
        rng = np.random.default_rng(zlib.crc32(f"{self.name}/{i}/{part}".encode()))
        return replace(tree, lambda spec: spec.make(rng), Spec)


def of(*args: Any, **kwargs: Any) -> Callable[..., Case]:
    """``of(3, bias=False)(F(2, 3))``: the module made of these arguments, called with those."""

    def given(*call: Any, run: Callable[..., Any] | None = None, **named: Any) -> Case:
        return Case(S(*args, **kwargs), S(*call, **named), run)

    return given


def built(make: Callable[[Any], Any]) -> Callable[..., Case]:
    """As ``of``, for a module that ``make(torch)`` builds."""

    def given(*call: Any, run: Callable[..., Any] | None = None, **named: Any) -> Case:
        return Case(make, S(*call, **named), run)

    return given


def signs(b: Any, like: Any) -> Any:
    """Targets of ±1 from bools."""
    return b.to(like.dtype) * 2 - 1


P = {"low": 0.1, "high": 0.9}  # probabilities
X = F(3, 4)
X1, X2, X3 = F(2, 3, 6), F(2, 3, 4, 5), F(1, 2, 4, 4, 3)


def _plain(*names: str, **options: Any) -> list[Row]:
    """Activations without arguments."""
    return [Row(name, of(**options)(X)) for name in names]


ACTIVATION = [
    *_plain("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Sigmoid", "Tanh"),
    *_plain("LogSigmoid", "Softsign", "Tanhshrink", "Hardshrink", "Softshrink"),
    Row("Hardtanh", of()(X), of(-0.5, 1.5)(X)),
    Row("LeakyReLU", of()(X), of(0.2)(X)),
    Row("ELU", of()(X), of(0.5)(X)),
    Row("CELU", of()(X), of(0.5)(X)),
    Row("GELU", of()(X), of(approximate="tanh")(X)),
    Row("GLU", of()(X), of(0)(F(4, 2, 3))),
    Row("PReLU", of()(X), of(3, 0.1)(X1)),
    Row("RReLU", of()(X), of(0.1, 0.9)(X)),
    Row("Softplus", of()(X), of(2.0, 1.0)(X)),
    Row("Threshold", of(0.5, -3.0)(X)),
    Row("Softmax", of(dim=1)(X)),
    Row("LogSoftmax", of(dim=-1)(X)),
    Row("Softmin", of(dim=0)(X)),
    Row("Softmax2d", of()(X2), of()(X1)),
]


def _conv(n: int, x: Spec) -> list[Row]:
    channels, k = x.shape[1], (3, 2, 3)[:n]
    return [
        Row(
            f"Conv{n}d",
            of(channels, 4, k)(x),
            of(channels, 2, 2, stride=2, padding=1, dilation=2, bias=False)(x),
            of(channels, channels, 3, padding="same", groups=channels)(x),
            of(channels, 2, 3, padding=1, padding_mode="circular")(x),
            of(channels, 2, 2, padding=1, padding_mode="reflect")(F(*x.shape[1:])),
        ),
        Row(
            f"ConvTranspose{n}d",
            of(channels, 4, 2)(x),
            of(channels, 2 * channels, 3, 2, 1, 1, channels, False)(x),
            of(channels, 2, 2, stride=3)(x, output_size=[3 * size for size in x.shape[2:]]),
        ),
    ]


CONV = [*_conv(1, X1), *_conv(2, X2), *_conv(3, X3)]

DISTANCE = [
    Row("CosineSimilarity", of()(X, X), of(dim=0, eps=1e-6)(X, X)),
    Row("PairwiseDistance", of()(X, X), of(p=1.0, keepdim=True)(X, X)),
]

DROPOUT = [
    Row("Dropout", of()(F(8, 9)), of(0.2)(F(3))),
    Row("Dropout1d", of()(F(4, 8, 3)), of(0.3)(F(8, 3))),
    Row("Dropout2d", of()(F(4, 8, 3, 2))),
    Row("Dropout3d", of()(F(4, 8, 2, 1, 2)), of(0.3)(F(8, 2, 1, 2))),
    Row("AlphaDropout", of()(F(8, 9))),
    Row("FeatureAlphaDropout", of()(F(4, 8, 3))),
]

_TEXT = I(2, 4, high=6)


def _offsets(torch: Any, m: Any, x: Any, *rest: Any) -> Any:
    return m(x, torch.tensor([0, 2, 2]), *rest)


EMBEDDING = [
    Row(
        "Embedding",
        of(6, 3)(_TEXT),
        of(6, 3, padding_idx=1, scale_grad_by_freq=True)(_TEXT),
        of(6, 3, -2, max_norm=1.0)(_TEXT),
    ),
    Row(
        "EmbeddingBag",
        of(6, 3)(_TEXT),
        of(6, 3, mode="sum", padding_idx=2)(I(6, high=6), run=_offsets),
        of(6, 3, mode="sum")(I(6, high=6), F(6), run=lambda t, m, x, w: _offsets(t, m, x, w)),
        of(6, 3, mode="max", include_last_offset=True)(I(6, high=6), run=_offsets),
    ),
]

FLATTEN = [
    Row("Flatten", of()(X2), of(0, 1)(X2)),
    Row("Unflatten", of(1, (2, -1))(F(3, 6))),
    Row("Unfold", of((2, 3), padding=1, stride=2)(X2)),
    Row("Fold", of((4, 5), 2, stride=(2, 1))(F(2, 4, 8))),
    Row("PixelShuffle", of(2)(F(1, 8, 2, 3))),
    Row("PixelUnshuffle", of(2)(F(1, 2, 4, 6))),
    Row("ChannelShuffle", of(2)(F(2, 4, 3))),
]

LINEAR = [
    Row("Identity", of(3, unused=True)(X)),
    Row("Linear", of(4, 2)(X), of(4, 3, bias=False)(F(2, 3, 4)), of(4, 2)(F(4))),
    Row("Bilinear", of(4, 3, 2)(X, F(3, 3)), of(2, 2, 3, bias=False)(F(3, 2), F(3, 2))),
]

_REDUCTIONS = ("mean", "sum", "none")


def _loss(name: str, *given: Any, run: Any = None, **options: Any) -> Row:
    """The three reductions of a loss."""
    return Row(name, *[of(reduction=r, **options)(*given, run=run) for r in _REDUCTIONS])


def _signed(torch: Any, m: Any, *given: Any) -> Any:
    *inputs, b = given
    return m(*inputs, signs(b, inputs[0]))


def _float_target(torch: Any, m: Any, x: Any, b: Any) -> Any:
    return m(x, b.to(x.dtype))


def _ctc(torch: Any, m: Any, x: Any, labels: Any) -> Any:
    return m(x.log_softmax(2), labels, (6, 5), (3, 2))


def _multi_label(torch: Any, m: Any, x: Any) -> Any:
    return m(x, torch.tensor([[1, 0, -1, 2], [3, -1, 0, 1], [0, 1, 2, 3]]))


def _focal(torch: Any, gamma: float = 2.0, weight: Any = None, reduction: str = "mean") -> Any:
    def loss(scores: Any, labels: Any) -> Any:
        p = torch.softmax(scores, 1)[torch.arange(len(labels)), labels]
        a = torch.ones_like(p) if weight is None else weight[labels]
        each = -a * (1 - p) ** gamma * torch.log(p)
        return {"mean": each.mean(), "sum": each.sum(), "none": each}[reduction]

    return loss


def _contrastive(torch: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    def loss(a: Any, b: Any, unlike: Any) -> Any:
        d = torch.sqrt(((a - b + 1e-6) ** 2).sum(-1))
        each = torch.where(unlike, torch.relu(margin - d) ** 2, d**2) / 2
        return {"mean": each.mean(), "sum": each.sum(), "none": each}[reduction]

    return loss


_LABELS = I(3, high=4)

LOSS = [
    _loss("L1Loss", X, X),
    _loss("MSELoss", X, X),
    _loss("NLLLoss", X, _LABELS, weight=F(4, **P), ignore_index=1),
    Row(
        "CrossEntropyLoss",
        of()(X, _LABELS),
        of(weight=F(4, **P), ignore_index=2, label_smoothing=0.1)(F(2, 4, 3), I(2, 3, high=4)),
        of(reduction="none")(X, F(3, 4, **P)),
    ),
    _loss("BCELoss", F(3, 4, **P), F(3, 4, **P), weight=F(4, **P)),
    _loss("BCEWithLogitsLoss", X, B(3, 4), run=_float_target, pos_weight=F(4, low=1, high=3)),
    Row(
        "PoissonNLLLoss",
        of()(X, F(3, 4, low=1, high=5)),
        of(False, True)(F(3, 4, **P), F(3, 4, **P)),
    ),
    Row(
        "GaussianNLLLoss",
        of()(X, X, F(3, 4, **P)),
        of(full=True, reduction="sum")(X, X, F(3, 1, **P)),
    ),
    Row(
        "KLDivLoss",
        of(reduction="batchmean")(X, F(3, 4, **P)),
        of(reduction="sum", log_target=True)(X, X),
    ),
    _loss("HuberLoss", X, X, delta=0.7),
    _loss("SmoothL1Loss", X, X, beta=0.7),
    _loss("SoftMarginLoss", X, B(3, 4), run=_signed),
    _loss("MultiLabelMarginLoss", X, run=_multi_label),
    _loss("MultiLabelSoftMarginLoss", X, B(3, 4), run=_float_target, weight=F(4, **P)),
    _loss("HingeEmbeddingLoss", X, B(3, 4), run=_signed, margin=0.7),
    _loss("CosineEmbeddingLoss", X, X, B(3), run=_signed, margin=0.1),
    _loss("MarginRankingLoss", X, X, B(3, 4), run=_signed, margin=0.3),
    _loss("MultiMarginLoss", X, _LABELS, p=2, margin=0.7, weight=F(4, **P)),
    _loss("TripletMarginLoss", X, X, X, swap=True, margin=2.0),
    _loss("TripletMarginWithDistanceLoss", X, X, X, margin=2.0),
    Row(
        "CTCLoss",
        *[of(reduction=r)(F(6, 2, 4), I(2, 3, low=1, high=4), run=_ctc) for r in _REDUCTIONS],
    ),
    Row(
        "FocalLoss",
        *[of(1.5, F(4, **P), r)(X, _LABELS) for r in _REDUCTIONS],
        of()(X, _LABELS),
        formula=_focal,
    ),
    Row(
        "ContrastiveLoss",
        *[of(2.0, reduction=r)(X, X, B(3)) for r in _REDUCTIONS],
        formula=_contrastive,
    ),
]


def _norms(n: int, x: Spec) -> list[Row]:
    C, one = x.shape[1], F(*x.shape[1:])
    return [
        Row(
            f"BatchNorm{n}d",
            of(C)(x),
            of(C, 1e-3, None, affine=False)(x),
            of(C, track_running_stats=False, bias=False)(F(4, C) if n == 1 else x),
        ),
        Row(
            f"InstanceNorm{n}d",
            of(C)(x),
            of(C, affine=True, track_running_stats=True)(x),
            of(C)(one),
        ),
    ]


NORMALIZATION = [
    *_norms(1, X1), *_norms(2, X2), *_norms(3, X3),
    Row(
        "LayerNorm",
        of(4)(X),
        of((4, 5), 1e-3, bias=False)(X2),
        of([6], elementwise_affine=False)(X1),
    ),
    Row("RMSNorm", of(4)(X), of((4, 5), 1e-3)(X2), of(6, elementwise_affine=False)(X1)),
    Row(
        "GroupNorm",
        of(2, 4)(F(2, 4, 3)),
        of(1, 3, affine=False)(X2),
        of(3, 3, bias=False)(F(2, 3)),
    ),
    Row("LocalResponseNorm", of(2)(X2), of(3, 0.1, 0.5, 2.0)(X1)),
]  # fmt: skip

_SIDES = (1, 2, 0, 1, 1, 2)
PADDING = [
    Row(f"{kind}Pad{n}d", of(2, *value)(x), of(_SIDES[: 2 * n], *value)(F(*x.shape[1:])))
    for kind in ("Circular", "Constant", "Reflection", "Replication", "Zero")
    for n, x in ((1, X1), (2, X2), (3, X3))
    for value in [(1.5,) if kind == "Constant" else ()]
]  # fmt: skip


def _pools(n: int, x: Spec) -> list[Row]:
    one = F(*x.shape[1:])
    pool = f"max_pool{n}d"

    def unpool(torch: Any, m: Any, x: Any, **options: Any) -> Any:
        return m(*getattr(torch.nn.functional, pool)(x, 2, return_indices=True), **options)

    sizes = (3, 2, None)[:n] if n > 1 else 3
    return [
        Row(
            f"MaxPool{n}d",
            of(2)(x),
            of(3, 2, padding=1, ceil_mode=True)(one),
            of(2, stride=1, dilation=2, return_indices=True)(x),
        ),
        Row(
            f"AvgPool{n}d",
            of(2)(x),
            of(3, 2, padding=1, ceil_mode=True, count_include_pad=False)(one),
            *([of(2, divisor_override=3)(x)] if n > 1 else []),
        ),
        Row(f"LPPool{n}d", of(2, 2)(x), of(3.0, 2, 1, True)(F(*x.shape, low=0.1, high=2))),
        Row(f"AdaptiveAvgPool{n}d", of(2)(x), of(sizes)(one)),
        Row(f"AdaptiveMaxPool{n}d", of(2)(x), of(sizes, return_indices=True)(one)),
        Row(
            f"MaxUnpool{n}d",
            of(2)(F(1, 2, *(4,) * n), run=unpool),
            of(2)(x, output_size=list(x.shape[2:]), run=unpool),
        ),
    ]


POOLING = [
    *_pools(1, X1),
    *_pools(2, X2),
    *_pools(3, X3),
    Row(
        "FractionalMaxPool2d",
        of(2, (3, 2), return_indices=True)(F(2, 3, 6, 5)),
        of((2, 3), output_ratio=(0.5, 0.4))(F(3, 8, 7)),
        of(2, 1, _random_samples=F(1, 2, 2, **P))(F(1, 2, 3, 4)),
    ),
    Row(
        "FractionalMaxPool3d",
        of(2, (3, 2, 4), return_indices=True)(F(1, 2, 5, 4, 6)),
        of(2, output_ratio=0.5)(F(2, 4, 5, 6)),
    ),
]


def _packed(torch: Any, m: Any, x: Any, *states: Any) -> Any:
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_padded_sequence(x, [2, 4, 1], enforce_sorted=False)
    output, last = m(packed, *states)
    return rnn.pad_packed_sequence(output), last


def _recurrent(name: str, **extra: Any) -> Row:
    state = (lambda *shape: (F(*shape), F(*shape))) if name == "LSTM" else F
    deep = {"num_layers": 2, "bidirectional": True, "dropout": 0.5}
    cases = [
        of(3, 4)(F(4, 2, 3)),
        of(3, 2, batch_first=True, bias=False)(F(2, 4, 3), state(1, 2, 2)),
        of(2, 2, **deep)(F(3, 2, 2)),
        of(2, 3, **extra)(F(4, 2), state(1, 3)),
        of(2, 3)(F(4, 3, 2), run=_packed),
    ]
    if name == "LSTM":
        cases.append(of(3, 4, proj_size=2)(F(4, 2, 3), (F(1, 2, 2), F(1, 2, 4))))
    return Row(name, *cases)


RNN = [
    _recurrent("RNN", nonlinearity="relu"),
    _recurrent("LSTM"),
    _recurrent("GRU"),
    Row("RNNCell", of(3, 2)(F(4, 3)), of(3, 2, False, "relu")(F(3), F(2))),
    Row("LSTMCell", of(3, 2)(F(4, 3)), of(3, 2, False)(F(3), (F(2), F(2)))),
    Row("GRUCell", of(3, 2)(F(4, 3), F(4, 2)), of(3, 2, False)(F(3))),
]

_Q, _K = F(3, 2, 4), F(5, 2, 4)


def _causal(torch: Any, m: Any, x: Any, *rest: Any, **options: Any) -> Any:
    mask = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[0], dtype=x.dtype)
    return m(x, *rest, mask, is_causal=True, **options)


def _to_self(torch: Any, m: Any, x: Any, **options: Any) -> Any:
    return m(x, x, x, **options)


def _hide(torch: Any, m: Any, x: Any, *rest: Any) -> Any:
    """The last two keys hidden."""
    hidden = torch.tensor([[False, False, True], [False, True, True]])
    return m(x, *rest, src_key_padding_mask=hidden)


def _mask_keys(torch: Any, m: Any, q: Any, k: Any, **options: Any) -> Any:
    hidden = torch.tensor([[False, False, True, False, True], [False, True, False, False, False]])
    unseen = torch.tensor([[False, True, False, False, False]] * 3)
    return m(q, k, k, key_padding_mask=hidden, attn_mask=unseen, **options)


ATTENTION = [
    Row(
        "MultiheadAttention",
        of(4, 2)(_Q, _K, _K),
        of(4, 2, batch_first=True)(F(2, 3, 4), run=_to_self),
        of(4, 2, dropout=0.3)(_Q, run=_to_self, need_weights=False),
        of(4, 2, add_bias_kv=True, add_zero_attn=True)(_Q, _K, run=_mask_keys),
        of(4, 2, bias=False)(_Q, _K, run=_mask_keys, average_attn_weights=False),
        of(4, 2)(_Q, _K, run=_mask_keys, need_weights=False),
        of(4, 4, kdim=3, vdim=2)(_Q, F(5, 2, 3), F(5, 2, 2)),
        of(4, 1)(F(3, 4), F(5, 4), F(5, 4), attn_mask=F(3, 5)),
    ),
]

_SMALL = {"dim_feedforward": 5}


def _stack(kind: str, norm: bool = False, layers: int = 2, **options: Any) -> Callable[[Any], Any]:
    """``(torch) -> `` an encoder or decoder of small layers."""

    def make(torch: Any) -> Any:
        nn = torch.nn
        layer = getattr(nn, f"Transformer{kind}Layer")(4, 2, **_SMALL, **options)
        last = nn.LayerNorm(4) if norm else None
        more = {"enable_nested_tensor": False} if kind == "Encoder" else {}
        return getattr(nn, f"Transformer{kind}")(layer, layers, last, **more)

    return make


TRANSFORMER = [
    Row(
        "TransformerEncoderLayer",
        of(4, 2, **_SMALL)(_Q),
        of(4, 2, 5, 0.0, "gelu", 1e-3, True, True, False)(F(2, 3, 4), run=_hide),
        of(4, 2, **_SMALL)(_Q, run=_causal),
        of(4, 1, **_SMALL)(F(3, 4)),
    ),
    Row(
        "TransformerDecoderLayer",
        of(4, 2, **_SMALL)(_Q, _K),
        of(4, 2, 5, 0.2, "gelu", norm_first=True, batch_first=True)(F(2, 3, 4), F(2, 5, 4)),
        of(4, 2, **_SMALL)(_Q, _K, tgt_mask=F(3, 3), memory_mask=F(3, 5)),
    ),
    Row(
        "TransformerEncoder",
        built(_stack("Encoder"))(_Q),
        built(_stack("Encoder", True, batch_first=True, dropout=0.0))(F(2, 3, 4), run=_hide),
    ),
    Row(
        "TransformerDecoder",
        built(_stack("Decoder"))(_Q, _K),
        built(_stack("Decoder", True, 1, norm_first=True))(_Q, _K, tgt_mask=F(3, 3)),
    ),
    Row(
        "Transformer",
        of(4, 2, 1, 1, 5)(_K, _Q),
        of(4, 2, 1, 1, 5, 0.0, batch_first=True, norm_first=True)(
            F(2, 3, 4), F(2, 3, 4), run=_hide
        ),
    ),
]

UPSAMPLING = [
    Row(
        "Upsample",
        of(scale_factor=2)(X2),
        of((3, 7), mode="bilinear")(X2),
        of(scale_factor=(2.0, 1.5), mode="bicubic", align_corners=True)(X2),
        of(scale_factor=1.5, mode="linear", recompute_scale_factor=True)(X1),
        of(size=(5, 3, 4), mode="trilinear")(X3),
    ),
    Row("UpsamplingNearest2d", of(scale_factor=2)(X2), of((3, 4))(X2)),
    Row("UpsamplingBilinear2d", of(scale_factor=2)(X2)),
]


def _layers(torch: Any) -> list[Any]:
    return [torch.nn.Linear(4, 3), torch.nn.Linear(4, 3)]


def _weighted(torch: Any, m: Any, x: Any) -> Any:
    return x @ m["a"] if hasattr(m, "keys") else x @ m[0]


CONTAINERS = [
    Row(
        "Sequential",
        built(lambda torch: torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU()))(X),
    ),
    Row(
        "ModuleList",
        built(lambda torch: torch.nn.ModuleList(_layers(torch)))(
            X, run=lambda _, m, x: m[0](x) * m[1](x)
        ),
    ),
    Row(
        "ModuleDict",
        built(lambda torch: torch.nn.ModuleDict(zip("ab", _layers(torch))))(
            X, run=lambda _, m, x: m["a"](x)
        ),
    ),
    Row(
        "ParameterList",
        built(lambda torch: torch.nn.ParameterList([torch.ones(4, 2)]))(X, run=_weighted),
    ),
    Row(
        "ParameterDict",
        built(lambda torch: torch.nn.ParameterDict({"a": torch.ones(4, 2)}))(X, run=_weighted),
    ),
]

PARALLEL = [
    Row("DataParallel", built(lambda torch: torch.nn.DataParallel(torch.nn.Linear(4, 3)))(X)),
]

ADAPTIVE = [
    Row(
        "AdaptiveLogSoftmaxWithLoss",
        of(4, 9, [2, 5], div_value=2.0)(F(7, 4), I(7, high=9)),
        of(4, 9, [3], head_bias=True)(F(4), I(low=4, high=9)),
        of(4, 9, [2, 5], 2.0)(F(7, 4), run=lambda _, m, x: (m.log_prob(x), m.predict(x))),
    ),
]

FAMILIES = {
    "activation": ACTIVATION,
    "adaptive": ADAPTIVE,
    "attention": ATTENTION,
    "containers": CONTAINERS,
    "conv": CONV,
    "distance": DISTANCE,
    "dropout": DROPOUT,
    "embedding": EMBEDDING,
    "flatten": FLATTEN,
    "linear": LINEAR,
    "loss": LOSS,
    "normalization": NORMALIZATION,
    "padding": PADDING,
    "parallel": PARALLEL,
    "pooling": POOLING,
    "rnn": RNN,
    "transformer": TRANSFORMER,
    "upsampling": UPSAMPLING,
}
"""The rows, by the file of ``minitorch_dl/nn`` that holds the class."""
