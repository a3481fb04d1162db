"""Tools around training: the data pipeline, and the handles of hooks."""

from . import checkpoint, data, dlpack, hooks
