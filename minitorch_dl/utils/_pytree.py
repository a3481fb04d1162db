"""Nested containers as trees: their leaves in order, and the same containers around other leaves.

Tuples, lists, dicts and their kin are containers, and whatever ``register_pytree_node`` names;
everything else, None too, is a leaf.

>>> from minitorch_dl.utils import _pytree as pytree
>>> leaves, spec = pytree.tree_flatten({"a": 1, "b": (2, [3])})
>>> leaves, pytree.tree_unflatten([10 * leaf for leaf in leaves], spec)
([1, 2, 3], {'a': 10, 'b': (20, [30])})
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._pytree_kinds import (
    KINDS,
    GetAttrKey,
    MappingKey,
    SequenceKey,
    _dict_flatten,
    _dict_flatten_with_keys,
    _dict_unflatten,
    is_namedtuple,
    is_namedtuple_class,
    kind_of,
    names,
    node_type,
    register_constant,
    register_dataclass,
    register_pytree_node,
)

__all__ = [
    "DictKey", "GetAttrKey", "LeafSpec", "MappingKey", "PyTree", "SUPPORTED_NODES",
    "SequenceKey", "TreeSpec", "_dict_flatten", "_dict_flatten_with_keys", "_dict_unflatten",
    "arg_tree_leaves", "is_namedtuple", "is_namedtuple_class", "key_get", "keystr",
    "register_constant", "register_dataclass", "register_pytree_node", "tree_all",
    "tree_all_only", "tree_any", "tree_any_only", "tree_flatten", "tree_flatten_with_path",
    "tree_is_leaf", "tree_iter", "tree_leaves", "tree_leaves_with_path", "tree_map",
    "tree_map_", "tree_map_only", "tree_map_only_", "tree_map_with_path", "tree_structure",
    "tree_unflatten", "treespec_dict", "treespec_leaf", "treespec_list", "treespec_pprint",
    "treespec_tuple",
]  # fmt: skip

PyTree = Any
IsLeaf = Callable[[Any], bool]
DictKey = MappingKey
SUPPORTED_NODES = KINDS
_register_pytree_node = register_pytree_node
_get_node_type = node_type


@dataclass(frozen=True)
class TreeSpec:
    """The containers of a tree, without its leaves; ``None`` as ``type`` is a leaf.

    Attributes:
        context: what the root's class needs besides its children.
        num_leaves, num_nodes, num_children: how many leaves, containers and leaves, and children
            of the root there are.
    """

    type: Any
    context: Any
    children_specs: list[TreeSpec]
    num_leaves: int = field(init=False, compare=False)
    num_nodes: int = field(init=False, compare=False)
    num_children: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        leaf = self.type is None
        children = self.children_specs
        put = object.__setattr__
        put(self, "num_leaves", 1 if leaf else sum(c.num_leaves for c in children))
        put(self, "num_nodes", 1 + sum(c.num_nodes for c in children))
        put(self, "num_children", len(children))

    def __repr__(self, indent: int = 0) -> str:
        if self.type is None:
            return "*"
        line = ",\n" + " " * (indent + 2)
        children = line.join(child.__repr__(indent + 2) for child in self.children_specs)
        return f"TreeSpec({self.type.__name__}, {self.context}, [{children}])"

    def __hash__(self) -> int:
        return hash((self.type, repr(self.context), tuple(self.children_specs)))

    def is_leaf(self) -> bool:
        """Whether the tree is a single leaf."""
        return self.type is None

    def children(self) -> list[TreeSpec]:
        """The structure of each child of the root."""
        return list(self.children_specs)

    def child(self, index: int) -> TreeSpec:
        """The structure of one child of the root."""
        return self.children_specs[index]

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """These containers around ``leaves``."""
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec "
                f"refers to a pytree that holds {self.num_leaves} items ({self})."
            )
        return self._filled(iter(leaves))

    def _filled(self, leaves: Iterator[Any]) -> Any:
        if self.type is None:
            return next(leaves)
        kind = KINDS[self.type]
        return kind.unflatten_fn([c._filled(leaves) for c in self.children_specs], self.context)

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """What ``tree`` has in the places of this structure's leaves.

        Raises:
            ValueError: its containers are others.
        """
        if self.type is None:
            return [tree]
        kind = kind_of(tree)
        if kind is None or node_type(tree) is not self.type:
            raise ValueError(f"Type mismatch; expected {self.type!r}, but got {type(tree)!r}.")
        if isinstance(tree, Mapping):
            keys = [key.key for key in names(tree)]
            wanted = self.context[1] if self.type is defaultdict else self.context
            if set(keys) != set(wanted):
                raise ValueError(f"Node keys mismatch; expected {wanted}, but got {keys}.")
            children = [tree[key] for key in wanted]
        else:
            children, context = kind.flatten_fn(tree)
            if self.type is not deque and context != self.context:
                raise ValueError(
                    f"Node context mismatch for {self.type!r}: expected {self.context!r}, but got "
                    f"{context!r}."
                )
        if len(children) != self.num_children:
            raise ValueError(
                f"Node arity mismatch; expected {self.num_children}, but got {len(children)}."
            )
        pairs = zip(self.children_specs, children, strict=True)
        return [leaf for spec, child in pairs for leaf in spec.flatten_up_to(child)]


class LeafSpec(TreeSpec):
    """The structure of a single leaf."""

    def __init__(self) -> None:
        super().__init__(None, None, [])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TreeSpec) and other.type is None

    __hash__ = TreeSpec.__hash__


def treespec_leaf() -> LeafSpec:
    """The structure of a single leaf."""
    return LeafSpec()


def treespec_tuple(children: Iterable[TreeSpec] = (), /) -> TreeSpec:
    """The structure of a tuple of trees of these structures."""
    return TreeSpec(tuple, None, list(children))


def treespec_list(children: Iterable[TreeSpec] = (), /) -> TreeSpec:
    """The structure of a list of trees of these structures."""
    return TreeSpec(list, None, list(children))


def treespec_dict(mapping: Any = (), /, **others: TreeSpec) -> TreeSpec:
    """The structure of a dict of trees of these structures."""
    children = dict(mapping, **others)
    return TreeSpec(dict, list(children), list(children.values()))


def treespec_pprint(treespec: TreeSpec) -> str:
    """The containers as they print, with ``*`` for every leaf."""
    return repr(treespec.unflatten([LeafSpec()] * treespec.num_leaves))


def tree_is_leaf(tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether the tree is a single leaf."""
    return (is_leaf is not None and is_leaf(tree)) or kind_of(tree) is None


def tree_iter(tree: Any, is_leaf: IsLeaf | None = None) -> Iterator[Any]:
    """The leaves one after the other."""
    kind = None if is_leaf is not None and is_leaf(tree) else kind_of(tree)
    if kind is None:
        yield tree
        return
    for child in kind.flatten_fn(tree)[0]:
        yield from tree_iter(child, is_leaf)


def tree_leaves(tree: Any, is_leaf: IsLeaf | None = None) -> list[Any]:
    """The leaves in order.

    >>> from minitorch_dl.utils._pytree import tree_leaves
    >>> tree_leaves([1, {"a": (2, None)}])
    [1, 2, None]
    """
    return list(tree_iter(tree, is_leaf))


def arg_tree_leaves(*args: Any, **kwargs: Any) -> list[Any]:
    """The leaves of arguments, first those given by position."""
    return [*tree_iter(args), *tree_iter(kwargs)]


def _broadcast_to_and_flatten(
    tree: Any, treespec: TreeSpec, is_leaf: IsLeaf | None = None
) -> list[Any] | None:
    """For every leaf of ``treespec`` the leaf of ``tree``, a tree of its outer containers, that
    stands for it; None if its containers are others."""
    leaves, spec = tree_flatten(tree, is_leaf)
    try:
        parts = spec.flatten_up_to(treespec.unflatten(range(treespec.num_leaves)))
    except ValueError:
        return None
    pairs = zip(leaves, parts, strict=True)
    return [leaf for leaf, part in pairs for _ in tree_iter(part, is_leaf)]


def tree_structure(tree: Any, is_leaf: IsLeaf | None = None) -> TreeSpec:
    """The tree without its leaves."""
    kind = None if is_leaf is not None and is_leaf(tree) else kind_of(tree)
    if kind is None:
        return LeafSpec()
    children, context = kind.flatten_fn(tree)
    return TreeSpec(node_type(tree), context, [tree_structure(c, is_leaf) for c in children])


def tree_flatten(tree: Any, is_leaf: IsLeaf | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves, and the containers around them."""
    return tree_leaves(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The containers of ``treespec`` around ``leaves``."""
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            "tree_unflatten(leaves, treespec): Expected `treespec` to be instance of TreeSpec but "
            f"got item of type {type(treespec)}."
        )
    return treespec.unflatten(leaves)


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf | None = None
) -> Any:
    """The same containers around ``func`` of each leaf (and of what the other trees have in its
    place).

    >>> from minitorch_dl.utils._pytree import tree_map
    >>> tree_map(lambda x, y: x + y, {"a": [1, 2]}, {"a": [10, 20]})
    {'a': [11, 22]}
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    return spec.unflatten(map(func, leaves, *[spec.flatten_up_to(rest) for rest in rests]))


def tree_map_(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf | None = None
) -> Any:
    """Call ``func`` on each leaf, for what it does to it; returns the tree."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def _only(kind: Any, func: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``func`` for leaves of a class, or that a predicate holds for; others stay."""
    if isinstance(kind, (type, tuple)) or not callable(kind):
        return lambda x: func(x) if isinstance(x, kind) else x
    return lambda x: func(x) if kind(x) else x


def tree_map_only(
    type_or_types_or_pred: Any,
    func: Callable[[Any], Any],
    tree: Any,
    is_leaf: IsLeaf | None = None,
) -> Any:
    """``tree_map`` over the leaves of some classes; the others stay as they are."""
    return tree_map(_only(type_or_types_or_pred, func), tree, is_leaf=is_leaf)


def tree_map_only_(
    type_or_types_or_pred: Any,
    func: Callable[[Any], Any],
    tree: Any,
    is_leaf: IsLeaf | None = None,
) -> Any:
    """``tree_map_`` over the leaves of some classes."""
    return tree_map_(_only(type_or_types_or_pred, func), tree, is_leaf=is_leaf)


def tree_all(pred: IsLeaf, tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether ``pred`` holds for every leaf."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: IsLeaf, tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether ``pred`` holds for a leaf."""
    return any(map(pred, tree_iter(tree, is_leaf)))


def tree_all_only(kind: Any, pred: IsLeaf, tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether ``pred`` holds for every leaf of some classes."""
    return all(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, kind))


def tree_any_only(kind: Any, pred: IsLeaf, tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether ``pred`` holds for a leaf of some classes."""
    return any(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, kind))


# -- with the way to each leaf ---------------------------------------------------------------------


def tree_leaves_with_path(
    tree: Any, is_leaf: IsLeaf | None = None
) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves in order, each after the keys that lead to it."""
    return list(_with_path((), tree, is_leaf))


def _with_path(path: tuple[Any, ...], tree: Any, is_leaf: IsLeaf | None) -> Iterator[Any]:
    kind = None if is_leaf is not None and is_leaf(tree) else kind_of(tree)
    if kind is None:
        yield path, tree
        return
    if kind.keys is None:
        raise ValueError(
            f"Did not find a flatten_with_keys_fn for type: {type(tree)}. "
            "Please pass a flatten_with_keys_fn argument to register_pytree_node."
        )
    for key, child in zip(kind.keys(tree), kind.flatten_fn(tree)[0], strict=True):
        yield from _with_path((*path, key), child, is_leaf)


def tree_flatten_with_path(
    tree: Any, is_leaf: IsLeaf | None = None
) -> tuple[list[tuple[tuple[Any, ...], Any]], TreeSpec]:
    """``tree_flatten`` with the way to each leaf in front of it."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_map_with_path(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf | None = None
) -> Any:
    """``tree_map`` of a function that gets the way to the leaf first.

    >>> from minitorch_dl.utils import _pytree as pytree
    >>> pytree.tree_map_with_path(lambda path, x: pytree.keystr(path), {"a": [5, 6]})
    {'a': ["['a'][0]", "['a'][1]"]}
    """
    pairs, spec = tree_flatten_with_path(tree, is_leaf)
    paths, leaves = [path for path, _ in pairs], [leaf for _, leaf in pairs]
    others = [spec.flatten_up_to(rest) for rest in rests]
    return spec.unflatten(map(func, paths, leaves, *others))


def keystr(path: Iterable[Any]) -> str:
    """The way to a leaf as text, such as ``['a'][0].weight``."""
    return "".join(map(str, path))


def key_get(obj: Any, path: Iterable[Any]) -> Any:
    """What lies at the end of a way."""
    for key in path:
        obj = key.get(obj)
    return obj
