"""Which memory a leaf's gradient lies in: what a rule made, unless somebody else holds it."""

from __future__ import annotations

import numpy as np

import minitorch_dl as torch


def test_a_fresh_array_seen_in_another_shape_is_not_copied() -> None:
    x = torch.ones(3, 4, requires_grad=True)
    torch.nn.functional.cross_entropy(x, torch.tensor([0, 1, 2])).backward()
    assert x.grad.array.base is not None  # made as (N, C, P)


def test_the_gradient_that_was_given_is_copied() -> None:
    x, g = torch.ones(3, 4, requires_grad=True), torch.ones(12)
    x.reshape(12).backward(g)  # the rule's result is a view of g
    assert not np.shares_memory(x.grad.numpy(), g.numpy())


def test_two_leaves_never_share() -> None:
    x, z = (torch.ones(3, 4, requires_grad=True) for _ in range(2))
    (x.reshape(12) + z.reshape(12)).exp().backward(torch.ones(12))
    assert not np.shares_memory(x.grad.numpy(), z.grad.numpy())
    x.grad += 1
    np.testing.assert_allclose(z.grad.numpy(), np.exp(2), rtol=1e-6)


def test_a_part_of_a_larger_array_is_copied() -> None:
    x = torch.ones(3, requires_grad=True)
    torch.cat([x, torch.ones(5)]).exp().sum().backward()
    assert x.grad.array.base is None


def test_what_was_broadcast_along_axes_of_size_1_is_copied() -> None:
    x = torch.ones(3, 1, requires_grad=True)
    for _ in range(2):  # the second pass adds to the gradient of the first
        (x.sum(1, keepdim=True) ** 2).sum().backward()
    assert x.grad.tolist() == [[4.0]] * 3
