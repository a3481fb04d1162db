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
    from .backend.dtypes import *
    from .backend.dtypes import ONLY_NAMED as _ONLY_NAMED
    from .backend.layouts import *
    from .backend.layouts import _mkldnn
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
    from .compat.legacy_types import *
    from .compat.names import explain_missing as _explain_missing
    from .compat.symbolic import *
    from .compiler import compile as compile
    from .cuda import OutOfMemoryError as OutOfMemoryError
    from .foreach import *
    from .ops import return_types as return_types
    from .ops.deprecated import *
    from .ops.matmul import mm as dsmm
    from .ops.pooling.with_indices import *
    from .ops.storage import (
        TypedStorage as TypedStorage,
        UntypedStorage as UntypedStorage,
        is_storage as is_storage,
    )
    from .ops.top_level import *
    from .random import thread_safe_generator as thread_safe_generator
    from .settings import *
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
