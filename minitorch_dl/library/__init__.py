"""Ops of a user's own under a name, ``torch.ops.namespace.name``: ``custom_op`` and ``Library``.

>>> import minitorch_dl as torch
>>> @torch.library.custom_op("examples::cube", mutates_args=())
... def cube(x: torch.Tensor) -> torch.Tensor:
...     return x**3
>>> def setup_context(ctx, inputs, output):
...     ctx.save_for_backward(inputs[0])
>>> def backward(ctx, grad):
...     return 3 * ctx.saved_tensors[0] ** 2 * grad
>>> cube.register_autograd(backward, setup_context=setup_context)
>>> x = torch.tensor(2.0, requires_grad=True)
>>> cube(x).backward()
>>> x.grad
tensor(12.)
"""

from .checks import OpCheckError, opcheck
from .custom_ops import (
    CustomOpDef,
    custom_op,
    define,
    impl,
    impl_abstract,
    register_autocast,
    register_autograd,
    register_fake,
    register_kernel,
    register_vmap,
    triton_op,
    wrap_triton,
)
from .fake import get_ctx
from .namespaces import Library, ops
from .schemas import infer_schema

__all__ = [
    "CustomOpDef", "Library", "OpCheckError", "custom_op", "define", "get_ctx", "impl",
    "impl_abstract", "infer_schema", "opcheck", "ops", "register_autocast", "register_autograd",
    "register_fake", "register_kernel", "register_vmap", "triton_op", "wrap_triton",
]  # fmt: skip
