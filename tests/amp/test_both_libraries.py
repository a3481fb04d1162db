"""What blocks of autocast and the loss scale promise, in this package and in PyTorch alike."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest


def product(torch: Any, x: Any) -> str:
    return str((x @ x).dtype)


def test_an_inner_block_has_the_dtype_of_the_outer_one(torch: Any) -> None:
    x, seen = torch.ones(2, 2), []
    with torch.autocast("cpu", dtype=torch.float16):
        with torch.autocast("cpu"):
            seen.append(product(torch, x))
        with torch.autocast("cpu", enabled=False):
            seen += [product(torch, x), str(torch.get_autocast_dtype("cpu"))]
            with torch.autocast("cpu"):
                seen.append(product(torch, x))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=False):
            seen.append(str(torch.get_autocast_dtype("cpu")))
        seen.append(product(torch, x))
    seen += [product(torch, x), str(torch.get_autocast_dtype("cpu"))]
    half, whole, other = "torch.float16", "torch.float32", "torch.bfloat16"
    assert seen == [half, whole, half, half, other, half, whole, other]


def test_another_dtype_disables(torch: Any) -> None:
    with pytest.warns(UserWarning, match="Disabling autocast"):
        block = torch.autocast("cpu", dtype=torch.float32)
    with block:
        assert not torch.is_autocast_enabled("cpu")


def test_what_is_no_function_is_refused(torch: Any) -> None:
    with pytest.raises(TypeError, match="requires a callable, but got int"):
        torch.autocast("cpu")(3)


def test_the_cache_is_switched_for_a_block(torch: Any) -> None:
    seen = [torch.is_autocast_cache_enabled()]
    with torch.autocast("cpu", cache_enabled=False):
        seen.append(torch.is_autocast_cache_enabled())
        with torch.autocast("cpu"):
            seen.append(torch.is_autocast_cache_enabled())
    assert [*seen, torch.is_autocast_cache_enabled()] == [True, False, False, True]


@pytest.mark.parametrize("caches", [True, False])
def test_a_weight_is_converted_once(torch: Any, caches: bool) -> None:
    """Also where several backward passes, or a pass without gradients, are in one block."""
    layer = torch.nn.Linear(3, 3, bias=False)
    x = torch.ones(2, 3)
    with torch.autocast("cpu", cache_enabled=caches):
        for _ in range(2):
            (layer(x).sum() + layer(x).sum()).backward()
    twice = layer.weight.grad.clone()
    layer.weight.grad = None
    with torch.autocast("cpu", cache_enabled=caches):
        layer(x).sum().backward()
    assert torch.equal(twice, 4 * layer.weight.grad)


def test_a_new_block_sees_a_new_weight(torch: Any) -> None:
    layer, x, results = torch.nn.Linear(2, 1, bias=False), torch.ones(1, 2), []
    for value in (1.0, 2.0):
        with torch.no_grad():
            layer.weight.fill_(value)
        with torch.autocast("cpu"):
            results.append(layer(x).item())
    assert results == [2.0, 4.0]


def functions(torch: Any, seen: list[Any], cast: Any) -> Any:
    class Twice(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=cast)
        def forward(ctx: Any, x: Any, several: Any, count: Any) -> Any:
            seen.append([str(v.dtype) for v in (x, several[0], several[1]["y"], count)])
            seen.append(torch.is_autocast_enabled("cpu"))
            return x * 2

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx: Any, g: Any) -> Any:
            seen.append(torch.is_autocast_enabled("cpu"))
            seen.append(str(torch.get_autocast_dtype("cpu")))
            return g * 2, None, None

    return Twice


def test_functions_of_ones_own(torch: Any) -> None:
    x, half = torch.ones(2, requires_grad=True), torch.ones(2, dtype=torch.float16)
    given = ([half, {"y": torch.ones(1).double()}], torch.ones(1).long())
    seen: list[Any] = []
    with torch.autocast("cpu", dtype=torch.float16):
        y = functions(torch, seen, torch.float32).apply(x, *given)
        z = functions(torch, seen, None).apply(x, *given)
    (y + z).sum().backward()
    functions(torch, seen, torch.float16).apply(x, *given)
    whole = ["torch.float32", "torch.float32", "torch.float64", "torch.int64"]
    as_given = ["torch.float32", "torch.float16", "torch.float64", "torch.int64"]
    forward, backward = seen[:4], sorted(seen[4:8], key=str)
    assert forward == [whole, False, as_given, True]
    assert backward == [False, True, "torch.float16", "torch.float16"]
    assert seen[8:] == [as_given, False]


def test_wrong_device_types(torch: Any) -> None:
    with pytest.raises(ValueError, match="device_type"):
        torch.amp.custom_fwd(device_type=3)
    with pytest.raises(RuntimeError):
        torch.get_autocast_dtype("nonsense")
    assert torch.amp.is_autocast_available("cpu")


# -- the loss scale --------------------------------------------------------------------------------


def scaler(torch: Any, **options: Any) -> Any:
    return torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2, **options)


def leaf(torch: Any, grad: float) -> Any:
    w = torch.zeros(2, requires_grad=True)
    w.grad = torch.tensor([grad, 1.0])
    return w


def test_each_optimizer_is_checked_for_itself(torch: Any) -> None:
    scale, good, bad = scaler(torch), leaf(torch, 8.0), leaf(torch, math.inf)
    optimizers = [torch.optim.SGD([w], lr=1.0) for w in (good, bad)]
    scale.scale(torch.ones(()))  # the scale is set up by its first use
    for optimizer in optimizers:
        scale.step(optimizer)
    scale.update()
    assert good.tolist() == [-2.0, -0.25]
    assert bad.tolist() == [0.0, 0.0]
    assert scale.get_scale() == 2.0


def test_what_is_called_out_of_turn_is_refused(torch: Any) -> None:
    scale, w = scaler(torch), leaf(torch, 8.0)
    optimizer = torch.optim.SGD([w], lr=1.0)
    for early in (scale.update, lambda: scale.unscale_(optimizer), lambda: scale.step(optimizer)):
        with pytest.raises(AssertionError, match="Attempted"):
            early()  # nothing was scaled
    scale.scale(torch.ones(()))
    with pytest.raises(AssertionError, match="No inf checks were recorded"):
        scale.update()
    scale.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scale.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="Closure use"):
        scale.step(optimizer, closure=lambda: None)
    scale.step(optimizer)
    with pytest.raises(RuntimeError, match=r"after step\(\)"):
        scale.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called since the last update"):
        scale.step(optimizer)
    scale.update()
    scale.update(new_scale=32.0)
    assert scale.get_scale() == 32.0
    scale.update(torch.tensor(8.0))
    assert scale.get_scale() == 8.0


def test_an_optimizer_without_gradients_is_refused(torch: Any) -> None:
    scale, optimizer = scaler(torch), torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    scale.scale(torch.ones(()))
    with pytest.raises(AssertionError, match="No inf checks were recorded for this optimizer"):
        scale.step(optimizer)


def test_collections_of_losses(torch: Any) -> None:
    scale = scaler(torch)
    given = [torch.ones(()), (torch.ones(2), [torch.ones(1, dtype=torch.float16)])]
    scaled = scale.scale(given)
    assert scaled[0].item() == 4.0
    assert scaled[1][0].tolist() == [4.0, 4.0]
    assert isinstance(scaled[1], tuple)
    assert str(scaled[1][1][0].dtype) == "torch.float16"
    with pytest.raises(ValueError, match="outputs must be a Tensor or an iterable of Tensors"):
        scale.scale(3)


def test_half_gradients_are_refused(torch: Any) -> None:
    w = torch.zeros(2, dtype=torch.float16, requires_grad=True)
    w.grad = torch.ones(2, dtype=torch.float16)
    scale, optimizer = scaler(torch), torch.optim.SGD([w])
    scale.scale(torch.ones(()))
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
        scale.unscale_(optimizer)


def test_the_state(torch: Any) -> None:
    scale, w = scaler(torch), leaf(torch, 8.0)
    expected = {
        "scale": 4.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2,
        "_growth_tracker": 0,
    }  # fmt: skip
    assert scale.state_dict() == expected
    scale.scale(torch.ones(()))
    scale.step(torch.optim.SGD([w]))
    scale.update()
    assert scale.state_dict() == expected | {"_growth_tracker": 1}
    off = torch.amp.GradScaler("cpu", enabled=False)
    assert off.state_dict() == {}
    off.load_state_dict({})
    with pytest.raises(RuntimeError, match="source state dict is empty"):
        scale.load_state_dict({})
    assert (off.get_scale(), off.is_enabled()) == (1.0, False)
    assert off.scale("anything") == "anything"
    for wrong in ({"growth_factor": 1.0}, {"backoff_factor": 1.0}):
        with pytest.raises(AssertionError):
            torch.amp.GradScaler("cpu", **wrong)


class Scaling:
    """An optimizer step that divides the gradients itself; given the library."""

    def __new__(cls, torch: Any, params: Any) -> Any:
        class Optimizer(torch.optim.SGD):  # type: ignore[misc, name-defined]
            _step_supports_amp_scaling = True

            def step(self, closure: Any = None) -> Any:
                self.seen = (self.grad_scale, self.found_inf)

        return Optimizer(params, lr=1.0)


def test_an_optimizer_that_scales_gets_the_scale(torch: Any) -> None:
    scale, kept = scaler(torch), []  # whose ids are not given to others
    scale.scale(torch.ones(()))
    for grad, unscales, expected in (
        (8.0, False, (4.0, 0.0)), (math.inf, False, (4.0, 1.0)), (8.0, True, (None, 0.0)),
    ):  # fmt: skip
        optimizer = Scaling(torch, [leaf(torch, grad)])
        kept.append(optimizer)
        if unscales:
            scale.unscale_(optimizer)
        scale.step(optimizer)
        assert tuple(x if x is None else x.item() for x in optimizer.seen) == expected
        assert not hasattr(optimizer, "found_inf")


def test_what_was_found_can_be_asked(torch: Any) -> None:
    scale, optimizer = scaler(torch), torch.optim.SGD([leaf(torch, math.nan)])
    scale.scale(torch.ones(()))
    scale.unscale_(optimizer)
    (found,) = scale._found_inf_per_device(optimizer).values()
    assert found.item() == 1.0
    with pytest.raises(AssertionError, match="may only be pickled"):
        pickle.dumps(scale)
    scale.update()
    again = pickle.loads(pickle.dumps(scale))
    assert again.state_dict() == scale.state_dict()
    assert again.scale(torch.ones(())).item() == 2.0


def test_sparse_gradients_are_unscaled(torch: Any) -> None:
    layer = torch.nn.Embedding(3, 2, sparse=True)
    scale, optimizer = scaler(torch), torch.optim.SGD(layer.parameters(), lr=1.0)
    scale.scale(layer(torch.tensor([1, 1])).sum()).backward()
    scale.unscale_(optimizer)
    assert layer.weight.grad.to_dense().tolist() == [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0]]
