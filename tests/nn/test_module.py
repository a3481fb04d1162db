"""Module: registration, walks, state, conversion, hooks, copies and text."""

from __future__ import annotations

import copy
import pickle
import sys
from collections import OrderedDict

import numpy as np
import pytest

import minitorch_dl as mt
from minitorch_dl import nn
from minitorch_dl.nn import hooks


class Affine(nn.Module):
    """y = x W^T + b, with one buffer of each kind."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(mt.ones(n_out, n_in))
        self.bias = nn.Parameter(mt.zeros(n_out))
        self.register_buffer("count", mt.zeros(1))
        self.register_buffer("scratch", mt.zeros(1), persistent=False)

    def forward(self, x):
        return x @ self.weight.t() + self.bias

    def extra_repr(self) -> str:
        n_out, n_in = self.weight.shape
        return f"{n_in}, {n_out}"


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Affine(3, 4)
        self.inner = nn.Sequential(Affine(4, 4), Affine(4, 2))

    def forward(self, x):
        return self.inner(self.first(x))


NET_STATE = [
    f"{path}.{name}"
    for path in ("first", "inner.0", "inner.1")
    for name in ("weight", "bias", "count")
]


def values(module: nn.Module) -> dict[str, np.ndarray]:
    return {key: value.numpy().copy() for key, value in module.state_dict().items()}


# --- registration


def test_attributes_are_registered_by_kind() -> None:
    module = Affine(2, 3)
    module.child = Net()
    module.nothing = None
    assert list(module._parameters) == ["weight", "bias"]
    assert list(module._buffers) == ["count", "scratch"]
    assert list(module._modules) == ["child"]
    assert "nothing" in module.__dict__
    module.register_parameter("optional", None)
    assert module.optional is None
    assert [name for name, _ in module.named_parameters(recurse=False)] == ["weight", "bias"]


def test_reassigning_changes_the_kind() -> None:
    module = Affine(2, 3)
    module.thing = 3
    module.thing = nn.Parameter(mt.ones(1))
    assert "thing" not in module.__dict__
    module.thing = None
    assert module.thing is None
    module.thing = nn.Parameter(mt.ones(1))
    module.weight = nn.Parameter(mt.zeros(1))
    assert list(module._parameters) == ["weight", "bias", "thing"]
    module.count = mt.ones(2)
    assert module.count.shape == (2,)
    module.scratch = mt.ones(2)
    assert "scratch" in module._non_persistent_buffers_set
    module.count = nn.Parameter(mt.ones(1))
    assert "count" in module._parameters
    assert "count" not in module._buffers


def test_buffer_objects_register_themselves() -> None:
    module = nn.Module()
    module.kept = nn.Buffer(mt.ones(2))
    module.lost = nn.Buffer(mt.ones(2), persistent=False)
    assert list(module.state_dict()) == ["kept"]
    assert [name for name, _ in module.named_buffers()] == ["kept", "lost"]


def test_delete() -> None:
    net = Net()
    del net.first.bias
    del net.first.scratch
    del net.inner
    assert "bias" not in dict(net.first.named_parameters())
    assert not net.first._non_persistent_buffers_set
    with pytest.raises(AttributeError, match="inner"):
        del net.inner


def test_wrong_attribute() -> None:
    with pytest.raises(AttributeError, match=r"^'Net' object has no attribute 'nope'$"):
        _ = Net().nope


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("weight", 3, r"cannot assign 'int' as parameter 'weight' \(nn.Parameter or None"),
        ("inner", 3, r"cannot assign 'int' as child module 'inner' \(nn.Module or None"),
        ("count", 3, r"cannot assign 'int' as buffer 'count' \(nn.Buffer, Tensor or None"),
    ],
)
def test_assigning_the_wrong_kind(name: str, value: object, message: str) -> None:
    module = Affine(2, 3)
    module.inner = Net()
    with pytest.raises(TypeError, match=message):
        setattr(module, name, value)


@pytest.mark.parametrize("kind", ["parameter", "buffer", "module"])
@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a.b", KeyError, "contain"),
        ("", KeyError, "be empty string"),
        ("forward", KeyError, "attribute 'forward' already exists"),
        (3, TypeError, "name should be a string. Got int"),
    ],
)
def test_register_checks_names(kind: str, name: object, error: type, message: str) -> None:
    module = Affine(2, 3)
    with pytest.raises(error, match=message):
        getattr(module, f"register_{kind}")(name, None)


def test_register_checks_values() -> None:
    module = nn.Module()
    with pytest.raises(TypeError, match=r"cannot assign .*Tensor' object to parameter 'w'"):
        module.register_parameter("w", mt.ones(2))
    with pytest.raises(TypeError, match="cannot assign 'int' object to buffer 'w'"):
        module.register_buffer("w", 3)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        module.add_module("w", 3)
    assert not list(module.parameters())


def test_forgotten_init() -> None:
    class Hasty(nn.Module):
        def __init__(self, value: object) -> None:
            self.value = value

    for value, what in ((nn.Parameter(mt.ones(1)), "parameters"), (Net(), "module")):
        with pytest.raises(AttributeError, match=f"cannot assign {what} before Module.__init__"):
            Hasty(value)


def test_init_takes_no_arguments() -> None:
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        nn.Module(1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        nn.Module(size=1)


def test_registration_hooks_may_replace() -> None:
    replacement = nn.Parameter(mt.zeros(5))
    with nn.hooks.register_module_parameter_registration_hook(lambda m, name, p: replacement):
        module = Affine(2, 3)
    assert module.weight is replacement
    module.weight = nn.Parameter(mt.ones(1))
    assert module.weight is not replacement


# --- walks


def test_walks() -> None:
    net = Net()
    assert [name for name, _ in net.named_modules()] == [
        "", "first", "inner", "inner.0", "inner.1",
    ]  # fmt: skip
    assert [name for name, _ in net.named_children()] == ["first", "inner"]
    assert [name for name, _ in net.named_parameters(prefix="net")][:2] == [
        "net.first.weight",
        "net.first.bias",
    ]
    assert len(list(net.parameters())) == 6
    assert len(list(net.parameters(recurse=False))) == 0
    assert len(list(net.buffers())) == 6


def test_shared_members_come_once() -> None:
    net = Net()
    net.again = net.first
    net.inner[0].bias = net.first.bias
    names = [name for name, _ in net.named_parameters()]
    assert names == [
        "first.weight",
        "first.bias",
        "inner.0.weight",
        "inner.1.weight",
        "inner.1.bias",
    ]
    everything = [name for name, _ in net.named_parameters(remove_duplicate=False)]
    assert len(everything) == 8
    assert [name for name, _ in net.named_children()] == ["first", "inner"]


def test_access_by_path() -> None:
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("inner.1") is net.inner[1]
    assert net.get_parameter("inner.1.weight") is net.inner[1].weight
    assert net.get_buffer("first.count") is net.first.count
    for get, path, message in (
        (net.get_submodule, "inner.7", "Sequential has no attribute `7`"),
        (net.get_submodule, "first.weight", "`weight` is not an nn.Module"),
        (net.get_parameter, "first.count", "`count` is not an nn.Parameter"),
        (net.get_buffer, "first.weight", "`weight` is not a buffer"),
    ):
        with pytest.raises(AttributeError, match=message):
            get(path)


def test_set_submodule() -> None:
    net, new = Net(), Affine(1, 1)
    net.set_submodule("inner.0", new)
    assert net.inner[0] is new
    net.set_submodule("extra", new)
    assert net.extra is new
    with pytest.raises(AttributeError, match="has no attribute `absent`"):
        net.set_submodule("inner.absent", new, strict=True)
    with pytest.raises(AttributeError, match=r"`weight` is not an nn\.Module"):
        net.set_submodule("first.weight", new)
    with pytest.raises(ValueError, match="without a target name"):
        net.set_submodule("", new)
    with pytest.raises(ValueError, match=r"is not an nn\.Module"):
        net.set_submodule("first", 3)


def test_dir_lists_members() -> None:
    names = dir(Net().inner)
    assert "0" not in names
    assert {"forward", "training"} <= set(names)
    assert {"weight", "count"} <= set(dir(Affine(1, 1)))


# --- modes and gradients


def test_train_and_eval_reach_all() -> None:
    net = Net()
    assert all(module.training for module in net.modules())
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert net.inner[1].training
    with pytest.raises(ValueError, match="expected to be boolean"):
        net.train("yes")


def test_requires_grad_and_zero_grad() -> None:
    net = Net()
    net.first.requires_grad_(False)
    net(mt.ones(2, 3)).sum().backward()
    assert net.first.weight.grad is None
    assert net.inner[0].weight.grad is not None
    net.zero_grad(set_to_none=False)
    assert np.array_equal(net.inner[0].weight.grad.numpy(), np.zeros((4, 4)))
    net.zero_grad()
    assert net.inner[0].weight.grad is None


# --- conversion


def test_conversion_keeps_the_parameter_objects() -> None:
    net = Net()
    net.first.register_buffer("index", mt.tensor([1, 2]))
    before = list(net.parameters())
    net(mt.ones(2, 3)).sum().backward()
    assert net.double() is net
    assert all(a is b for a, b in zip(before, net.parameters()))
    for tensor in (net.first.weight, net.first.weight.grad, net.first.count):
        assert tensor.dtype == mt.float64
    assert net.first.index.dtype == mt.int64
    net(mt.ones(2, 3, dtype=mt.float64)).sum().backward()
    for convert, dtype in ((net.half, mt.float16), (net.float, mt.float32)):
        convert()
        assert {p.dtype for p in net.parameters()} == {dtype}


def test_to() -> None:
    net = Net()
    net.first.register_buffer("index", mt.tensor([1, 2]))
    for args, kwargs, dtype in (
        ((mt.float64,), {}, mt.float64),
        (("cpu", mt.float32), {}, mt.float32),
        ((mt.device("cpu"),), {"dtype": mt.float16}, mt.float16),
        ((mt.ones(1, dtype=mt.float64),), {}, mt.float64),
        (("cpu",), {"non_blocking": True}, mt.float64),
        ((), {"dtype": mt.float32}, mt.float32),
    ):
        assert net.to(*args, **kwargs) is net
        assert net.first.weight.dtype == dtype
        assert net.first.index.dtype == mt.int64
    with pytest.raises(TypeError, match="only accepts floating point or complex dtypes"):
        net.to(mt.int64)
    with pytest.raises(TypeError, match="invalid combination of arguments"):
        net.to([])
    with pytest.raises(TypeError, match="invalid combination of arguments"):
        net.to(colour="red")
    assert net.first.weight.dtype == mt.float32


def test_apply_visits_children_first() -> None:
    net, seen = Net(), []
    assert net.apply(seen.append) is net
    assert seen == [net.first, net.inner[0], net.inner[1], net.inner, net]


# --- state


def test_state_dict_names_and_sharing() -> None:
    net = Net()
    state = net.state_dict()
    assert list(state) == NET_STATE
    assert not any(tensor.requires_grad for tensor in state.values())
    assert net.state_dict(keep_vars=True)["first.weight"] is net.first.weight
    assert next(iter(net.state_dict(prefix="p."))) == "p.first.weight"
    filled = net.state_dict(destination={"old": 1})
    assert list(filled) == ["old", *NET_STATE]
    assert state._metadata["inner.1"] == {"version": 1}
    with mt.no_grad():
        net.first.weight.fill_(7.0)
    assert state["first.weight"].numpy()[0, 0] == 7


def test_load_copies_in_place() -> None:
    source, target = Net(), Net()
    with mt.no_grad():
        for i, parameter in enumerate(source.parameters()):
            parameter.fill_(i)
    weight = target.first.weight
    result = target.load_state_dict(source.state_dict())
    assert repr(result) == str(result) == "<All keys matched successfully>"
    assert target.first.weight is weight
    for key, value in values(source).items():
        assert np.array_equal(values(target)[key], value)
    target.load_state_dict(source.double().state_dict())
    assert target.first.weight.dtype == mt.float32


def test_load_lists_everything_at_once_and_changes_nothing() -> None:
    net = Net()
    state = {key: value.clone().fill_(9.0) for key, value in net.state_dict().items()}
    state["first.weight"] = mt.ones(2, 2)
    state["inner.1.weight"] = "text"
    state["inner.5.weight"] = mt.ones(1)
    state["stray"] = mt.ones(1)
    del state["inner.0.bias"], state["first.count"]
    before = values(net)
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    text = str(caught.value)
    assert text.startswith(
        "Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: "
    )
    assert '"first.count", "inner.0.bias". ' in text
    assert 'Unexpected key(s) in state_dict: "stray", "inner.5.weight". ' in text
    assert (
        "size mismatch for first.weight: copying a param with shape torch.Size([2, 2]) from "
        "checkpoint, the shape in current model is torch.Size([4, 3])." in text
    )
    assert '"inner.1.weight", expected torch.Tensor' in text
    after = values(net)
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_load_not_strict() -> None:
    net = Net()
    missing, unexpected = net.load_state_dict(
        {"first.bias": mt.full((4,), 2.0), "stray": mt.ones(1)}, strict=False
    )
    assert unexpected == ["stray"]
    assert missing == [key for key in NET_STATE if key != "first.bias"]
    assert net.first.bias.tolist() == [2.0] * 4
    with pytest.raises(RuntimeError, match="size mismatch"):
        net.load_state_dict({"first.bias": mt.ones(5)}, strict=False)
    with pytest.raises(TypeError, match="dict-like"):
        net.load_state_dict([1])


def test_load_assign_takes_the_tensors() -> None:
    net = Net()
    net.first.weight.requires_grad_(False)
    state = Net().double().state_dict()
    net.load_state_dict(state, assign=True)
    assert net.first.weight.dtype == mt.float64
    assert isinstance(net.first.weight, nn.Parameter)
    assert not net.first.weight.requires_grad
    assert net.first.bias.requires_grad
    assert net.first.count is state["first.count"]


def test_load_a_scalar_saved_with_one_dimension() -> None:
    module = nn.Module()
    module.register_buffer("n", mt.tensor(0.0))
    module.load_state_dict({"n": mt.tensor([5.0])})
    assert module.n.item() == 5


def test_extra_state() -> None:
    class Named(nn.Module):
        name = "first"

        def get_extra_state(self):
            return {"name": self.name}

        def set_extra_state(self, state):
            self.name = state["name"]

    source, target = nn.Sequential(Named()), nn.Sequential(Named())
    source[0].name = "second"
    state = source.state_dict()
    assert state == {"0._extra_state": {"name": "second"}}
    target.load_state_dict(state)
    assert target[0].name == "second"
    with pytest.raises(RuntimeError, match=r'Missing key\(s\).*"0._extra_state"'):
        target.load_state_dict({})
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\).*"0._extra_state"'):
        nn.Sequential(nn.Module()).load_state_dict(state)


def test_load_can_be_overridden_by_version() -> None:
    class Renamed(Affine):
        _version = 2

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
            if (local_metadata.get("version") or 1) < 2:
                state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)

    old = Affine(2, 1).state_dict()
    old["w"] = old.pop("weight") * 3
    module = Renamed(2, 1)
    module.load_state_dict(old)
    assert module.weight.tolist() == [[3.0, 3.0]]
    assert "w" in old
    module.load_state_dict(module.state_dict())


def test_state_dict_hooks() -> None:
    net = Net()
    seen = []
    net.register_state_dict_pre_hook(lambda m, prefix, keep: seen.append((prefix, keep)))
    net._register_state_dict_hook(lambda m, state, prefix, meta: {"only": 1})
    assert net.state_dict() == {"only": 1}
    assert seen == [("", False)]
    other = Net()
    other.register_state_dict_post_hook(lambda m, state, prefix, meta: {"no": 1})
    with pytest.raises(RuntimeError, match="must return None"):
        other.state_dict()


def test_load_hooks() -> None:
    net = Net()

    def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
        assert module is net.first
        state[prefix + "bias"] = state.pop(prefix + "b")

    net.first.register_load_state_dict_pre_hook(rename)
    state = net.state_dict()
    state["first.b"] = state.pop("first.bias") + 4
    net.load_state_dict(state)
    assert net.first.bias.tolist() == [4.0] * 4

    values_seen = []

    def forgive(module, keys):
        values_seen.append(module.first.bias[0].item())
        keys.missing_keys.clear()

    net.register_load_state_dict_post_hook(forgive)
    net.load_state_dict({"first.b": mt.full((4,), 6.0)})
    assert values_seen == [6.0]


# --- calls and hooks


def test_missing_forward() -> None:
    with pytest.raises(NotImplementedError, match=r"Module \[Module\] is missing the required"):
        nn.Module()(1)


def test_forward_hooks_run_in_order_and_may_replace() -> None:
    module, log = Affine(2, 1), []
    module.register_forward_pre_hook(lambda m, args: (log.append("pre"), args[0] + 1)[1])
    module.register_forward_pre_hook(lambda m, args: log.append("early"), prepend=True)
    module.register_forward_hook(lambda m, args, out: (log.append("post"), out * 10)[1])
    module.register_forward_hook(
        lambda m, args, kwargs, out: log.append(("kwargs", kwargs)), with_kwargs=True
    )
    assert module(mt.ones(1, 2)).item() == 40
    assert log == ["early", "pre", "post", ("kwargs", {})]


def test_pre_hook_with_kwargs() -> None:
    module = Affine(2, 1)
    handle = module.register_forward_pre_hook(
        lambda m, args, kwargs: ((), {"x": kwargs["x"] * 2}), with_kwargs=True
    )
    assert module(x=mt.ones(1, 2)).item() == 4
    handle.remove()
    assert not module._forward_pre_hooks_with_kwargs
    assert module(x=mt.ones(1, 2)).item() == 2
    with (
        module.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True),
        pytest.raises(RuntimeError, match="must return None or a tuple of"),
    ):
        module(mt.ones(1, 2))


def test_always_called_hooks_see_a_failure() -> None:
    module, seen = Affine(2, 1), []
    module.register_forward_hook(lambda m, args, out: seen.append("never"))
    module.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(AttributeError):
        module.forward = lambda x: x.absent
        module(mt.ones(1, 2))
    assert seen == [None]


def test_global_hooks() -> None:
    net, seen = Net(), []
    with hooks.register_module_forward_hook(lambda m, args, out: seen.append(type(m).__name__)):
        net(mt.ones(1, 3))
    assert seen == ["Affine", "Affine", "Affine", "Sequential", "Net"]
    net(mt.ones(1, 3))
    assert len(seen) == 5
    assert not hooks.in_calls


def test_global_hooks_of_the_last_op() -> None:
    x = mt.zeros(1, requires_grad=True)
    with nn.modules.module.register_module_backward_hook(lambda m, i, o: (i[0] * 2,)):
        nn.Sigmoid()(x).sum().backward()
        with pytest.raises(RuntimeError, match="both regular backward hooks and full"):
            hooks.register_module_full_backward_hook(lambda m, i, o: None)
    assert x.grad.tolist() == [0.5]


def test_backward_hooks_see_and_replace_gradients() -> None:
    module, seen = Affine(2, 1), []
    module.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 5,))

    def hook(m, grad_input, grad_output):
        seen.append(([g.tolist() for g in grad_input], grad_output[0].tolist()))
        return (grad_input[0] + 1,)

    module.register_full_backward_hook(hook)
    x = mt.ones(1, 2, requires_grad=True)
    module(x).sum().backward()
    assert seen == [([[[5.0, 5.0]]], [[5.0]])]
    assert x.grad.tolist() == [[6.0, 6.0]]
    assert module.weight.grad.tolist() == [[5.0, 5.0]]


def test_backward_hook_shows_none_or_zeros_where_no_gradient_is() -> None:
    class Two(nn.Module):
        def forward(self, x, flag, y, unused):
            return x * 2, "label", y * 3

    module, seen = Two(), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    x = mt.ones(2, requires_grad=True)
    out = module(x, "flag", mt.ones(2), mt.ones(3, requires_grad=True))
    assert out[1] == "label"
    out[0].sum().backward()
    ((grad_input, grad_output),) = seen
    assert grad_input[0].tolist() == [2.0, 2.0]
    assert grad_input[1] is None
    assert [g.tolist() for g in grad_input[2:]] == [[0.0, 0.0], [0.0, 0.0, 0.0]]
    assert grad_output[0].tolist() == [1.0, 1.0]
    assert grad_output[1:] == (None, None)


def test_backward_hook_without_input_gradients() -> None:
    module, seen = Affine(2, 1), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].item())))
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        module(mt.ones(1, 2)).sum().backward()
    assert seen == [((None,), 1.0)]


def test_backward_hook_counts_what_it_returns() -> None:
    module = Affine(2, 1)
    module.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    out = module(mt.ones(1, 2, requires_grad=True))
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        out.sum().backward()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes on exceptions came with 3.11")
def test_an_error_names_the_path_of_its_module() -> None:
    net = nn.Sequential(OrderedDict(body=Net()))
    with pytest.raises(Exception) as caught:  # noqa: PT011
        net(mt.ones(1, 5))
    assert caught.value.__notes__ == ["in the forward of 'body.first' of Sequential: Affine(3, 4)"]


# --- copies and text


def test_copies_keep_sharing_and_are_apart() -> None:
    net = Net()
    net.tied = net.first.weight
    net.first.weight.note = "kept"
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.tied is twin.first.weight
        assert isinstance(twin.tied, nn.Parameter)
        assert twin.tied.requires_grad
        with mt.no_grad():
            twin.tied.fill_(5.0)
        assert net.tied[0, 0].item() == 1
        assert repr(twin) == repr(net)
    assert pickle.loads(pickle.dumps(net)).tied.note == "kept"


def test_handles_follow_their_module_through_pickle() -> None:
    module = Affine(2, 1)
    module.handle = module.register_forward_hook(print, always_call=True)
    twin = pickle.loads(pickle.dumps(module))
    twin.handle.remove()
    assert not twin._forward_hooks
    assert not twin._forward_hooks_always_called
    assert module._forward_hooks


def test_a_handle_for_a_registry_of_ones_own() -> None:
    registry, marks = OrderedDict(), OrderedDict()
    handle = hooks.RemovableHandle(registry, extra_dict=marks)
    assert not registry
    registry[handle.id], marks[handle.id] = print, True
    with handle:
        assert registry
    assert not registry
    assert not marks
    handle.remove()


def test_old_pickles_get_what_is_new() -> None:
    state = Affine(2, 1).__getstate__()
    del state["_forward_hooks_always_called"], state["_non_persistent_buffers_set"]
    module = Affine.__new__(Affine)
    module.__setstate__(state)
    assert module(mt.ones(1, 2)).item() == 2
    assert module._non_persistent_buffers_set == set()


def test_repr() -> None:
    assert repr(Affine(2, 1)) == "Affine(2, 1)"
    assert repr(nn.Module()) == "Module()"
    assert repr(Net()) == (
        "Net(\n"
        "  (first): Affine(3, 4)\n"
        "  (inner): Sequential(\n"
        "    (0): Affine(4, 4)\n"
        "    (1): Affine(4, 2)\n"
        "  )\n"
        ")"
    )

    class Wordy(Net):
        def extra_repr(self) -> str:
            return "line one\nline two"

    assert repr(Wordy()).startswith("Wordy(\n  line one\n  line two\n  (first): Affine(3, 4)\n")


def test_parameter() -> None:
    data = mt.ones(2)
    parameter = nn.Parameter(data)
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert repr(parameter).startswith("Parameter containing:\ntensor([1., 1.]")
    with mt.no_grad():
        assert nn.Parameter(data).requires_grad
        parameter.fill_(3.0)
    assert data.tolist() == [3.0, 3.0]
    assert type(parameter * 2) is mt.Tensor
    assert nn.Parameter().shape == (0,)
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    with pytest.raises(TypeError, match="expected a Tensor, got list"):
        nn.Parameter([1.0])


def test_functions_in_a_class_do_not_become_methods() -> None:
    class Net(nn.Module):
        op, norm, act = mt.conv1d, mt.linalg.norm, mt.tanh

        def forward(self, x):
            return self.norm(self.act(self.op(x, weight=mt.ones(1, 1, 1))))

    y = Net()(mt.tensor([[[3.0, 4.0]]]))
    assert y.item() == mt.tensor([3.0, 4.0]).tanh().norm().item()
