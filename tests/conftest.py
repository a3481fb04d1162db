"""What holds for every test."""

from minitorch_dl.backend.blas import set_blas_threads

set_blas_threads(1)  # the workers of pytest-xdist share the cores already
