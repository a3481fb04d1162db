"""Layers, losses, containers and the base class of them all."""

from . import functional, grad, init, parallel, utils
from .activation import *
from .adaptive import *
from .attention import *
from .containers import (
    Container,
    ModuleDict,
    ModuleList,
    ParameterDict,
    ParameterList,
    Sequential,
)
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .distance import *
from .dropout import *
from .embedding import *
from .flatten import *
from .hooks import (
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from .lazy import *
from .linear import *
from .loss import *
from .margin_loss import *
from .module import Module
from .normalization import *
from .padding import *
from .parallel import DataParallel
from .parameter import (
    Buffer,
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
    factory_kwargs,
)
from .pooling import *
from .rnn import *
from .sync_batch_norm import *
from .transformer import *
from .upsampling import *
