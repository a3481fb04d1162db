"""The tensors that ``vmap`` passes to a function, and how functions called with them are run."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ..autograd.torch_function import LIVE
from ..backend.random import default_generator
from ..library import CustomOpDef
from ..size import Size
from ..tensor import Tensor
from ..utils._pytree import tree_flatten

__all__ = [
    "RULES", "Batched", "Draws", "by_entries", "by_own_rule", "is_at", "lifted", "mapped",
    "open_levels", "rewrapped", "rule_for", "spread", "torch", "vmapping",
]  # fmt: skip

_PACKAGE = __name__.partition(".")[0]
torch: Any = sys.modules[_PACKAGE]
"""The public functions, which classes override; those in ``ops`` aren't asked for."""
Rule = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any], int], Any]
RULES: dict[str, Rule] = {}
"""How a function of this package runs on all entries at once, by its name: ``rule(func, args,
kwargs, level)`` returns the result, or NotImplemented where it has to run per entry."""


def rule_for(names: str) -> Callable[[Rule], Rule]:
    """Let a rule serve the functions and methods of these names."""

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names.split(), rule))
        return rule

    return register


_RANDOM_REFUSED = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
    "'different' randomness flags on vmap or perform the randomness operation out of vmap"
)


class Draws:
    """How the entries of a batch draw random numbers: "different" ones, all the "same", or none
    ("error")."""

    def __init__(self, randomness: str) -> None:
        if randomness not in ("error", "different", "same"):
            raise RuntimeError(
                "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
                f"{randomness}"
            )
        self.randomness = randomness
        self._begun = None if randomness == "different" else default_generator().mark()

    def before(self, i: int) -> None:
        """Called before entry ``i`` is computed."""
        if self.randomness == "same" and i:
            default_generator().go_back(self._begun)

    def after(self) -> None:
        """Called when all are."""
        if self.randomness == "error" and default_generator().has_drawn_since(self._begun):
            default_generator().go_back(self._begun)  # as if nothing had been drawn
            self.refuse()

    def refuse(self) -> None:
        """Raise, as a random function does in the mode "error"."""
        raise RuntimeError(_RANDOM_REFUSED)


class _Level:
    """One ``vmap`` that is running: how many entries it has, what they draw, and whether a function
    asked for the array of one, so that each has to be computed alone."""

    def __init__(self, number: int, size: int, draws: Draws) -> None:
        self.number, self.size, self.draws = number, size, draws
        self.reads_arrays = False


class _Open(threading.local):
    levels: tuple[_Level, ...] = ()


_open = _Open()


def open_levels() -> tuple[_Level, ...]:
    """The ``vmap`` calls that are running, the innermost last."""
    return _open.levels


@contextlib.contextmanager
def vmapping(size: int, draws: Draws) -> Iterator[_Level]:
    """A ``vmap`` of ``size`` entries is running."""
    outer = _open.levels
    level = _Level(len(outer) + 1, size, draws)
    _open.levels = (*outer, level)
    LIVE.append(Batched)
    try:
        yield level
    finally:
        LIVE.remove(Batched)
        _open.levels = outer


def _of_entries(name: str) -> Any:
    return property(lambda self: getattr(self.entries, name))


def _refused(call: str, hint: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"vmap: It looks like you're {call}. {hint}")

    return method


def _asking(name: str) -> Any:
    """A method of Tensor that, for speed, doesn't ask whether its arguments override it."""
    method = getattr(Tensor, name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.__torch_function__(method, (), (self, *args), kwargs)

    return call


_item = _refused(
    "calling .item() on a Tensor",
    "We don't support vmap over calling .item() on a Tensor, please try to rewrite what you're "
    "doing with other operations, or do it outside of vmap.",
)
_truth = _refused(
    "attempting to use a Tensor in some data-dependent control flow",
    "We don't support that yet: the entries could go different ways. Use torch.where instead.",
)


class Batched(Tensor):
    """One entry as seen from inside a function that ``vmap`` runs; ``entries`` holds all of them
    along its first dim. Those of a ``vmap`` within another are Batched themselves.

    Attributes:
        level: which ``vmap`` it belongs to, counted from the outermost, 1.
    """

    __slots__ = ("entries", "level")

    _view = None
    takes_functions = True
    entries: Any
    level: int
    dtype, device, itemsize = _of_entries("dtype"), _of_entries("device"), _of_entries("itemsize")
    _node, is_leaf, grad_fn = _of_entries("_node"), _of_entries("is_leaf"), _of_entries("grad_fn")
    is_cpu, is_cuda, is_meta = _of_entries("is_cpu"), _of_entries("is_cuda"), _of_entries("is_meta")
    layout = _of_entries("layout")
    shape = property(lambda self: Size(self.entries.shape[1:]))
    ndim = property(lambda self: self.entries.ndim - 1)
    T = property(lambda self: self.permute(*reversed(range(self.ndim))))
    mT = property(lambda self: self.transpose(-2, -1))
    mH = H = property(lambda self: self.adjoint())
    real = property(lambda self: torch.real(self), lambda self, value: self.real.copy_(value))
    imag = property(lambda self: torch.imag(self), lambda self, value: self.imag.copy_(value))
    _grad = property(lambda self: rewrapped(self.entries._grad, self.level))

    @classmethod
    def of(cls, entries: Any, level: int) -> Any:
        """The tensor of these entries."""
        t: Any = object.__new__(cls)
        t.entries, t.level = entries, level
        return t

    @property
    def array(self) -> Any:
        if self.level <= len(_open.levels):
            _open.levels[self.level - 1].reads_arrays = True
        raise RuntimeError(
            "a tensor inside vmap has no array: its entries are computed together. Use what vmap "
            "returns"
        )

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        level = max(x.level for x in _batched_in((args, kwargs)))
        if isinstance(func, CustomOpDef):
            if func.batched is None:
                return by_entries(func, args, kwargs, level)
            return by_own_rule(func.name, func.batched, args, level, **kwargs)
        rule = RULES.get(func.__name__)
        if rule is not None and (func.__module__ or "").startswith(_PACKAGE):
            y = rule(func, args, kwargs, level)
            if y is not NotImplemented:
                return y
        return by_entries(func, args, kwargs, level)

    # -- what is known without a look at the values ------------------------------------------------

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return self.ndim

    def numel(self) -> int:
        return self.shape.numel()

    def is_floating_point(self) -> bool:
        return self.entries.is_floating_point()

    def is_complex(self) -> bool:
        return self.entries.is_complex()

    def is_contiguous(self, memory_format: Any = None) -> bool:
        e = self.entries
        return (e.select(0, 0) if len(e) else e).is_contiguous(memory_format=memory_format)

    def stride(self, dim: int | None = None) -> Any:
        steps = self.entries.stride()[1:]
        return steps if dim is None else steps[dim]

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        inner = repr(self.entries).replace("\n", "\n    ")
        return f"BatchedTensor(lvl={self.level}, bdim=0, value=\n    {inner}\n)"

    def __format__(self, spec: str) -> str:
        return repr(self)

    # -- what doesn't ask for overrides ------------------------------------------------------------

    view, reshape, expand = _asking("view"), _asking("reshape"), _asking("expand")
    permute = _asking("permute")

    # -- gradients ---------------------------------------------------------------------------------

    requires_grad = property(
        lambda self: self.entries.requires_grad, lambda self, value: self.requires_grad_(value)
    )

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        self.entries.requires_grad_(requires_grad)
        return self

    def detach(self) -> Any:
        return Batched.of(self.entries.detach(), self.level)

    def backward(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            "backward() called inside a functorch transform. This is not supported, please use "
            "torch.func.grad or torch.func.vjp instead, or call it on what vmap returns"
        )

    # -- what would need one value for all entries -------------------------------------------------

    item = tolist = __float__ = __int__ = __complex__ = __index__ = _item
    __bool__ = __contains__ = is_nonzero = _truth
    numpy = __array__ = _refused(
        "converting a Tensor to a NumPy array", "Return it from the function and convert it then."
    )
    nonzero = argwhere = _refused(
        "calling nonzero() on a Tensor",
        "The entries could have different numbers of elements that are not zero.",
    )
    data_ptr = untyped_storage = storage = _refused(
        "asking for the memory of a Tensor", "Its entries share the memory of one tensor."
    )


LIVE.remove(Batched)  # it overrides functions only while a vmap runs


def _batched_in(values: Any) -> Iterator[Batched]:
    for value in values.values() if isinstance(values, dict) else values:
        if isinstance(value, Batched):
            yield value
        elif isinstance(value, (list, tuple, dict)):
            yield from _batched_in(value)


def is_at(x: Any, level: int) -> bool:
    """Whether ``x`` is batched by the ``vmap`` of this level."""
    return isinstance(x, Batched) and x.level == level


def rewrapped(values: Any, level: int) -> Any:
    """The tensors in a result that was computed for all entries, as Batched."""
    if isinstance(values, Tensor):
        return Batched.of(values, level)
    if isinstance(values, (tuple, list)):
        parts = [rewrapped(value, level) for value in values]
        return getattr(type(values), "_make", type(values))(parts)  # of a named tuple
    return values


def mapped(function: Callable[[Any], Any], values: Any, level: int) -> Any:
    """Arguments with ``function`` of what is Batched at this level."""
    if is_at(values, level):
        return function(values)
    if isinstance(values, (tuple, list)):
        parts = [mapped(function, value, level) for value in values]
        return getattr(type(values), "_make", type(values))(parts)
    if isinstance(values, dict):
        return {name: mapped(function, value, level) for name, value in values.items()}
    return values


def lifted(x: Any, level: int) -> Any:
    """The entries of ``x``, which are all the same where it isn't batched at this level."""
    if is_at(x, level):
        return x.entries
    return x.expand((_open.levels[level - 1].size, *x.shape))


def spread(x: Any, levels: tuple[_Level, ...] | None = None) -> Any:
    """``x`` batched by every ``vmap`` that is running: what each entry takes its own derivative
    by."""
    levels = _open.levels if levels is None else levels
    if not levels:
        return x
    *outer, level = levels
    if is_at(x, level.number):
        return Batched.of(spread(x.entries, tuple(outer)), level.number)
    inner = spread(x, tuple(outer))
    return Batched.of(inner.expand((level.size, *inner.shape)), level.number)


# -- per entry -------------------------------------------------------------------------------------


def by_entries(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], level: int
) -> Any:
    """What ``func`` gives for each entry, stacked; in place it writes to each."""
    name = func.__name__
    writes = name == "__setitem__" or (name[-1] == "_" and name[-2:] != "__")
    target = args[0] if writes and args else kwargs.get("out")
    if target is not None and not is_at(target, level):
        raise RuntimeError(
            f"vmap: {name}(self, *extra_args) is not possible because there exists a Tensor "
            "`other` in extra_args that has more elements than `self`. This happened due to `other`"
            " being vmapped over but `self` not being vmapped over in a vmap. Use one that was made"
            " inside of vmap from what is batched, such as other.new_zeros(size), or the function "
            "that doesn't write"
        )
    size, draws = _open.levels[level - 1].size, _open.levels[level - 1].draws
    again = Draws(draws.randomness)
    results = []
    columns: dict[int, Any] = {}

    def column(x: Batched) -> Any:
        if id(x) not in columns:
            e = x.entries
            if not size:  # zeros tell what the results look like
                columns[id(x)] = [e.new_zeros(e.shape[1:])]
            elif x is target or target is not None:  # each entry a view that may be written to
                columns[id(x)] = [e.select(0, i) for i in range(size)]
            else:
                columns[id(x)] = e.unbind(0)
        return columns[id(x)]

    for i in range(max(size, 1)):
        again.before(i)
        entry = mapped(lambda x: column(x)[i], (args, kwargs), level)  # noqa: B023
        results.append(func(*entry[0], **entry[1]))
    if target is not None:
        return target
    return _stacked(name, results, size, level)


def _stacked(name: str, results: list[Any], size: int, level: int) -> Any:
    if not isinstance(results[0], (Tensor, tuple, list, dict)):
        if any(result != results[0] for result in results):
            raise RuntimeError(
                f"vmap: {name}() gives another value for each entry, which can't go on as one"
            )
        return results[0]
    flat = [tree_flatten(result) for result in results]
    columns = zip(*[leaves for leaves, _ in flat])
    leaves = []
    for column in columns:
        if not isinstance(column[0], Tensor):
            leaves.append(column[0])
            continue
        if len({y.shape for y in column}) > 1:
            raise RuntimeError(
                f"vmap: {name}() gives results of different shapes for the entries. It has to be "
                "called outside of vmap"
            )
        y = torch.stack(list(column))
        leaves.append(Batched.of(y if size else y.narrow(0, 0, 0), level))
    return flat[0][1].unflatten(leaves)


# -- by a user's own rule --------------------------------------------------------------------------


class VmapInfo(NamedTuple):
    """What a ``vmap`` staticmethod is told besides its arguments."""

    batch_size: int
    randomness: str


def by_own_rule(
    name: str, rule: Callable[..., Any], args: tuple[Any, ...], level: int, **keywords: Any
) -> Any:
    """What ``rule(info, in_dims, *args)``, which a user wrote, returns with its ``out_dims``."""
    here = _open.levels[level - 1]
    in_dims = tuple(_dims_of(a, level) for a in args)
    given = mapped(lambda x: x.entries, args, level)
    made = rule(VmapInfo(here.size, here.draws.randomness), in_dims, *given, **keywords)
    if not (isinstance(made, tuple) and len(made) == 2):
        raise RuntimeError(
            f"Expected the vmap staticmethod of {name} to have two returns, an output and "
            f"out_dims with pytree structure compatible with the output, got {type(made).__name__}"
        )
    output, out_dims = made
    return _placed(name, output, out_dims, level)


def _dims_of(value: Any, level: int) -> Any:
    if is_at(value, level):
        return 0
    if isinstance(value, (tuple, list)):
        return type(value)(_dims_of(x, level) for x in value)
    return None


def _placed(name: str, output: Any, out_dims: Any, level: int) -> Any:
    if isinstance(output, (tuple, list)):
        several = (
            [out_dims] * len(output) if out_dims is None or type(out_dims) is int else out_dims
        )
        if not isinstance(several, (tuple, list)) or len(several) != len(output):
            raise RuntimeError(
                f"The vmap staticmethod of {name} returned an incompatible (output, out_dims) tuple"
                f": expected out_dims={out_dims} to have one place for each of the {len(output)} "
                "values of the output"
            )
        return type(output)(_placed(name, y, d, level) for y, d in zip(output, several))
    if isinstance(out_dims, (tuple, list)):
        raise RuntimeError(
            f"The vmap staticmethod of {name} returned an incompatible (output, out_dims) tuple: "
            f"expected out_dims={out_dims} to be one place for one {type(output).__name__}"
        )
    if out_dims is None or not isinstance(output, Tensor):
        return output
    return Batched.of(output.movedim(out_dims, 0), level)
