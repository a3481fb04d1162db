"""What ``use_deterministic_algorithms`` means for new memory."""

fill_uninitialized_memory = True
"""Accepted for PyTorch's sake: memory of ``torch.empty`` is not filled."""
