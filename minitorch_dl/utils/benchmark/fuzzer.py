"""Random sizes and tensors to time code on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...backend import dtypes
from ...ops import from_numpy
from ...tensor import Tensor

_ATTEMPTS = 1000


class ParameterAlias:
    """Another parameter's value, in a distribution."""

    def __init__(self, alias_to: str) -> None:
        self.alias_to = alias_to


class FuzzedParameter:
    """A random number.

    Args:
        minval, maxval: its range, both included.
        distribution: "uniform", "loguniform", or a dict from values to probabilities.
    """

    def __init__(
        self,
        name: str,
        minval: float | None = None,
        maxval: float | None = None,
        distribution: str | Mapping[Any, float] = "uniform",
        strict: bool = False,
    ) -> None:
        if isinstance(distribution, str):
            if distribution not in ("uniform", "loguniform"):
                raise ValueError(f"FuzzedParameter: unknown distribution {distribution!r}")
            if minval is None or maxval is None:
                raise ValueError("FuzzedParameter: minval and maxval must be given")
        self.name, self.strict = name, strict
        self._low, self._high, self._distribution = minval, maxval, distribution

    def sample(self, state: np.random.RandomState) -> Any:
        """Draw one."""
        if isinstance(self._distribution, Mapping):
            weights = np.array(list(self._distribution.values()), float)
            return list(self._distribution)[state.choice(len(weights), p=weights / weights.sum())]
        low, high = self._low, self._high
        assert low is not None
        assert high is not None
        if self._distribution == "loguniform":
            value: float = float(np.exp(state.uniform(math.log(low), math.log(high))))
        elif isinstance(low, int) and isinstance(high, int):
            return int(state.randint(low, high + 1))
        else:
            return float(state.uniform(low, high))
        return round(value) if isinstance(low, int) and isinstance(high, int) else value


class FuzzedTensor:
    """A random tensor.

    Args:
        size, steps: numbers or names of parameters; with steps it is a part of a larger tensor.
        probability_contiguous: how often its dims lie in memory in their order.
        min_elements, max_elements: how many elements it may have.
        dim_parameter: the name of the parameter that says how many dims of ``size`` count.
    """

    def __init__(
        self,
        name: str,
        size: Sequence[int | str],
        steps: Sequence[int | str] | None = None,
        probability_contiguous: float = 0.5,
        min_elements: int | None = None,
        max_elements: int | None = None,
        max_allocation_bytes: int | None = None,
        dim_parameter: str | None = None,
        roll_parameter: str | None = None,
        dtype: Any = dtypes.float32,
        cuda: bool = False,
        tensor_constructor: Callable[..., Tensor] | None = None,
    ) -> None:
        self.name, self._size, self._steps = name, tuple(size), steps
        self._contiguous, self._dims, self._roll = (
            probability_contiguous, dim_parameter, roll_parameter,
        )  # fmt: skip
        self._least, self._most, self._bytes = min_elements, max_elements, max_allocation_bytes
        self._dtype, self._cuda, self._made = dtype, cuda, tensor_constructor

    def _numbers(self, given: Sequence[int | str] | None, params: Mapping[str, Any]) -> list[int]:
        dims = params[self._dims] if self._dims else len(self._size)
        values = (1,) * len(self._size) if given is None else given
        return [params[v] if isinstance(v, str) else v for v in values][:dims]

    def allowed(self, params: Mapping[str, Any]) -> bool:
        """Whether it has neither too many elements nor too few."""
        size, steps = self._numbers(self._size, params), self._numbers(self._steps, params)
        n, memory = math.prod(size), math.prod(map(int.__mul__, size, steps))
        return (
            (self._least is None or n >= self._least)
            and (self._most is None or n <= self._most)
            and (self._bytes is None or memory * self._dtype.itemsize <= self._bytes)
        )

    def make(
        self, params: Mapping[str, Any], state: np.random.RandomState
    ) -> tuple[Tensor, dict[str, Any]]:
        """The tensor, and what is known of it."""
        size, steps = self._numbers(self._size, params), self._numbers(self._steps, params)
        whole = [n * step for n, step in zip(size, steps, strict=True)]
        order = np.arange(len(size))
        if len(size) > 1 and state.rand() > self._contiguous:
            order = state.permutation(len(size))
        shape = [whole[d] for d in order]
        if self._made is not None:
            raw = self._made(size=tuple(shape), dtype=self._dtype, **params)
        elif self._dtype.is_floating_point:
            raw = from_numpy(state.standard_normal(shape)).to(self._dtype)
        else:
            raw = from_numpy(state.randint(0, 2 if self._dtype is dtypes.bool else 127, shape))
            raw = raw.to(self._dtype)
        if self._cuda:
            raw = raw.cuda()
        tensor = raw.permute(tuple(int(d) for d in np.argsort(order)))
        tensor = tensor[tuple(slice(None, None, step) for step in steps)]
        known = {
            "numel": tensor.numel(),
            "order": order,
            "steps": steps,
            "is_contiguous": tensor.is_contiguous(),
            "dtype": str(self._dtype),
        }
        return tensor, known


class Fuzzer:
    """Draws parameters and tensors.

    Args:
        parameters, tensors: what to draw; lists may hold further lists.
        constraints: functions of the parameters by name, all of which must hold.

    >>> from minitorch_dl.utils.benchmark import FuzzedParameter, FuzzedTensor, Fuzzer
    >>> fuzzer = Fuzzer([FuzzedParameter("n", 1, 9)], [FuzzedTensor("x", ("n", 2))], seed=0)
    >>> for tensors, known, parameters in fuzzer.take(1):
    ...     tensors["x"].shape == (parameters["n"], 2)
    True
    """

    def __init__(
        self,
        parameters: Sequence[Any],
        tensors: Sequence[Any],
        constraints: Sequence[Callable[..., bool]] | None = None,
        seed: int | None = None,
    ) -> None:
        self._parameters, self._tensors = _flat(parameters), _flat(tensors)
        self._constraints = constraints or ()
        names = [one.name for one in (*self._parameters, *self._tensors)]
        if len(set(names)) < len(names):
            raise ValueError(f"Duplicate name: {sorted(n for n in names if names.count(n) > 1)}")
        self._seed = seed
        self._generated = self._rejected = 0

    @property
    def rejection_rate(self) -> float:
        """Which part of what was drawn did not fit."""
        return self._rejected / self._generated if self._generated else 0.0

    def take(self, n: int) -> Iterator[tuple[dict[str, Tensor], dict[str, Any], dict[str, Any]]]:
        """``n`` times the tensors, what is known of them, and the parameters, each by name."""
        state = np.random.RandomState(self._seed)
        for _ in range(n):
            params = self._drawn(state)
            made = {t.name: t.make(params, state) for t in self._tensors}
            yield (
                {name: tensor for name, (tensor, _) in made.items()},
                {name: known for name, (_, known) in made.items()},
                params,
            )

    def _drawn(self, state: np.random.RandomState) -> dict[str, Any]:
        for _ in range(_ATTEMPTS):
            self._generated += 1
            params = {p.name: p.sample(state) for p in self._parameters}
            params = {
                name: params[v.alias_to] if isinstance(v, ParameterAlias) else v
                for name, v in params.items()
            }
            fits = all(holds(**params) for holds in self._constraints)
            if fits and all(t.allowed(params) for t in self._tensors):
                return params
            self._rejected += 1
        raise ValueError("Failed to generate a set of valid parameters.")


def _flat(given: Sequence[Any]) -> list[Any]:
    return [x for one in given for x in (_flat(one) if isinstance(one, (list, tuple)) else (one,))]
