"""Where PyTorch keeps what programs import from its inner files, and where that is here."""

from __future__ import annotations

LAYER_FILES = {
    "activation": "activation attention",
    "adaptive": "adaptive",
    "batchnorm": "normalization lazy sync_batch_norm",
    "channelshuffle": "flatten",
    "container": "containers",
    "conv": "conv lazy",
    "distance": "distance",
    "dropout": "dropout",
    "flatten": "flatten",
    "fold": "flatten",
    "instancenorm": "normalization lazy",
    "linear": "linear lazy",
    "loss": "loss margin_loss",
    "normalization": "normalization",
    "padding": "padding",
    "pixelshuffle": "flatten",
    "pooling": "pooling",
    "rnn": "rnn rnn_cells",
    "sparse": "embedding",
    "transformer": "transformer",
    "upsampling": "upsampling",
}
"""The files of ``torch.nn.modules``, and those here that have their layers, under the same names,
and what these derive from."""

ELSEWHERE = {
    "nn.modules": "nn",
    "accelerator.memory": "accelerator",
    "autograd.anomaly_mode": "autograd",
    "cpu.amp.autocast_mode": "cpu.amp",
    "cpu.amp.grad_scaler": "cpu.amp",
    **{
        f"masked.maskedtensor.{name}": "masked"
        for name in "binary core creation passthrough reductions unary".split()
    },
    "multiprocessing.spawn": "multiprocessing",
    "onnx.errors": "onnx",
    **{f"onnx.symbolic_opset{n}": "onnx" for n in range(7, 21)},
    "profiler.profiler": "profiler",
    "signal.windows.windows": "signal.windows",
    **{f"nn.modules.{name}": "nn" for name in (*LAYER_FILES, "module", "utils")},
    "nn.modules.lazy": "nn.lazy",
    "nn.attention.flex_attention": "nn.flex_attention",
    "export.dynamic_shapes": "export",
    "export.exported_program": "export",
    "export.graph_signature": "export",
    "fx.experimental.optimization": "fx.optimization",
    "fx.experimental.proxy_tensor": "fx",
    "fx.subgraph_rewriter": "fx.rewriting",
    "fx.immutable_collections": "immutable_collections",
    "_subclasses": "compiler",
    "_subclasses.fake_tensor": "compiler",
    "_tensor": "",
    "_tensor_str": "tensor.printing",
    "storage": "ops.storage",
    "nn._reduction": "ops.losses.reduction",
    "utils.model_zoo": "hub",
    **{
        f"utils.benchmark.utils{part}": "utils.benchmark"
        for part in ("", ".common", ".compare", ".fuzzer", ".timer")
    },
    "utils._foreach_utils": "optim.step_forms",
    "functional": "",
    "_C": "",
    "_C._functorch": "func",
    "_C._nn": "nn.functional",
    "cuda.amp.autocast_mode": "cuda.amp",
    "cuda.amp.common": "cuda.amp",
    "cuda.amp.grad_scaler": "cuda.amp",
    "_dynamo": "compiler",
    "_higher_order_ops": "control_flow",
    **{
        f"_higher_order_ops.{name}": "control_flow"
        for name in "associative_scan cond foreach_map map scan while_loop".split()
    },
    "_inductor": "compiler",
    "_logging": "compiler",
    "nn.attention.bias": "nn.causal_bias",
    "ao.quantization": "ao",
    "ao.nn.intrinsic": "ao",
    "nn.intrinsic": "ao",
    "nn.quantized": "ao",
    "masked._ops": "masked",
    "quantization": "ao",
    "_dynamo.eval_frame": "compiler",
    "_dynamo.utils": "compiler",
    "_dynamo._trace_wrapped_higher_order_op": "compiler",
    "_utils": "utils",
    "_custom_ops": "library",
    "__config__": "compat.build",
    "_jit_internal": "jit",
    "jit.annotations": "jit",
    "distributed.algorithms.join": "distributed.join",
    **{
        f"distributed.algorithms.ddp_comm_hooks{part}": "distributed.comm_hooks"
        for part in ("", ".debugging_hooks", ".default_hooks")
    },
    "distributed.algorithms.ddp_comm_hooks.post_localSGD_hook": "distributed.local_sgd",
    "distributed.algorithms.model_averaging": "distributed.local_sgd",
    "distributed.algorithms.model_averaging.averagers": "distributed.local_sgd",
    "distributed.algorithms.model_averaging.utils": "distributed.local_sgd",
    "distributed.constants": "distributed",
    "distributed.elastic.multiprocessing.errors": "distributed.errors",
    "distributed.launch": "distributed.run",
    "distributed.distributed_c10d": "distributed",
    "distributed._functional_collectives": "distributed.nn.functional",
    "fx.experimental": "fx",
    "onnx.operators": "onnx",
    "onnx.symbolic_helper": "onnx",
    "fx._symbolic_trace": "fx.tracer",
    "utils.data._utils": "utils.data",
    "utils.data._utils.pin_memory": "utils.data.dataloader",
    "nn.utils.clip_grad": "nn.utils",
    "nn.utils.convert_parameters": "nn.utils",
    **{
        f"distributions.{name}": "distributions"  # one file per distribution there
        for name in (
            "bernoulli beta binomial cauchy chi2 dirichlet exp_family exponential "
            "fishersnedecor gamma geometric gumbel half_cauchy half_normal independent "
            "inverse_gamma kumaraswamy laplace lkj_cholesky log_normal logistic_normal "
            "lowrank_multivariate_normal mixture_same_family multinomial multivariate_normal "
            "negative_binomial one_hot_categorical pareto poisson studentT "
            "transformed_distribution uniform von_mises weibull wishart"
        ).split()
    },
    "distributions.relaxed_bernoulli": "distributions.relaxed",
    "distributions.relaxed_categorical": "distributions.relaxed",
}
"""Folders and files of PyTorch that don't exist here: their names are those of another
namespace."""

SEVERAL_PROCESSES = """
    _composable _shard _tensor algorithms autograd checkpoint device_mesh elastic fsdp launcher
    optim pipelining rpc tensor
""".split()
"""What is in ``torch.distributed`` for more than one process."""


NAMESPACES = frozenset(
    """
    __future__ accelerator amp ao autograd backends compiler cpu cuda distributed distributions
    export fft func futures fx hub jit library linalg masked metrics mps multiprocessing nn onnx ops
    optim overrides profiler quasirandom random return_types serialization signal sparse special
    testing torch_version types utils version xpu
    autograd.forward_ad autograd.functional autograd.grad_mode autograd.graph autograd.profiler
    backends.cpu backends.cuda backends.cudnn backends.cusparselt backends.kleidiai backends.mha
    backends.miopen backends.mkl backends.mkldnn backends.mps backends.nnpack backends.openmp
    backends.opt_einsum backends.quantized backends.xnnpack cuda.amp cuda.nvtx
    distributed.nn distributed.nn.functional distributions.constraints distributions.kl
    distributions.transforms
    nn.attention nn.functional nn.grad nn.init nn.parallel nn.parameter nn.utils
    nn.utils.parametrizations nn.utils.parametrize nn.utils.prune nn.utils.rnn nn.utils.stateless
    optim.lr_scheduler optim.swa_utils utils.checkpoint utils.data utils.dlpack
    """.split()
)
"""The modules that programs name, as in PyTorch. ``dir`` leaves all others out."""


def elsewhere(name: str) -> str | None:
    """Where the names of PyTorch's module ``torch.name`` are, if not in one of that name."""
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    if name.startswith("distributed.") and name.split(".")[1] in SEVERAL_PROCESSES:
        return "distributed.sharding_names"
    return None


NOT_SUPPORTED = {
    name: kind
    for kind, names in {
        "kernels in C++ compiled at run time": "jiterator",
        "quantized tensors": "quantize_per_tensor quantize_per_channel dequantize",
    }.items()
    for name in names.split()
}
"""Names whose absence has a reason."""

PRIVATE = {
    "_ConvTransposeMixin": ("nn.conv", "_ConvTransposeNd"),
    **{
        name: ("nn.ntuple", name)
        for name in "_ntuple _single _pair _triple _quadruple _reverse_repeat_tuple".split()
    },
    "_addindent": ("nn.module", "indent"),
    "_Reduction": ("ops", "loss_reduction"),
    "_canonical_mask": ("ops.multi_head_attention", "canonical_mask"),
    "_none_or_dtype": ("ops.multi_head_attention", "none_or_dtype"),
    "_mha_shape_check": ("ops.multi_head_attention", "_check_dims"),
    "_in_projection_packed": ("ops.multi_head_attention", "_projected"),
    "_get_clones": ("nn.transformer", "_copies"),
    "_get_activation_fn": ("nn.transformer", "_activation"),
    "_generate_square_subsequent_mask": ("nn.transformer", "_causal_mask"),
    "_get_seq_len": ("nn.transformer", "_length"),
    "_detect_is_causal_mask": ("nn.transformer", "_is_causal"),
    "_IncompatibleKeys": ("nn.state_dict", "_IncompatibleKeys"),
    "_EXTRA_STATE_KEY_SUFFIX": ("nn.state_dict", "EXTRA_STATE"),
    "NonDynamicallyQuantizableLinear": ("nn.linear", "NonDynamicallyQuantizableLinear"),
    "consume_prefix_in_state_dict_if_present": (
        "nn.state_dict",
        "consume_prefix_in_state_dict_if_present",
    ),
    "Graph": ("jit", "Graph"),
    "Value": ("jit", "Value"),
    "_get_tracing_state": ("jit", "_get_tracing_state"),
    "_is_tracing": ("jit", "is_tracing"),
    **{
        f"_no_grad_{name}_": ("nn.init", f"{own}_")
        for name, own in {
            "fill": "constant",
            "normal": "normal",
            "trunc_normal": "trunc_normal",
            "uniform": "uniform",
            "zero": "zeros",
        }.items()
    },
    **{
        f"_jit_{name}": ("jit", "_no_fuser")
        for name in (
            "can_fuse_on_cpu can_fuse_on_gpu override_can_fuse_on_cpu override_can_fuse_on_gpu "
            "set_nvfuser_enabled set_nvfuser_guard_mode set_profiling_executor "
            "set_profiling_mode set_texpr_fuser_enabled"
        ).split()
    },
    "_get_default_device": ("settings", "default_device_type"),
    "_get_accelerator": ("accelerator", "current_accelerator"),
    "_LinAlgError": ("linalg", "LinAlgError"),
    "_precision_to_scale_tril": ("distributions.normal", "_cholesky_of_inverse"),
    "_standard_gamma": ("distributions.implicit", "standard_gamma"),
    "_sample_dirichlet": ("distributions.implicit", "sample_dirichlet"),
    "_log_api_usage_once": ("settings", "log_api_usage_once"),
    "_disabled_torch_function_impl": ("autograd.torch_function", "disabled_torch_function"),
    **{
        f"_{name}": ("serialization.rebuild", name)
        for name in (
            "rebuild_tensor rebuild_tensor_v2 rebuild_tensor_v3 rebuild_parameter "
            "rebuild_parameter_with_state rebuild_sparse_tensor rebuild_nested_tensor "
            "rebuild_from_type_v2 "
            "rebuild_meta_tensor_no_storage"
        ).split()
    },
    **{
        f"_{name}": ("nn.utils.convert_parameters", name)
        for name in ("flatten_dense_tensors", "take_tensors", "unflatten_dense_tensors")
    },
    "_mps_is_available": ("compat.absent_devices", "mps_is_available"),
    "_load_from_bytes": ("serialization.save_load", "load_from_bytes"),
    "DispatchKey": ("compat.dispatch_keys", "DispatchKey"),
    "DispatchKeySet": ("compat.dispatch_keys", "DispatchKeySet"),
    "_ExcludeDispatchKeyGuard": ("compat.dispatch_keys", "ExcludeDispatchKeyGuard"),
    "TensorType": ("tensor", "Tensor"),
    "DeviceObjType": ("backend", "device"),
    "PRINT_OPTS": ("tensor.printing", "options"),
    "_tensor_str": ("tensor.printing", "contents"),
    "_add_suffixes": ("tensor.printing", "with_suffixes"),
    "Future": ("futures", "Future"),
    "_parse_to": ("nn.conversion", "_parse_to"),
    "ScriptModule": ("jit", "ScriptModule"),
    **dict.fromkeys(("ScriptFunction", "ScriptMethod"), ("jit", "ScriptFunction")),
    "_are_functorch_transforms_active": ("compiler", "is_compiling"),
    "PyTorchFileReader": ("serialization.reader", "PyTorchFileReader"),
    "_TensorMeta": ("compat.legacy_types", "TensorMeta"),
    "_assert": ("compat.symbolic", "_assert"),
    "is_compile_supported": ("settings", "is_compile_supported"),
    "_get_torch_home": ("hub", "_get_torch_home"),
    "load_url": ("hub", "load_state_dict_from_url"),
}
"""Names that model files import from PyTorch's inner modules all the same: the file that has the
like, and what it is called there."""

COMPILED = {"torchvision/_C": "vision.torchvision_ops"}
"""The compiled libraries whose ops are here, too: the file that registers them."""
