"""What holds for every test."""

from hypothesis import settings

from minitorch_dl.backend.blas import set_blas_threads

set_blas_threads(1)  # the workers of pytest-xdist share the cores already

# The same examples on every run, so that a failure is the change's; `--hypothesis-profile=explore`
# draws new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")
