"""Collective calls through which gradients flow."""

from . import functional
from .functional import *
