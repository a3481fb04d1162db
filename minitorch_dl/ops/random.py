"""Random tensors: the numbers are PyTorch's for the same seed (see ``backend/random``)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast
from ..autograd.inplace import check_writable, overwrite, store
from ..autograd.no_derivative import without_derivative
from ..autograd.primitive import TensorBase, write_out
from ..autograd.versions import next_number
from ..backend import backend_for, device_of, dtypes, random as draw
from ..backend.row_major import memory_order
from .creation import empty_like, made, shape_of, wanted_dtype
from .dims import common_shape, size_given

__all__ = [
    "bernoulli", "binomial", "get_rng_state", "initial_seed", "manual_seed", "multinomial",
    "normal", "poisson", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "randperm", "seed", "set_rng_state",
]  # fmt: skip


draw.Generator.as_state = staticmethod(TensorBase.wrap)


def manual_seed(seed: int) -> draw.Generator:
    """Seed every device's generator; the same seed gives the same numbers, PyTorch's own."""
    return draw.manual_seed(int(seed))


def seed() -> int:
    """Seed every device's generator from the system's entropy; returns the seed."""
    return draw.seed()


def initial_seed() -> int:
    """The seed that the CPU generator started from."""
    return draw.initial_seed()


def get_rng_state() -> Any:
    """The CPU generator's state as a uint8 tensor."""
    return draw.default_generator().get_state()


def set_rng_state(new_state: Any) -> None:
    """Restore the CPU generator to a state from ``get_rng_state``."""
    draw.default_generator().set_state(new_state)


def _generator(generator: Any, device: Any) -> draw.Generator:
    return draw.default_generator(device.type) if generator is None else generator


def _drawn(
    op: str,
    sample: Any,
    size: Any,
    generator: Any,
    out: Any,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    write: Any = None,
) -> Any:
    """``write`` fills an ``out`` that is not row-major, in the order of its memory."""
    backend, where = backend_for(device)
    wanted = wanted_dtype(op, dtype, out)
    shape = shape_of(size)
    in_order = out is None or write is None or out.array.flags.c_contiguous
    if not in_order and out.array.shape == shape:
        return write(out, generator=generator).requires_grad_(requires_grad)
    with backend.select(where):
        if backend.has_elements:
            array = sample(shape, wanted.numpy, _generator(generator, where), backend.xp)
        else:
            array = backend.xp.empty(shape, wanted.numpy)
    return made(op, array, out, requires_grad)


def _uniform(shape: Any, dtype: Any, generator: Any, xp: Any) -> Any:
    return draw.uniform(shape, 0.0, 1.0, dtype, generator, xp)


def _normal(shape: Any, dtype: Any, generator: Any, xp: Any) -> Any:
    return draw.normal(shape, 0.0, 1.0, dtype, generator, xp)


def rand(
    *size: Any,
    generator: Any = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **named: Any,
) -> Any:
    """Uniform on [0, 1)."""
    size = size if size and not named else size_given("rand", size, named)
    return _drawn("rand", _uniform, size, generator, out, dtype, device, requires_grad, uniform_)


def randn(
    *size: Any,
    generator: Any = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **named: Any,
) -> Any:
    """Standard normal.

    >>> import minitorch_dl as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randn(2)
    tensor([ 1.5410, -0.2934])
    """
    size = size if size and not named else size_given("randn", size, named)
    return _drawn("randn", _normal, size, generator, out, dtype, device, requires_grad, normal_)


def _drawn_like(
    op: str,
    sample: Any,
    write: Any,
    input: Any,
    generator: Any,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    memory_format: Any,
) -> Any:
    """``sample`` in the shape of ``input``, or ``write`` to memory in the order of its."""
    if input.array.flags.c_contiguous:
        dtype = dtypes.from_numpy(input.array.dtype) if dtype is None else dtype
        device = device_of(input.array) if device is None else device
        size = (input.array.shape,)
        return _drawn(op, sample, size, generator, None, dtype, device, requires_grad)
    new = empty_like(input, dtype=dtype, device=device, memory_format=memory_format)
    return write(new, generator=generator).requires_grad_(requires_grad)


def rand_like(
    input: Any,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
    pin_memory: bool = False,
) -> Any:
    """Uniform on [0, 1) in the shape, dtype and device of ``input``."""
    return _drawn_like(
        "rand_like", _uniform, uniform_, input, generator, dtype, device, requires_grad,
        memory_format,
    )  # fmt: skip


def randn_like(
    input: Any,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
    pin_memory: bool = False,
) -> Any:
    """Standard normal in the shape, dtype and device of ``input``."""
    return _drawn_like(
        "randn_like", _normal, normal_, input, generator, dtype, device, requires_grad,
        memory_format,
    )  # fmt: skip


def randint(
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """Integers uniform on [low, high): ``randint(high, size)`` or ``randint(low, high, size)``.

    >>> import minitorch_dl as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randint(0, 10, (3,))
    tensor([4, 9, 3])
    """
    if size is None and isinstance(high, (tuple, list)):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint() missing 1 required argument: 'size'")
    if dtype is None and out is None:
        dtype = dtypes.int64

    def sample(shape: Any, numpy_dtype: Any, g: Any, xp: Any) -> Any:
        return draw.randint(int(low), int(high), shape, numpy_dtype, g, xp)

    write = partial(random_, **{"from": int(low), "to": int(high)})
    return _drawn(
        "randint", sample, (tuple(size),), generator, out, dtype, device, requires_grad, write
    )


def randint_like(
    input: Any,
    low: Any = 0,
    high: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
    pin_memory: bool = False,
) -> Any:
    """Integers uniform on [low, high) in the shape, dtype and device of ``input``."""
    low, high = (0, low) if high is None else (low, high)
    new = empty_like(input, dtype=dtype, device=device, memory_format=memory_format)
    return random_(new, int(low), int(high), generator=generator).requires_grad_(requires_grad)


def randperm(
    n: int,
    *,
    generator: Any = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A random permutation of 0 ... n - 1.

    >>> import minitorch_dl as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randperm(4)
    tensor([0, 1, 3, 2])
    """
    if dtype is None and out is None:
        dtype = dtypes.int64

    def sample(shape: Any, numpy_dtype: Any, g: Any, xp: Any) -> Any:
        return draw.randperm(shape[0], numpy_dtype, g, xp)

    return _drawn("randperm", sample, (n,), generator, out, dtype, device, requires_grad)


def _raw(x: Any) -> Any:
    return x.array if isinstance(x, TensorBase) else x


def _drawn_from(values: Any, *parameters: Any) -> Any:
    """Values drawn with tensors as parameters: part of the graph, with zero gradients."""
    y = TensorBase.wrap(values)
    for parameter in parameters:
        if isinstance(parameter, TensorBase) and parameter._node is not None:
            y = y + overwrite(parameter, 0)
    return y


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """Normal with this mean and standard deviation, numbers (with ``size``) or tensors."""
    tensors: list[Any] = [x for x in (mean, std) if isinstance(x, TensorBase)]
    if not tensors and size is None:
        raise TypeError("normal(): two numbers need size=")
    if tensors:
        shape = common_shape("normal", *(x.array.shape for x in tensors))
        dtype = tensors[0].dtype if out is None else out.dtype
        device = device_of(tensors[0].array)
    else:
        shape = tuple(size)

    def sample(shape: Any, numpy_dtype: Any, g: Any, xp: Any) -> Any:
        return draw.normal(shape, _raw(mean), _raw(std), numpy_dtype, g, xp)

    into = None if tensors else out
    write = partial(normal_, mean=mean, std=std)
    y = _drawn("normal", sample, (shape,), generator, into, dtype, device, requires_grad, write)
    if not tensors:
        return y
    return _drawn_from(y.array, *tensors) if out is None else write_out("normal", out, y)


def bernoulli(input: Any, p: Any = None, *, generator: Any = None, out: Any = None) -> Any:
    """1 with probability ``input`` (or ``p``), else 0, in the shape and dtype of ``input``."""
    array = input.array
    backend, where = backend_for(device_of(array))
    probability = array if p is None else _raw(p)
    y = draw.bernoulli(
        probability, array.shape, array.dtype, _generator(generator, where), backend.xp
    )
    result = _drawn_from(y, input)
    if out is None:
        return result
    return write_out("bernoulli", out, cast(result, dtype=out.dtype.name), resizes=True)


def multinomial(
    input: Any,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Any = None,
    out: Any = None,
) -> Any:
    """Indices drawn from the weights in each row of ``input``, shape ``(..., num_samples)``.

    >>> import minitorch_dl as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.multinomial(torch.tensor([0.1, 0.0, 0.9]), 4, replacement=True)
    tensor([2, 2, 2, 2])
    """
    if out is not None and out.array.dtype != "int64":
        raise RuntimeError(f"multinomial expects Long tensor out, got: {out.dtype}")
    backend, where = backend_for(device_of(input.array))
    y = draw.multinomial(
        input.array, num_samples, replacement, _generator(generator, where), backend.xp
    )
    result = TensorBase.wrap(y)
    return result if out is None else write_out("multinomial", out, result, resizes=True)


def poisson(input: Any, generator: Any = None) -> Any:
    """Poisson with the rates in ``input``."""
    backend, where = backend_for(device_of(input.array))
    return _drawn_from(draw.poisson(input.array, _generator(generator, where), backend.xp), input)


def binomial(count: Any, prob: Any, generator: Any = None) -> Any:
    """Successes in ``count`` trials of probability ``prob``."""
    backend, where = backend_for(device_of(count.array))
    y = draw.binomial(count.array, prob.array, _generator(generator, where), backend.xp)
    return without_derivative("binomial", y, count, prob)


# -- methods that fill a tensor in place -----------------------------------------------------------


def _fill(name: str, sample: Any) -> Any:
    """The method ``name``: fill a tensor with draws of ``sample(array, generator, xp, ...)``."""

    def method(self: Any, *args: Any, generator: Any = None, **kwargs: Any) -> Any:
        check_writable(self, name)
        backend, where = backend_for(device_of(self.array))
        if not backend.has_elements:
            return self
        before = next_number()
        array = self.array
        order = () if array.flags.c_contiguous else memory_order(array)
        if order:
            array = array.transpose(order)
            if sample is _normal_:
                kwargs["contiguous"] = False
            if sample is _bernoulli_:  # whose probabilities may be one per element
                given = [*args, *kwargs.values()] or [0.5]
                whole = backend.xp.broadcast_to(_raw(given[0]), self.array.shape)
                args, kwargs = (whole.transpose(order),), {}
        values = sample(array, _generator(generator, where), backend.xp, *args, **kwargs)
        if order:
            values = values.transpose(np.argsort(order).tolist())
        node = overwrite(self, TensorBase.wrap(values))._node if self.requires_grad else None
        store(name, self, values, node, before)
        return self

    method.__name__ = method.__qualname__ = name
    method.__doc__ = sample.__doc__
    return method


def _uniform_(a: Any, g: Any, xp: Any, from_: float = 0, to: float = 1, **named: Any) -> Any:
    """Uniform on [from, to), in place."""
    return draw.uniform(a.shape, float(named.get("from", from_)), float(to), a.dtype, g, xp)


def _normal_(
    a: Any, g: Any, xp: Any, mean: float = 0, std: float = 1, contiguous: bool = True
) -> Any:
    """Normal with this mean and standard deviation, in place."""
    return draw.normal(a.shape, float(mean), float(std), a.dtype, g, xp, contiguous)


def _bernoulli_(a: Any, g: Any, xp: Any, p: Any = 0.5) -> Any:
    """1 with probability ``p``, else 0, in place."""
    return draw.bernoulli(_raw(p), a.shape, a.dtype, g, xp)


def _random_(a: Any, g: Any, xp: Any, *bounds: Any, **named: Any) -> Any:
    """Integers uniform on [from, to), in place; ``to`` None, as without bounds, is all that the
    dtype holds.
    """
    given = [*bounds, *(named[name] for name in ("from", "to") if name in named)]
    if not given:
        return draw.random_(a.shape, a.dtype, g, xp)
    low, high = (0, *given)[-2:]
    return draw.randint(int(low), high if high is None else int(high), a.shape, a.dtype, g, xp)


def _exponential_(a: Any, g: Any, xp: Any, lambd: float = 1) -> Any:
    """Exponential with rate ``lambd``, in place."""
    return draw.exponential(a.shape, lambd, a.dtype, g, xp)


def _geometric_(a: Any, g: Any, xp: Any, p: float) -> Any:
    """Geometric with success probability ``p``, in place."""
    return draw.geometric(a.shape, p, a.dtype, g, xp)


def _log_normal_(a: Any, g: Any, xp: Any, mean: float = 1, std: float = 2) -> Any:
    """The exponential of a normal, in place."""
    return draw.log_normal(a.shape, mean, std, a.dtype, g, xp)


def _cauchy_(a: Any, g: Any, xp: Any, median: float = 0, sigma: float = 1) -> Any:
    """Cauchy, in place."""
    return draw.cauchy(a.shape, median, sigma, a.dtype, g, xp)


uniform_ = _fill("uniform_", _uniform_)
normal_ = _fill("normal_", _normal_)
bernoulli_ = _fill("bernoulli_", _bernoulli_)
random_ = _fill("random_", _random_)
exponential_ = _fill("exponential_", _exponential_)
geometric_ = _fill("geometric_", _geometric_)
log_normal_ = _fill("log_normal_", _log_normal_)
cauchy_ = _fill("cauchy_", _cauchy_)
