"""Dictionaries by tensor that don't keep their tensors alive."""

from __future__ import annotations

import copy
import importlib

import pytest


@pytest.fixture
def weak(torch):
    return importlib.import_module(f"{torch.__name__}.utils.weak")


def test_entries_go_with_their_tensors(torch, weak) -> None:
    x, y = torch.ones(2), torch.ones(2)
    kept = weak.WeakTensorKeyDictionary({x: [1], y: [2]})
    assert kept[x] == [1]
    assert len(kept) == len(kept.keyrefs()) == 2
    reference = weak.TensorWeakRef(y)
    assert reference() is y
    del y
    assert reference() is None
    assert list(kept.items()) == [(x, [1])]
    deep = copy.deepcopy(kept)
    deep[x].append(3)
    assert kept[x] == copy.copy(kept)[x] == [1]


def test_mappings_are_joined(torch, weak) -> None:
    x, y = torch.ones(2), torch.ones(2)
    first, second = weak.WeakIdKeyDictionary({x: 1}), weak.WeakIdKeyDictionary({y: 2})
    both = first | second
    assert type(both) is type(first)
    assert both == (first | {y: 2}) == ({x: 1} | second) != first
    first |= [(y, 2)]
    assert first == both
    del first[y]
    assert y not in first
    assert 3 not in first
    for wrong, error in ((y, KeyError), (3, TypeError)):
        with pytest.raises(error):
            first[wrong]
    assert "WeakIdKeyDictionary at 0x" in repr(first)
