"""Which classes are containers of a tree, and how each is taken apart and put together."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..immutable_collections import immutable_dict, immutable_list
from ..size import Size


@dataclass(frozen=True)
class SequenceKey:
    """A place in a tuple, list or deque."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence: Any) -> Any:
        return sequence[self.idx]


@dataclass(frozen=True)
class MappingKey:
    """A place in a dict."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping: Any) -> Any:
        return mapping[self.key]


DictKey = MappingKey


@dataclass(frozen=True)
class GetAttrKey:
    """An attribute of a namedtuple or a registered class."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj: Any) -> Any:
        return getattr(obj, self.name)


class Kind(NamedTuple):
    """How one class of containers is taken apart and put together.

    Attributes:
        flatten_fn: the children, and what else ``unflatten_fn`` needs.
        keys: the place of each child.
    """

    flatten_fn: Callable[[Any], tuple[list[Any], Any]]
    unflatten_fn: Callable[[Iterable[Any], Any], Any]
    keys: Callable[[Any], list[Any]] | None


def _indices(sequence: Any) -> list[Any]:
    return [SequenceKey(i) for i in range(len(sequence))]


def names(mapping: Any) -> list[Any]:
    return [MappingKey(key) for key in mapping]


def _sequence(cls: Any) -> Kind:
    return Kind(lambda x: (list(x), None), lambda children, _: cls(children), _indices)


def _mapping(cls: Any) -> Kind:
    return Kind(
        lambda x: (list(x.values()), list(x)),
        lambda children, keys: cls(zip(keys, children, strict=True)),
        names,
    )


KINDS: dict[type, Kind] = {
    tuple: _sequence(tuple),
    Size: _sequence(tuple),  # new numbers need not be sizes
    list: _sequence(list),
    immutable_list: _sequence(immutable_list),
    dict: _mapping(dict),
    immutable_dict: _mapping(immutable_dict),
    OrderedDict: _mapping(OrderedDict),
    defaultdict: Kind(
        lambda x: (list(x.values()), (x.default_factory, list(x))),
        lambda children, made: defaultdict(made[0], zip(made[1], children, strict=True)),
        names,
    ),
    deque: Kind(
        lambda x: (list(x), x.maxlen), lambda children, maxlen: deque(children, maxlen), _indices
    ),
}
_NAMED = Kind(
    lambda x: (list(x), type(x)),
    lambda children, cls: cls(*children),
    lambda x: [GetAttrKey(name) for name in x._fields],
)
KINDS[namedtuple] = _NAMED  # type: ignore[index]  # by this name PyTorch knows them
_dict_flatten, _dict_unflatten = KINDS[dict].flatten_fn, KINDS[dict].unflatten_fn


def _dict_flatten_with_keys(d: Mapping[Any, Any]) -> tuple[list[tuple[Any, Any]], Any]:
    """What classes that derive from dict hand to ``register_pytree_node``."""
    children, context = _dict_flatten(d)
    return list(zip(names(d), children, strict=True)), context


def kind_of(tree: Any) -> Kind | None:
    """The way of the tree's root; None for a leaf. Subclasses of containers are leaves, as in
    PyTorch, but for namedtuples."""
    cls = tree.__class__
    kind = KINDS.get(cls)
    return _NAMED if kind is None and is_namedtuple_class(cls) else kind


def is_namedtuple(obj: Any) -> bool:
    """Whether this is an instance of a class that ``namedtuple`` or ``NamedTuple`` made."""
    return is_namedtuple_class(type(obj))


def is_namedtuple_class(cls: Any) -> bool:
    """Whether ``namedtuple`` or ``NamedTuple`` made this class."""
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


def node_type(tree: Any) -> Any:
    """The key of the tree's root in ``SUPPORTED_NODES``, if it is one: its class."""
    return namedtuple if kind_of(tree) is _NAMED else tree.__class__


def register_pytree_node(
    cls: type,
    flatten_fn: Callable[[Any], tuple[Iterable[Any], Any]],
    unflatten_fn: Callable[[Iterable[Any], Any], Any],
    *,
    flatten_with_keys_fn: Callable[[Any], tuple[Any, Any]] | None = None,
    **serialization: Any,
) -> None:
    """Make a class a container.

    Args:
        flatten_fn: gives the children and a context.
        unflatten_fn: ``(children, context)`` gives an instance.
        flatten_with_keys_fn: like ``flatten_fn``, with pairs of key and child.
    """
    if cls in KINDS:
        raise ValueError(f"{cls} is already registered as pytree node.")

    def flatten(x: Any) -> tuple[list[Any], Any]:
        children, context = flatten_fn(x)
        return list(children), context

    keys = None
    if flatten_with_keys_fn is not None:
        keys = lambda x: [key for key, _ in flatten_with_keys_fn(x)[0]]  # noqa: E731
    KINDS[cls] = Kind(flatten, unflatten_fn, keys)


def register_dataclass(
    cls: type,
    *,
    field_names: list[str] | None = None,
    drop_field_names: list[str] | None = None,
    **serialization: Any,
) -> None:
    """Make a dataclass a container of its fields, or of those named."""
    fields = field_names
    if fields is None:
        dropped = set(drop_field_names or ())
        fields = [name for name in cls.__dataclass_fields__ if name not in dropped]  # type: ignore[attr-defined]
    register_pytree_node(
        cls,
        lambda x: ([getattr(x, name) for name in fields], None),
        lambda children, _: cls(**dict(zip(fields, children, strict=True))),
        flatten_with_keys_fn=lambda x: ([(GetAttrKey(n), getattr(x, n)) for n in fields], None),
    )


def register_constant(cls: type) -> None:
    """Make a class a container without children: its instances are part of the structure."""
    register_pytree_node(cls, lambda x: ([], x), lambda _, x: x)
