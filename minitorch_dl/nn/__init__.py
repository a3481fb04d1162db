"""Layers, losses, containers and the base class of them all."""

from . import (
    functional as functional,
    grad as grad,
    init as init,
    parallel as parallel,
    utils as utils,
)
from .activation import *
from .adaptive import *
from .attention import *
from .containers import (
    Container as Container,
    ModuleDict as ModuleDict,
    ModuleList as ModuleList,
    ParameterDict as ParameterDict,
    ParameterList as ParameterList,
    Sequential as Sequential,
)
from .conv import (
    Conv1d as Conv1d,
    Conv2d as Conv2d,
    Conv3d as Conv3d,
    ConvTranspose1d as ConvTranspose1d,
    ConvTranspose2d as ConvTranspose2d,
    ConvTranspose3d as ConvTranspose3d,
)
from .distance import *
from .dropout import *
from .embedding import *
from .flatten import *
from .hooks import (
    register_module_backward_hook as register_module_backward_hook,
    register_module_buffer_registration_hook as register_module_buffer_registration_hook,
    register_module_forward_hook as register_module_forward_hook,
    register_module_forward_pre_hook as register_module_forward_pre_hook,
    register_module_full_backward_hook as register_module_full_backward_hook,
    register_module_full_backward_pre_hook as register_module_full_backward_pre_hook,
    register_module_module_registration_hook as register_module_module_registration_hook,
    register_module_parameter_registration_hook as register_module_parameter_registration_hook,
)
from .lazy import *
from .linear import *
from .loss import *
from .margin_loss import *
from .module import Module as Module
from .normalization import *
from .padding import *
from .parallel import DataParallel as DataParallel
from .parameter import (
    Buffer as Buffer,
    Parameter as Parameter,
    UninitializedBuffer as UninitializedBuffer,
    UninitializedParameter as UninitializedParameter,
    factory_kwargs as factory_kwargs,
)
from .pooling import *
from .rnn import *
from .rnn_cells import *
from .sync_batch_norm import *
from .transformer import *
from .upsampling import *
