"""minitorch_dl: deep learning in plain Python over NumPy and CuPy, with PyTorch's API.

>>> import minitorch_dl as torch
>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

import gc as _gc
import sys as _sys
import warnings
from math import e, inf, nan, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        distributed,
        distributions,
        func,
        futures,
        hub,
        jit,
        library,
        metrics,
        multiprocessing,
        profiler,
        quasirandom,
        serialization,
        sparse,
        testing,
        torch_version,
    )
    from .compat.absent_devices import mps, xpu
    from .compat.alias import as_torch
    from .func import vmap
    from .jit import fork, wait
    from .serialization import load, save
    from .sparse import (
        sparse_bsc_tensor,
        sparse_bsr_tensor,
        sparse_compressed_tensor,
        sparse_coo_tensor,
        sparse_csc_tensor,
        sparse_csr_tensor,
        spmm,
    )

_collecting = _gc.isenabled()
_gc.disable()  # What is made here stays: looking for garbage meanwhile takes a third of the time.
try:
    from . import (
        __future__,
        accelerator,
        amp,
        autograd,
        backends,
        compiler,
        cpu,
        cuda,
        fft,
        linalg,
        masked,
        nn,
        optim,
        overrides,
        random,
        signal,
        special,
        types,
        utils,
    )
    from .accelerator import AcceleratorError, Event, Stream, get_device_module
    from .amp import (
        autocast,
        autocast_decrement_nesting,
        autocast_increment_nesting,
        clear_autocast_cache,
        get_autocast_cpu_dtype,
        get_autocast_dtype,
        get_autocast_gpu_dtype,
        is_autocast_available,
        is_autocast_cache_enabled,
        is_autocast_cpu_enabled,
        is_autocast_enabled,
        set_autocast_cache_enabled,
        set_autocast_cpu_dtype,
        set_autocast_cpu_enabled,
        set_autocast_dtype,
        set_autocast_enabled,
        set_autocast_gpu_dtype,
    )
    from .autograd import (
        enable_grad,
        inference_mode,
        is_anomaly_check_nan_enabled,
        is_anomaly_enabled,
        is_grad_enabled,
        is_inference_mode_enabled,
        no_grad,
        set_grad_enabled,
    )
    from .autograd.public_functions import publish as _publish
    from .autograd.torch_function import DisableTorchFunction, DisableTorchFunctionSubclass
    from .backend import device, get_default_device, set_default_device
    from .backend.dtypes import ONLY_NAMED as _ONLY_NAMED
    from .backend.dtypes import (
        bfloat16,
        bool,
        can_cast,
        cdouble,
        cfloat,
        complex64,
        complex128,
        double,
        dtype,
        float,
        float16,
        float32,
        float64,
        get_default_dtype,
        half,
        int,
        int8,
        int16,
        int32,
        int64,
        long,
        promote_types,
        set_default_dtype,
        short,
        uint8,
        uint16,
        uint32,
        uint64,
    )
    from .backend.layouts import (
        _mkldnn,
        channels_last,
        channels_last_3d,
        contiguous_format,
        jagged,
        layout,
        legacy_contiguous_format,
        memory_format,
        per_channel_affine,
        per_channel_affine_float_qparams,
        per_channel_symmetric,
        per_tensor_affine,
        per_tensor_symmetric,
        preserve_format,
        qscheme,
        sparse_bsc,
        sparse_bsr,
        sparse_coo,
        sparse_csc,
        sparse_csr,
        strided,
    )
    from .backend.random import Generator
    from .backend.random import default_generator as _default_generator
    from .compat.aten import *
    from .compat.build import (
        has_cuda,
        has_cudnn,
        has_lapack,
        has_mkl,
        has_mkldnn,
        has_mps,
        has_openmp,
        has_spectral,
    )
    from .compat.legacy_types import (
        BFloat16Storage,
        BFloat16Tensor,
        BoolStorage,
        BoolTensor,
        ByteStorage,
        ByteTensor,
        CharStorage,
        CharTensor,
        ComplexDoubleStorage,
        ComplexFloatStorage,
        DoubleStorage,
        DoubleTensor,
        FloatStorage,
        FloatTensor,
        HalfStorage,
        HalfTensor,
        IntStorage,
        IntTensor,
        LongStorage,
        LongTensor,
        ShortStorage,
        ShortTensor,
        Storage,
        set_default_tensor_type,
    )
    from .compat.names import explain_missing as _explain_missing
    from .compat.symbolic import *
    from .compiler import compile
    from .cuda import OutOfMemoryError
    from .foreach import *
    from .ops import return_types
    from .ops.activation import (
        celu,
        celu_,
        hardshrink,
        prelu,
        relu,
        relu_,
        rrelu,
        rrelu_,
        selu,
        selu_,
        threshold,
        threshold_,
    )  # fmt: skip
    from .ops.adaptive_pooling import *
    from .ops.addmm import *
    from .ops.cholesky import *
    from .ops.comparison import *
    from .ops.complex_numbers import *
    from .ops.convolution import *
    from .ops.copies import *
    from .ops.counting import *
    from .ops.creation import *
    from .ops.deprecated import *
    from .ops.diagonals import *
    from .ops.distances import *
    from .ops.dropout import *
    from .ops.einsum import *
    from .ops.elementwise import *
    from .ops.extrema import *
    from .ops.factorizations import *
    from .ops.from_data import *
    from .ops.gathering import *
    from .ops.grids import *
    from .ops.householder import *
    from .ops.incomplete_gamma import igamma, igammac
    from .ops.indexing import *
    from .ops.inspection import *
    from .ops.joining import *
    from .ops.layout import *
    from .ops.linear import bilinear
    from .ops.lu import *
    from .ops.masks import *
    from .ops.matmul import *
    from .ops.matmul import mm as dsmm
    from .ops.matrix_functions import *
    from .ops.movement import *
    from .ops.native_norms import *
    from .ops.normalization import *
    from .ops.norms import *
    from .ops.padding import *
    from .ops.patches import *
    from .ops.pooling import *
    from .ops.pooling_with_indices import *
    from .ops.powers import *
    from .ops.quantization import *
    from .ops.random import *
    from .ops.rearranging import *
    from .ops.recurrent import *
    from .ops.reductions import *
    from .ops.rounding import *
    from .ops.scans import *
    from .ops.scattering import *
    from .ops.segment_reduction import *
    from .ops.selection import *
    from .ops.shape import *
    from .ops.slicing import *
    from .ops.softmax import *
    from .ops.solving import *
    from .ops.sorting import *
    from .ops.special import (
        digamma,
        erf,
        erfc,
        erfinv,
        i0,
        lgamma,
        logit,
        mvlgamma,
        polygamma,
        sigmoid,
        sinc,
        xlogy,
    )  # fmt: skip
    from .ops.spectrograms import *
    from .ops.splitting import *
    from .ops.statistics import *
    from .ops.storage import TypedStorage, UntypedStorage, is_storage
    from .ops.trigonometric import *
    from .ops.variances import *
    from .ops.view_scatters import *
    from .ops.windows import *
    from .random import thread_safe_generator
    from .settings import (
        are_deterministic_algorithms_enabled,
        get_deterministic_debug_mode,
        get_file_path,
        get_float32_matmul_precision,
        get_num_interop_threads,
        get_num_threads,
        is_deterministic_algorithms_warn_only_enabled,
        is_warn_always_enabled,
        set_deterministic_debug_mode,
        set_float32_matmul_precision,
        set_flush_denormal,
        set_num_interop_threads,
        set_num_threads,
        set_warn_always,
        typename,
        use_deterministic_algorithms,
    )
    from .size import Size
    from .tensor import IN_PLACE_FUNCTIONS as _IN_PLACE_FUNCTIONS
    from .tensor import Tensor
    from .tensor.printing import set_printoptions
    from .version import __version__

    # log(0), 1/0 and overflows are values here (inf, nan), as in PyTorch, not warnings.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minitorch_dl\.")

    for _name in _IN_PLACE_FUNCTIONS.split():
        globals()[_name] = getattr(Tensor, _name)
    for _name in ("contiguous expand expand_as getitem reshape_as setitem view view_as").split():
        del globals()[_name]  # methods only
    newaxis = None
    default_generator = _default_generator("cpu")
    GradScaler = amp.GradScaler
    globals().update(_ONLY_NAMED)
    chalf = _ONLY_NAMED["complex32"]

    _LATE = {  # where names are that are imported when they are first asked for
        **{
            name: name
            for name in (
                "ao distributed distributions func futures fx hub jit library metrics "
                "multiprocessing nested onnx profiler quasirandom serialization sparse testing "
                "torch_version"
            ).split()
        },
        "cond": "control_flow",
        "while_loop": "control_flow",
        "as_torch": "compat.alias",
        "vmap": "func",
        "load": "serialization",
        "save": "serialization",
        "fork": "jit",
        "wait": "jit",
        "mps": "compat.absent_devices",
        "xpu": "compat.absent_devices",
        **{
            f"sparse_{name}_tensor": "sparse"
            for name in ("coo", "compressed", "csr", "csc", "bsr", "bsc")
        },
        "spmm": "sparse",
    }
    for _namespace in (
        autograd,
        backends,
        cuda,
        cuda.amp,
        fft,
        linalg,
        nn,
        nn.functional,
        nn.init,
        nn.utils,
        optim,
        utils,
        utils.data,
    ):
        _explain_missing(_namespace)
    _explain_missing(masked, masked.LATE)
    _explain_missing(nn.parallel, nn.parallel.LATE)
    _explain_missing(_sys.modules[__name__], _LATE)
    for _namespace, _prefix in (
        (_sys.modules[__name__], ""),
        (nn, ""),
        (nn.functional, ""),
        (nn.init, ""),
        (linalg, "linalg."),
        (masked, "masked."),
        (fft, "fft."),
        (special, "special."),
        (signal.windows, "signal.windows."),
    ):
        _publish(_namespace, _prefix)
finally:
    if _collecting:
        _gc.enable()
