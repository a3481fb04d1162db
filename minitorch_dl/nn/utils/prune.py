"""Pruning: masks that hold some entries of a parameter at zero.

A pruned parameter ``name`` becomes ``name_orig``; the buffer ``name_mask`` holds ones where it is
kept, and a forward pre-hook sets ``module.name = name_orig * name_mask``. Several prunings of one
parameter compose: each acts on what those before it kept.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from ...linalg import vector_norm
from ...ops import cat, kthvalue, ones_like, rand, rand_like, topk, zeros_like
from ...tensor import Tensor
from ..module import Module

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured",
    "PruningContainer", "RandomStructured", "RandomUnstructured", "custom_from_mask",
    "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured",
    "random_structured", "random_unstructured", "remove",
]  # fmt: skip

Amount = int | float


class BasePruningMethod(ABC):
    """A way to choose what is pruned: subclasses define :meth:`compute_mask`.

    Attributes:
        PRUNING_TYPE: "unstructured" (single entries), "structured" (indices of the axis ``dim``) or
            "global" (the mask is for the whole tensor): what earlier prunings hide from this one.
    """

    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for importances ``t`` on top of ``default_mask``, which is not changed."""

    def apply_mask(self, module: Module) -> Tensor:
        """The pruned tensor: ``name_orig * name_mask``."""
        mask = getattr(module, f"{self._tensor_name}_mask")
        original = getattr(module, f"{self._tensor_name}_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls,
        module: Module,
        name: str,
        *args: Any,
        importance_scores: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Prune ``module.name``; ``args`` go to the constructor.

        ``importance_scores``: a tensor of its shape to choose by, instead of its values.
        Returns the hook. Raises before anything changes.
        """
        method = cls(*args, **kwargs)
        method._tensor_name = name
        earlier = _hook_of(module, name)
        tensor = getattr(module, name)
        if importance_scores is None:
            scores = tensor.detach()
        elif importance_scores.shape != tensor.shape:
            raise AssertionError(
                "importance_scores should have the same shape as parameter "
                f"{name} of {module}: {tensor.shape}, got {importance_scores.shape}"
            )
        else:
            scores = importance_scores
        if earlier is None:
            mask = method.compute_mask(scores, default_mask=ones_like(tensor.detach()))
            parameter = module._parameters.get(name)
            if parameter is None:
                raise AttributeError(f"{type(module).__name__} has no parameter `{name}` to prune")
            hook: BasePruningMethod = method
            del module._parameters[name]
            module.register_parameter(f"{name}_orig", parameter)
            module.register_buffer(f"{name}_mask", mask)
        else:
            container = PruningContainer()
            container._tensor_name = name
            methods = list(earlier) if isinstance(earlier, PruningContainer) else [earlier]
            for one in (*methods, method):
                container.add_pruning_method(one)
            mask = container.compute_mask(scores, getattr(module, f"{name}_mask"))
            for key, found in list(module._forward_pre_hooks.items()):
                if found is earlier:
                    del module._forward_pre_hooks[key]
            setattr(module, f"{name}_mask", mask)
            hook = container
        setattr(module, name, hook.apply_mask(module))
        module.register_forward_pre_hook(hook)
        return hook

    def prune(
        self,
        t: Tensor,
        default_mask: Tensor | None = None,
        importance_scores: Tensor | None = None,
    ) -> Tensor:
        """A pruned copy of the tensor ``t``, without any module."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError(
                "importance_scores should have the same shape as tensor t: "
                f"{t.shape}, got {scores.shape}"
            )
        default_mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=default_mask)

    def remove(self, module: Module) -> None:
        """Make the pruned values the parameter for good."""
        name = self._tensor_name
        pruned = self.apply_mask(module).detach()
        if name in module.__dict__:
            delattr(module, name)
        parameter = module._parameters.pop(f"{name}_orig")
        assert parameter is not None
        parameter.data = pruned
        del module._buffers[f"{name}_mask"]
        setattr(module, name, parameter)


class PruningContainer(BasePruningMethod):
    """Several prunings of one parameter, one after the other."""

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        methods = args[0] if len(args) == 1 and isinstance(args[0], Iterable) else args
        for i, method in enumerate(methods):
            if i == 0 and isinstance(method, BasePruningMethod):
                self._tensor_name = method._tensor_name
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Append a method for the same parameter."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._tensor_name != method._tensor_name:
            raise ValueError(
                f"Can only add pruning methods acting on the parameter named '{self._tensor_name}' "
                f"to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods = (*self._pruning_methods, method)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of the last method, on what the earlier ones kept."""
        method = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype)
        kept: Any
        if method.PRUNING_TYPE == "unstructured":
            kept = mask == 1
        elif method.PRUNING_TYPE == "structured":
            if not hasattr(method, "dim"):
                raise AttributeError(
                    "Pruning methods of PRUNING_TYPE 'structured' need to have the attribute "
                    "`dim` defined."
                )
            dim = method.dim
            _check_dim(t, dim)
            dim %= t.ndim
            others = tuple(d for d in range(t.ndim) if d != dim)
            kept = (slice(None),) * dim + (mask.sum(dim=others) != 0,)
        elif method.PRUNING_TYPE == "global":
            kept = (slice(None),) * t.ndim
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        new = mask.clone()
        new[kept] = method.compute_mask(t[kept], default_mask=mask[kept]).to(dtype=mask.dtype)
        return new


class Identity(BasePruningMethod):
    """Prunes nothing, but brings the mask and the names."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask


class RandomUnstructured(BasePruningMethod):
    """Prunes ``amount`` entries at random."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Amount) -> None:
        _validate_pruning_amount_init(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        count = _compute_nparams_toprune(self.amount, t.numel())
        return _without(default_mask, rand_like(t), count, largest=True)


class L1Unstructured(BasePruningMethod):
    """Prunes the ``amount`` entries of least magnitude."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Amount) -> None:
        _validate_pruning_amount_init(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        count = _compute_nparams_toprune(self.amount, t.numel())
        return _without(default_mask, t.abs(), count, largest=False)


class RandomStructured(BasePruningMethod):
    """Prunes ``amount`` indices of the axis ``dim`` at random."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Amount, dim: int = -1) -> None:
        _validate_pruning_amount_init(amount)
        self.amount, self.dim = amount, dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        channels, count = _channels(t, self.dim, self.amount)
        if count == 0:
            return default_mask
        chances = rand(channels, device=t.device)
        kept = chances > kthvalue(chances, k=count).values
        return _with_only(default_mask, kept, self.dim)


class LnStructured(BasePruningMethod):
    """Prunes the ``amount`` indices of the axis ``dim`` of least n-norm."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Amount, n: Any, dim: int = -1) -> None:
        _validate_pruning_amount_init(amount)
        self.amount, self.n, self.dim = amount, n, dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        channels, count = _channels(t, self.dim, self.amount)
        if count == 0:
            return default_mask
        dim = self.dim % t.ndim
        others = tuple(d for d in range(t.ndim) if d != dim)
        n: Any = 2 if self.n == "fro" else self.n
        norms = vector_norm(t, n, dim=others)
        kept = topk(norms, k=channels - count, largest=True).indices
        return _with_only(default_mask, kept, self.dim)


class CustomFromMask(BasePruningMethod):
    """Prunes where a given mask is zero."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"custom_from_mask expected a mask of shape {default_mask.shape}, "
                f"got {self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)


def _without(mask: Tensor, importance: Tensor, count: int, largest: bool) -> Tensor:
    """The mask without the ``count`` entries of largest (or smallest) importance."""
    mask = mask.clone().contiguous()
    if count:
        chosen = topk(importance.reshape(-1), k=count, largest=largest).indices
        mask.view(-1)[chosen] = 0
    return mask


def _with_only(mask: Tensor, indices: Tensor, dim: int) -> Tensor:
    """The mask with all but these indices of an axis set to zero."""
    chosen = zeros_like(mask)
    chosen[(slice(None),) * (dim % mask.ndim) + (indices,)] = 1
    return mask * chosen


def _hook_of(module: Module, name: str) -> BasePruningMethod | None:
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return hook
    return None


# -- the functions ---------------------------------------------------------------------------------


def identity(module: Module, name: str) -> Module:
    """Give ``name`` a mask of ones."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: Amount) -> Module:
    """Prune entries at random: ``amount`` of them, or that fraction of all when it is a float."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: Amount, importance_scores: Tensor | None = None
) -> Module:
    """Prune the ``amount`` (an int, or a float for a fraction) entries of least magnitude.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.nn.utils import prune
    >>> m = prune.l1_unstructured(torch.nn.Linear(2, 3), "weight", amount=2)
    >>> int((m.weight == 0).sum()), sorted(m.state_dict())
    (2, ['bias', 'weight_mask', 'weight_orig'])
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: Amount, dim: int) -> Module:
    """Prune ``amount`` (or that fraction) of the indices of the axis ``dim`` at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module,
    name: str,
    amount: Amount,
    n: Any,
    dim: int,
    importance_scores: Tensor | None = None,
) -> Module:
    """Prune ``amount`` (or that fraction) of the indices of ``dim``, those of least n-norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: Any,
    importance_scores: dict[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune several parameters as if they were one vector.

    Args:
        parameters: pairs of module and parameter name.
        pruning_method: an unstructured method's class, such as ``prune.L1Unstructured``.
        importance_scores: per pair, what to choose by instead of the values.
        kwargs: for the method, ``amount``.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    if importance_scores is not None and not isinstance(importance_scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs = list(parameters)
    scores = importance_scores or {}
    method = PruningContainer()
    method._tensor_name = "temp"
    chosen = pruning_method(**kwargs)
    chosen._tensor_name = "temp"
    method.add_pruning_method(chosen)
    if chosen.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. '
            f"Found method {pruning_method} of type {chosen.PRUNING_TYPE}"
        )
    tensors = [getattr(module, name).detach() for module, name in pairs]
    importance = [scores.get(pair, t) for pair, t in zip(pairs, tensors)]
    masks = [
        getattr(module, f"{name}_mask", None) if f"{name}_mask" in module._buffers else None
        for module, name in pairs
    ]
    flat_masks = [
        (ones_like(t) if mask is None else mask).reshape(-1) for mask, t in zip(masks, tensors)
    ]
    flat = cat([one.reshape(-1) for one in importance])
    final = method.compute_mask(flat, cat(flat_masks))
    start = 0
    for (module, name), t in zip(pairs, tensors):
        mask = final[start : start + t.numel()].view_as(t)
        custom_from_mask(module, name, mask=mask)
        start += t.numel()


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune where ``mask``, of the parameter's shape, is zero."""
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module: Module, name: str) -> Module:
    """Make the pruned values of ``name`` the parameter for good, without mask and hook."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Module) -> bool:
    """Whether anything in the module or below it is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for _, submodule in module.named_modules()
        for hook in submodule._forward_pre_hooks.values()
    )


# -- checks, by the names that PyTorch has for pruning methods of one's own ---------------------


def _validate_pruning_amount_init(amount: Amount) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    is_count = isinstance(amount, numbers.Integral)
    if (is_count and amount < 0) or (not is_count and not 0.0 <= float(amount) <= 1.0):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )


def _validate_pruning_amount(amount: Amount, tensor_size: int) -> None:
    if isinstance(amount, numbers.Integral) and amount > tensor_size:
        raise ValueError(
            f"amount={amount} should be smaller than the number of parameters to "
            f"prune={tensor_size}"
        )


def _compute_nparams_toprune(amount: Amount, tensor_size: int) -> int:
    """How many of ``tensor_size`` entries ``amount`` stands for."""
    _validate_pruning_amount(amount, tensor_size)
    return int(amount) if isinstance(amount, numbers.Integral) else round(amount * tensor_size)


def _check_dim(t: Tensor, dim: int) -> None:
    if not -t.ndim <= dim < t.ndim:
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")


def _channels(t: Tensor, dim: int, amount: Amount) -> tuple[int, int]:
    """The size of the axis ``dim``, and how many of its indices are to go."""
    if t.ndim <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of "
            f"shape {t.shape} with {t.ndim} dims"
        )
    _check_dim(t, dim)
    return t.shape[dim], _compute_nparams_toprune(amount, t.shape[dim])
