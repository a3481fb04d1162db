"""Branches, loops and scans written as functions."""

import pytest

import minitorch_dl as torch
from minitorch_dl.control_flow import associative_scan, foreach_map, map, scan


@pytest.mark.parametrize("n", [1, 2, 5, 8, 13])
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scans(n, reverse):
    x = torch.randn(3, n, dtype=torch.float64, requires_grad=True)
    got = associative_scan(lambda a, b: a + b, x, dim=1, reverse=reverse)
    wanted = x.flip(1).cumsum(1).flip(1) if reverse else x.cumsum(1)
    torch.testing.assert_close(got, wanted)
    (gradient,) = torch.autograd.grad(got.square().sum(), x)
    torch.testing.assert_close(gradient, torch.autograd.grad(wanted.square().sum(), x)[0])


def test_a_recurrence_of_pairs():
    decay, x = torch.rand(6), torch.randn(6)

    def combine(left, right):
        return left[0] * right[0], left[1] * right[0] + right[1]

    _, states = associative_scan(combine, (decay, x), dim=0, combine_mode="generic")
    state, wanted = torch.tensor(0.0), []
    for a, b in zip(decay, x):
        state = a * state + b
        wanted.append(state)
    torch.testing.assert_close(states, torch.stack(wanted))
    with pytest.raises(ValueError, match="Combine_mode"):
        associative_scan(combine, (decay, x), dim=0, combine_mode="other")


def test_scans_carry_a_state():
    carry, sums = scan(lambda c, x: (c + x, c + x), torch.tensor(1.0), torch.arange(3.0))
    assert carry.item() == 4.0
    assert sums.tolist() == [1.0, 2.0, 4.0]
    _, backwards = scan(lambda c, x: (c + x, c), torch.tensor(0.0), torch.arange(3.0), reverse=True)
    assert backwards.tolist() == [3.0, 2.0, 0.0]


def test_branches_and_loops():
    x = torch.tensor(3.0, requires_grad=True)
    torch.cond(x > 0, lambda x: x * x, torch.neg, (x,)).backward()
    assert x.grad.item() == 6.0
    count, total = torch.while_loop(
        lambda i, _: i < 4, lambda i, s: (i + 1, s + i), (torch.tensor(0), torch.tensor(0))
    )
    assert (count.item(), total.item()) == (4, 6)


def test_a_function_is_mapped_over_the_first_dim():
    got = map(lambda pair, p: (pair[0] ** p, pair[1]), (torch.arange(4), torch.ones(4, 2)), 2)
    assert got[0].tolist() == [0, 1, 4, 9]
    assert got[1].shape == (4, 2)


def test_a_function_of_the_tensors_of_lists():
    xs, ys = [torch.ones(1), torch.ones(2)], [torch.zeros(1), torch.ones(2)]
    assert [y.tolist() for y in foreach_map(torch.add, xs, ys, alpha=3)] == [[1], [4, 4]]
    pairs = foreach_map(lambda x, c: (x, c), tuple(xs), 5)
    assert [(x is xs[i], c) for i, (x, c) in enumerate(pairs)] == [(True, 5), (True, 5)]
    for operands in ((xs, ys[:1]), (torch.ones(1), 2)):
        with pytest.raises(ValueError, match="lists of one length"):
            foreach_map(torch.add, *operands)
