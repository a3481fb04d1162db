"""What a bug report should say about the machine: ``python -m minitorch_dl.utils.collect_env``."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import NamedTuple

from .. import cuda
from ..settings import get_num_threads
from ..torch_version import API_VERSION
from ..version import __version__

__all__ = ["SystemEnv", "get_env_info", "get_pretty_env_info", "main", "pretty_str"]


class SystemEnv(NamedTuple):
    """Versions and hardware."""

    torch_version: str
    api_version: str
    os: str
    python_version: str
    processor: str
    threads: int
    is_cuda_available: bool
    gpus: tuple[str, ...]
    packages: dict[str, str]


def get_env_info() -> SystemEnv:
    """Look at the machine."""
    found = {}
    for name in ("numpy", "cupy", "cupy-cuda12x", "cupy-cuda13x", "ml_dtypes", "threadpoolctl"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return SystemEnv(
        torch_version=f"minitorch_dl {__version__}",
        api_version=API_VERSION,
        os=platform.platform(),
        python_version=f"{platform.python_version()} ({platform.python_implementation()})",
        processor=platform.processor() or platform.machine(),
        threads=get_num_threads(),
        is_cuda_available=cuda.is_available(),
        gpus=tuple(cuda.get_device_name(i) for i in range(cuda.device_count())),
        packages=found,
    )


def pretty_str(envinfo: SystemEnv) -> str:
    """The facts as text, a line each."""
    lines = {
        "PyTorch version": f"{envinfo.api_version} (the API that {envinfo.torch_version} follows)",
        "OS": envinfo.os,
        "Python version": envinfo.python_version,
        "CPU": f"{envinfo.processor}, {envinfo.threads} threads",
        "Is CUDA available": envinfo.is_cuda_available,
        "GPU models": ", ".join(envinfo.gpus) or "none",
        "Versions of relevant libraries": "",
    }
    text = [f"{name}: {value}" for name, value in lines.items()]
    return "\n".join([*text, *(f"[pip3] {n}=={v}" for n, v in envinfo.packages.items())])


def get_pretty_env_info() -> str:
    """What ``main`` prints."""
    return pretty_str(get_env_info())


def main() -> None:
    """Print the facts."""
    print("Collecting environment information...")
    print(get_pretty_env_info())


if __name__ == "__main__":
    main()
