"""Wrong uses of autograd, ``amp``, ``func``, checkpoints and settings: what each raises."""

from __future__ import annotations

R, V, K, A = RuntimeError, ValueError, TypeError, AssertionError

TABLE = [
    # hooks and the graph
    ("torch.autograd.graph.get_gradient_edge(Z(1))", R, "gradient"),
    ("torch.autograd.graph.register_multi_grad_hook([Z(1, requires_grad=True)], print, mode='x')",
     V, "('all', 'any')"),
    # scaling of gradients
    ("torch.amp.GradScaler('cpu', growth_factor=1.0)", A, "growth factor must be > 1.0"),
    ("torch.amp.GradScaler('cpu', backoff_factor=1.0)", A, "backoff factor must be < 1.0"),
    ("torch.amp.GradScaler('cpu').scale(3)", V, "iterable of Tensors"),
    ("torch.amp.GradScaler('cpu').load_state_dict({})", R, "source state dict is empty"),
    ("torch.amp.GradScaler('cpu').step(torch.optim.SGD([Z(1)]), closure=print)", R, "Closure"),
    ("torch.optim.SGD(nn.Linear(1, 1))", K, "Pass model.parameters()", True),
    ("Z(1).to('float32')", R, "A dtype has no quotes: torch.float32", True),
    ("torch.optim.Adam([Z(1).to(torch.complex64)], fused=True)", R, "floating point", True),
    # transforms of functions
    ("torch.func.grad(lambda x: x)(3.0)", V, "Tensors to differentiate", True),
    ("torch.func.grad(lambda x: 3.0)(Z(1))", R, "to return a tensor"),
    ("torch.func.jvp(torch.sin, (Z(1),), (Z(1), Z(1)))", R, "same python structure"),
    ("torch.func.vmap(torch.add, in_dims=(0,))(Z(1), Z(1))", V, "in_dims"),
    ("torch.func.stack_module_state([])", R, "at least one model, got 0"),
    # recomputing
    ("torch.utils.checkpoint.checkpoint(torch.sin, Z(1), use_reentrant=True, debug=True)", V,
     "use_reentrant=False"),
    ("torch.utils.checkpoint.checkpoint(torch.sin, Z(1), use_reentrant=True, speed=1)", V,
     "Unexpected keyword arguments: speed"),
    ("torch.utils.checkpoint.checkpoint(torch.sin, Z(1), use_reentrant=False, "
     "determinism_check='some')", V, "determinism_check", True),
    ("torch.utils.checkpoint.checkpoint_sequential([torch.sin], 1, Z(1), use_reentrant=False, "
     "speed=1)", V, "speed", True),
    # made of sequences
    ("torch.return_types.max(1, 2, 3)", K, "requires a sequence"),
    ("torch.return_types.max([1])", K, "takes a 2-sequence (1-sequence given)"),
    ("torch.tensor([1, 'a'])", K, "invalid data type 'str'"),
    # layouts and factories
    ("Z(1, 2).dim_order(ambiguity_check=True)", R, "does not have unique dim order"),
    ("Z(1, 2).dim_order(ambiguity_check='x')", K, "must be a bool or a list of memory formats"),
    ("torch.nn.factory_kwargs({'dtype': None, 'size': 3})", K, "unexpected kwargs"),
    ("torch.nn.factory_kwargs({'dtype': None, 'factory_kwargs': {'dtype': None}})", K, "twice"),
    # settings
    ("torch.set_num_threads(0)", R, "positive"),
    ("torch.set_float32_matmul_precision('most')", V, "most", True),
]  # fmt: skip
