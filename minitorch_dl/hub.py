"""Weights by address: downloaded once, then read from a folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from .serialization import load as _load

__all__ = ["download_url_to_file", "get_dir", "load_state_dict_from_url", "set_dir"]

_folder: str | None = None


def get_dir() -> str:
    """Where downloads are kept: what ``set_dir`` said, or ``$TORCH_HOME/hub``, or
    ``~/.cache/torch/hub``."""
    if _folder is not None:
        return _folder
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))
    return os.path.join(os.path.expanduser(home), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Keep downloads in ``d``."""
    global _folder
    _folder = os.path.expanduser(d)


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Write what ``url`` gives to ``dst``, which appears when it is complete."""
    import urllib.request  # with http and ssl: a tenth of this package's own import

    folder = Path(dst).expanduser().parent
    with tempfile.NamedTemporaryFile(delete=False, dir=folder) as file:
        try:
            with urllib.request.urlopen(url) as source:
                shutil.copyfileobj(source, file)
            file.close()
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
    """``load`` of the file at ``url``, which is downloaded unless ``model_dir`` has it."""
    folder = model_dir or os.path.join(get_dir(), "checkpoints")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, file_name or os.path.basename(urlparse(url).path))
    if not os.path.exists(path):
        download_url_to_file(url, path, progress=progress)
    return _load(path, map_location=map_location, weights_only=weights_only)
