"""What modules and their tools do beyond computing: the same here and in PyTorch."""

from __future__ import annotations

import copy
import importlib
import pickle
import warnings
from typing import Any

import pytest

# -- hooks -----------------------------------------------------------------------------------------


def test_hooks_of_every_module_are_called(torch: Any) -> None:
    hooks = torch.nn.modules.module
    seen: list[str] = []
    handles = [
        hooks.register_module_forward_pre_hook(lambda m, args: seen.append("before")),
        hooks.register_module_forward_hook(lambda m, args, out: seen.append("after")),
        hooks.register_module_full_backward_pre_hook(lambda m, g: seen.append("into")),
        hooks.register_module_full_backward_hook(lambda m, i, o: seen.append("out of")),
    ]
    try:
        torch.nn.Linear(2, 1)(torch.ones(1, 2, requires_grad=True)).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
    torch.nn.Linear(2, 1)(torch.ones(1, 2))
    assert seen == ["before", "after", "into", "out of"]


def test_hooks_on_registration_may_replace(torch: Any) -> None:
    hooks = torch.nn.modules.module
    seen: list[str] = []
    handles = [
        hooks.register_module_buffer_registration_hook(lambda m, name, b: seen.append(name)),
        hooks.register_module_module_registration_hook(lambda m, name, s: seen.append(name)),
    ]
    try:
        module = torch.nn.Module()
        module.register_buffer("b", torch.ones(1))
        module.child = torch.nn.Identity()
    finally:
        for handle in handles:
            handle.remove()
    assert seen == ["b", "child"]
    assert module.child is not None


def test_backward_hooks_may_return_other_gradients(torch: Any) -> None:
    layer = torch.nn.Identity()
    x = torch.ones(2, requires_grad=True)
    with layer.register_full_backward_pre_hook(lambda m, g: (g[0] * 2,)):
        layer(x * 1).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    with layer.register_full_backward_hook(lambda m, i, o: (i[0] * 5,)):
        layer(x * 1).sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]


def test_a_hook_that_fails_after_the_forward_did_warns(torch: Any) -> None:
    class Fails(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("first")

    def hook(module: Any, args: Any, result: Any) -> None:
        raise KeyError("second")

    module = Fails()
    module.register_forward_hook(hook, always_call=True)
    with (
        pytest.warns(UserWarning, match="always_call=True"),
        pytest.raises(ValueError, match="first"),
    ):
        module(1)


def test_a_module_with_a_backward_hook_returns_what_it_likes(torch: Any) -> None:
    class Returns(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return {"x": x}

    module = Returns()
    module.register_full_backward_hook(lambda m, i, o: None)
    with pytest.warns(UserWarning, match="a Tensor or a tuple of Tensors"):
        assert list(module(torch.ones(1, requires_grad=True))) == ["x"]


# -- conversions -----------------------------------------------------------------------------------


def test_a_module_changes_type(torch: Any) -> None:
    layer = torch.nn.Linear(2, 1)
    assert layer.bfloat16().weight.dtype is torch.bfloat16
    assert layer.type(torch.float64).weight.dtype is torch.float64
    assert layer.cpu().weight.dtype is torch.float64
    assert layer.to_empty(device="cpu").weight.shape == (1, 2)
    assert layer.to("cpu", torch.float32, True).weight.dtype is torch.float32


def test_state_that_does_not_fit_is_listed(torch: Any) -> None:
    found = torch.nn.Linear(1, 1).load_state_dict({"other": torch.ones(1)}, strict=False)
    assert found.missing_keys == ["weight", "bias"]
    assert found.unexpected_keys == ["other"]
    assert "other" in repr(found)


def test_old_arguments_of_state_dict(torch: Any) -> None:
    with pytest.warns(FutureWarning, match="Positional args are being deprecated"):
        state = torch.nn.Linear(1, 1).state_dict({}, "layer.")
    assert list(state) == ["layer.weight", "layer.bias"]


def test_assigning_a_parameter_of_the_state(torch: Any) -> None:
    layer = torch.nn.Linear(1, 1, bias=False)
    weight = torch.nn.Parameter(torch.full((1, 1), 3.0), requires_grad=False)
    layer.load_state_dict({"weight": weight}, assign=True)
    assert layer.weight.tolist() == [[3.0]]
    assert layer.weight.requires_grad


# -- packed sequences ------------------------------------------------------------------------------


def packed(torch: Any) -> Any:
    rnn = torch.nn.utils.rnn
    sequences = [torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0, 5.0])]
    return rnn.pack_sequence(sequences, enforce_sorted=False)


def test_packed_sequences_convert(torch: Any) -> None:
    p = packed(torch)
    assert p.double().data.dtype is torch.float64
    assert p.half().data.dtype is torch.float16
    assert p.long().data.tolist() == [3, 1, 4, 2, 5]
    assert p.double().float().data.dtype is torch.float32
    assert p.to(torch.int32).data.dtype is torch.int32
    assert p.float() is p
    assert p.cpu() is p
    assert p.to("cpu") is p
    assert not p.is_cuda
    assert not p.is_pinned()
    again = type(p)((p.data, p.batch_sizes)) if torch.__name__ == "minitorch_dl" else p
    assert again.batch_sizes.tolist() == [2, 2, 1]


def test_packed_sequences_come_back(torch: Any) -> None:
    rnn = torch.nn.utils.rnn
    p = packed(torch)
    assert [s.tolist() for s in rnn.unpack_sequence(p)] == [[1.0, 2.0], [3.0, 4.0, 5.0]]
    padded, lengths = rnn.pad_packed_sequence(p, batch_first=True, total_length=4)
    assert padded.tolist() == [[1.0, 2.0, 0.0, 0.0], [3.0, 4.0, 5.0, 0.0]]
    assert lengths.tolist() == [2, 3]
    cut = rnn.unpad_sequence(padded, lengths, batch_first=True)
    assert [s.tolist() for s in cut] == [[1.0, 2.0], [3.0, 4.0, 5.0]]
    steps_first = rnn.unpad_sequence(padded.T, lengths)
    assert [s.tolist() for s in steps_first] == [[1.0, 2.0], [3.0, 4.0, 5.0]]


def test_an_lstm_takes_states_in_the_callers_order(torch: Any) -> None:
    rnn = torch.nn.utils.rnn
    torch.manual_seed(0)
    lstm = torch.nn.GRU(1, 2)
    x, lengths, h = torch.randn(3, 2, 1), [2, 3], torch.randn(1, 2, 2)
    _, last = lstm(rnn.pack_padded_sequence(x, lengths, enforce_sorted=False), h)
    for i, n in enumerate(lengths):
        _, alone = lstm(x[:n, i : i + 1], h[:, i : i + 1].contiguous())
        assert torch.allclose(last[:, i : i + 1], alone, atol=1e-6)


def test_the_weights_of_an_lstm_by_layer(torch: Any) -> None:
    lstm = torch.nn.LSTM(3, 4, num_layers=2, proj_size=2, bidirectional=True)
    assert [[tuple(w.shape) for w in layer] for layer in lstm.all_weights] == [
        [(16, 3), (16, 2), (16,), (16,), (2, 4)],
        [(16, 3), (16, 2), (16,), (16,), (2, 4)],
        [(16, 4), (16, 2), (16,), (16,), (2, 4)],
        [(16, 4), (16, 2), (16,), (16,), (2, 4)],
    ]
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last"):
        torch.nn.LSTM(3, 4, dropout=0.5)


# -- embeddings and losses -------------------------------------------------------------------------


def test_embeddings_over_given_tables(torch: Any) -> None:
    table = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    for cls in (torch.nn.Embedding, torch.nn.EmbeddingBag):
        frozen = cls.from_pretrained(table)
        assert frozen.weight.tolist() == table.tolist()
        assert not frozen.weight.requires_grad
        assert cls.from_pretrained(table, freeze=False).weight.requires_grad
    bag = torch.nn.EmbeddingBag.from_pretrained(table, mode="sum")
    assert bag(torch.tensor([[0, 1]])).tolist() == [[4.0, 6.0]]


def test_embeddings_print_what_is_set(torch: Any) -> None:
    e = torch.nn.Embedding(2, 3, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True, sparse=True)
    assert repr(e) == (
        "Embedding(2, 3, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True, sparse=True)"
    )
    bag = torch.nn.EmbeddingBag(2, 3, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True)
    assert repr(bag) == (
        "EmbeddingBag(2, 3, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True, mode='mean')"
    )


def test_the_adaptive_softmax_starts_anew(torch: Any) -> None:
    m = torch.nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2])
    before = m.head.weight.clone()
    m.reset_parameters()
    assert not torch.equal(m.head.weight, before)


def test_old_names_of_reductions(torch: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert torch.nn.MSELoss(size_average=False).reduction == "sum"
        assert torch.nn.MSELoss(reduce=False).reduction == "none"


# -- pruning and parametrizations ------------------------------------------------------------------


def test_containers_of_pruning_methods(torch: Any) -> None:
    prune = importlib.import_module(f"{torch.__name__}.nn.utils.prune")
    first, second = prune.L1Unstructured(1), prune.RandomUnstructured(1)
    first._tensor_name = second._tensor_name = "weight"
    container = prune.PruningContainer(first)
    container.add_pruning_method(second)
    assert len(container) == 2
    assert container[0] is first
    second._tensor_name = "bias"
    with pytest.raises(ValueError, match="bias"):
        container.add_pruning_method(second)


def test_pruning_nothing_keeps_everything(torch: Any) -> None:
    prune = importlib.import_module(f"{torch.__name__}.nn.utils.prune")
    for name in ("random_structured", "ln_structured"):
        layer = torch.nn.Linear(3, 4)
        options = {"n": 2} if name == "ln_structured" else {}
        getattr(prune, name)(layer, "weight", amount=0, dim=0, **options)
        assert layer.weight_mask.min() == 1


def double(torch: Any) -> Any:
    class Twice(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return 2 * x

        def right_inverse(self, y: Any) -> Any:
            return y / 2

    return Twice()


def test_parametrizations_move_to_another_module(torch: Any) -> None:
    parametrize = torch.nn.utils.parametrize
    a, b = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    parametrize.register_parametrization(a, "weight", double(torch))
    parametrize.transfer_parametrizations_and_params(a, b)
    assert parametrize.is_parametrized(b, "weight")
    assert torch.equal(a.weight, b.weight)


def test_a_parametrized_buffer(torch: Any) -> None:
    parametrize = torch.nn.utils.parametrize
    module = torch.nn.Module()
    module.register_buffer("b", torch.ones(2))
    parametrize.register_parametrization(module, "b", double(torch))
    assert module.b.tolist() == [1.0, 1.0]
    module.b = torch.full((2,), 4.0)
    assert module.parametrizations.b.original.tolist() == [2.0, 2.0]
    parametrize.remove_parametrizations(module, "b")
    assert module.b.tolist() == [4.0, 4.0]
    assert "b" in dict(module.named_buffers())


def test_a_parametrized_module_is_copied(torch: Any) -> None:
    parametrize = torch.nn.utils.parametrize
    a = torch.nn.Linear(2, 1)
    parametrize.register_parametrization(a, "weight", double(torch))
    twin = copy.deepcopy(a)
    assert torch.equal(twin.weight, a.weight)
    assert twin.parametrizations is not a.parametrizations
    with parametrize.cached():
        assert a.weight is a.weight


@pytest.mark.parametrize("wrong", ["number", "dtype", "shape"])
def test_a_parametrization_keeps_dtype_and_shape(torch: Any, wrong: str) -> None:
    class Wrong(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return {"number": 3, "dtype": x.double(), "shape": x[:1]}[wrong]

    with pytest.raises(ValueError, match=r"tensor|dtype|shape"):
        torch.nn.utils.parametrize.register_parametrization(
            torch.nn.Linear(2, 2), "weight", Wrong()
        )


# -- scaling of gradients --------------------------------------------------------------------------


def test_what_adapts_the_scale_can_be_set(torch: Any) -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.25)
    scaler.set_growth_interval(5)
    assert scaler.get_growth_factor() == 3.0
    assert scaler.get_backoff_factor() == 0.25
    assert scaler.get_growth_interval() == 5
    one, two = scaler.scale([torch.ones(1), torch.full((1,), 2.0)])
    assert (one.item(), two.item()) == (8.0, 16.0)
    scaler.update(4.0)
    assert scaler.get_scale() == 4.0


def test_a_disabled_scaler_does_nothing(torch: Any) -> None:
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    p = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=0.5)
    scaler.scale(p.sum()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert p.item() == 0.5
    assert scaler.state_dict() == {}
    scaler.load_state_dict({})
    assert scaler.get_scale() == 1.0


def test_steps_of_a_scaler_out_of_order(torch: Any) -> None:
    scaler = torch.amp.GradScaler("cpu")
    p, unused = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([p, unused], lr=0.5)
    scaler.scale(p.sum()).backward()
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="after step"):
        scaler.unscale_(optimizer)
    scaler.update()
    with pytest.raises(AssertionError, match="No inf checks"):
        scaler.update()
    half = torch.ones(1, dtype=torch.float16, requires_grad=True)
    half.grad = torch.ones(1, dtype=torch.float16)
    with pytest.raises(ValueError, match="FP16 gradients"):
        scaler.unscale_(torch.optim.SGD([half], lr=0.5))


def test_autocast_around_custom_functions(torch: Any) -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
        def forward(ctx: Any, x: Any) -> Any:
            return x @ x

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx: Any, g: Any) -> Any:
            return g

    x = torch.eye(2, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        assert Product.apply(x).dtype is torch.float32
    assert Product.apply(x).dtype is torch.bfloat16


def test_a_pickled_module_keeps_its_load_hooks(torch: Any) -> None:
    layer = torch.nn.Linear(1, 1)
    layer.register_load_state_dict_post_hook(_warn_of_loading)
    again = pickle.loads(pickle.dumps(layer))
    with pytest.warns(UserWarning, match="loaded"):
        again.load_state_dict(layer.state_dict())


def _warn_of_loading(module: Any, keys: Any) -> None:
    warnings.warn("loaded", stacklevel=2)
