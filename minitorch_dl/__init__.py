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
from math import e as e, inf as inf, nan as nan, pi as pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        ao as ao,
        distributed as distributed,
        distributions as distributions,
        func as func,
        futures as futures,
        fx as fx,
        hub as hub,
        jit as jit,
        library as library,
        metrics as metrics,
        multiprocessing as multiprocessing,
        nested as nested,
        onnx as onnx,
        profiler as profiler,
        quasirandom as quasirandom,
        serialization as serialization,
        sparse as sparse,
        testing as testing,
        torch_version as torch_version,
    )
    from .compat.absent_devices import mps as mps, xpu as xpu
    from .compat.alias import as_torch as as_torch
    from .control_flow import cond as cond, while_loop as while_loop
    from .func import vmap as vmap
    from .jit import fork as fork, wait as wait
    from .serialization import load as load, save as save
    from .sparse import (
        sparse_bsc_tensor as sparse_bsc_tensor,
        sparse_bsr_tensor as sparse_bsr_tensor,
        sparse_compressed_tensor as sparse_compressed_tensor,
        sparse_coo_tensor as sparse_coo_tensor,
        sparse_csc_tensor as sparse_csc_tensor,
        sparse_csr_tensor as sparse_csr_tensor,
        spmm as spmm,
    )

_collecting = _gc.isenabled()
_gc.disable()  # What is made here stays: looking for garbage meanwhile takes a third of the time.
try:
    from . import (
        __future__ as __future__,
        accelerator as accelerator,
        amp as amp,
        autograd as autograd,
        backends as backends,
        compiler as compiler,
        cpu as cpu,
        cuda as cuda,
        fft as fft,
        linalg as linalg,
        masked as masked,
        nn as nn,
        optim as optim,
        overrides as overrides,
        random as random,
        signal as signal,
        special as special,
        types as types,
        utils as utils,
    )
    from .accelerator import (
        AcceleratorError as AcceleratorError,
        Event as Event,
        Stream as Stream,
        get_device_module as get_device_module,
    )
    from .amp import (
        autocast as autocast,
        autocast_decrement_nesting as autocast_decrement_nesting,
        autocast_increment_nesting as autocast_increment_nesting,
        clear_autocast_cache as clear_autocast_cache,
        get_autocast_cpu_dtype as get_autocast_cpu_dtype,
        get_autocast_dtype as get_autocast_dtype,
        get_autocast_gpu_dtype as get_autocast_gpu_dtype,
        is_autocast_available as is_autocast_available,
        is_autocast_cache_enabled as is_autocast_cache_enabled,
        is_autocast_cpu_enabled as is_autocast_cpu_enabled,
        is_autocast_enabled as is_autocast_enabled,
        set_autocast_cache_enabled as set_autocast_cache_enabled,
        set_autocast_cpu_dtype as set_autocast_cpu_dtype,
        set_autocast_cpu_enabled as set_autocast_cpu_enabled,
        set_autocast_dtype as set_autocast_dtype,
        set_autocast_enabled as set_autocast_enabled,
        set_autocast_gpu_dtype as set_autocast_gpu_dtype,
    )
    from .autograd import (
        enable_grad as enable_grad,
        inference_mode as inference_mode,
        is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled,
        is_anomaly_enabled as is_anomaly_enabled,
        is_grad_enabled as is_grad_enabled,
        is_inference_mode_enabled as is_inference_mode_enabled,
        no_grad as no_grad,
        set_grad_enabled as set_grad_enabled,
    )
    from .autograd.public_functions import publish as _publish
    from .autograd.torch_function import (
        DisableTorchFunction as DisableTorchFunction,
        DisableTorchFunctionSubclass as DisableTorchFunctionSubclass,
    )
    from .backend import (
        device as device,
        get_default_device as get_default_device,
        set_default_device as set_default_device,
    )
    from .backend.dtypes import (
        ONLY_NAMED as _ONLY_NAMED,
        bfloat16 as bfloat16,
        bool as bool,
        can_cast as can_cast,
        cdouble as cdouble,
        cfloat as cfloat,
        complex64 as complex64,
        complex128 as complex128,
        double as double,
        dtype as dtype,
        float as float,
        float16 as float16,
        float32 as float32,
        float64 as float64,
        get_default_dtype as get_default_dtype,
        half as half,
        int as int,
        int8 as int8,
        int16 as int16,
        int32 as int32,
        int64 as int64,
        long as long,
        promote_types as promote_types,
        set_default_dtype as set_default_dtype,
        short as short,
        uint8 as uint8,
        uint16 as uint16,
        uint32 as uint32,
        uint64 as uint64,
    )
    from .backend.layouts import (
        _mkldnn,
        channels_last as channels_last,
        channels_last_3d as channels_last_3d,
        contiguous_format as contiguous_format,
        jagged as jagged,
        layout as layout,
        legacy_contiguous_format as legacy_contiguous_format,
        memory_format as memory_format,
        per_channel_affine as per_channel_affine,
        per_channel_affine_float_qparams as per_channel_affine_float_qparams,
        per_channel_symmetric as per_channel_symmetric,
        per_tensor_affine as per_tensor_affine,
        per_tensor_symmetric as per_tensor_symmetric,
        preserve_format as preserve_format,
        qscheme as qscheme,
        sparse_bsc as sparse_bsc,
        sparse_bsr as sparse_bsr,
        sparse_coo as sparse_coo,
        sparse_csc as sparse_csc,
        sparse_csr as sparse_csr,
        strided as strided,
    )
    from .backend.random import Generator as Generator, default_generator as _default_generator
    from .compat.aten import *
    from .compat.build import (
        has_cuda as has_cuda,
        has_cudnn as has_cudnn,
        has_lapack as has_lapack,
        has_mkl as has_mkl,
        has_mkldnn as has_mkldnn,
        has_mps as has_mps,
        has_openmp as has_openmp,
        has_spectral as has_spectral,
    )
    from .compat.legacy_types import (
        BFloat16Storage as BFloat16Storage,
        BFloat16Tensor as BFloat16Tensor,
        BoolStorage as BoolStorage,
        BoolTensor as BoolTensor,
        ByteStorage as ByteStorage,
        ByteTensor as ByteTensor,
        CharStorage as CharStorage,
        CharTensor as CharTensor,
        ComplexDoubleStorage as ComplexDoubleStorage,
        ComplexFloatStorage as ComplexFloatStorage,
        DoubleStorage as DoubleStorage,
        DoubleTensor as DoubleTensor,
        FloatStorage as FloatStorage,
        FloatTensor as FloatTensor,
        HalfStorage as HalfStorage,
        HalfTensor as HalfTensor,
        IntStorage as IntStorage,
        IntTensor as IntTensor,
        LongStorage as LongStorage,
        LongTensor as LongTensor,
        ShortStorage as ShortStorage,
        ShortTensor as ShortTensor,
        Storage as Storage,
        set_default_tensor_type as set_default_tensor_type,
    )
    from .compat.names import explain_missing as _explain_missing
    from .compat.symbolic import *
    from .compiler import compile as compile
    from .cuda import OutOfMemoryError as OutOfMemoryError
    from .foreach import *
    from .ops import return_types as return_types
    from .ops.activation import (
        celu as celu,
        celu_ as celu_,
        hardshrink as hardshrink,
        prelu as prelu,
        relu as relu,
        relu_ as relu_,
        rrelu as rrelu,
        rrelu_ as rrelu_,
        selu as selu,
        selu_ as selu_,
        threshold as threshold,
        threshold_ as threshold_,
    )  # fmt: skip
    from .ops.addmm import *
    from .ops.comparison import *
    from .ops.complex_numbers import *
    from .ops.convolution import *
    from .ops.counting import *
    from .ops.creation import *
    from .ops.deprecated import *
    from .ops.diagonals import *
    from .ops.distances import *
    from .ops.dropout import *
    from .ops.einsum import *
    from .ops.elementwise import *
    from .ops.extrema import *
    from .ops.from_data import *
    from .ops.gathering import *
    from .ops.grids import *
    from .ops.incomplete_gamma import igamma as igamma, igammac as igammac
    from .ops.indexing import *
    from .ops.inspection import *
    from .ops.joining import *
    from .ops.layout import *
    from .ops.linalg.cholesky import *
    from .ops.linalg.factorizations import *
    from .ops.linalg.householder import *
    from .ops.linalg.lu import *
    from .ops.linalg.matrix_functions import *
    from .ops.linalg.norms import *
    from .ops.linalg.solving import *
    from .ops.linear import bilinear as bilinear
    from .ops.masks import *
    from .ops.matmul import *
    from .ops.matmul import mm as dsmm
    from .ops.movement import *
    from .ops.native_norms import *
    from .ops.normalization import *
    from .ops.padding import *
    from .ops.patches import *
    from .ops.pooling.adaptive import *
    from .ops.pooling.windows import *
    from .ops.pooling.with_indices import *
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
    from .ops.sorting import *
    from .ops.special import (
        digamma as digamma,
        erf as erf,
        erfc as erfc,
        erfinv as erfinv,
        i0 as i0,
        lgamma as lgamma,
        logit as logit,
        mvlgamma as mvlgamma,
        polygamma as polygamma,
        sigmoid as sigmoid,
        sinc as sinc,
        xlogy as xlogy,
    )  # fmt: skip
    from .ops.spectrograms import *
    from .ops.splitting import *
    from .ops.statistics import *
    from .ops.storage import (
        TypedStorage as TypedStorage,
        UntypedStorage as UntypedStorage,
        is_storage as is_storage,
    )
    from .ops.trigonometric import *
    from .ops.variances import *
    from .ops.view_copies import *
    from .ops.view_scatters import *
    from .ops.window_functions import *
    from .random import thread_safe_generator as thread_safe_generator
    from .settings import (
        are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled,
        get_deterministic_debug_mode as get_deterministic_debug_mode,
        get_file_path as get_file_path,
        get_float32_matmul_precision as get_float32_matmul_precision,
        get_num_interop_threads as get_num_interop_threads,
        get_num_threads as get_num_threads,
        is_deterministic_algorithms_warn_only_enabled as is_deterministic_algorithms_warn_only_enabled,  # noqa: E501
        is_warn_always_enabled as is_warn_always_enabled,
        set_deterministic_debug_mode as set_deterministic_debug_mode,
        set_float32_matmul_precision as set_float32_matmul_precision,
        set_flush_denormal as set_flush_denormal,
        set_num_interop_threads as set_num_interop_threads,
        set_num_threads as set_num_threads,
        set_warn_always as set_warn_always,
        typename as typename,
        use_deterministic_algorithms as use_deterministic_algorithms,
    )
    from .size import Size as Size
    from .tensor import IN_PLACE_FUNCTIONS as _IN_PLACE_FUNCTIONS, Tensor as Tensor
    from .tensor.printing import set_printoptions as set_printoptions
    from .version import __version__ as __version__

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
                "ao distributed distributions export func futures fx hub jit library metrics "
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
        "is_vulkan_available": "compat.absent_devices",
        "Tag": "compat.dispatch_keys",
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
