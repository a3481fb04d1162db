"""Reverse-mode differentiation: the graph, the backward pass, and the functions that users call.

To read how it works, in this order:

- an op: ``primitive`` (kernel and formulas), ``node`` (what a call leaves behind), ``vjp`` (the
  formulas compiled), ``engine`` (the backward pass). These four are the whole of it;
- what else a call does: ``fast_paths`` (the common cases, shortened), ``operands`` (promotion),
  ``public_functions`` and ``errors`` (from wrong arguments to error texts), ``torch_function``
  (overrides), ``modes`` (no_grad and who listens), ``engine_ops`` (casts, broadcasting),
  ``out_argument`` (``out=``);
- memory: ``base`` (what a tensor is to the graph, and whose memory it views), ``inplace``,
  ``versions`` (was it overwritten?), ``saved_tensors``;
- what users call: ``backward``, ``functional`` and ``forward_ad`` (both by ``linearization``),
  ``function`` with ``function_node`` and ``once_differentiable`` (custom functions), ``gradcheck``,
  ``anomaly``, ``profiler``, ``graph`` with ``formula_text`` and ``node_names``.
"""

from . import engine_ops as _engine_ops, forward_ad, functional, graph, modes as grad_mode, profiler
from .anomaly import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from .backward import backward, grad
from .function import Function
from .gradcheck import gradcheck, gradgradcheck
from .graph import show_graph
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    is_multithreading_enabled,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from .saved_tensors import SavedTensor
from .variable import Variable

__all__ = [
    "Function", "SavedTensor", "Variable", "backward", "detect_anomaly", "enable_grad",
    "forward_ad", "functional", "grad", "grad_mode", "graph", "gradcheck", "gradgradcheck",
    "inference_mode", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "is_grad_enabled",
    "is_inference_mode_enabled", "is_multithreading_enabled", "no_grad", "profiler",
    "set_detect_anomaly", "set_grad_enabled", "set_multithreading_enabled", "show_graph",
]  # fmt: skip
