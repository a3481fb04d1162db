"""Whether ``use_deterministic_algorithms`` fills new memory."""

fill_uninitialized_memory = True
"""Accepted for PyTorch's sake: memory of ``torch.empty`` is not filled."""
