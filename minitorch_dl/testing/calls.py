"""Calls of ops and modules as functions of their float tensors alone, for gradient checks."""

from __future__ import annotations

import copy
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backend import device as Device, dtypes, to_host
from ..nn import Module
from ..nn.functional_call import functional_call
from ..ops import from_numpy, manual_seed, view_as_real
from ..tensor import Tensor
from . import module_cases, op_cases
from .op_cases import S, Spec, leaves, replace


class Call:
    """One call at one point; called with other floats it gives the outputs there. Complex numbers
    count as pairs of floats.

    Attributes:
        text: the call as the table writes it.
        inputs: the tensors that it depends on, in float64.
        order: the highest derivative that exists.
        device: where it runs.
    """

    text: str
    device: Any
    inputs: list[Tensor]
    order: int = 2

    def __call__(self, *floats: Tensor) -> tuple[Tensor, ...]:
        """The float outputs; a random op or module draws the same each time."""
        manual_seed(0)
        outputs = leaves(self.outputs(*floats), Tensor)
        pairs = [view_as_real(y.resolve_conj()) if y.is_complex() else y for y in outputs]
        return tuple(y for y in pairs if y.dtype.is_floating_point)

    def outputs(self, *floats: Tensor) -> Any:
        raise NotImplementedError

    def __str__(self) -> str:
        return self.text


class OpCall(Call):
    """A call of an op with the arguments ``tree``, (args, kwargs) with NumPy arrays."""

    def __init__(self, row: op_cases.Row, tree: Any, text: str, device: Any) -> None:
        self.row, self.tree, self.text, self.device = row, tree, text, device
        self.order = 2 if row.gradgrad else 1
        self.inputs = _floats(tree, device)

    def outputs(self, *floats: Tensor) -> Any:
        # What is written into must not be a leaf.
        given = iter([x.clone() for x in floats] if self.row.name.endswith("_") else floats)
        args, kwargs = _with(self.tree, given, self.device)
        return self.row.function(_package())(*args, **kwargs)


class ModuleCall(Call):
    """A call of a module, as a function of its float inputs and its parameters.

    The parameters are moved off their start, where many are 0 or 1 and hide mistakes. Buffers are
    those of the new module at every call.
    """

    def __init__(
        self, row: module_cases.Row, case: int, tree: Any, rng: np.random.Generator, device: Any
    ) -> None:
        self.case, self.tree, self.device = row.cases[case], tree, Device(device)
        self.order = 2 if self.case.gradgrad else 1
        made = row.make(case, _package(), lambda array: from_numpy(array.copy()))
        self.module = _Called(made, self.case).to(device, dtypes.float64)
        self.inputs = _floats(tree, device)
        self.parameters = []
        for name, p in self.module.named_parameters():
            self.parameters.append(name)
            moved = np.asarray(rng.uniform(-0.3, 0.3, tuple(p.shape)))
            self.inputs.append(p.detach() + from_numpy(moved).to(device))
        self.buffers = {name: value.clone() for name, value in self.module.named_buffers()}
        new = f"(*{row.name})" if not isinstance(self.case.new, S) else repr(self.case.new)[1:]
        self.text = f"case {case}: {row.name}{new}{repr(self.case.given)[1:]}"

    def evaluating(self) -> ModuleCall:
        """The same call in evaluation mode."""
        twin = copy.copy(self)
        twin.module = copy.deepcopy(self.module).eval()
        twin.text = f"{self.text}, evaluating"
        return twin

    def outputs(self, *floats: Tensor) -> Any:
        given = iter(floats)
        args, kwargs = _with(self.tree, given, self.device)
        state = dict(zip(self.parameters, given))
        for name, value in self.buffers.items():
            state[name] = (value.to(floats[0].dtype) if _is_float(value) else value).clone()
        with self.device:
            return functional_call(self.module, state, args, kwargs)


class _Called(Module):
    """A module whose forward is the call of a case, which need not be that of ``forward``."""

    def __init__(self, made: Any, case: module_cases.Case) -> None:
        super().__init__()
        self.made, self.case = made, case

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.case.run(_package(), self.made, args, kwargs)


def _package() -> Any:
    return sys.modules[__name__.partition(".")[0]]


def _is_float(x: Tensor) -> bool:
    return x.dtype.is_floating_point


def _floats(tree: Any, device: Any) -> list[Tensor]:
    arrays = [a for a in leaves(tree, np.ndarray) if a.dtype.kind in "fc"]
    pairs = [a.copy() if a.dtype.kind == "f" else np.stack([a.real, a.imag], -1) for a in arrays]
    return [from_numpy(a).to(device) for a in pairs]


def _with(tree: Any, floats: Iterator[Tensor], device: Any) -> Any:
    """``tree`` with tensors for its arrays, the float ones from ``floats``."""

    def tensor(array: np.ndarray) -> Tensor:
        if array.dtype.kind in "fc":
            x = next(floats)
            return x if array.dtype.kind == "f" else _package().complex(x[..., 0], x[..., 1])
        return from_numpy(array.copy()).to(device)

    return replace(tree, tensor, np.ndarray)


# -- calls at drawn points -------------------------------------------------------------------------


def op_calls(row: op_cases.Row, examples: int, seed: int, device: Any = "cpu") -> Iterator[OpCall]:
    """Each sample of the row with ``examples`` different values of its floats; the integers and
    bools, which pick elements, stay."""
    for i, sample in enumerate(row.samples):
        for rng, at in _points(f"{row.name}/{i}", examples, seed):
            tree = _redrawn((sample.args, sample.kwargs), row.values(i), rng)
            call = OpCall(row, tree, f"sample {i}{at}: {sample!r}", device)
            yield call
            if not call.inputs:
                break


def module_calls(
    row: module_cases.Row, examples: int, seed: int, device: Any = "cpu"
) -> Iterator[ModuleCall]:
    """Each case of the row with ``examples`` different values of its float inputs and parameters;
    in evaluation mode too, where that differs."""
    for i, case in enumerate(row.cases):
        if not case.numeric:
            continue
        for rng, at in _points(f"nn.{row.name}/{i}", examples, seed):
            tree = _redrawn((case.given.args, case.given.kwargs), row.given(i), rng)
            call = ModuleCall(row, i, tree, rng, device)
            call.text = call.text.replace(":", f"{at}:", 1)
            if not call.inputs:
                break
            yield call
            evaluating = call.evaluating()
            if _differ(call, evaluating):
                yield evaluating


def _points(key: str, examples: int, seed: int) -> Iterator[tuple[np.random.Generator, str]]:
    """A generator of random numbers for each example, and what to call it."""
    for example in range(examples):
        rng = np.random.default_rng(zlib.crc32(f"{key}/{seed}/{example}".encode()))
        yield rng, f", example {example}" if example else ""


def _redrawn(specs: Any, arrays: Any, rng: np.random.Generator) -> Any:
    """``arrays`` with other numbers in place of its floats."""
    given = iter(leaves(specs, Spec))

    def drawn(array: np.ndarray) -> np.ndarray:
        spec = next(given)
        return spec.make(rng) if spec.kind in ("float", "complex") else array

    return replace(arrays, drawn, np.ndarray)


def _differ(one: Call, other: Call) -> bool:
    pairs = zip(one(*one.inputs), other(*other.inputs))
    return any(not np.array_equal(to_host(a.array), to_host(b.array)) for a, b in pairs)
