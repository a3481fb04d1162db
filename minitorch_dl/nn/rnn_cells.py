"""Recurrent cells: one step at a time."""

from __future__ import annotations

import math
from typing import Any

from ..ops import empty, recurrent as ops, zeros
from ..tensor import Tensor
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


def draw_parameters(module: Module) -> None:
    """Draw a recurrent module's parameters, uniform on ``±1/√hidden_size``."""
    bound = 1.0 / math.sqrt(module.hidden_size) if module.hidden_size > 0 else 0
    for weight in module.parameters():
        init.uniform_(weight, -bound, bound)


class RNNCellBase(Module):
    """Parameters and checks shared by the cells."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        made = {"device": device, "dtype": dtype}
        gates = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((gates, input_size), **made))
        self.weight_hh = Parameter(empty((gates, hidden_size), **made))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(gates, **made)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniform on ``±1/√hidden_size``."""
        draw_parameters(self)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _step(self, function: Any, input: Tensor, states: Any) -> list[Tensor]:
        """``function`` on a batch; an unbatched input gets a batch of one."""
        name = self._get_name()
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"{name}: input has inconsistent input_size: got {input.shape[-1]} expected "
                f"{self.input_size}"
            )
        batched = input.dim() == 2
        x = input if batched else input.unsqueeze(0)
        batch = x.shape[0]
        checked = []
        for i, state in enumerate(states):
            if state is None:
                state = zeros((batch, self.hidden_size), dtype=x.dtype, device=x.device)
            else:
                if state.dim() not in (1, 2):
                    which = "hidden" if len(states) == 1 else f"hx[{i}]"
                    raise ValueError(
                        f"{name}: Expected {which} to be 1D or 2D, got {state.dim()}D instead"
                    )
                state = state if batched else state.unsqueeze(0)
                if state.shape[-1] != self.hidden_size or state.dim() != 2:
                    raise RuntimeError(
                        f"{name}: hidden{i} has inconsistent hidden_size: got {state.shape[-1]}, "
                        f"expected {self.hidden_size}"
                    )
                if state.shape[0] != batch:
                    raise RuntimeError(
                        f"{name}: Input batch size {batch} doesn't match hidden{i} batch size "
                        f"{state.shape[0]}"
                    )
            checked.append(state)
        new = function(x, checked, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return list(new) if batched else [s.squeeze(0) for s in new]


class RNNCell(RNNCellBase):
    """One step of :class:`RNN`: ``(B, input_size)`` and ``(B, hidden_size)`` to the new state."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        cell = getattr(ops, f"rnn_{self.nonlinearity}_cell")
        return self._step(lambda x, s, *w: (cell(x, s[0], *w),), input, (hx,))[0]


class LSTMCell(RNNCellBase):
    """One step of :class:`LSTM`: the input and ``(h, c)`` to the new ``(h, c)``.

    >>> import minitorch_dl as torch
    >>> h, c = torch.nn.LSTMCell(10, 20)(torch.ones(3, 10))
    >>> h.shape, c.shape
    (torch.Size([3, 20]), torch.Size([3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        h, c = self._step(ops.lstm_cell, input, (None, None) if hx is None else hx)
        return h, c


class GRUCell(RNNCellBase):
    """One step of :class:`GRU`: ``(B, input_size)`` and ``(B, hidden_size)`` to the new state."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(lambda x, s, *w: (ops.gru_cell(x, s[0], *w),), input, (hx,))[0]
