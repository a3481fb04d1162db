"""``minitorch-dl run`` and ``as_torch``: PyTorch programs run on this engine."""

from __future__ import annotations

import importlib
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import minitorch_dl
from minitorch_dl.cli import main

PROGRAM = """
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.modules.linear import Linear
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.sampler import RandomSampler
from torch.optim.lr_scheduler import StepLR

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.backends.cudnn.benchmark = True
torch.manual_seed(0)
assert Linear is nn.Linear and torch.__version__ >= (2, 0) and torch.__version__ > "1.13"
data = TensorDataset(torch.arange(8.0).reshape(8, 1), torch.arange(8))
model = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 8)).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
schedule = StepLR(optimizer, 1)
for x, y in DataLoader(data, batch_size=4, shuffle=True):
    optimizer.zero_grad()
    F.cross_entropy(model(x.to(device)), y.to(device)).backward()
    optimizer.step()
schedule.step()
print(sys.argv[1:], torch.tensor([1.0, 2.0]) * 2, torch.nn.Linear.__module__)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))


def test_a_pytorch_program_runs(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(script), "--epochs", "3"]) == 0
    assert capsys.readouterr().out == (
        "['--epochs', '3'] tensor([2., 4.]) minitorch_dl.nn.linear\n"
    )


def test_a_missing_script_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "no_such_file.py"]) == 2
    assert "no such file: 'no_such_file.py'" in capsys.readouterr().err


def test_the_alias_ends_with_the_block() -> None:
    before = sys.modules.get("torch")
    with minitorch_dl.as_torch():
        import torch

        assert torch.tensor is minitorch_dl.tensor
        assert torch.nn is minitorch_dl.nn
        assert sys.modules["torch"] is torch
    assert sys.modules.get("torch") is before
    assert minitorch_dl.__version__ != str(torch.__version__)


def test_a_missing_name_says_what_is_near() -> None:
    with minitorch_dl.as_torch():
        import torch

        with pytest.raises(AttributeError, match=r"no nn\.Lineer .*Nearest here: .*Linear"):
            _ = torch.nn.Lineer
        assert not hasattr(torch, "no_such_thing")
        with pytest.raises(ModuleNotFoundError, match=r"no module no_such_module"):
            import torch.no_such_module


def test_model_files_find_the_private_names_they_import() -> None:
    with minitorch_dl.as_torch():
        import torch
        from torch import nn
        from torch.nn.modules.batchnorm import _BatchNorm
        from torch.nn.modules.conv import _ConvNd
        from torch.nn.modules.utils import _pair

        assert _pair(3) == (3, 3)
        assert _pair([1, 2]) == (1, 2)
        assert isinstance(nn.ConvTranspose2d(1, 1, 1), _ConvNd)
        assert isinstance(nn.BatchNorm1d(2), _BatchNorm)
        F = nn.functional
        assert F._Reduction.get_enum("mean") == 1
        mask = minitorch_dl.tensor([True, False])
        added = F._canonical_mask(mask, "mask", F._none_or_dtype(mask), "other", torch.float32)
        assert added.tolist() == [-math.inf, 0]
        assert F._mha_shape_check(*[minitorch_dl.ones(2, 3, 4)] * 3, None, None, 2)
        with pytest.raises(ImportError):
            importlib.import_module("torch.nn.modules.utils._no_such_thing")


def test_what_layers_derive_from_is_called_as_in_pytorch() -> None:
    layers = {
        "conv": {"_ConvNd": "Conv1d", "_ConvTransposeNd": "ConvTranspose1d"},
        "batchnorm": {"_NormBase": "BatchNorm1d", "_BatchNorm": "BatchNorm1d"},
        "instancenorm": {"_NormBase": "InstanceNorm1d", "_InstanceNorm": "InstanceNorm1d"},
        "dropout": {"_DropoutNd": "Dropout"},
        "loss": {"_Loss": "MSELoss", "_WeightedLoss": "NLLLoss"},
        "padding": {f"_{n}Nd": f"{n}1d" for n in ("CircularPad", "ReflectionPad", "ReplicationPad")}
        | {"_ConstantPadNd": "ZeroPad1d"},
        "pooling": {
            f"_{n}Nd": f"{n}1d"
            for n in ("MaxPool", "MaxUnpool", "AvgPool", "LPPool", "AdaptiveMaxPool")
        },
    }
    with minitorch_dl.as_torch():
        for file, pairs in layers.items():
            module = importlib.import_module(f"torch.nn.modules.{file}")
            for base, layer in pairs.items():
                assert issubclass(getattr(minitorch_dl.nn, layer), getattr(module, base))


def test_a_traceback_starts_in_the_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "fails.py"
    script.write_text("import torch\ntorch.ones(2) @ torch.ones(3)\n", encoding="utf-8")
    assert main(["run", str(script)]) == 1
    printed = capsys.readouterr().err
    assert f'File "{script}", line 2' in printed
    assert printed.splitlines()[-1].startswith("RuntimeError: matmul(")
    assert "runpy" not in printed


SEVERAL = """
import torch
import torch.multiprocessing as mp
from torch.utils.data import DataLoader


class Squares(torch.utils.data.Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return torch.tensor(index**2)


def work(rank, results):
    results[rank] = torch.nn.functional.relu(torch.tensor(rank + 1.0))


if __name__ == "__main__":
    results = torch.zeros(2).share_memory_()
    mp.spawn(work, args=(results,), nprocs=2)
    loader = DataLoader(Squares(), num_workers=1, multiprocessing_context="spawn")
    print(results.tolist(), [batch.item() for batch in loader])
"""


def test_processes_that_the_program_starts_run_on_this_package_too(tmp_path: Path) -> None:
    script = tmp_path / "several.py"
    script.write_text(SEVERAL)
    command = [sys.executable, "-m", "minitorch_dl", "run", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "[1.0, 2.0] [0, 1]", done.stderr


PARENT = """
import importlib.metadata
import subprocess
import sys

version = importlib.metadata.version("torch")
import torch

assert version == torch.__version__
if sys.argv[1:]:
    print("child", torch.ones(1) / 2, sys.argv[1:])
else:
    subprocess.run([sys.executable, __file__, "--again"], check=True)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    subprocess.run([*launcher, __file__, "--launched"], check=True)
"""


def test_pythons_that_the_program_starts_find_this_package_too(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    command = [sys.executable, "-m", "minitorch_dl", "run", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines() == [
        "child tensor([0.5000]) ['--again']",
        "child tensor([0.5000]) ['--launched']",
    ], done.stderr
