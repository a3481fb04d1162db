"""Tools for parameters, gradients and sequences."""

from . import rnn
