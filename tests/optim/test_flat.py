"""Flat storage gives the numbers of updating each parameter alone, however the work is cut."""

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.optim import flat

from . import cases

SHAPES = [(3,), (40, 30), (), (0, 4), (7, 1, 5), (9000,), (2,), (130, 120)]
ELEMENTWISE = [(name, options) for name, options in cases.OPTIMIZERS if options]
ids = [cases.case_id(*case) for case in ELEMENTWISE]


def train(
    name, options, dtype=torch.float32, shapes=SHAPES, missing=lambda step, i: False, steps=4
):
    """Parameters and state after a few steps with gradients that depend on nothing but the seed."""
    rng = np.random.RandomState(0)
    params = [torch.tensor(rng.standard_normal(s), dtype=dtype, requires_grad=True) for s in shapes]
    optimizer = getattr(torch.optim, name)(params, **options)
    for step in range(steps):
        for i, p in enumerate(params):
            g = rng.standard_normal(p.shape)
            p.grad = None if missing(step, i) else torch.tensor(g, dtype=dtype)
        optimizer.step()
    return params, optimizer


def assert_same(one, other):
    (params, optimizer), (others, other_optimizer) = one, other
    for p, q in zip(params, others, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())
        assert optimizer.state[p].keys() == other_optimizer.state[q].keys()
        for key, tensor in optimizer.state[p].items():
            np.testing.assert_array_equal(tensor.numpy(), other_optimizer.state[q][key].numpy())


@pytest.mark.parametrize(("name", "options"), ELEMENTWISE, ids=ids)
@pytest.mark.parametrize(
    "missing", [lambda step, i: False, lambda step, i: (step + i) % 3 == 0], ids=["all", "some"]
)
def test_blocks_change_nothing(monkeypatch, name, options, missing):
    whole = train(name, options, missing=missing)
    monkeypatch.setattr(flat, "SMALL", 0)  # each parameter alone
    assert_same(train(name, options, missing=missing), whole)
    monkeypatch.setattr(flat, "SMALL", 50)
    monkeypatch.setattr(flat, "CACHE", 4 * 1024)  # many pieces
    assert_same(train(name, options, missing=missing), whole)


def test_parameters_at_different_steps_are_corrected_by_their_own():
    def missing(step, i):
        return i == 2 and step < 3

    together, _ = train("Adam", {"lr": 0.1}, shapes=[(3,)] * 4, missing=missing)
    late = together[2].detach().numpy()
    rng = np.random.RandomState(0)
    start = [rng.standard_normal(3) for _ in range(4)][2]
    # The first step of Adam has the length of the learning rate.
    np.testing.assert_allclose(np.abs(late - start), 0.1, rtol=1e-5)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Rprop", "ASGD"])
def test_gradients_are_only_read(name):
    weight_decay = {} if name == "Rprop" else {"weight_decay": 0.1}
    params = [torch.ones(n, requires_grad=True) for n in (3, 4, 20000)]
    optimizer = getattr(torch.optim, name)(params, maximize=True, **weight_decay)
    for p in params:
        p.grad = torch.full((len(p),), 2.0)
    optimizer.step()
    assert all((p.grad == 2).all() for p in params)


@pytest.mark.parametrize("shape", [(4, 3), (200, 150)], ids=["small", "large"])
def test_parameters_that_are_not_contiguous(shape):
    values = np.random.RandomState(0).standard_normal(shape)
    plain = torch.tensor(values, requires_grad=True)
    transposed = torch.tensor(values.T.copy()).t().requires_grad_()
    assert not transposed.detach().numpy().flags.c_contiguous
    for p in (plain, transposed):
        optimizer = torch.optim.Adam([p, torch.zeros(2, requires_grad=True)], lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            (p**3).sum().backward()
            optimizer.step()
    np.testing.assert_array_equal(plain.detach().numpy(), transposed.detach().numpy())


def test_expanded_gradient():
    p = torch.zeros(3, 4, requires_grad=True)
    p.sum().backward()
    torch.optim.SGD([p], lr=0.5).step()
    assert (p == -0.5).all()


def test_dtypes_mix_in_a_group():
    kinds = [torch.float32, torch.float64, torch.float16, torch.float32]
    params = [torch.ones(3, dtype=kind, requires_grad=True) for kind in kinds]
    optimizer = torch.optim.Adam(params, lr=0.25)
    for p in params:
        p.grad = torch.ones(3, dtype=p.dtype)
    optimizer.step()
    for p, kind in zip(params, kinds, strict=True):
        assert p.dtype is kind
        assert optimizer.state[p]["exp_avg"].dtype is kind
        assert optimizer.state[p]["step"].dtype is torch.float32
        np.testing.assert_allclose(p.detach().numpy(), 0.75, rtol=1e-3)


def step_once(optimizer, params):
    for p in params:
        p.grad = torch.full(p.shape, 2.0, dtype=p.dtype)
    optimizer.step()


def test_changes_from_outside_are_seen():
    params = [torch.ones(3, requires_grad=True) for _ in range(3)]
    optimizer = torch.optim.Adam(params, lr=0.1, amsgrad=False)
    step_once(optimizer, params)

    params[0].data = torch.full((3,), 5.0)  # replaced
    step_once(optimizer, params)
    np.testing.assert_allclose(params[0].detach().numpy(), 4.9, rtol=1e-6)

    optimizer.state[params[1]]["exp_avg"] = torch.full((3,), 100.0)  # a state tensor replaced
    before = params[1].detach().clone()
    step_once(optimizer, params)
    assert ((before - params[1]) > 1).all()

    optimizer.state[params[1]]["step"].fill_(1000.0)  # one written in place
    step_once(optimizer, params)
    assert [optimizer.state[p]["step"].item() for p in params] == [4.0, 1001.0, 4.0]

    left = optimizer.param_groups[0]["params"].pop()  # a parameter taken out
    step_once(optimizer, params)
    assert optimizer.state[left]["step"].item() == 4.0
    optimizer.param_groups[0]["params"].append(left)

    optimizer.state.clear()  # started anew
    step_once(optimizer, params)
    assert [optimizer.state[p]["step"].item() for p in params] == [1.0, 1.0, 1.0]

    optimizer.param_groups[0]["amsgrad"] = True  # an option that needs more state
    step_once(optimizer, params)
    assert all("max_exp_avg_sq" in optimizer.state[p] for p in params)
    assert optimizer.state[params[0]]["step"].item() == 2.0


def test_a_parameter_that_changes_its_shape():
    p = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.Adam([p], lr=0.1)
    step_once(optimizer, [p])
    for shape in [(2,), (1,), (1, 3)]:
        p.data, p.grad = torch.ones(*shape), None
        with pytest.raises(RuntimeError, match=r"state '.*' has shape \(3,\), its parameter"):
            step_once(optimizer, [p])
        assert (p == 1).all()
    optimizer.state.clear()
    step_once(optimizer, [p])
    np.testing.assert_allclose(p.detach().numpy(), 0.9, rtol=1e-6)


def test_a_model_that_changes_its_dtype():
    p = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.Adam([p], lr=0.1)
    step_once(optimizer, [p])
    p.data = p.data.double()
    p.grad = None
    step_once(optimizer, [p])
    assert p.dtype is torch.float64
    assert optimizer.state[p]["exp_avg"].dtype is torch.float64
    assert optimizer.state[p]["step"].item() == 2.0


def test_state_is_made_when_a_gradient_comes():
    params = [torch.ones(2, requires_grad=True) for _ in range(3)]
    optimizer = torch.optim.Adam(params)
    params[1].grad = torch.ones(2)
    optimizer.step()
    assert list(optimizer.state_dict()["state"]) == [1]
    step_once(optimizer, params)
    assert {k: v["step"].item() for k, v in optimizer.state_dict()["state"].items()} == {
        1: 2.0,
        0: 1.0,
        2: 1.0,
    }


def test_sgd_without_momentum_keeps_no_state():
    p = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([p])
    step_once(optimizer, [p])
    assert optimizer.state_dict()["state"] == {}


def test_backward_over_a_stepped_parameter_raises():
    w = torch.ones(3, requires_grad=True)
    x = torch.ones(3, requires_grad=True)
    loss = (w * x).sum()
    optimizer = torch.optim.SGD([w], lr=0.1)
    w.grad = torch.ones(3)
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"SGD\.step"):
        loss.backward()
