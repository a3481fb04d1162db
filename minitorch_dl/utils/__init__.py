"""Tools around training: the data pipeline."""

from . import data
