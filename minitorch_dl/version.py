"""The version, in one place: the package metadata and ``minitorch_dl.__version__`` read it here."""

__version__ = "0.1.0"

cuda = hip = rocm = xpu = git_version = (
    None  # the toolkits that PyTorch was built with: programs print them
)
debug = False
