"""A folder for PYTHONPATH: there ``import torch`` means this package, and its version is known."""
