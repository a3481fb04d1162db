"""The base class: groups, hooks, state dicts, copies, and what it says to nonsense."""

import copy
import pickle

import numpy as np
import pytest

import minitorch_dl as torch


def parameter(*shape):
    return torch.ones(*(shape or (2,)), requires_grad=True)


def with_gradient(*shape):
    p = parameter(*shape)
    p.grad = torch.ones(*p.shape)
    return p


# parameters and groups


def test_groups_take_defaults():
    a, b = parameter(), parameter()
    optimizer = torch.optim.SGD([{"params": a, "lr": 0.5}, {"params": [b]}], lr=0.1, momentum=0.9)
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.1]
    assert [g["momentum"] for g in optimizer.param_groups] == [0.9, 0.9]
    assert optimizer.param_groups[0]["params"][0] is a


def test_generators_and_names():
    a, b = parameter(), parameter()
    optimizer = torch.optim.Adam(p for p in [a, b])
    assert len(optimizer.param_groups[0]["params"]) == 2
    optimizer = torch.optim.Adam([("a", a), ("b", b)])
    assert optimizer.param_groups[0]["param_names"] == ["a", "b"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["a", "b"]
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": [parameter()]})
    with pytest.raises(ValueError, match="Some param names are missing"):
        torch.optim.Adam([("a", a), b])


def test_the_users_dict_is_the_group():
    group = {"params": [with_gradient()]}
    optimizer = torch.optim.SGD([group], lr=0.1)
    assert optimizer.param_groups[0] is group
    group["lr"] = 0.5
    optimizer.step()
    assert (group["params"][0] == 0.5).all()


@pytest.mark.parametrize(
    ("params", "error", "text"),
    [
        (parameter, TypeError, "should be an iterable of Tensors"),
        (list, ValueError, "empty parameter list"),
        (lambda: [1.0], TypeError, "can only optimize Tensors, but one of the params is float"),
        (lambda: [parameter() * 2], ValueError, "non-leaf"),
        (lambda: [{"params": {parameter()}}], TypeError, "ordered collections"),
    ],
)
def test_parameters_that_are_none(params, error, text):
    with pytest.raises(error, match=text):
        torch.optim.SGD(params())


def test_a_group_that_is_refused_is_not_added():
    a = parameter()
    optimizer = torch.optim.SGD([a])
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": [parameter(), a]})
    with pytest.raises(TypeError, match="must be a dict"):
        optimizer.add_param_group([parameter()])
    assert len(optimizer.param_groups) == 1
    with pytest.warns(UserWarning, match="duplicate parameters"):
        torch.optim.SGD([a, a])


def test_a_group_added_later_is_trained():
    a, b = with_gradient(), with_gradient()
    optimizer = torch.optim.SGD([a], lr=0.5)
    optimizer.add_param_group({"params": b, "lr": 0.25})
    optimizer.step()
    assert (a == 0.5).all()
    assert (b == 0.75).all()


def test_required_options():
    from minitorch_dl.optim.optimizer import required

    class Needs(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"rate": required})

    with pytest.raises(ValueError, match="required optimization parameter rate"):
        Needs([parameter()])


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("SGD", {"lr": -1}, "Invalid learning rate: -1.*at least 0"),
        ("SGD", {"lr": float("nan")}, "Invalid learning rate: nan"),
        ("SGD", {"momentum": -0.5}, "Invalid momentum value: -0.5"),
        ("SGD", {"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
        ("SGD", {"nesterov": True}, "Nesterov momentum requires"),
        ("Adam", {"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0.*in \\[0, 1\\)"),
        ("Adam", {"betas": (0.9, -0.1)}, "Invalid beta parameter at index 1: -0.1"),
        ("Adam", {"betas": (torch.tensor(0.9), 0.99)}, "both floats or both Tensors"),
        ("Adam", {"lr": torch.tensor(0.1), "foreach": True}, "lr as a Tensor is not supported"),
        ("AdamW", {"eps": -1.0}, "Invalid epsilon value: -1.0"),
        ("Adafactor", {"eps": (-1.0, 1e-3)}, "epsilon1 should be >= 0 but is: -1.0"),
        ("Adamax", {"lr": -1}, "Invalid learning rate"),
        ("NAdam", {"momentum_decay": -1}, "Invalid momentum_decay value: -1"),
        ("RAdam", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ("RMSprop", {"alpha": -1}, "Invalid alpha value: -1"),
        ("Adagrad", {"lr_decay": -1}, "Invalid lr_decay value: -1"),
        (
            "Adagrad",
            {"initial_accumulator_value": -1},
            "Invalid initial_accumulator_value value: -1",
        ),
        ("Adadelta", {"rho": 1.5}, "Invalid rho value: 1.5.*in \\[0, 1\\]"),
        ("ASGD", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ("Rprop", {"etas": (1.5, 1.2)}, "Invalid eta values: 1.5, 1.2"),
        ("LBFGS", {"lr": -1}, "Invalid learning rate: -1"),
        ("LAMB", {"clamp": -1}, "Invalid clamp value: -1"),
    ],
)
def test_options_out_of_range(name, options, text):
    with pytest.raises(ValueError, match=text):
        getattr(torch.optim, name)([parameter()], **options)


@pytest.mark.parametrize(
    "name",
    "SGD Adam AdamW Adagrad Adadelta Adamax ASGD NAdam RAdam RMSprop Rprop LBFGS".split(),
)
def test_a_complex_parameter_is_a_pair_of_real_ones(name):
    def minimized(as_pairs):
        z = torch.tensor([1 + 2j, 0.5 - 1j])
        w = (torch.view_as_real(z) if as_pairs else z).clone().requires_grad_()
        scalar = torch.tensor(0.3 + 0.1j, requires_grad=True)
        optimizer = getattr(torch.optim, name)([w, scalar], lr=0.1)

        def closure():
            optimizer.zero_grad()
            pairs = w if as_pairs else torch.view_as_real(w)
            loss = (pairs.square() + pairs).sum() + (scalar * scalar.conj()).real
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
        return w if as_pairs else torch.view_as_real(w)

    torch.testing.assert_close(minimized(as_pairs=False), minimized(as_pairs=True))


@pytest.mark.parametrize("name", ["Adafactor", "Muon"])
def test_complex_parameters_are_refused_where_no_rule_is_known(name):
    w = torch.ones(2, 2, dtype=torch.complex64, requires_grad=True)
    w.grad = torch.ones_like(w)
    with pytest.raises(RuntimeError, match=f"{name} does not support complex parameters"):
        getattr(torch.optim, name)([w]).step()


def test_a_tensor_rate_has_one_element():
    with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
        torch.optim.SGD([parameter()], lr=torch.ones(2))
    p = with_gradient()
    torch.optim.SGD([p], lr=torch.tensor(0.5)).step()
    assert (p == 0.5).all()


def test_hints_about_speed():
    p = with_gradient()
    torch.optim.Adam([p], foreach=True).step()
    torch.optim.Adam([p], fused=True, capturable=True).step()
    with pytest.raises(RuntimeError, match="cannot be `True` together"):
        torch.optim.Adam([p], fused=True, foreach=True)


# steps


def test_closure_records_gradients_and_its_loss_comes_back():
    w = parameter()
    optimizer = torch.optim.SGD([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 2.0
    np.testing.assert_allclose(w.detach().numpy(), 0.8, rtol=1e-6)
    assert torch.optim.SGD([w]).step() is None


def test_a_gradient_of_another_shape_is_refused():
    a, b = with_gradient(), with_gradient(1)
    b.data = torch.ones(3)
    with pytest.raises(RuntimeError, match=r"shape \(3,\) has a gradient of shape \(1,\)"):
        torch.optim.SGD([a, b]).step()
    assert (a == 1).all()


def test_zero_grad():
    p = with_gradient()
    optimizer = torch.optim.SGD([p])
    grad = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is grad
    assert (grad == 0).all()
    optimizer.zero_grad()
    assert p.grad is None


def test_step_hooks():
    p = with_gradient()
    optimizer = torch.optim.SGD([p], lr=0.1)
    calls = []
    handles = [
        optimizer.register_step_pre_hook(
            lambda o, args, kwargs: calls.append(("pre", o is optimizer))
        ),
        optimizer.register_step_post_hook(
            lambda o, args, kwargs: calls.append(("post", o is optimizer))
        ),
        torch.optim.optimizer.register_optimizer_step_pre_hook(
            lambda o, a, k: calls.append(("all", True))
        ),
    ]
    optimizer.step()
    assert calls == [("all", True), ("pre", True), ("post", True)]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(calls) == 3


def test_pre_hook_can_replace_the_arguments():
    p = with_gradient()
    optimizer = torch.optim.SGD([p], lr=0.1)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: "loss"), {}))
    assert optimizer.step() == "loss"
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_a_users_optimizer_gets_hooks_too():
    class Half(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["count"] = self.state[p].get("count", 0) + 1
                    p.data.mul_(0.5)

    p = parameter()
    optimizer = Half([p])
    seen = []
    optimizer.register_step_post_hook(lambda *_: seen.append(1))
    optimizer.step()
    assert (p == 0.5).all()
    assert seen == [1]
    assert optimizer.state_dict()["state"] == {0: {"count": 1}}
    other = Half([parameter()])
    other.load_state_dict(optimizer.state_dict())
    assert next(iter(other.state.values())) == {"count": 1}


def test_no_step():
    class Lazy(torch.optim.Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Lazy defines no step"):
        Lazy([parameter()], {}).step()


# saving


def test_loading_casts_to_the_parameters_dtype_and_copies():
    p = with_gradient()
    source = torch.optim.Adam([p])
    source.step()
    q = torch.ones(2, dtype=torch.float64, requires_grad=True)
    target = torch.optim.Adam([q], lr=0.5)
    target.load_state_dict(source.state_dict())
    assert target.param_groups[0]["lr"] == 1e-3
    assert target.state[q]["exp_avg"].dtype is torch.float64
    assert target.state[q]["step"].dtype is torch.float32
    q.grad = torch.ones(2, dtype=torch.float64)
    target.step()
    assert source.state[p]["step"].item() == 1.0
    np.testing.assert_allclose(source.state[p]["exp_avg"].numpy(), 0.1, rtol=1e-6)


def test_plain_numbers_as_steps_load():
    p = with_gradient()
    optimizer = torch.optim.Adam([p])
    zeros = {"exp_avg": torch.zeros(2), "exp_avg_sq": torch.zeros(2)}
    state = optimizer.state_dict()
    state["state"] = {0: {"step": 7, **zeros}}
    optimizer.load_state_dict(state)
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 8.0


def test_state_dicts_that_do_not_fit():
    optimizer = torch.optim.Adam([parameter(), parameter()])
    before = optimizer.state_dict()
    other = torch.optim.Adam([{"params": [parameter()]}, {"params": [parameter()]}])
    with pytest.raises(ValueError, match=r"different number of parameter groups: 2, .* has 1"):
        optimizer.load_state_dict(other.state_dict())
    with pytest.raises(ValueError, match="group 0 has 1 parameters there and 2 here"):
        optimizer.load_state_dict(torch.optim.Adam([parameter()], lr=3.0).state_dict())
    assert optimizer.state_dict() == before


def test_adam_loaded_into_adamw_stays_decoupled():
    optimizer = torch.optim.AdamW([parameter()])
    optimizer.load_state_dict(torch.optim.Adam([parameter()]).state_dict())
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True


def test_state_dict_hooks():
    optimizer = torch.optim.SGD([parameter()], lr=0.1)
    calls = []
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("pre"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1})
    optimizer.register_state_dict_post_hook(
        lambda o, state: calls.append(sorted(state)), prepend=True
    )
    state = optimizer.state_dict()
    assert calls == ["pre", ["param_groups", "state"]]
    assert state["extra"] == 1

    def halve(o, state):
        group = {**state["param_groups"][0], "lr": 0.05}
        return {**state, "param_groups": [group]}

    optimizer.register_load_state_dict_pre_hook(halve)
    optimizer.register_load_state_dict_post_hook(lambda o: calls.append("loaded"))
    optimizer.load_state_dict(state)
    assert calls[-1] == "loaded"
    assert optimizer.param_groups[0]["lr"] == 0.05


@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["copy", "pickle"]
)
def test_copies_go_their_own_way(clone):
    p = with_gradient()
    optimizer = torch.optim.Adam([p], lr=0.1)
    optimizer.step()
    twin = clone(optimizer)
    (q,) = twin.param_groups[0]["params"]
    assert q is not p
    q.grad = torch.ones(2)
    twin.step()
    assert twin.state[q]["step"].item() == 2.0
    assert optimizer.state[p]["step"].item() == 1.0
    optimizer.step()
    np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_repr_is_that_of_pytorch():
    lines = [
        "SGD (",
        "Parameter Group 0",
        "    dampening: 0",
        "    differentiable: False",
        "    foreach: None",
        "    fused: None",
        "    lr: 0.1",
        "    maximize: False",
        "    momentum: 0",
        "    nesterov: False",
        "    weight_decay: 0",
        ")",
    ]
    assert repr(torch.optim.SGD([parameter()], lr=0.1)).splitlines() == lines


# rules without a PyTorch counterpart


@pytest.mark.parametrize(
    "options", [{}, {"weight_decay": 0.0, "clamp": 1.0}, {"maximize": True, "lr": 0.1}], ids=str
)
def test_lamb_is_the_papers(options):
    rng = np.random.RandomState(0)
    settings = {"lr": 1e-3, "weight_decay": 1e-2, "clamp": np.inf, "maximize": False, **options}
    thetas = [rng.standard_normal(shape) for shape in [(3, 2), (4,), ()]] + [np.zeros(3)]
    params = [torch.tensor(theta, requires_grad=True) for theta in thetas]
    optimizer = torch.optim.LAMB(params, **options)
    moments = [(0.0, 0.0)] * len(thetas)
    for t in range(1, 8):
        for i, p in enumerate(params):
            g = rng.standard_normal(p.shape)
            p.grad = torch.tensor(g)
            if settings["maximize"]:
                g = -g
            m, v = 0.9 * moments[i][0] + 0.1 * g, 0.999 * moments[i][1] + 0.001 * g**2
            moments[i] = m, v
            r = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-6)
            r = r + settings["weight_decay"] * thetas[i]
            size = np.linalg.norm(thetas[i])
            trust = min(size, settings["clamp"]) / np.linalg.norm(r) if size else 1.0
            thetas[i] = thetas[i] - settings["lr"] * trust * r
        optimizer.step()
    for p, theta in zip(params, thetas, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), theta, rtol=1e-11)


def test_lbfgs_wants_one_group_and_a_known_line_search():
    with pytest.raises(ValueError, match="parameter groups"):
        torch.optim.LBFGS([{"params": [parameter()]}, {"params": [parameter()]}])
    optimizer = torch.optim.LBFGS([parameter()], line_search_fn="armijo")
    with pytest.raises(RuntimeError, match=r"only 'strong_wolfe' is supported.*'armijo'"):
        optimizer.step(lambda: torch.tensor(1.0))


def test_lbfgs_resumes():
    def valley(x, optimizer):
        def closure():
            optimizer.zero_grad()
            loss = (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2
            loss.backward()
            return loss

        return closure

    x = torch.tensor([-1.0, 2.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([x], max_iter=2, line_search_fn="strong_wolfe")
    optimizer.step(valley(x, optimizer))
    y = x.detach().clone().requires_grad_()
    twin = torch.optim.LBFGS([y])
    twin.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for _ in range(3):
        optimizer.step(valley(x, optimizer))
        twin.step(valley(y, twin))
    np.testing.assert_array_equal(x.detach().numpy(), y.detach().numpy())


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_lbfgs_of_16_bit_numbers(dtype: torch.dtype, line_search: str | None) -> None:
    x = torch.linspace(-2, 3, 6, dtype=dtype).reshape(2, 3).requires_grad_()
    optimizer = torch.optim.LBFGS([x], line_search_fn=line_search)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = ((x - 1) ** 2).sum()
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)
        optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert x.dtype is dtype
    np.testing.assert_allclose(x.detach().float().numpy(), 1.0, atol=0.02)


def test_an_optimizer_around_another_one() -> None:
    """As Lookahead is written in many repositories: without ``Optimizer.__init__``."""

    class Lookahead(torch.optim.Optimizer):
        def __init__(self, optimizer: torch.optim.Optimizer) -> None:
            self.optimizer = optimizer
            self.param_groups = optimizer.param_groups
            self.slow = {p: p.detach().clone() for g in self.param_groups for p in g["params"]}
            self._patch_step_function()

        def step(self, closure=None):
            loss = self.optimizer.step(closure)
            with torch.no_grad():
                for p, slow in self.slow.items():
                    slow.lerp_(p, 0.5)
                    p.copy_(slow)
            return loss

    w = torch.ones(2, requires_grad=True)
    optimizer = Lookahead(torch.optim.SGD([w], lr=0.5))
    seen = []
    optimizer.register_step_post_hook(lambda *args: seen.append(w.tolist()))
    for _ in range(2):
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()
    assert seen == [[0.75, 0.75], [0.5, 0.5]]
