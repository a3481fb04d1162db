"""Recurrent layers over whole sequences; ``rnn_cells`` has their single steps."""

from __future__ import annotations

import numbers
from typing import Any

from ..backend.warning import warn
from ..ops import empty, recurrent as ops, zeros
from ..tensor import Tensor
from .module import Module
from .parameter import Parameter
from .rnn_cells import draw_parameters
from .utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """Parameters, checks and the call shared by :class:`RNN`, :class:`LSTM` and :class:`GRU`."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_settings(dropout)
        directions = 2 if bidirectional else 1
        out = proj_size or hidden_size
        gates = _GATES[mode] * hidden_size
        made = {"device": device, "dtype": dtype}
        self._flat_weights_names: list[str] = []
        for level in range(num_layers):
            width = input_size if level == 0 else out * directions
            shapes: dict[str, Any] = {"weight_ih": (gates, width), "weight_hh": (gates, out)}
            if bias:
                shapes |= {"bias_ih": gates, "bias_hh": gates}
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for suffix in ("", "_reverse")[:directions]:
                for name, shape in shapes.items():
                    full_name = f"{name}_l{level}{suffix}"
                    setattr(self, full_name, Parameter(empty(shape, **made)))
                    self._flat_weights_names.append(full_name)
        self.reset_parameters()

    def _check_settings(self, dropout: Any) -> None:
        number = isinstance(dropout, numbers.Number) and not isinstance(dropout, bool)
        if not number or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an "
                "element being zeroed"
            )
        if dropout > 0 and self.num_layers == 1:
            warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero "
                f"dropout expects num_layers greater than 1, but got dropout={dropout} and "
                f"num_layers={self.num_layers}",
            )
        kinds = {"input_size": int, "hidden_size": int, "bias": bool, "batch_first": bool}
        for name, kind in kinds.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(
                    f"{name} should be of type {kind.__name__}, got: {type(value).__name__}"
                )
        for name in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be greater than zero, got {getattr(self, name)}")
        if self.proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections"
            )
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniform on ``±1/√hidden_size``."""
        draw_parameters(self)

    def flatten_parameters(self) -> None:
        """Accepted for PyTorch's sake: nothing to do."""

    @property
    def _flat_weights(self) -> list[Tensor]:
        return [getattr(self, name) for name in self._flat_weights_names]

    @property
    def _all_weights(self) -> list[list[str]]:
        """The names of the weights, a list per layer and direction."""
        per_layer = 2 + 2 * self.bias + (self.proj_size > 0)
        names = self._flat_weights_names
        return [names[k : k + per_layer] for k in range(0, len(names), per_layer)]

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The weights, a list per layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def __getstate__(self) -> dict[str, Any]:
        # PyTorch makes what else it needs of them, should it read the pickle.
        return {**super().__getstate__(), "all_weights": self.all_weights}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({k: v for k, v in state.items() if k != "all_weights"})

    def extra_repr(self) -> str:
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False}
        usual |= {"dropout": 0, "bidirectional": False}
        given = [f"{k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *given])

    def _state_shapes(self, batch: int) -> list[tuple[int, int, int]]:
        """The shape of each state: h, and c of an LSTM."""
        layers = self.num_layers * (2 if self.bidirectional else 1)
        shapes = [(layers, batch, self.proj_size or self.hidden_size)]
        if self.mode == "LSTM":
            shapes.append((layers, batch, self.hidden_size))
        return shapes

    def _forward(self, input: Any, states: Any) -> tuple[Any, tuple[Tensor, ...]]:
        """Run the stack; returns the output in the form of the input, and the last states."""
        packed = isinstance(input, PackedSequence)
        data = input.data if packed else input
        if not packed and data.dim() not in (2, 3):
            raise ValueError(
                f"{self._get_name()}: Expected input to be 2D or 3D, got {data.dim()}D instead"
            )
        if data.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{data.shape[-1]}"
            )
        weight = self._flat_weights[0]
        if data.dtype is not weight.dtype:
            raise ValueError(
                f"{self._get_name()}: RNN input dtype ({data.dtype}) does not match weight dtype "
                f"({weight.dtype}). Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({data.dtype})"
            )
        batched = packed or data.dim() == 3
        if not batched:
            data = data.unsqueeze(0 if self.batch_first else 1)
        if packed:
            batch = int(input.batch_sizes[0])
        else:
            batch = data.shape[0] if self.batch_first else data.shape[1]
        shapes = self._state_shapes(batch)
        if states is None:
            states = [zeros(shape, dtype=data.dtype, device=data.device) for shape in shapes]
        else:
            states = self._given_states(states, shapes, batched)
            if packed and input.sorted_indices is not None:
                states = [s.index_select(1, input.sorted_indices) for s in states]
        rest = (
            self._flat_weights, self.bias, self.num_layers, self.dropout, self.training,
            self.bidirectional,
        )  # fmt: skip
        function = getattr(ops, self.mode.lower())
        hx = tuple(states) if self.mode == "LSTM" else states[0]
        if packed:
            output, *last = function(data, input.batch_sizes, hx, *rest)
            output = PackedSequence(
                output, input.batch_sizes, input.sorted_indices, input.unsorted_indices
            )
            if input.unsorted_indices is not None:
                last = [s.index_select(1, input.unsorted_indices) for s in last]
            return output, tuple(last)
        output, *last = function(data, hx, *rest, self.batch_first)
        if not batched:
            output = output.squeeze(0 if self.batch_first else 1)
            last = [s.squeeze(1) for s in last]
        return output, tuple(last)

    def _given_states(self, states: Any, shapes: Any, batched: bool) -> list[Tensor]:
        """The caller's states, checked, with a batch axis."""
        names = ("hx", "cx") if len(shapes) == 2 else ("hx",)
        if not isinstance(states, (tuple, list)) or len(states) != len(names):
            raise TypeError(f"{self._get_name()}: hx should be the pair (h_0, c_0) of tensors")
        checked = []
        for name, state, shape in zip(names, states, shapes):
            wanted = 3 if batched else 2
            if state.dim() != wanted:
                kind = "batched 3-D" if batched else "unbatched 2-D"
                raise RuntimeError(
                    f"For {kind} input, {name} should also be {wanted}-D but got {state.dim()}-D "
                    "tensor"
                )
            state = state if batched else state.unsqueeze(1)
            if tuple(state.shape) != shape:
                which = "hidden" if len(shapes) == 1 else f"hidden[{names.index(name)}]"
                raise RuntimeError(f"Expected {which} size {shape}, got {list(state.shape)}")
            checked.append(state)
        return checked


def _refuse_projection(proj_size: Any) -> None:
    if proj_size is not None:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """A recurrent network over whole sequences; Elman, 1990.

    At each step ``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or with ReLU in place of tanh.

    Args:
        input_size, hidden_size: the number of features of the input x and of the state h.
        num_layers: how many layers are stacked, each reading the output of the one below.
        nonlinearity: "tanh" or "relu".
        bias: use b_ih and b_hh. Default: True.
        batch_first: inputs and outputs are ``(B, T, *)`` instead of ``(T, B, *)``.
        dropout: the probability of dropout between the layers, in training mode.
        bidirectional: a second set of layers reads the sequence backwards.

    ``forward(input, h_0)`` takes ``(T, B, input_size)``, without B, or a packed sequence, and the
    initial state ``(layers, B, hidden_size)`` (default: zeros), where ``layers`` counts both
    directions. It returns the last layer's states ``(T, B, hidden_size)`` and the final states.

    >>> import minitorch_dl as torch
    >>> output, h = torch.nn.RNN(10, 20, 2)(torch.randn(5, 3, 10))
    >>> output.shape, h.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        proj_size: None = None,
    ) -> None:
        _refuse_projection(proj_size)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        self.nonlinearity = nonlinearity
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first,
            dropout, bidirectional, 0, device, dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, (h,) = self._forward(input, None if hx is None else (hx,))
        return output, h


class LSTM(RNNBase):
    """Long short-term memory over whole sequences; Hochreiter and Schmidhuber, 1997.

    At each step, with ``a = W_ih x + b_ih + W_hh h + b_hh`` cut into four parts,
    ``i, f, o = σ(a_i), σ(a_f), σ(a_o)`` and ``g = tanh(a_g)``: ``c' = f c + i g``,
    ``h' = o tanh(c')``.

    The arguments are those of :class:`RNN`, without ``nonlinearity``. ``proj_size`` > 0 projects h
    to that size (Sak et al., 2014). The state is the pair ``(h, c)``.

    >>> import minitorch_dl as torch
    >>> output, (h, c) = torch.nn.LSTM(10, 20, 2)(torch.randn(5, 3, 10))
    >>> output.shape, h.shape, c.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            proj_size, device, dtype,
        )  # fmt: skip

    def forward(
        self, input: Any, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        return self._forward(input, hx)  # type: ignore[return-value]


class GRU(RNNBase):
    """Gated recurrent units over whole sequences; Cho et al., 2014.

    At each step, with ``a = W_ih x + b_ih`` and ``u = W_hh h + b_hh`` cut into three parts each:
    ``r, z = σ(a_r + u_r), σ(a_z + u_z)``, ``n = tanh(a_n + r u_n)``, ``h' = (1 - z) n + z h``.

    The arguments are those of :class:`RNN`, without ``nonlinearity``.

    >>> import minitorch_dl as torch
    >>> output, h = torch.nn.GRU(10, 20, batch_first=True)(torch.randn(3, 5, 10))
    >>> output.shape, h.shape
    (torch.Size([3, 5, 20]), torch.Size([1, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        proj_size: None = None,
    ) -> None:
        _refuse_projection(proj_size)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            0, device, dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, (h,) = self._forward(input, None if hx is None else (hx,))
        return output, h
