"""``check_op``: a property-based gradient check of any function."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Function
from ..backend import to_host
from ..tensor import Tensor
from .call_check import CallCheck
from .edges import check_edges
from .findings import CheckFailure, Measurement, Options


@dataclass(frozen=True)
class OpReport:
    """What ``check_op`` found.

    Attributes:
        name: the function's.
        points: how many calls were examined.
        kinks: how many of them lay at a kink, where the gradient only has to lie between the
            one-sided derivatives.
        first_error, second_error: the greatest ``|analytical - numerical| / max(1, |numerical|)``;
            None where no call had such a derivative.
        worst: the arguments with the greatest error of the highest order.
        oracles: what the derivatives were compared with.
        failure: the CheckFailure, when ``raise_exception=False`` kept it from being raised.
    """

    name: str
    points: int
    kinks: int
    first_error: float | None
    second_error: float | None
    worst: tuple[Any, ...]
    oracles: tuple[str, ...]
    failure: CheckFailure | None = None

    def __bool__(self) -> bool:
        return self.failure is None


def check_op(
    fn: Callable[..., Any] | type[Function],
    inputs: Any,
    *,
    order: int = 2,
    examples: int = 50,
    seed: int = 0,
    rtol: float = 1e-6,
    atol: float = 1e-7,
    reference: Callable[..., Any] | None = None,
    torch_reference: Callable[..., Any] | None = None,
    keeps_dtype: bool = True,
    may_alias: bool = False,
    ignores_nan: bool = False,
    edges: bool = True,
    raise_exception: bool = True,
) -> OpReport:
    """Check a function or a custom ``autograd.Function``: results, first and second derivatives.

    At every point: the call leaves its inputs unchanged, gives the same again, shares no memory
    with them, keeps dtype and device, and gives the same for any memory layout. Derivatives are
    compared with central differences, extrapolated with a step chosen per point; with the complex
    step where ``reference`` or ``fn`` takes complex NumPy arrays; with PyTorch where
    ``torch_reference`` is given. Forward mode must agree with the backward pass, and a Function's
    own ``vmap`` with calls for single entries; a module is checked by its parameters, too. At a
    kink the gradient must lie between the one-sided derivatives. Results that require no gradient
    must not depend on the inputs. At the smaller points also: 0-d and empty inputs, float32, NaN
    and infinities.

    Args:
        fn: takes ``inputs``, returns a Tensor or several; a Function class stands for its
            ``apply``. It is called with float64, so a module must be in float64, too.
        inputs: the arguments: tensors, other values, or Hypothesis strategies for them
            (``minitorch_dl.testing.strategies``), one or a tuple; or one strategy that draws the
            tuple. The derivative is checked by every float tensor; complex numbers count as pairs
            of floats.
        order: 1 or 2.
        examples: how many points are drawn from strategies.
        seed: of the drawing and of the directions.
        rtol, atol: the bound ``atol + rtol * |numerical|`` on the error of a derivative.
        reference: the same function of NumPy arrays.
        torch_reference: the same function of PyTorch tensors.
        keeps_dtype: float outputs must have the dtype of the inputs.
        may_alias: outputs may share memory with inputs.
        ignores_nan: a NaN among the inputs need not show in the result.
        edges: check special shapes and values, too.
        raise_exception: raise a failure, instead of keeping it in the report.

    Raises:
        CheckFailure: with the smallest failing input that Hypothesis finds, which derivative,
            where, both numbers, a verdict, and a program that reproduces it.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.testing import check_op, strategies
    >>> def logistic(x):
    ...     return 1 / (1 + np.exp(-x))
    >>> report = check_op(torch.sigmoid, strategies.tensors(), reference=logistic)
    >>> report.points >= 50, sorted(report.oracles)
    (True, ['complex step', 'differences', 'forward mode', 'reference'])
    >>> def cube(x):
    ...     return x.detach() * x * x  # the gradient of the first factor is lost
    >>> check_op(cube, strategies.tensors())
    Traceback (most recent call last):
    minitorch_dl...CheckFailure: cube failed the check "first derivative": wrong formula
    ...
    """
    if order not in (1, 2):
        raise ValueError(f"check_op(): order must be 1 or 2, got {order}")
    options = Options(
        order, rtol, atol, reference, torch_reference, keeps_dtype, may_alias, ignores_nan, edges,
        seed,
    )  # fmt: skip
    name = _name(fn)
    call = fn.apply if isinstance(fn, type) and issubclass(fn, Function) else fn
    found = Measurement()
    failure = None
    try:
        if _has_strategies(inputs):
            _check_drawn(call, inputs, options, found, examples)
        else:
            args = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
            _check_call(call, args, options, found)
    except CheckFailure as error:
        failure = CheckFailure(
            error.check, _report(fn, name, error, options), error.inputs, error.verdict,
            error.analytical, error.numerical,
        )  # fmt: skip
    if failure is not None and raise_exception:
        raise failure
    highest = max(found.worst, default=0)
    return OpReport(
        name, found.points, found.kinks, found.errors.get(1), found.errors.get(2),
        found.worst.get(highest, ()), tuple(sorted(found.oracles)), failure,
    )  # fmt: skip


EDGE_ELEMENTS = 16
"""Special shapes and values are tried at the calls with at most so many elements."""


def _check_call(
    fn: Callable[..., Any], args: tuple[Any, ...], options: Options, found: Measurement
) -> None:
    CallCheck(fn, args, options, found).run()
    if options.edges and sum(x.numel() for x in args if isinstance(x, Tensor)) <= EDGE_ELEMENTS:
        check_edges(fn, args, options)


def _has_strategies(inputs: Any) -> bool:
    parts = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    return any(hasattr(part, "example") and hasattr(part, "map") for part in parts)


def _check_drawn(
    fn: Callable[..., Any], inputs: Any, options: Options, found: Measurement, examples: int
) -> None:
    """Draw calls and check each; Hypothesis shrinks a failing one."""
    try:
        import hypothesis
        from hypothesis import strategies as st
        from hypothesis.errors import Flaky
    except ImportError as error:
        raise ImportError(
            "check_op() with strategies needs Hypothesis, which is not installed: "
            "pip install minitorch-dl[test]"
        ) from error
    if isinstance(inputs, (tuple, list)):
        parts = [p if _has_strategies(p) else st.just(p) for p in inputs]
        drawn: Any = st.tuples(*parts)
    else:
        drawn = inputs.map(lambda x: x if isinstance(x, tuple) else (x,))

    @hypothesis.seed(options.seed)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )
    @hypothesis.given(drawn)
    def check(args: tuple[Any, ...]) -> None:
        try:
            _check_call(fn, args, options, found)
        except CheckFailure as error:
            failed.append((error.check, error.verdict))
            if failed[-1] == failed[0]:  # so that what is shrunk stays the same fault
                raise

    failed: list[Any] = []
    try:
        check()
    except Flaky as flaky:  # the failing call passed when it was made again
        found_first = [e for e in getattr(flaky, "exceptions", ()) if isinstance(e, CheckFailure)]
        if not found_first:
            raise
        found_first[0].verdict = "not deterministic"
        raise found_first[0] from None


# -- the report ------------------------------------------------------------------------------------


def _source(fn: Any) -> Any:
    """What has to be imported or defined to have ``fn``: the class of a Function's ``apply``."""
    owner = getattr(fn, "__self__", None)
    return owner if isinstance(owner, type) else fn


def _name(fn: Any) -> str:
    name = getattr(fn, "__name__", None) or type(fn).__name__
    source = _source(fn)
    return name if source is fn else f"{source.__name__}.{name}"


def _report(fn: Any, name: str, error: CheckFailure, options: Options) -> str:
    verdict = "" if error.verdict is None else f": {error.verdict}"
    return (
        f'{name} failed the check "{error.check}"{verdict}\n\n{error.text}\n\n'
        f"To reproduce:\n\n{reproduction(fn, name, error, options)}"
    )


def reproduction(fn: Any, name: str, error: CheckFailure, options: Options) -> str:
    """A program that makes the failing call again."""
    lines = ["import minitorch_dl as torch", "from minitorch_dl.testing import check_op"]
    source, first = _source(fn), name.partition(".")[0]
    module = getattr(source, "__module__", None) or ""
    package = sys.modules[__name__.partition(".")[0]]
    if getattr(package, name, None) is fn:
        name = f"torch.{name}"
    elif module != "__main__" and getattr(sys.modules.get(module), first, None) is source:
        lines.append(f"from {module} import {first}")
    else:
        lines.append(f"# {first}: {_where(source)}")
    if name == "<lambda>":
        name = "fn"
    names = []
    for i, x in enumerate(error.inputs):
        if isinstance(x, Tensor):
            values = np.array2string(
                to_host(x.array), separator=", ", threshold=10**6, floatmode="unique"
            )
            values = "".join(values.split()).replace(",", ", ").replace("nan", "torch.nan")
            values = values.replace("inf", "torch.inf")
            shape = f".reshape({tuple(x.shape)})" if not x.numel() and x.ndim > 1 else ""
            lines.append(f"x{i} = torch.tensor({values}, dtype={x.dtype}){shape}")
        else:
            lines.append(f"x{i} = {x!r}")
        names.append(f"x{i}")
    args = ", ".join(names) + ("," if len(names) == 1 else "")
    given = [name, f"({args})", f"order={options.order}"]
    for option in dataclasses.fields(options):
        value = getattr(options, option.name)
        if option.name in ("order", "dtype") or value == option.default:
            continue
        if callable(value):
            lines.insert(2, f"# {option.name}, {_name(value)}: as it was given to check_op")
            value = option.name
        given.append(f"{option.name}={value}")
    lines.append(f"check_op({', '.join(given)})")
    return "\n".join(lines)


def _where(fn: Any) -> str:
    try:
        line = inspect.getsourcelines(fn)[1]
        return f"see {inspect.getsourcefile(fn)}, line {line}"
    except (OSError, TypeError):
        return "defined where check_op was called"


__all__: Sequence[str] = ["CheckFailure", "OpReport", "check_op", "reproduction"]
