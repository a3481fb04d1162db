"""Nested containers as trees."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest

import minitorch_dl as torch
from minitorch_dl.utils import _pytree as pytree

Pair = namedtuple("Pair", "first second")


class Leaf(list):
    """A subclass of a container."""


TREES = [
    3,
    None,
    [],
    {"b": [1, (2, 3)], "a": Pair(4, None)},
    OrderedDict(x=5, y={}),
    defaultdict(list, x=[1]),
    deque([6, [7]], maxlen=3),
    (Leaf([1]), "text"),
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_a_tree_comes_back(tree) -> None:
    leaves, spec = pytree.tree_flatten(tree)
    back = spec.unflatten(leaves)
    assert back == tree
    assert type(back) is type(tree)
    assert spec == pytree.tree_structure(back)
    assert spec.num_leaves == len(leaves) == len(pytree.tree_leaves(tree))
    assert pytree.tree_map(lambda leaf: leaf, tree) == tree
    with pytest.raises(ValueError, match=r"holds \d+ items"):
        spec.unflatten([*leaves, 1])


def test_leaves_are_in_order() -> None:
    assert pytree.tree_leaves(TREES[3]) == [1, 2, 3, 4, None]
    assert pytree.tree_leaves([1, [2]], is_leaf=lambda x: x == [2]) == [1, [2]]
    assert pytree.tree_is_leaf(3)
    assert not pytree.tree_is_leaf([3])


def test_sizes_are_containers_and_subclasses_are_not() -> None:
    changed = pytree.tree_map(str, [torch.Size([1, 2]), Leaf([3])])
    assert changed == [("1", "2"), "[3]"]
    assert type(changed[0]) is tuple


def test_maps_over_several_trees() -> None:
    assert pytree.tree_map(lambda a, b: a + b, [1, (2,)], [10, (20,)]) == [11, (22,)]
    assert pytree.tree_map(lambda a, b: (a, b), [1], [[5, 6]]) == [(1, [5, 6])]
    assert pytree.tree_map(sum, {"a": [1]}, is_leaf=lambda x: isinstance(x, list)) == {"a": 1}
    for other in ([1, 2], (1,), {"a": 1}):
        with pytest.raises(ValueError, match="mismatch"):
            pytree.tree_map(lambda a, b: a, [1], other)
    with pytest.raises(ValueError, match="keys mismatch"):
        pytree.tree_map(lambda a, b: a, {"a": 1}, {"b": 1})


def test_maps_over_some_leaves() -> None:
    assert pytree.tree_map_only(int, lambda x: x + 1, [1, "a", 2.0]) == [2, "a", 2.0]
    assert pytree.tree_map_only(lambda x: x == "a", str.upper, [1, "a"]) == [1, "A"]
    x = [torch.zeros(2)]
    assert pytree.tree_map_only_(torch.Tensor, lambda t: t.add_(1), x) is x
    assert x[0].tolist() == [1, 1]
    assert pytree.tree_any(lambda x: x == 3, [1, (3,)])
    assert not pytree.tree_all(lambda x: x == 3, [1, (3,)])
    assert pytree.tree_all_only(int, lambda x: x > 0, [1, "a"])
    assert not pytree.tree_any_only(int, lambda x: x > 1, [1, "a"])


def test_ways_to_leaves() -> None:
    tree = {"a": [1, Pair(2, 3)]}
    pairs, _ = pytree.tree_flatten_with_path(tree)
    assert [pytree.keystr(path) for path, _ in pairs] == [
        "['a'][0]", "['a'][1].first", "['a'][1].second",
    ]  # fmt: skip
    assert all(pytree.key_get(tree, path) == leaf for path, leaf in pairs)


def test_classes_can_be_made_containers() -> None:
    @dataclasses.dataclass
    class Point:
        x: int
        y: int

    @dataclasses.dataclass(frozen=True)
    class Unit:
        name: str

    class Box:
        def __init__(self, inside) -> None:
            self.inside = inside

    pytree.register_dataclass(Point)
    pytree.register_constant(Unit)
    pytree.register_pytree_node(Box, lambda b: ([b.inside], "lid"), lambda c, _: Box(*c))
    assert pytree.tree_map(lambda v: 2 * v, [Point(1, 2), Unit("m")]) == [Point(2, 4), Unit("m")]
    assert pytree.tree_map(lambda v: 2 * v, Box(3)).inside == 6
    assert pytree.keystr(pytree.tree_leaves_with_path(Point(1, 2))[1][0]) == ".y"
    with pytest.raises(ValueError, match="already registered"):
        pytree.register_constant(Unit)
    with pytest.raises(ValueError, match="flatten_with_keys_fn"):
        pytree.tree_leaves_with_path(Box(3))


def test_a_class_that_derives_from_dict() -> None:
    class Output(dict):
        pass

    pytree.register_pytree_node(
        Output,
        pytree._dict_flatten,
        lambda children, keys: Output(pytree._dict_unflatten(children, keys)),
        flatten_with_keys_fn=pytree._dict_flatten_with_keys,
    )
    doubled = pytree.tree_map(lambda x: x * 2, Output(a=1, b=2))
    assert type(doubled) is Output
    assert doubled == {"a": 2, "b": 4}
    assert [path for path, _ in pytree.tree_leaves_with_path(doubled)] == [
        (pytree.MappingKey("a"),),
        (pytree.MappingKey("b"),),
    ]


def test_structures_print_a_child_a_line():
    spec = pytree.tree_structure({"a": [1, (2, None)], "b": 3})
    assert repr(spec) == (
        "TreeSpec(dict, ['a', 'b'], [TreeSpec(list, None, [*,\n"
        "    TreeSpec(tuple, None, [*,\n      *])]),\n  *])"
    )
    assert pytree.treespec_pprint(spec) == "{'a': [*, (*, *)], 'b': *}"
    leaf = pytree.treespec_leaf()
    outer = pytree.treespec_list([leaf, pytree.treespec_tuple([leaf, leaf])])
    assert pytree.treespec_dict(a=outer, b=leaf) == spec


def test_an_outer_tree_stands_for_the_leaves_below():
    spec = pytree.tree_structure([1, (2, 3)])
    assert pytree._broadcast_to_and_flatten(0, spec) == [0, 0, 0]
    assert pytree._broadcast_to_and_flatten([0, 1], spec) == [0, 1, 1]
    assert pytree._broadcast_to_and_flatten([0], spec) is None
    assert pytree.arg_tree_leaves(1, [2], a=(3,)) == [1, 2, 3]


def test_named_tuples_are_known_by_their_fields():
    pair = namedtuple("pair", "first second")
    spec = pytree.tree_structure(pair(1, [2]))
    assert spec.type is namedtuple
    assert spec.unflatten([3, 4]) == pair(3, [4])
    assert pytree.is_namedtuple(pair(1, 2))
    assert pytree.is_namedtuple_class(pair)
    assert not pytree.is_namedtuple((1, 2))
    assert repr(pytree.SequenceKey(1)) == "SequenceKey(idx=1)"
