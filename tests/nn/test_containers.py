"""Sequential, the lists and the dicts of modules and parameters."""

from __future__ import annotations

import operator
from collections import OrderedDict

import pytest

import minitorch_dl as mt
from minitorch_dl import nn


class Add(nn.Module):
    def __init__(self, n: float) -> None:
        super().__init__()
        self.n = n

    def forward(self, x):
        return x + self.n

    def extra_repr(self) -> str:
        return str(self.n)


def numbers(modules) -> list[float]:
    return [module.n for module in modules]


def make(kind: type, *n: float):
    modules = [Add(i) for i in n]
    return kind(*modules) if kind is nn.Sequential else kind(modules)


both = pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])


def test_sequential_calls_in_order() -> None:
    assert make(nn.Sequential, 1, 2, 3)(10) == 16
    assert nn.Sequential()(10) == 10
    named = nn.Sequential(OrderedDict(a=Add(1), b=Add(2)))
    assert named.b.n == 2
    assert named(0) == 3


@both
def test_indexing(kind: type) -> None:
    modules = make(kind, 0, 1, 2, 3, 4)
    assert len(modules) == 5
    assert numbers(modules) == [0, 1, 2, 3, 4]
    assert modules[-1].n == 4
    part = modules[1:4:2]
    assert type(part) is kind
    assert numbers(part) == [1, 3]
    modules[-2] = Add(30)
    assert modules[3].n == 30
    for bad in (5, -6):
        with pytest.raises(IndexError, match=f"index {bad} is out of range"):
            modules[bad]
    with pytest.raises(TypeError):
        modules["0"]


def test_slices_of_sequential_keep_names() -> None:
    named = nn.Sequential(OrderedDict(a=Add(1), b=Add(2), c=Add(3)))
    assert list(named[1:]._modules) == ["b", "c"]


@both
def test_growing_and_shrinking(kind: type) -> None:
    modules = make(kind, 0, 1)
    assert modules.append(Add(2)) is modules
    assert numbers(modules.extend([Add(3)])) == [0, 1, 2, 3]
    modules.insert(1, Add(10))
    modules.insert(-1, Add(20))
    assert numbers(modules) == [0, 10, 1, 2, 20, 3]
    assert modules.pop(1).n == 10
    del modules[-2]
    assert numbers(modules) == [0, 1, 2, 3]
    del modules[::2]
    assert numbers(modules) == [1, 3]
    assert list(modules._modules) == ["0", "1"]
    assert numbers(modules.extend(modules)) == [1, 3, 1, 3]
    with pytest.raises(IndexError, match="out of range: 9"):
        modules.insert(9, Add(0))
    with pytest.raises(AssertionError, match="should be of type"):
        modules.insert(0, [Add(0)])
    with pytest.raises(TypeError, match="should be called with an iterable"):
        modules.extend(3)
    with pytest.raises(TypeError, match="is not a Module subclass"):
        modules.append(3)


def test_arithmetic() -> None:
    a, b = make(nn.Sequential, 1, 2), make(nn.Sequential, 3)
    assert numbers(a + b) == [1, 2, 3]
    assert numbers(a * 2) == numbers(2 * a) == [1, 2, 1, 2]
    a += b
    assert numbers(a) == [1, 2, 3]
    a *= 2
    assert numbers(a) == [1, 2, 3, 1, 2, 3]
    with pytest.raises(ValueError, match="only objects of Sequential class"):
        operator.add(a, [Add(1)])
    with pytest.raises(ValueError, match="Non-positive multiplication factor 0"):
        a * 0
    with pytest.raises(TypeError, match="unsupported operand"):
        a * 1.5
    modules = operator.add(make(nn.ModuleList, 1), [Add(2)])
    modules += [Add(3)]
    assert numbers(modules) == [1, 2, 3]
    assert type(modules) is nn.ModuleList


def test_module_list_folds_repeats_in_print() -> None:
    assert repr(make(nn.ModuleList, 1, 2, 2, 2, 3, 3)) == (
        "ModuleList(\n  (0): Add(1)\n  (1-3): 3 x Add(2)\n  (4-5): 2 x Add(3)\n)"
    )
    nested = nn.ModuleList([make(nn.Sequential, 1), make(nn.Sequential, 1)])
    assert repr(nested) == "ModuleList(\n  (0-1): 2 x Sequential(\n    (0): Add(1)\n  )\n)"
    assert repr(nn.ModuleList()) == "ModuleList()"


@pytest.mark.parametrize("container", [nn.ModuleList(), nn.ModuleDict()])
def test_holders_have_no_forward(container: nn.Module) -> None:
    with pytest.raises(NotImplementedError, match="missing the required"):
        container(1)


def test_module_dict() -> None:
    modules = nn.ModuleDict({"b": Add(1), "a": Add(2)})
    assert list(modules) == list(modules.keys()) == ["b", "a"]
    assert numbers(modules.values()) == [1, 2]
    assert [(key, m.n) for key, m in modules.items()] == [("b", 1), ("a", 2)]
    assert "a" in modules
    modules.update([("c", Add(3))])
    modules["a"] = Add(20)
    assert modules.pop("b").n == 1
    assert numbers(modules.values()) == [20, 3]
    del modules["c"]
    assert len(modules) == 1
    with pytest.raises(KeyError, match="absent"):
        modules["absent"]
    with pytest.raises(KeyError, match="already exists"):
        modules["keys"] = Add(1)
    modules.clear()
    assert not list(modules.children())


@pytest.mark.parametrize("kind", [nn.ModuleDict, nn.ParameterDict])
def test_update_wants_pairs(kind: type) -> None:
    with pytest.raises(TypeError, match="iterable of key/value pairs, but got int"):
        kind().update(3)
    with pytest.raises(TypeError, match="element #0 should be Iterable; is int"):
        kind().update([3])
    with pytest.raises(ValueError, match="element #0 has length 3; 2 is required"):
        kind().update([(1, 2, 3)])


def test_parameter_list() -> None:
    kept = nn.Parameter(mt.ones(2))
    values = nn.ParameterList([kept, mt.zeros(2, 3), "text"])
    assert values[0] is kept
    assert isinstance(values[1], nn.Parameter)
    assert values[-1] == "text"
    assert list(values.state_dict()) == ["0", "1"]
    values.append(mt.ones(1))
    values[2] = mt.ones(4)
    assert [len(v) for v in values] == [2, 2, 4, 1]
    assert type(values[1:3]) is nn.ParameterList
    values += [5]
    assert len(values) == 5
    with pytest.raises(IndexError, match="index 5 is out of range"):
        values[5]
    with pytest.raises(TypeError, match="with an iterable, but got Tensor"):
        values.extend(mt.ones(2))
    with pytest.raises(RuntimeError, match="should not be called"):
        values(1)
    assert repr(nn.ParameterList([mt.zeros(2, 3), "text"])) == (
        "ParameterList(\n"
        "    (0): Parameter containing: [torch.float32 of size 2x3]\n"
        "    (1): Object of type: str\n"
        ")"
    )


def test_parameter_dict() -> None:
    values = nn.ParameterDict({"b": mt.ones(2), "a": mt.ones(3), "n": 5})
    assert list(values) == ["a", "b", "n"]
    assert [name for name, _ in values.named_parameters()] == ["a", "b"]
    assert list(reversed(values)) == ["n", "b", "a"]
    assert values.get("absent", 7) == 7
    assert values.get("n") == 5
    assert values.setdefault("c", 1) == 1
    assert values.setdefault("c", 2) == 1
    assert values.popitem() == ("c", 1)
    assert values.pop("n") == 5
    twin = values.copy()
    assert twin["a"] is values["a"]
    assert list(values | nn.ParameterDict({"z": 1})) == ["a", "b", "z"]
    values |= nn.ParameterDict({"z": 1})
    assert list(values.fromkeys(["x"], 3).items()) == [("x", 3)]
    assert len(values) == 3
    del values["z"]
    with pytest.raises(AttributeError, match="no parameter 'z': it has a, b"):
        values["z"]
    with pytest.raises(TypeError, match="not a string"):
        values[3] = 1
    assert len(values) == 2
    values.clear()
    assert not list(values.parameters())
    with pytest.raises(KeyError, match="empty"):
        values.popitem()
