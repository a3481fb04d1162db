"""The names of what builds extensions in C++ and CUDA, for libraries that do without them where
they can't be built: here, since they call PyTorch's own library."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = [
    "BuildExtension", "CUDAExtension", "CUDA_HOME", "CppExtension", "ROCM_HOME", "SyclExtension",
    "include_paths", "is_ninja_available", "library_paths", "load", "load_inline",
    "verify_ninja_availability",
]  # fmt: skip

CUDA_HOME: str | None = None
ROCM_HOME: str | None = None


def load(name: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Always fails: there is nothing to compile an extension against."""
    raise RuntimeError(
        f"Error building extension {name!r}: extensions of PyTorch call PyTorch's own library, "
        "which minitorch_dl has none of"
    )


load_inline = CppExtension = CUDAExtension = SyclExtension = load


class BuildExtension:
    """Always fails, as ``load``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        load("setup")


def include_paths(device_type: str = "cpu", torch_include_dirs: bool = True) -> list[str]:
    """The folders of PyTorch's headers: none."""
    return []


def library_paths(
    device_type: str = "cpu",
    torch_include_dirs: bool = True,
    cross_target_platform: str | None = None,
) -> list[str]:
    """The folders of PyTorch's libraries: none."""
    return []


def is_ninja_available() -> bool:
    """Whether ninja could build an extension: no."""
    return False


def verify_ninja_availability() -> NoReturn:
    """Raise RuntimeError, since ninja can't build an extension."""
    raise RuntimeError("Ninja is required to load C++ extensions, which minitorch_dl can't do")
