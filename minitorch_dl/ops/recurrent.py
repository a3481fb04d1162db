"""Recurrent layers over whole sequences: RNN, LSTM (Hochreiter and Schmidhuber, 1997) and GRU (Cho
et al., 2014).

One layer in one direction is one fused op, ``rnn_layer``, ``lstm_layer`` or ``gru_layer``; its
composite spells out the step.
``sizes[t]`` is how many sequences have a step t; the rows of ``x`` are step 0 of all sequences,
then step 1, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.errors import require_one_dtype
from ..autograd.node_names import as_one, named
from ..autograd.primitive import fused
from ..backend import dtypes, lstm as lstm_kernels, recurrent as kernels
from ..backend.recurrent import steps
from .activation import relu
from .dropout import dropout
from .joining import cat
from .linear import linear
from .special import sigmoid
from .trigonometric import tanh

__all__ = [
    "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh",
    "rnn_tanh_cell",
]  # fmt: skip


def _run(
    step: Callable[..., tuple[Any, ...]], x: Any, states: Any, sizes: Any, reverse: bool
) -> Any:
    """Apply ``step(rows of x, *states)`` along the sequences: the outputs in order of time, and
    the last states."""
    outputs = {}
    for rows in steps(sizes, reverse):
        n = rows.stop - rows.start
        new = step(x[rows], *[s[:n] for s in states])
        outputs[rows.start] = new[0]
        states = [cat([a, s[n:]]) if n < s.shape[0] else a for a, s in zip(new, states)]
    return cat([outputs[first] for first in sorted(outputs)]), *states


def _rnn_composite(
    x: Any,
    h: Any,
    wi: Any,
    wh: Any,
    bi: Any,
    bh: Any,
    *,
    sizes: Any,
    reverse: bool,
    nonlinearity: str,
) -> Any:
    act = relu if nonlinearity == "relu" else tanh

    def step(x: Any, h: Any) -> Any:
        return (act(linear(x, wi, bi) + linear(h, wh, bh)),)

    return _run(step, x, [h], sizes, reverse)


@fused(
    composite=_rnn_composite,
    outputs=("y", "hn"),
    aux=("before",),
    materialize_grads=False,
    complex=True,
)
def rnn_layer(
    xp: Any,
    x: Any,
    h: Any,
    wi: Any,
    wh: Any,
    bi: Any,
    bh: Any,
    *,
    sizes: Any,
    reverse: bool,
    nonlinearity: str,
) -> Any:
    require_one_dtype("rnn", x, h, wi, wh, bi, bh)
    return kernels.rnn_forward(xp, x, h, wi, wh, bi, bh, sizes, reverse, nonlinearity == "relu")


@rnn_layer.defbackward
def _rnn_backward(
    g: Any,
    xp: Any,
    needs: Any,
    x: Any,
    wi: Any,
    wh: Any,
    y: Any,
    before: Any,
    sizes: Any,
    reverse: bool,
    nonlinearity: str,
) -> Any:
    relu_ = nonlinearity == "relu"
    gy, gh = g
    return kernels.rnn_backward(xp, gy, gh, needs, x, wi, wh, y, before, sizes, reverse, relu_)


def _lstm_composite(
    x: Any,
    h: Any,
    c: Any,
    wi: Any,
    wh: Any,
    bi: Any,
    bh: Any,
    wr: Any,
    *,
    sizes: Any,
    reverse: bool,
) -> Any:
    H = c.shape[1]

    def step(x: Any, h: Any, c: Any) -> Any:
        a = linear(x, wi, bi) + linear(h, wh, bh)  # (n, 4H)
        i, f = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H])
        g, o = tanh(a[:, 2 * H : 3 * H]), sigmoid(a[:, 3 * H :])
        c = f * c + i * g
        h = o * tanh(c)
        return (h if wr is None else linear(h, wr)), c

    return _run(step, x, [h, c], sizes, reverse)


@fused(
    composite=_lstm_composite,
    outputs=("y", "hn", "cn"),
    aux=("kept",),
    materialize_grads=False,
    complex=True,
)
def lstm_layer(
    xp: Any,
    x: Any,
    h: Any,
    c: Any,
    wi: Any,
    wh: Any,
    bi: Any,
    bh: Any,
    wr: Any,
    *,
    sizes: Any,
    reverse: bool,
) -> Any:
    require_one_dtype("lstm", x, h, c, wi, wh, bi, bh, wr)
    return lstm_kernels.forward(xp, x, h, c, wi, wh, bi, bh, wr, sizes, reverse)


@lstm_layer.defbackward
def _lstm_backward(
    g: Any,
    xp: Any,
    needs: Any,
    x: Any,
    h: Any,
    wi: Any,
    wh: Any,
    wr: Any,
    y: Any,
    kept: Any,
    sizes: Any,
    reverse: bool,
) -> Any:
    gy, gh, gc = g
    return lstm_kernels.backward(xp, gy, gh, gc, needs, x, h, wi, wh, wr, y, kept, sizes, reverse)


def _gru_composite(
    x: Any, h: Any, wi: Any, wh: Any, bi: Any, bh: Any, *, sizes: Any, reverse: bool
) -> Any:
    H = h.shape[1]

    def step(x: Any, h: Any) -> Any:
        a, b = linear(x, wi, bi), linear(h, wh, bh)  # (n, 3H) each
        r = sigmoid(a[:, :H] + b[:, :H])
        z = sigmoid(a[:, H : 2 * H] + b[:, H : 2 * H])
        n = tanh(a[:, 2 * H :] + r * b[:, 2 * H :])
        return ((1 - z) * n + z * h,)

    return _run(step, x, [h], sizes, reverse)


@fused(
    composite=_gru_composite,
    outputs=("y", "hn"),
    aux=("gates", "inner", "before"),
    materialize_grads=False,
    complex=True,
)
def gru_layer(
    xp: Any, x: Any, h: Any, wi: Any, wh: Any, bi: Any, bh: Any, *, sizes: Any, reverse: bool
) -> Any:
    require_one_dtype("gru", x, h, wi, wh, bi, bh)
    return kernels.gru_forward(xp, x, h, wi, wh, bi, bh, sizes, reverse)


@gru_layer.defbackward
def _gru_backward(
    g: Any,
    xp: Any,
    needs: Any,
    x: Any,
    wi: Any,
    wh: Any,
    gates: Any,
    inner: Any,
    before: Any,
    sizes: Any,
    reverse: bool,
) -> Any:
    gy, gh = g
    return kernels.gru_backward(xp, gy, gh, needs, x, wi, wh, gates, inner, before, sizes, reverse)


# -- stacks of layers ------------------------------------------------------------------------------


def _stack(
    layer: Callable[..., Any],
    input: Any,
    states: Sequence[Any],
    params: Sequence[Any],
    per_layer: int,
    num_layers: int,
    p: float,
    train: bool,
    bidirectional: bool,
    sizes: Any,
) -> Any:
    """Layers on top of each other over the rows of ``input``: the outputs, and each state
    ``(layers·directions, B, H)``."""
    from .joining import stack

    directions = 2 if bidirectional else 1
    n = num_layers * directions
    if len(params) != n * per_layer or any(s.array.shape[0] != n for s in states):
        raise RuntimeError(
            f"expected weights and hidden states of {n} layers and directions, got "
            f"{len(params) / per_layer:g} and {[s.array.shape[0] for s in states]}"
        )
    last: list[list[Any]] = [[] for _ in states]
    x = input
    for level in range(num_layers):
        outputs = []
        for direction in range(directions):
            k = level * directions + direction
            weights = params[k * per_layer : (k + 1) * per_layer]
            hidden = [s[k] for s in states]
            if sizes:
                _check_step(sizes[0], hidden, *weights[:4])
            y, *ends = layer(x, *hidden, *weights, sizes=sizes, reverse=direction == 1)
            outputs.append(y)
            for kept, end in zip(last, ends):
                kept.append(end)
        x = outputs[0] if directions == 1 else cat(outputs, 1)
        if p and train and level + 1 < num_layers:
            x = dropout(x, p, True)
    return x, *[stack(kept) for kept in last]


def _check_step(batch: int, states: Sequence[Any], w_ih: Any, *others: Any) -> None:
    """Refuse states of another batch, and weights that are not of one size, which would broadcast
    or be cut."""
    for i, state in enumerate(states):
        if state.array.shape[0] != batch:
            raise RuntimeError(
                f"Input batch size {batch} doesn't match hidden{i} batch size "
                f"{state.array.shape[0]}"
            )
    rows = w_ih.array.shape[0]
    for w in others:
        if w is not None and w.array.shape[0] != rows:
            raise RuntimeError(
                f"weights and biases must have one size for all gates, got {rows} and "
                f"{w.array.shape[0]}"
            )


def _sequence(
    layer: Callable[..., Any],
    per_layer: int,
    input: Any,
    states: Sequence[Any],
    params: Sequence[Any],
    num_layers: int,
    p: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
    batch_sizes: Any,
) -> Any:
    """Run a stack on a padded batch ``(T, B, I)``, or on packed rows when ``batch_sizes`` is
    given."""
    if batch_sizes is not None:
        sizes = tuple(int(n) for n in batch_sizes.tolist())
        y, *last = _stack(
            layer, input, states, params, per_layer, num_layers, p, train, bidirectional, sizes
        )
        return named(y, "CatBackward0"), *last
    x = input.transpose(0, 1) if batch_first else input
    T, B = x.shape[0], x.shape[1]
    if T == 0:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    rows = x.reshape(T * B, x.shape[2])
    y, *last = _stack(
        layer, rows, states, params, per_layer, num_layers, p, train, bidirectional, (B,) * T
    )
    # The names say how PyTorch computes it: a float32 LSTM by oneDNN, which takes no projection.
    is_lstm = len(states) == 2
    by_onednn = is_lstm and y.dtype is dtypes.float32 and states[0].shape == states[1].shape
    made_by = "Cat" if bidirectional else "MkldnnRnnLayer" if by_onednn else "Stack"
    y = named(y.reshape(T, B, y.shape[1]), f"{made_by}Backward0")
    if batch_first:
        y = named(y.transpose(0, 1), f"TransposeBackward{0 if is_lstm else 1}")
    return y, *last


def _weights(params: Sequence[Any], has_biases: bool, projected: bool) -> tuple[list[Any], int]:
    """The flat list of weights with None for the ones that are absent, and how many make a
    layer."""
    given = 2 + 2 * has_biases + projected
    whole: list[Any] = []
    for k in range(0, len(params), given):
        part = list(params[k : k + given])
        whole += [*part[:2], *(part[2:4] if has_biases else (None, None))]
        whole += [part[-1] if projected else None]
    return whole, 5


def _split_arguments(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """``(input, hx, params, ...)`` of a padded call or ``(data, batch_sizes, hx, params, ...)`` of
    a packed one."""
    if isinstance(args[3], (list, tuple)):
        data, batch_sizes, hx, params, has_biases, num_layers, p, train, bidirectional = args
        return data, batch_sizes, hx, params, has_biases, num_layers, p, train, bidirectional, False
    input, hx, params, has_biases, num_layers, p, train, bidirectional, batch_first = args
    return input, None, hx, params, has_biases, num_layers, p, train, bidirectional, batch_first


def lstm(*args: Any) -> tuple[Any, Any, Any]:
    """Stacked LSTM: ``lstm(input, (h0, c0), params, has_biases, num_layers, dropout, train,
    bidirectional, batch_first)``.

    ``i, f, o = σ(...)``, ``g = tanh(...)``, ``c' = f c + i g``, ``h' = o tanh(c')``, each gate of
    ``Wᵢ x + bᵢ + Wₕ h + bₕ`` in the order i, f, g, o. A packed sequence is given as
    ``lstm(data, batch_sizes, (h0, c0), ...)`` without ``batch_first``.

    Returns:
        The outputs ``(T, B, D·H)``, the last h ``(layers·D, B, H)`` and the last c.
    """
    input, batch_sizes, hx, params, has_biases, num_layers, p, train, bidirectional, batch_first = (
        _split_arguments(args)
    )
    h0, c0 = hx
    weights, per_layer = _weights(params, has_biases, projected=h0.shape[2] != c0.shape[2])
    return _sequence(
        lstm_layer, per_layer, input, (h0, c0), weights, num_layers, p, train, bidirectional,
        batch_first, batch_sizes,
    )  # fmt: skip


def _without_cell(layer: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, Any]:
    input, batch_sizes, h0, params, has_biases, num_layers, p, train, bidirectional, batch_first = (
        _split_arguments(args)
    )
    weights, per_layer = _weights(params, has_biases, projected=False)

    def run(x: Any, h: Any, wi: Any, wh: Any, bi: Any, bh: Any, _: None, **options: Any) -> Any:
        return layer(x, h, wi, wh, bi, bh, **options)

    return _sequence(
        run, per_layer, input, (h0,), weights, num_layers, p, train, bidirectional, batch_first,
        batch_sizes,
    )  # fmt: skip


@as_one()
def gru(*args: Any) -> tuple[Any, Any]:
    """Stacked GRU; arguments and results as :func:`lstm` without c.

    ``r, z = σ(...)``, ``n = tanh(Wᵢₙ x + bᵢₙ + r (Wₕₙ h + bₕₙ))``, ``h' = (1 - z) n + z h``; the
    gates' order is r, z, n.
    """
    return _without_cell(gru_layer, args)


def rnn_tanh(*args: Any) -> tuple[Any, Any]:
    """Stacked Elman RNN, ``h' = tanh(Wᵢ x + bᵢ + Wₕ h + bₕ)``; arguments and results as
    :func:`gru`."""

    def layer(*args: Any, **options: Any) -> Any:
        return rnn_layer(*args, **options, nonlinearity="tanh")

    return _without_cell(layer, args)


def rnn_relu(*args: Any) -> tuple[Any, Any]:
    """Stacked Elman RNN, ``h' = max(0, Wᵢ x + bᵢ + Wₕ h + bₕ)``; arguments and results as
    :func:`gru`."""

    def layer(*args: Any, **options: Any) -> Any:
        return rnn_layer(*args, **options, nonlinearity="relu")

    return _without_cell(layer, args)


# -- single steps ----------------------------------------------------------------------------------


@as_one()
def lstm_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> tuple[Any, Any]:
    """One LSTM step of a batch ``(B, I)``: the new h and c, ``(B, H)`` each."""
    h, c = hx
    sizes = (input.shape[0],)
    _check_step(sizes[0], (h, c), w_ih, w_hh, b_ih, b_hh)
    y, _, cn = lstm_layer(input, h, c, w_ih, w_hh, b_ih, b_hh, None, sizes=sizes, reverse=False)
    return y, cn


@as_one("AddBackward0")
def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One GRU step of a batch ``(B, I)``: the new h, ``(B, H)``."""
    sizes = (input.shape[0],)
    _check_step(sizes[0], (hx,), w_ih, w_hh, b_ih, b_hh)
    return gru_layer(input, hx, w_ih, w_hh, b_ih, b_hh, sizes=sizes, reverse=False)[0]


def _rnn_cell(nonlinearity: str, input: Any, hx: Any, *weights: Any) -> Any:
    sizes = (input.shape[0],)
    _check_step(sizes[0], (hx,), *weights)
    options = {"sizes": sizes, "reverse": False, "nonlinearity": nonlinearity}
    return rnn_layer(input, hx, *weights, **options)[0]


@as_one("TanhBackward0")
def rnn_tanh_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """One Elman step, ``tanh(Wᵢ x + bᵢ + Wₕ h + bₕ)``."""
    return _rnn_cell("tanh", input, hx, w_ih, w_hh, b_ih, b_hh)


@as_one("ReluBackward0")
def rnn_relu_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """One Elman step, ``max(0, Wᵢ x + bᵢ + Wₕ h + bₕ)``."""
    return _rnn_cell("relu", input, hx, w_ih, w_hh, b_ih, b_hh)
