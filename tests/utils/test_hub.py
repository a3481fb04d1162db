"""Weights by address, and models from a folder."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from pathlib import Path

import pytest

import minitorch_dl as torch
from minitorch_dl import hub


def test_weights_by_address(tmp_path: Path) -> None:
    source = tmp_path / "source" / "net.pth"
    source.parent.mkdir()
    torch.save({"w": torch.ones(2)}, source)
    hub.set_dir(tmp_path / "hub")
    try:
        state = hub.load_state_dict_from_url(source.as_uri(), map_location="cpu")
        source.unlink()
        again = hub.load_state_dict_from_url(source.as_uri())
    finally:
        hub.set_dir(tmp_path)
    assert state["w"].tolist() == again["w"].tolist() == [1.0, 1.0]
    assert (tmp_path / "hub" / "checkpoints" / "net.pth").exists()
    with pytest.raises(OSError, match="No such file"):
        hub.download_url_to_file((tmp_path / "none").as_uri(), str(tmp_path / "target"))
    assert not (tmp_path / "target").exists()


def test_a_download_is_checked_against_its_name(tmp_path: Path) -> None:
    source = tmp_path / "net.pth"
    torch.save({"w": torch.ones(2)}, source)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    target = tmp_path / "target"
    for name, error in ((f"net-{digest[:8]}.pth", None), ("net-00000000.pth", "invalid hash")):
        with nullcontext() if error is None else pytest.raises(RuntimeError, match=error):
            hub.load_state_dict_from_url(
                source.as_uri(), str(target), check_hash=True, file_name=name
            )
        assert (target / name).exists() == (error is None)


def test_models_from_a_folder(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no hubconf\.py"):
        hub.list(folder)
    (tmp_path / "sizes.py").write_text("WIDTH = 3\n")
    (tmp_path / "hubconf.py").write_text(
        "dependencies = ['numpy']\nfrom sizes import WIDTH\nfrom minitorch_dl import nn as _nn\n"
        "def net(out, bias=True):\n    'A layer.'\n    return _nn.Linear(WIDTH, out, bias=bias)\n"
    )
    assert hub.list(folder) == ["net"]
    assert hub.help(folder, "net") == "A layer."
    layer = hub.load(folder, "net", 2, source="local", bias=False)
    assert layer.weight.shape == (2, 3)
    assert layer.bias is None
    with pytest.raises(RuntimeError, match="Cannot find callable other"):
        hub.load(folder, "other", source="local")
    with pytest.raises(RuntimeError, match="clone"):
        hub.load("owner/name", "net")
    with pytest.raises(ValueError, match="Unknown source"):
        hub.load(folder, "net", source="web")
    (tmp_path / "hubconf.py").write_text("dependencies = ['no_such_package']\n")
    with pytest.raises(RuntimeError, match="Missing dependencies: no_such_package"):
        hub.load(folder, "net", source="local")
