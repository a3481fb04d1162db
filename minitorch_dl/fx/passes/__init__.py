"""Passes over graphs, by PyTorch's names."""
