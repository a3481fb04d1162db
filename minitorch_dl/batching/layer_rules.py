"""How the functions of layers and the losses run on all entries of a batch at once; see
``rules``."""

from __future__ import annotations

from typing import Any

from .batched import Batched, is_at, lifted, rewrapped, rule_for, torch
from .rules import bound_arguments, only

# -- batches of batches: the entries join the first dim --------------------------------------------


def _folded(rank: int) -> Any:
    """A function of a batch of ``rank`` dims in all, whose entries are computed apart."""

    def rule(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
        x, *rest = args
        if not is_at(x, level) or not only((rest, kwargs), level):
            return NotImplemented
        if x.ndim == rank - 1:  # one without a batch: the entries are it
            return rewrapped(func(x.entries, *rest, **kwargs), level)
        if x.ndim != rank:
            return NotImplemented
        size, n = x.entries.shape[0], x.shape[0]
        y = func(x.entries.flatten(0, 1), *rest, **kwargs)
        return rewrapped(_unfolded(y, (size, n)), level)

    return rule


def _unfolded(y: Any, sizes: tuple[int, int]) -> Any:
    if isinstance(y, (tuple, list)):
        return tuple(_unfolded(one, sizes) for one in y)
    return y.unflatten(0, sizes)


_FOLDED = {
    3: """max_pool1d avg_pool1d lp_pool1d adaptive_avg_pool1d adaptive_max_pool1d
          max_pool1d_with_indices adaptive_max_pool1d_with_indices""",
    4: """max_pool2d avg_pool2d lp_pool2d adaptive_avg_pool2d adaptive_max_pool2d
          max_pool2d_with_indices adaptive_max_pool2d_with_indices""",
    5: """max_pool3d avg_pool3d lp_pool3d adaptive_avg_pool3d adaptive_max_pool3d
          max_pool3d_with_indices adaptive_max_pool3d_with_indices""",
}
for _rank, _names in _FOLDED.items():
    rule_for(_names)(_folded(_rank))


@rule_for("fold unfold")
def _windows(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    if func.__module__.rpartition(".")[2] != "functional":
        return NotImplemented  # Tensor.unfold, a view
    return _folded(3 if func.__name__ == "fold" else 4)(func, args, kwargs, level)


@rule_for("interpolate upsample instance_norm local_response_norm")
def _with_channels(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x = args[0]
    given = bound_arguments(func, args, kwargs).arguments
    if given.get("running_mean") is not None and given["use_input_stats"]:
        _check_running(given["running_mean"], given["running_var"], level)
    if x.ndim < 3 or given.get("running_mean") is not None:
        return NotImplemented
    return _folded(x.ndim)(func, args, kwargs, level)


@rule_for("pad")
def _pad(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    x, pad, mode, *_ = bound_arguments(func, args, kwargs).args
    if mode != "constant" or len(pad) > 2 * x.ndim or not only((args[1:], kwargs), level):
        return NotImplemented
    return rewrapped(func(x.entries, *args[1:], **kwargs), level)


@rule_for("conv1d conv2d conv3d")
def _conv(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    x, weight, bias = given["input"], given["weight"], given["bias"]
    rank = weight.ndim
    if x.ndim not in (rank, rank - 1):
        return NotImplemented
    if only((weight, bias), level):
        return _folded(rank)(func, args, kwargs, level)
    if x.ndim == rank - 1:
        rest = {name: v for name, v in given.items() if name not in ("input", "out")}
        return func(x.unsqueeze(0), **rest).squeeze(0)
    # One weight per entry: each is a group of channels of its own.
    batch, filters = lifted(x, level), lifted(weight, level)
    size = batch.shape[0]
    options = {k: v for k, v in given.items() if k not in ("input", "weight", "bias", "groups")}
    y = func(
        batch.transpose(0, 1).flatten(1, 2),  # (N, B*C, ...)
        filters.flatten(0, 1),
        None if bias is None else lifted(bias, level).flatten(),
        groups=given["groups"] * size,
        **options,
    )
    return Batched.of(y.unflatten(1, (size, weight.shape[0])).transpose(0, 1), level)


@rule_for("conv_transpose1d conv_transpose2d conv_transpose3d")
def _conv_transpose(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    return _folded(args[1].ndim)(func, args, kwargs, level)


# -- normalization ---------------------------------------------------------------------------------


@rule_for("layer_norm rms_norm")
def _layer_norm(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    shape, weight, bias = (given.get(k) for k in ("normalized_shape", "weight", "bias"))
    entries = lifted(given["input"], level)
    if only((weight, bias), level):
        rest = {k: v for k, v in given.items() if k not in ("input", "normalized_shape")}
        return rewrapped(func(entries, shape, **rest), level)
    y = rewrapped(func(entries, shape, eps=given["eps"]), level)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


@rule_for("group_norm")
def _group_norm(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    x, weight, bias = given["input"], given["weight"], given["bias"]
    if not is_at(x, level) or x.ndim < 2:
        return NotImplemented
    y = func(x.entries.flatten(0, 1), given["num_groups"], eps=given["eps"])
    y = rewrapped(y.unflatten(0, (x.entries.shape[0], x.shape[0])), level)
    return _scaled(y, weight, bias)


@rule_for("batch_norm_update_stats")
def _tracked(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    _, mean, var, *_ = bound_arguments(func, args, kwargs).args
    _check_running(mean, var, level)
    return NotImplemented


def _check_running(mean: Any, var: Any, level: int) -> None:
    if not (is_at(mean, level) and is_at(var, level)):
        raise RuntimeError(
            "Batch norm got a batched tensor as input while the running_mean or running_var, which "
            "will be updated in place, were not batched. Use a norm without running statistics, "
            "such as GroupNorm, or torch.func.replace_all_batch_norm_modules_"
        )


def _scaled(y: Any, weight: Any, bias: Any) -> Any:
    """``y * weight + bias`` per channel, the second dim."""
    shape = (-1, *[1] * (y.ndim - 2))
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


@rule_for("batch_norm")
def _batch_norm(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    x, weight, bias = given["input"], given["weight"], given["bias"]
    mean, var = given["running_mean"], given["running_var"]
    options = {name: given[name] for name in ("training", "momentum", "eps")}
    if only((x, mean, var), level):
        return _scaled(func(x, mean, var, **options), weight, bias)
    if given["training"] and mean is not None:
        _check_running(mean, var, level)
    batch = lifted(x, level)
    size = batch.shape[0]
    y = func(
        batch.transpose(0, 1).flatten(1, 2),  # (N, B*C, ...)
        None if mean is None else lifted(mean, level).reshape(-1),
        None if var is None else lifted(var, level).reshape(-1),
        **options,
    )
    y = Batched.of(y.unflatten(1, (size, x.shape[1])).transpose(0, 1), level)
    return _scaled(y, weight, bias)


# -- lookups and attention -------------------------------------------------------------------------


@rule_for("embedding")
def _embedding(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    index, weight = given["input"], given["weight"]
    if given["max_norm"] is not None or given["scale_grad_by_freq"] or given["sparse"]:
        return NotImplemented
    if not is_at(weight, level):
        return rewrapped(func(index.entries, weight, given["padding_idx"]), level)
    if given["padding_idx"] is not None:
        return NotImplemented
    rows = weight.shape[0]
    if not index.ndim:
        return weight[index]
    # The tables of all entries as one: entry i's begins at row i * rows.
    table = weight.entries.flatten(0, 1)
    starts = torch.arange(weight.entries.shape[0], device=index.device) * rows
    places = lifted(index, level) + starts.reshape((-1, *[1] * index.ndim))
    return Batched.of(func(places, table), level)


@rule_for("scaled_dot_product_attention")
def _attention(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    tensors = [given[name] for name in ("query", "key", "value")]
    mask = given["attn_mask"]
    if len({x.ndim for x in tensors}) > 1 or given["dropout_p"]:
        return NotImplemented
    if is_at(mask, level) and mask.ndim != tensors[0].ndim:
        return NotImplemented
    if mask is not None and given["is_causal"]:
        return NotImplemented  # both are taken of four dims only
    rest = {k: v for k, v in given.items() if k not in ("query", "key", "value", "attn_mask")}
    mask = mask.entries if is_at(mask, level) else mask
    y = func(*[lifted(x, level) for x in tensors], attn_mask=mask, **rest)
    return rewrapped(y, level)


# -- losses ----------------------------------------------------------------------------------------


@rule_for(
    "mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy_with_logits soft_margin_loss"
)
def _loss(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    if given.get("reduce") is not None or given.get("size_average") is not None:
        return NotImplemented
    reduction = given.get("reduction", "mean")
    options = {k: v for k, v in given.items() if k not in ("input", "target", "self")}
    options["reduction"] = "none"
    if options.get("weight") is not None or not only(list(options.values()), level):
        return NotImplemented
    x, target = given["input"], given["target"]
    if x.shape != target.shape:
        return NotImplemented
    y = rewrapped(func(lifted(x, level), lifted(target, level), **options), level)
    return y if reduction == "none" else y.sum() if reduction == "sum" else y.mean()


@rule_for("cross_entropy nll_loss")
def _classification_loss(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int
) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    x, target, reduction = given["input"], given["target"], given["reduction"]
    if given.get("reduce") is not None or given.get("size_average") is not None:
        return NotImplemented
    if given["weight"] is not None or target.is_floating_point() or x.ndim < 1:
        return NotImplemented
    if x.ndim == 1:
        y = _classification_loss(
            func,
            (),
            {**given, "input": x.unsqueeze(0), "target": target.unsqueeze(0)},
            level,
        )
        return y.squeeze(0) if reduction == "none" else y
    options = {k: v for k, v in given.items() if k not in ("input", "target", "reduction")}
    logits, labels = lifted(x, level), lifted(target, level)
    sizes = logits.shape[:2]
    losses = func(logits.flatten(0, 1), labels.flatten(0, 1), reduction="none", **options)
    y = Batched.of(losses.unflatten(0, sizes), level)
    if reduction == "none":
        return y
    if reduction == "sum":
        return y.sum()
    return y.sum() / (target != given["ignore_index"]).sum()
