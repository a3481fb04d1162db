"""Linear algebra under the names of ``torch.linalg``."""

