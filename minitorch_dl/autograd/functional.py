"""Derivatives of functions: vjp, jvp, Jacobian, Hessian and their products with vectors.

Every function takes ``func`` and the point ``inputs`` (a Tensor or a tuple of Tensors) and returns
plain values unless ``create_graph=True``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..backend import array_module
from .backward import stacked
from .engine_ops import alias
from .linearization import Linearization, gradients, zeros_like
from .modes import enable_grad
from .primitive import TensorBase

Tensors = tuple[Any, ...]


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of ``func`` and v^T J, the product of a vector of the outputs' shape and the
    Jacobian.

    Args:
        v: may be left out when the function returns one element.
        create_graph: the results can be differentiated.
        strict: raise when an output doesn't depend on an input, instead of giving zeros.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([1.0, 2.0])
    >>> torch.autograd.functional.vjp(lambda x: x * x, x, torch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        many_in, inputs = _tensors(inputs, "inputs", "vjp")
        inputs = _fresh(inputs, create_graph)
        many_out, outputs = _call(func, inputs, "vjp", strict)
        v = _vector(v, outputs, many_out, "vjp", create_graph, "the user-provided function returns")
    what = "The output of the user-provided function"
    found = _pulled(outputs, inputs, v, strict, create_graph, what)
    return _result(outputs, many_out, create_graph), _result(found, many_in, create_graph)


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of ``func`` and J v, the product of the Jacobian and a vector of the inputs'
    shape.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([1.0, 2.0])
    >>> torch.autograd.functional.jvp(lambda x: x.sum() * x, x, torch.tensor([1.0, 0.0]))
    (tensor([3., 6.]), tensor([4., 2.]))
    """
    with enable_grad():
        many_in, inputs = _tensors(inputs, "inputs", "jvp")
        inputs = _fresh(inputs, create_graph)
        v = _vector(
            v, inputs, many_in, "jvp", create_graph, "the input to the user-provided function is"
        )
        many_out, outputs = _call(func, inputs, "jvp", strict)
    what = "The gradient of the user-provided function"
    found = _pushed(outputs, inputs, v, strict, create_graph, what, what)
    return _result(outputs, many_out, create_graph), _result(found, many_out, create_graph)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian: a Tensor of shape ``output.shape + input.shape``, in a tuple per output and per
    input where there are tuples.

    ``vectorize`` and ``strategy`` are accepted for PyTorch's sake: the rows are always computed one
    by one in reverse mode. As there, both asked for make the tuples over several inputs lists.

    >>> import minitorch_dl as torch
    >>> torch.autograd.functional.jacobian(lambda x: x**2, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _check_strategy(strategy)
    if strict and vectorize:
        raise RuntimeError(
            "jacobian: `strict=True` and `vectorize=True` are not supported together"
        )
    with enable_grad():
        many_in, inputs = _tensors(inputs, "inputs", "jacobian")
        inputs = _fresh(inputs, create_graph)
        many_out, outputs = _call(func, inputs, "jacobian", strict)
        result = []
        for i, output in enumerate(outputs):
            rows = []
            for unit in unit_vectors(output):
                found = gradients((output,), inputs, (unit,), create_graph, retain_graph=True)
                rows.append(
                    _filled(
                        found,
                        inputs,
                        strict,
                        create_graph,
                        f"Output {i} of the user-provided function",
                    )
                )
            result.append(
                tuple(
                    _stacked(column, output, x) for column, x in zip(_columns(rows, inputs), inputs)
                )
            )
    result = [_result(one, many_in, create_graph) for one in result]
    if many_in and vectorize and strategy == "forward-mode":
        return [list(one) for one in result] if many_out else list(result[0])
    return tuple(result) if many_out else result[0]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The matrix of second derivatives of a function with one element: shape
    ``input_i.shape + input_j.shape``.

    >>> import minitorch_dl as torch
    >>> torch.autograd.functional.hessian(lambda x: x[0] ** 2 * x[1], torch.tensor([1.0, 2.0]))
    tensor([[4., 2.],
            [2., 0.]])
    """
    _check_strategy(outer_jacobian_strategy)
    many_in, inputs = _tensors(inputs, "inputs", "hessian")

    def gradient(*xs: Any) -> Tensors:
        def scalar(*xs: Any) -> Any:
            return _scalar(_call(func, xs, "hessian", strict), "hessian").reshape(())

        found: Tensors = jacobian(scalar, xs, create_graph=True)
        if strict:
            _require(found, "The jacobian of the user-provided function")
        return found

    rows = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return rows if many_in else rows[0][0]


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output of ``func``, which has one element, and v^T H."""
    with enable_grad():
        many_in, inputs = _tensors(inputs, "inputs", "vhp")
        inputs = _fresh(inputs, create_graph)
        v = _vector(
            v, inputs, many_in, "vhp", create_graph, "the input to the user-provided function is"
        )
        output, slope = _slope(func, inputs, "vhp", strict)
    what = "The jacobian of the user-provided function"
    found = _pulled(slope, inputs, v, strict, create_graph, what)
    return _result((output,), False, create_graph), _result(found, many_in, create_graph)


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output of ``func``, which has one element, and H v; ``vhp`` is faster and the same where
    H is continuous."""
    with enable_grad():
        many_in, inputs = _tensors(inputs, "inputs", "hvp")
        inputs = _fresh(inputs, create_graph)
        v = _vector(
            v, inputs, many_in, "hvp", create_graph, "the input to the user-provided function is"
        )
        output, slope = _slope(func, inputs, "hvp", strict)
    jacobian, hessian = (
        f"The {name} of the user-provided function" for name in ("jacobian", "hessian")
    )
    found = _pushed(slope, inputs, v, strict, create_graph, jacobian, hessian)
    return _result((output,), False, create_graph), _result(found, many_in, create_graph)


def _pulled(
    outputs: Tensors, inputs: Tensors, v: Any, strict: bool, create_graph: bool, what: str
) -> Tensors:
    """v^T J of outputs that were computed from the inputs; ``what`` they are is for errors."""
    found = gradients(outputs, inputs, v, create_graph)
    return _filled(found, inputs, strict, create_graph, what)


def _pushed(
    outputs: Tensors, inputs: Tensors, v: Any, strict: bool, create_graph: bool, first: str,
    second: str,
) -> Tensors:  # fmt: skip
    """J v of outputs that were computed from the inputs; ``first`` and ``second`` name their first
    and second derivatives in errors."""
    linear = Linearization(outputs, inputs)
    if strict:
        _require(linear.transposed, first)
    return _filled(linear.along(v, create_graph), outputs, strict, create_graph, second)


def _check_strategy(strategy: str) -> None:
    if strategy not in ("reverse-mode", "forward-mode"):
        raise AssertionError(
            f'Expected strategy to be either "forward-mode" or "reverse-mode", got {strategy!r}.'
        )


def _tensors(value: Any, what: str, caller: str) -> tuple[bool, Tensors]:
    """Whether a tuple was given, and the tuple."""
    is_tuple = isinstance(value, tuple)
    values = value if is_tuple else (value,)
    for i, one in enumerate(values):
        if not isinstance(one, TensorBase):
            where = f"the value at index {i}" if is_tuple else "it"
            raise TypeError(
                f"The {what} given to {caller} must be either a Tensor or a tuple of Tensors but "
                f"{where} has type {type(one)}."
            )
    return is_tuple, values


def _fresh(tensors: Tensors, create_graph: bool, requires_grad: bool = True) -> Tensors:
    """Tensors of our own, so that uses of the caller's inside ``func`` don't count; connected to
    them for ``create_graph``."""
    return tuple(
        alias(x) if create_graph and x.requires_grad else x.detach().requires_grad_(requires_grad)
        for x in tensors
    )


def _call(
    func: Callable[..., Any], inputs: Tensors, caller: str, strict: bool
) -> tuple[bool, Tensors]:
    many, outputs = _tensors(func(*inputs), "outputs of the user-provided function", caller)
    for i, output in enumerate(outputs if strict else ()):
        if not output.requires_grad:
            raise RuntimeError(
                f"Output {i} of the user-provided function does not require gradients. "
                "The outputs must be computed in a differentiable manner from the input when "
                "running in strict mode."
            )
    return many, outputs


def _scalar(called: tuple[bool, Tensors], caller: str) -> Any:
    many, outputs = called
    if many:
        raise RuntimeError(f"The function given to {caller} should return a single Tensor")
    if outputs[0].array.size != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {caller} should contain a single "
            f"element, but it has shape {tuple(outputs[0].array.shape)}"
        )
    return outputs[0]


def _slope(
    func: Callable[..., Any], inputs: Tensors, caller: str, strict: bool
) -> tuple[Any, Tensors]:
    """The output of a function with one element, and its gradient, differentiable."""
    output = _scalar(_call(func, inputs, caller, strict), caller)
    slope = gradients((output,), inputs, None, create_graph=True)
    if strict:
        _require(slope, "The jacobian of the user-provided function")
    return output, slope


def _vector(
    v: Any, like: Tensors, is_tuple: bool, caller: str, create_graph: bool, owner: str
) -> Any:
    """``v`` checked against the tensors that it multiplies; None stands for 1."""
    if v is None:
        if len(like) != 1 or like[0].array.size != 1:
            raise RuntimeError(
                f"The vector v can only be None if {owner} a single Tensor with a single element."
            )
        return None
    _, v = _tensors(v, "v", caller)
    if len(v) != len(like):
        if is_tuple:
            raise RuntimeError(
                f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}."
            )
        raise RuntimeError("The given v should contain a single Tensor.")
    for i, (one, x) in enumerate(zip(v, like)):
        if one.array.shape != x.array.shape:
            entry = f"Entry {i} in " if is_tuple else ""
            raise RuntimeError(
                f"{entry}v has invalid size: should be {x.shape} but got {one.shape}."
            )
    return _fresh(v, create_graph, requires_grad=False)


def _require(tensors: Sequence[Any], what: str) -> None:
    """Strict mode: the first derivative must depend on the inputs."""
    for i, x in enumerate(tensors):
        if x is None:
            raise RuntimeError(
                f"The output of the user-provided function is independent of input {i}. This is "
                "not allowed in strict mode."
            )
        if not x.requires_grad:
            raise RuntimeError(
                f"{what} with respect to input {i} is independent of the input. This is not "
                "allowed in strict mode: the function must be twice differentiable, and not linear"
            )


def _filled(grads: Tensors, like: Tensors, strict: bool, create_graph: bool, what: str) -> Tensors:
    """Zeros for what doesn't depend; an error in strict mode."""
    for i, g in enumerate(grads if strict else ()):
        if g is None:
            raise RuntimeError(
                f"{what} is independent of input {i}. This is not allowed in strict mode."
            )
        if create_graph and not g.requires_grad:
            order = "hessian" if "jacobian" in what or "hessian" in what else "jacobian"
            raise RuntimeError(
                f"The {order} of the user-provided function is independent of input {i}. "
                "This is not allowed in strict mode when create_graph=True."
            )
    return tuple(zeros_like(x) if g is None else g for g, x in zip(grads, like))


def unit_vectors(output: Any) -> Any:
    """The unit vectors of an output's shape, one per element."""
    for i in range(output.array.size):
        unit = array_module(output.array).zeros(output.array.size, output.array.dtype)
        unit[i] = 1
        yield TensorBase.wrap(unit.reshape(output.array.shape))


def _columns(rows: list[Tensors], inputs: Tensors) -> list[list[Any]]:
    return [[row[i] for row in rows] for i in range(len(inputs))]


def _stacked(rows: list[Any], output: Any, x: Any) -> Any:
    """The rows of a Jacobian as one Tensor of shape output.shape + x.shape."""
    shape = (*output.array.shape, *x.array.shape)
    if not rows:
        return TensorBase.wrap(array_module(x.array).zeros(shape, x.array.dtype))
    return stacked(rows).reshape(shape)


def _result(tensors: Tensors, is_tuple: bool, create_graph: bool) -> Any:
    if not create_graph:
        tensors = tuple(x.detach() for x in tensors)
    return tensors if is_tuple else tensors[0]
