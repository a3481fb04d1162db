"""What is compared with PyTorch: each case takes the library and returns tensors by name.

The stored outputs of PyTorch in tests/references/nn_utils.npz are made by
``python -m tests.references.make_nn_utils``.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

Case = Callable[[Any], Iterator[tuple[str, Any]]]
CASES: dict[str, Case] = {}


def case(name: str, *args: Any) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        CASES[name] = lambda torch: function(torch, *args)
        return function

    return register


def run(torch: Any, name: str) -> dict[str, Any]:
    """The case's tensors as arrays; names of the form ``keys:...`` record the state_dict's keys."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return {key: value.detach().numpy() for key, value in CASES[name](torch)}


def module_of(torch: Any, path: str) -> Any:
    return importlib.import_module(f"{torch.__name__}.{path}")


def state(module: Any) -> Iterator[tuple[str, Any]]:
    for key, value in module.state_dict().items():
        yield f"state {key}", value.clone()


def gradients(module: Any, x: Any) -> Iterator[tuple[str, Any]]:
    """Output, parameters' gradients and state after one pass, and the output in eval mode."""
    y = module(x)
    (y * y).sum().backward()
    yield "output", y
    for key, p in module.named_parameters():
        yield f"gradient {key}", p.grad
    yield from state(module)
    yield "eval", module.eval()(x)


LAYERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "linear": (lambda nn: nn.Linear(3, 4), (2, 3)),
    "conv": (lambda nn: nn.Conv2d(2, 3, 2), (2, 2, 3, 3)),
    "transposed": (lambda nn: nn.ConvTranspose2d(2, 3, 2), (2, 2, 3, 3)),
}
NORMS: dict[str, Callable[[Any, Any], Any]] = {
    "old weight_norm": lambda utils, m: utils.weight_norm(m),
    "old weight_norm dim=None": lambda utils, m: utils.weight_norm(m, dim=None),
    "old spectral_norm": lambda utils, m: utils.spectral_norm(m),
    "weight_norm": lambda utils, m: utils.parametrizations.weight_norm(m),
    "weight_norm dim=1": lambda utils, m: utils.parametrizations.weight_norm(m, dim=1),
    "spectral_norm": lambda utils, m: utils.parametrizations.spectral_norm(m),
    "spectral_norm 3 steps, dim=1": lambda utils, m: utils.parametrizations.spectral_norm(
        m, n_power_iterations=3, dim=1
    ),
}


def normalized(torch: Any, layer: str, norm: str) -> Iterator[tuple[str, Any]]:
    make, shape = LAYERS[layer]
    module = NORMS[norm](torch.nn.utils, make(torch.nn))
    return gradients(module, torch.randn(shape))


for _layer in LAYERS:
    for _norm in NORMS:
        case(f"{_norm}, {_layer}", _layer, _norm)(normalized)


@case("orthogonal default square", (3, 3), {})
@case("orthogonal default tall", (5, 3), {})
@case("orthogonal default wide", (3, 5), {})
@case("orthogonal matrix_exp", (5, 3), {"orthogonal_map": "matrix_exp"})
@case("orthogonal cayley", (3, 5), {"orthogonal_map": "cayley"})
@case("orthogonal cayley square", (3, 3), {"orthogonal_map": "cayley"})
@case("orthogonal free", (4, 3), {"orthogonal_map": "matrix_exp", "use_trivialization": False})
def orthogonal(torch: Any, shape: Any, options: Any) -> Iterator[tuple[str, Any]]:
    module = torch.nn.Linear(shape[1], shape[0])
    torch.nn.utils.parametrizations.orthogonal(module, **options)
    yield from gradients(module, torch.randn(2, shape[1]))


@case("orthogonal householder, assigned")
def assigned(torch: Any) -> Iterator[tuple[str, Any]]:
    module = torch.nn.Linear(3, 3)
    torch.nn.init.orthogonal_(module.weight)
    yield "before", module.weight.clone()
    torch.nn.utils.parametrizations.orthogonal(
        module, orthogonal_map="householder", use_trivialization=False
    )
    yield from gradients(module, torch.randn(2, 3))


PRUNINGS: dict[str, Callable[[Any, Any], Any]] = {
    "identity": lambda prune, m: prune.identity(m, "weight"),
    "random_unstructured": lambda prune, m: prune.random_unstructured(m, "weight", 0.3),
    "l1_unstructured": lambda prune, m: prune.l1_unstructured(m, "weight", 5),
    "random_structured": lambda prune, m: prune.random_structured(m, "weight", 2, 0),
    "random_structured dim=1": lambda prune, m: prune.random_structured(m, "weight", 0.5, 1),
    "ln_structured": lambda prune, m: prune.ln_structured(m, "weight", 0.5, 2, 1),
    "ln_structured inf": lambda prune, m: prune.ln_structured(m, "weight", 1, float("inf"), -1),
    "bias": lambda prune, m: prune.l1_unstructured(m, "bias", 2),
}


def pruned(torch: Any, name: str) -> Iterator[tuple[str, Any]]:
    prune = module_of(torch, "nn.utils.prune")
    module = torch.nn.Conv2d(3, 4, 2)
    PRUNINGS[name](prune, module)
    yield from state(module)
    prune.l1_unstructured(module, "weight", 0.25)
    prune.ln_structured(module, "weight", 1, 1, 0)
    yield from ((f"then {k}", v) for k, v in gradients(module, torch.randn(1, 3, 3, 3)))
    prune.remove(module, "weight")
    yield from ((f"removed {k}", v) for k, v in state(module))


for _name in PRUNINGS:
    case(f"prune {_name}", _name)(pruned)


@case("prune by scores")
def by_scores(torch: Any) -> Iterator[tuple[str, Any]]:
    prune = module_of(torch, "nn.utils.prune")
    module = torch.nn.Linear(3, 2)
    scores = torch.arange(6.0).reshape(2, 3)
    prune.l1_unstructured(module, "weight", 2, importance_scores=scores)
    yield from state(module)
    yield "tensor", prune.L1Unstructured(amount=2).prune(scores + 1)
    yield "given", prune.RandomUnstructured(amount=0.5).prune(scores + 1)


@case("prune globally")
def globally(torch: Any) -> Iterator[tuple[str, Any]]:
    prune = module_of(torch, "nn.utils.prune")
    layers = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 2))
    pairs = [(layer, "weight") for layer in layers]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=0.4)
    yield from state(layers)
    prune.global_unstructured(pairs, prune.RandomUnstructured, amount=3)
    yield from ((f"then {k}", v) for k, v in state(layers))


@case("clip")
def clip(torch: Any) -> Iterator[tuple[str, Any]]:
    utils = torch.nn.utils
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    (net(torch.randn(5, 3)) ** 2).sum().backward()
    for p in (0.5, 1, 2.0, 3.0, float("inf"), -float("inf"), 0):
        yield f"norm {p}", utils.get_total_norm([q.grad for q in net.parameters()], p)
    yield "none", utils.get_total_norm([])
    for p in (2.0, 1.0, float("inf")):
        yield f"total {p}", utils.clip_grad_norm_(net.parameters(), 0.5, p)
        for name, q in net.named_parameters():
            yield f"{p} {name}", q.grad.clone()
    utils.clip_grad_value_(net.parameters(), 0.02)
    for name, q in net.named_parameters():
        yield f"value {name}", q.grad


@case("clip several dtypes")
def clip_dtypes(torch: Any) -> Iterator[tuple[str, Any]]:
    parameters = [
        torch.nn.Parameter(torch.randn(5).to(dtype))
        for dtype in (torch.float16, torch.bfloat16, torch.float32)
    ]
    for p in parameters:
        p.grad = p.detach() * 3
    yield "total", torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    for p in parameters:
        yield str(p.dtype), p.grad.float()


@case("vectors")
def vectors(torch: Any) -> Iterator[tuple[str, Any]]:
    utils = torch.nn.utils
    net = torch.nn.Linear(3, 4)
    vector = utils.parameters_to_vector(net.parameters())
    yield "vector", vector
    (vector * vector).sum().backward()
    yield "gradient", net.weight.grad
    utils.vector_to_parameters(torch.arange(16.0), net.parameters())
    yield from state(net)


def batch_norm(torch: Any, kind: str, features: int) -> Any:
    bn = getattr(torch.nn, kind)(features).eval()
    for t, low in ((bn.running_mean, -1), (bn.running_var, 0.5), (bn.weight, -1), (bn.bias, -1)):
        torch.nn.init.uniform_(t, low, 2)
    return bn


@case("fuse conv", "Conv2d", True)
@case("fuse conv without bias", "Conv2d", False)
@case("fuse transposed", "ConvTranspose2d", True)
def fuse_conv(torch: Any, kind: str, bias: bool) -> Iterator[tuple[str, Any]]:
    conv = getattr(torch.nn, kind)(3, 4, 2, bias=bias).eval()
    bn = batch_norm(torch, "BatchNorm2d", 4)
    fused = torch.nn.utils.fuse_conv_bn_eval(conv, bn, transpose=kind != "Conv2d")
    x = torch.randn(2, 3, 3, 3)
    assert (fused(x) - bn(conv(x))).abs().max() < 1e-5
    yield from state(fused)


@case("fuse linear")
def fuse_linear(torch: Any) -> Iterator[tuple[str, Any]]:
    linear = torch.nn.Linear(3, 4).eval()
    bn = batch_norm(torch, "BatchNorm1d", 4)
    yield from state(torch.nn.utils.fuse_linear_bn_eval(linear, bn))


@case("checkpoint", False)
@case("checkpoint, reentrant", True)
def checkpointed(torch: Any, reentrant: bool) -> Iterator[tuple[str, Any]]:
    checkpoint = module_of(torch, "utils.checkpoint")
    nn = torch.nn
    net = nn.Sequential(nn.Linear(3, 6), nn.Dropout(0.5), nn.Tanh(), nn.Linear(6, 2))
    for name, function in (
        ("one", lambda x: checkpoint.checkpoint(net, x, use_reentrant=reentrant)),
        ("two", lambda x: checkpoint.checkpoint_sequential(net, 2, x, use_reentrant=reentrant)),
    ):
        x = torch.randn(4, 3).requires_grad_()
        net.zero_grad()
        y = function(x)
        (y * y).sum().backward()
        yield f"{name} output", y
        yield f"{name} input", x.grad
        for key, p in net.named_parameters():
            yield f"{name} {key}", p.grad.clone()
        yield f"{name} next random", torch.rand(2)
