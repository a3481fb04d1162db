"""Weights by address, downloaded once and then read from a folder; models from a folder with a
``hubconf.py``."""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlparse

from .serialization import load as _load

__all__ = [
    "download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url",
    "set_dir",
]  # fmt: skip

_folder: str | None = None
HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
"""Where a file's name holds the start of its SHA-256: ``resnet18-f37072fd.pth``."""


def __getattr__(name: str) -> Any:
    if name == "tqdm":
        try:
            from tqdm import tqdm  # type: ignore[import-untyped]
        except ModuleNotFoundError:
            return _SilentProgress
        return tqdm
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _SilentProgress:
    """What stands for tqdm's bar where that package is not installed."""

    def __init__(self, iterable: Any = (), *args: Any, **options: Any) -> None:
        self.iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterable)

    def __enter__(self) -> _SilentProgress:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def update(self, n: float = 1) -> None:
        """Note ``n`` more."""

    def close(self) -> None:
        """End the bar."""


def _get_torch_home() -> str:
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


def get_dir() -> str:
    """Where downloads are kept: what ``set_dir`` said, or ``$TORCH_HOME/hub``, or
    ``~/.cache/torch/hub``."""
    return _folder if _folder is not None else os.path.join(_get_torch_home(), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Keep downloads in ``d``."""
    global _folder
    _folder = os.path.expanduser(d)


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Write what ``url`` gives to ``dst``, which appears when it is complete and, with a
    ``hash_prefix``, its SHA-256 begins so."""
    import urllib.request  # with http and ssl: a tenth of this package's own import

    folder = Path(dst).expanduser().parent
    with tempfile.NamedTemporaryFile(delete=False, dir=folder) as file:
        try:
            with urllib.request.urlopen(url) as source:
                shutil.copyfileobj(source, file)
            file.close()
            digest = hashlib.sha256(Path(file.name).read_bytes()).hexdigest()
            if not digest.startswith(hash_prefix or ""):
                raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{digest}")')
            os.replace(file.name, os.path.expanduser(dst))
        except BaseException:
            os.unlink(file.name)
            raise


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> dict[str, Any]:
    """``torch.load`` of the file at ``url``, which is downloaded unless ``model_dir`` has it.

    With ``check_hash`` a download must have the hash that its name ends in: ``net-f37072fd.pth``.
    """
    folder = model_dir or os.path.join(get_dir(), "checkpoints")
    os.makedirs(folder, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        found = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, path, found and found.group(1), progress)
    return _load(path, map_location=map_location, weights_only=weights_only)


def load(
    repo_or_dir: str,
    model: str,
    *args: Any,
    source: str = "github",
    trust_repo: Any = "check",
    force_reload: bool = False,
    verbose: bool = True,
    skip_validation: bool = False,
    **kwargs: Any,
) -> Any:
    """What the function ``model`` of ``repo_or_dir/hubconf.py`` returns for these arguments.

    Args:
        source: to be "local": repositories aren't fetched here.
    """
    if source not in ("github", "local"):
        raise ValueError(f'Unknown source: "{source}". Allowed values: "github" | "local".')
    if source == "github":
        raise RuntimeError(
            f"hub.load fetches no repositories: clone {repo_or_dir} and give the folder, with "
            'source="local"'
        )
    with _hubconf(repo_or_dir) as functions:
        return _function(functions, model)(*args, **kwargs)


def list(github: str, *args: Any, **options: Any) -> builtins.list[str]:
    """The names of the functions in the folder's ``hubconf.py``."""
    with _hubconf(github) as functions:
        return [n for n, f in vars(functions).items() if callable(f) and not n.startswith("_")]


def help(github: str, model: str, *args: Any, **options: Any) -> str | None:
    """The docstring of a function in the folder's ``hubconf.py``."""
    with _hubconf(github) as functions:
        return _function(functions, model).__doc__


@contextmanager
def _hubconf(folder: str) -> Iterator[ModuleType]:
    """The module of a folder, which is on the path inside the block."""
    path = os.path.join(folder, "hubconf.py")
    if not os.path.exists(path):
        raise FileNotFoundError(f"hub: there is no hubconf.py in {folder!r}, a folder on this disk")
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location("hubconf", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(folder)


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    needed = getattr(module, "dependencies", [])
    missing = [package for package in needed if importlib.util.find_spec(package) is None]
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    function = getattr(module, name, None)
    if not callable(function):
        raise RuntimeError(f"Cannot find callable {name} in hubconf")
    return function
