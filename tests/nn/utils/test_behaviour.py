"""Errors, state and autograd of the tools for modules."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.nn import utils
from minitorch_dl.nn.utils import parametrize, prune
from minitorch_dl.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential

nan = float("nan")


def assert_close(found: Any, expected: Any) -> None:
    assert torch.allclose(found, expected, rtol=1e-6), (found, expected)


def layer() -> Any:
    torch.manual_seed(0)
    return torch.nn.Linear(3, 4)


def snapshot(module: Any) -> dict[str, list[Any]]:
    return {key: value.tolist() for key, value in module.state_dict().items()}


# -- clipping --------------------------------------------------------------------------------------


def test_a_nonfinite_norm_is_an_error_when_asked_and_changes_nothing() -> None:
    p = torch.nn.Parameter(torch.zeros(2))
    p.grad = torch.tensor([nan, 3.0])
    with pytest.raises(RuntimeError, match="non-finite"):
        utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    assert p.grad.tolist()[1] == 3.0


def test_clipping_takes_one_tensor_generators_and_missing_gradients() -> None:
    p = torch.nn.Parameter(torch.zeros(2))
    q = torch.nn.Parameter(torch.zeros(2))
    p.grad = torch.tensor([3.0, 4.0])
    assert utils.clip_grad_norm_(p, 10.0).item() == 5.0
    utils.clip_grad_norm_((x for x in (p, q)), 1.0)
    assert_close(p.grad, torch.tensor([0.6, 0.8]))
    assert q.grad is None
    assert utils.clip_grad_norm_([], 1.0).item() == 0.0
    with pytest.warns(UserWarning, match="empty generator"):
        assert utils.clip_grad_norm_((x for x in ()), 1.0).item() == 0.0


def test_clipping_counts_as_a_write() -> None:
    p = torch.nn.Parameter(torch.ones(3))
    p.grad = torch.ones(3)
    version = p.grad._version
    utils.clip_grad_norm_(p, 1.0)
    assert p.grad._version == version + 1


def test_vector_to_parameters_checks_before_it_writes() -> None:
    net = layer()
    before = snapshot(net)
    with pytest.raises(RuntimeError, match=r"16 elements.*got 15"):
        utils.vector_to_parameters(torch.zeros(15), net.parameters())
    with pytest.raises(TypeError, match=r"expected torch\.Tensor"):
        utils.vector_to_parameters([0.0] * 16, net.parameters())  # type: ignore[arg-type]
    assert snapshot(net) == before


# -- old-style norms and fusion --------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm"])
def test_removing_a_norm_keeps_the_weight(name: str) -> None:
    net = getattr(utils, name)(layer()).eval()
    net(torch.ones(1, 3))
    weight = net.weight.detach().clone()
    with pytest.raises(RuntimeError, match=f"two {name} hooks on the same parameter weight"):
        getattr(utils, name)(net)
    getattr(utils, f"remove_{name}")(net)
    assert_close(net.weight.detach(), weight)
    assert sorted(net.state_dict()) == ["bias", "weight"]
    assert not net._forward_pre_hooks
    with pytest.raises(ValueError, match=f"{name} of 'weight' not found"):
        getattr(utils, f"remove_{name}")(net)


def test_fusion_is_for_evaluation() -> None:
    with pytest.raises(AssertionError, match="only for eval"):
        utils.fuse_linear_bn_eval(layer(), torch.nn.BatchNorm1d(4))


def test_skip_init_draws_nothing() -> None:
    torch.manual_seed(0)
    utils.skip_init(torch.nn.Linear, 3, 4)
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(1))
    with pytest.raises(RuntimeError, match="'device'"):
        utils.skip_init(torch.nn.ReLU)
    with pytest.raises(RuntimeError, match="Expected a Module"):
        utils.skip_init(int)  # type: ignore[arg-type]


# -- parametrize -----------------------------------------------------------------------------------


class Symmetric(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        return x.triu() + x.triu(1).mT


class Exp(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        return x.exp()

    def right_inverse(self, y: Any) -> Any:
        return y.log()


class Half(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        return x[:2]


class Sum(torch.nn.Module):
    def forward(self, x: Any, y: Any) -> Any:
        return x + y

    def right_inverse(self, z: Any) -> Any:
        return z / 4, z * 0.75


def test_parametrizations_compose_and_go_away() -> None:
    net = torch.nn.Linear(3, 3)
    torch.nn.init.uniform_(net.weight, 0.5, 1.0)
    original = net.weight
    parametrize.register_parametrization(net, "weight", Exp())
    parametrize.register_parametrization(net, "weight", Symmetric())
    assert type(net).__name__ == "ParametrizedLinear"
    assert parametrize.is_parametrized(net, "weight")
    assert not parametrize.is_parametrized(net, "bias")
    assert parametrize.type_before_parametrizations(net) is torch.nn.Linear
    assert net.parametrizations.weight.original is original
    assert torch.equal(net.weight, net.weight.mT)
    net(torch.ones(1, 3)).sum().backward()
    assert original.grad is not None
    value = net.weight.detach().clone()
    parametrize.remove_parametrizations(net, "weight")
    assert type(net) is torch.nn.Linear
    assert net.weight is original
    assert_close(net.weight.detach(), value)


def test_assignment_goes_through_the_right_inverse() -> None:
    net = layer()
    parametrize.register_parametrization(net, "bias", Exp(), unsafe=True)
    net.bias = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert_close(net.bias, torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert_close(
        net.parametrizations.bias.original.detach(), torch.tensor([1.0, 2.0, 3.0, 4.0]).log()
    )
    parametrize.remove_parametrizations(net, "bias", leave_parametrized=False)
    assert_close(net.bias.detach(), torch.tensor([1.0, 2.0, 3.0, 4.0]).log())


def test_several_originals() -> None:
    net = layer()
    before = net.weight.detach().clone()
    parametrize.register_parametrization(net, "weight", Sum())
    assert_close(net.weight.detach(), before)
    assert [k for k in net.state_dict() if "original" in k] == [
        "parametrizations.weight.original0",
        "parametrizations.weight.original1",
    ]
    with pytest.raises(ValueError, match="sequence of tensors"):
        parametrize.remove_parametrizations(net, "weight", leave_parametrized=False)
    parametrize.remove_parametrizations(net, "weight")
    assert isinstance(net.weight, torch.nn.Parameter)


def test_a_parametrization_that_changes_the_shape_is_refused_and_nothing_changes() -> None:
    net = layer()
    before = snapshot(net)
    with pytest.raises(ValueError, match="may not change the shape"):
        parametrize.register_parametrization(net, "weight", Half())
    with pytest.raises(ValueError, match="with name 'nothing'"):
        parametrize.register_parametrization(net, "nothing", Exp())
    assert type(net) is torch.nn.Linear
    assert snapshot(net) == before


def test_cached_computes_once() -> None:
    net = torch.nn.Linear(3, 3)
    parametrize.register_parametrization(net, "weight", Symmetric())
    assert net.weight is not net.weight
    with parametrize.cached():
        assert net.weight is net.weight


def test_parametrized_modules_copy_but_do_not_pickle() -> None:
    net = torch.nn.Linear(3, 3)
    parametrize.register_parametrization(net, "weight", Symmetric())
    twin = copy.deepcopy(net)
    assert torch.equal(twin.weight, net.weight)
    assert twin.parametrizations.weight.original is not net.parametrizations.weight.original
    with pytest.raises(RuntimeError, match="state_dict"):
        net.__getstate__()


def test_old_names_of_weight_norm_load() -> None:
    net = utils.parametrizations.weight_norm(layer())
    state = dict(net.state_dict())
    old = {
        "bias": state["bias"],
        "weight_g": state["parametrizations.weight.original0"] * 2,
        "weight_v": state["parametrizations.weight.original1"],
    }
    before = net.weight.detach().clone()
    net.load_state_dict(old)
    assert_close(net.weight.detach(), 2 * before)


# -- pruning ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda m: prune.l1_unstructured(m, "weight", "x"), TypeError, "Must be int or float"),
        (lambda m: prune.l1_unstructured(m, "weight", 1.5), ValueError, r"amount=1.5 .*\[0, 1\]"),
        (lambda m: prune.l1_unstructured(m, "weight", -1), ValueError, "amount=-1"),
        (lambda m: prune.l1_unstructured(m, "weight", 13), ValueError, "amount=13 .*prune=12"),
        (lambda m: prune.random_structured(m, "weight", 1, 2), IndexError, "Invalid index 2"),
        (lambda m: prune.random_structured(m, "bias", 1, 0), ValueError, "multidimensional"),
        (lambda m: prune.custom_from_mask(m, "bias", torch.ones(3)), AssertionError, "mask"),
        (lambda m: prune.l1_unstructured(m, "nothing", 1), AttributeError, "nothing"),
        (
            lambda m: prune.l1_unstructured(m, "bias", 1, importance_scores=torch.ones(2)),
            AssertionError,
            "same shape",
        ),
        (lambda m: prune.remove(m, "weight"), ValueError, "has to be pruned before"),
        (
            lambda m: prune.global_unstructured([(m, "weight")], prune.LnStructured, amount=1, n=2),
            TypeError,
            'Only "unstructured"',
        ),
    ],
)
def test_bad_pruning_changes_nothing(call: Any, error: Any, text: str) -> None:
    net = layer()
    before = snapshot(net)
    with pytest.raises(error, match=text):
        call(net)
    assert snapshot(net) == before
    assert not prune.is_pruned(net)


def test_pruned_entries_stay_zero_while_training() -> None:
    net = layer()
    prune.l1_unstructured(net, "weight", 0.5)
    zero = net.weight_mask == 0
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.ones(2, 3)).square().sum().backward()
        optimizer.step()
    net(torch.ones(2, 3))
    assert prune.is_pruned(net)
    assert (net.weight[zero] == 0).all()
    prune.remove(net, "weight")
    assert (net.weight[zero] == 0).all()
    assert isinstance(net.weight, torch.nn.Parameter)
    assert not prune.is_pruned(net)


# -- functional_call -------------------------------------------------------------------------------


def test_functional_call_leaves_the_module_as_it_was() -> None:
    net = torch.nn.Sequential(layer(), torch.nn.BatchNorm1d(4))
    before = snapshot(net)
    weight = torch.zeros(4, 3, requires_grad=True)
    given = {"0.weight": weight, "1.running_mean": torch.zeros(4)}
    y = torch.func.functional_call(net, given, torch.randn(5, 3))
    (y**2).sum().backward()
    assert weight.grad is not None
    assert net[0].weight.grad is None
    after = snapshot(net)
    assert after.pop("1.running_var") != before.pop("1.running_var")  # it was not replaced
    assert after.pop("1.num_batches_tracked") == 1
    before.pop("1.num_batches_tracked")
    assert after == before
    with pytest.raises(RuntimeError, match=r"Missing key\(s\): '0.bias'"):
        torch.func.functional_call(net, given, torch.randn(5, 3), strict=True)
    with pytest.raises(ValueError, match="multiple dictionaries"):
        torch.func.functional_call(net, [given, given], torch.randn(5, 3))


def test_tied_weights_are_replaced_together() -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = torch.nn.Linear(2, 2, bias=False)
            self.b = torch.nn.Linear(2, 2, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x: Any) -> Any:
            return self.b(self.a(x))

    call, net, x = torch.func.functional_call, Tied(), torch.ones(1, 2)
    given = {"a.weight": 2 * torch.eye(2)}
    assert call(net, given, x).tolist() == [[4.0, 4.0]]
    assert call(net, given, x, tie_weights=False).tolist() != [[4.0, 4.0]]
    with pytest.raises(ValueError, match="tied"):
        call(net, {**given, "b.weight": torch.eye(2)}, x)


def test_functional_call_replaces_what_is_no_parameter() -> None:
    class Shift(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.plain, self.size = torch.ones(2), 2
            self.linear = torch.nn.Linear(2, 2)
            self.linear.whole = self  # a module may be part of its parts

        def forward(self, x: Any) -> Any:
            return self.linear(x) + self.plain * getattr(self, "extra", 1)

    call, net, x = torch.func.functional_call, Shift(), torch.zeros(1, 2)
    given = {"plain": torch.full((2,), 3.0), "extra": torch.tensor(2.0), "linear.bias": None}
    assert call(net, given, x, tie_weights=False).tolist() == [[6.0, 6.0]]
    assert net.plain.tolist() == [1.0, 1.0]
    assert not hasattr(net, "extra")
    assert net.linear.bias is not None
    for name, error in (("size", TypeError), ("nowhere.bias", AttributeError)):
        with pytest.raises(error, match=name.partition(".")[0]):
            call(net, {"plain": torch.zeros(2), name: torch.zeros(2)}, x, tie_weights=False)
        assert net.plain.tolist() == [1.0, 1.0]
    with pytest.warns(FutureWarning, match="torch.func.functional_call"):
        utils.stateless.functional_call(net, {}, x, tie_weights=False)
    with utils.stateless._reparametrize_module(net, given):
        assert net(x).tolist() == [[6.0, 6.0]]
    assert net.linear.bias is not None


# -- checkpoint ------------------------------------------------------------------------------------


def test_checkpoint_forwards_twice_and_keeps_no_graph() -> None:
    calls = []

    def function(x: Any) -> Any:
        calls.append(torch.is_grad_enabled())
        return (x * 2).exp()

    x = torch.ones(2, requires_grad=True)
    y = checkpoint(function, x, use_reentrant=False)
    assert y.grad_fn.saved == ()
    y.sum().backward()
    assert calls == [True, True]


def test_gradients_reach_what_the_function_closes_over() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    x = torch.tensor(2.0, requires_grad=True)
    h = x * x  # depends on another input: its gradient must not be counted twice
    y = checkpoint(lambda x, h: (w * x * h) ** 2, x, h=h, use_reentrant=False)
    plain = (w * x * h) ** 2
    for create_graph in (False, True):
        found = torch.autograd.grad(y, (w, x), retain_graph=True, create_graph=create_graph)
        expected = torch.autograd.grad(plain, (w, x), retain_graph=True, create_graph=create_graph)
        assert found == expected
    again = torch.autograd.grad(found[1], (w, x), retain_graph=True)
    assert again == torch.autograd.grad(expected[1], (w, x))


def test_nested_results_and_checkpoints() -> None:
    x = torch.ones(2, requires_grad=True)

    def inner(x: Any) -> Any:
        return checkpoint(lambda x: x.sin(), x, use_reentrant=False) * 2

    out = checkpoint(lambda x: {"a": [inner(x), 5], "b": x.detach()}, x, use_reentrant=False)
    assert out["a"][1] == 5
    assert not out["b"].requires_grad
    out["a"][0].sum().backward()
    assert_close(x.grad, 2 * torch.ones(2).cos())


def test_a_segment_that_changes_is_an_error() -> None:
    sizes = iter((2, 3))
    x = torch.ones(1, requires_grad=True)
    y = checkpoint(lambda x: x * torch.ones(next(sizes)), x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="different metadata"):
        y.sum().backward()


def test_checkpoint_arguments() -> None:
    x = torch.ones(1)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(lambda x: x, x.requires_grad_())
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(lambda x: x, torch.ones(1), use_reentrant=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: y"):
        checkpoint(lambda x, y: x, x, y=1, use_reentrant=True)
    with pytest.raises(ValueError, match=r"segments in \[1, 2\].*got 3"):
        checkpoint_sequential([torch.sin, torch.cos], 3, x, use_reentrant=False)
    assert not checkpoint(lambda x: x * 2, torch.ones(1), use_reentrant=False).requires_grad


def test_a_memory_format_of_weights_changes_nothing() -> None:
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Linear(2, 2))
    before = {name: x.clone() for name, x in model.state_dict().items()}
    for convert in (
        utils.convert_conv2d_weight_memory_format,
        utils.convert_conv3d_weight_memory_format,
    ):
        assert convert(model, torch.channels_last) is model
    assert all(torch.equal(x, before[name]) for name, x in model.state_dict().items())
    assert model[0].weight.is_contiguous()
