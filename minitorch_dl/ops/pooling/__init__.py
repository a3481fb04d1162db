"""Pooling over spatial axes."""
