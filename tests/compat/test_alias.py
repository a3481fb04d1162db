"""What ``import torch`` gives while it means this package."""

from __future__ import annotations

import pickle

import pytest

import minitorch_dl


def test_importing_a_file_leaves_the_function_of_its_name() -> None:
    with minitorch_dl.as_torch():
        import torch
        from torch.autograd.gradcheck import gradcheck
        from torch.nn.parallel.parallel_apply import parallel_apply
        from torch.nn.parallel.replicate import replicate
        from torch.nn.utils.weight_norm import WeightNorm

        assert torch.autograd.gradcheck is gradcheck
        assert torch.nn.parallel.replicate is replicate
        assert torch.nn.parallel.parallel_apply is parallel_apply
        assert torch.nn.utils.weight_norm is minitorch_dl.nn.utils.weight_norm
        assert WeightNorm.__name__ == "WeightNorm"


def test_files_of_pytorch_that_are_parts_of_others_here() -> None:
    with minitorch_dl.as_torch():
        import torch
        import torch.onnx.symbolic_opset9
        from torch.accelerator.memory import empty_cache
        from torch.autograd.anomaly_mode import detect_anomaly
        from torch.cpu.amp.autocast_mode import autocast
        from torch.masked.maskedtensor.core import MaskedTensor
        from torch.masked.maskedtensor.creation import as_masked_tensor
        from torch.multiprocessing.spawn import ProcessRaisedException, spawn
        from torch.onnx.errors import OnnxExporterError
        from torch.optim._functional import adamw
        from torch.profiler.profiler import schedule
        from torch.signal.windows.windows import hann
        from torch.utils.data.dataloader import get_worker_info

        assert torch.accelerator.empty_cache is empty_cache
        assert torch.autograd.detect_anomaly is detect_anomaly
        assert torch.cpu.amp.autocast is autocast
        assert torch.masked.MaskedTensor is MaskedTensor
        assert torch.masked.as_masked_tensor is as_masked_tensor
        assert torch.multiprocessing.spawn is spawn
        assert torch.multiprocessing.ProcessRaisedException is ProcessRaisedException
        assert torch.optim.adamw.adamw is adamw
        assert torch.profiler.schedule is schedule
        assert torch.signal.windows.hann is hann
        assert torch.utils.data.get_worker_info is get_worker_info
        with pytest.raises(OnnxExporterError, match="exports no ONNX files"):
            torch.onnx.export(torch.nn.Linear(1, 1), torch.ones(1, 1), "model.onnx")


def test_importing_everything_leaves_files_out() -> None:
    names: dict[str, object] = {}
    with minitorch_dl.as_torch():
        exec("from torch import *; from torch.nn.functional import *", names)
        exec("from torch.nn import *; from torch.distributions import *", names)
        exec("from torch.utils.data import *", names)
        import torch

    assert names["flatten"] is torch.flatten
    assert names["normal"] is torch.normal
    assert names["dropout"] is torch.nn.functional.dropout
    assert names["Normal"] is torch.distributions.Normal
    assert {"Linear", "functional", "DataLoader"} < set(names)
    assert not {"nn", "backend", "sampler", "sys"} & set(names)


def test_functions_that_can_be_overridden_are_found_under_that_name() -> None:
    with minitorch_dl.as_torch():
        import torch
        from torch.overrides import get_overridable_functions

        assert torch.mean in get_overridable_functions()[torch]


def test_tensors_say_that_they_are_torchs() -> None:
    with minitorch_dl.as_torch():
        import torch

        assert str(type(torch.ones(1))) == "<class 'torch.Tensor'>"
        assert str(torch.nn.Parameter) == "<class 'torch.nn.parameter.Parameter'>"
        assert repr(torch.ones(1)) == "tensor([1.])"
        pickled = pickle.dumps([torch.ones(1), torch.nn.Parameter(torch.ones(1))])
    assert type(torch.ones(1)).__module__ == "minitorch_dl.tensor"
    tensor, parameter = pickle.loads(pickled)
    assert type(tensor) is minitorch_dl.Tensor
    assert type(parameter) is minitorch_dl.nn.Parameter


def test_batches_say_that_they_are_torchs() -> None:
    with minitorch_dl.as_torch():
        from torch.utils.data import DataLoader

        assert DataLoader.__module__ == "torch.utils.data.dataloader"
    assert DataLoader.__module__ == "minitorch_dl.utils.data.dataloader"


def test_the_files_of_layers_list_them() -> None:
    with minitorch_dl.as_torch():
        from torch.nn.modules import activation, conv, loss

        assert vars(activation)["Tanh"] is minitorch_dl.nn.Tanh
        assert {"ReLU", "MultiheadAttention"} < set(activation.__all__)
        assert "Linear" not in activation.__all__
        assert "CrossEntropyLoss" in dir(loss)
        assert conv._ConvNd is not None
        assert issubclass(minitorch_dl.nn.ConvTranspose2d, conv._ConvTransposeNd)


def test_the_files_of_distributions_have_their_parts() -> None:
    with minitorch_dl.as_torch():
        from torch.distributions.relaxed_bernoulli import LogitRelaxedBernoulli, RelaxedBernoulli
        from torch.distributions.relaxed_categorical import ExpRelaxedCategorical

    assert RelaxedBernoulli is minitorch_dl.distributions.RelaxedBernoulli
    parts = LogitRelaxedBernoulli.__name__, ExpRelaxedCategorical.__name__
    assert parts == ("LogitRelaxedBernoulli", "ExpRelaxedCategorical")


def test_inner_files_are_found_without_an_import() -> None:
    with minitorch_dl.as_torch():
        import torch

        parallel = torch.nn.parallel
        assert parallel.distributed.DistributedDataParallel is parallel.DistributedDataParallel
        assert parallel.scatter_gather.gather is parallel.gather
        assert torch.cuda.amp.grad_scaler.GradScaler is not None
        assert torch.cuda.amp.autocast_mode.autocast is not None


def test_sizes_as_tensors() -> None:
    with minitorch_dl.as_torch():
        import torch.onnx.operators

        shape = torch.onnx.operators.shape_as_tensor(torch.zeros(2, 3))
        assert torch.equal(shape, torch.tensor([2, 3]))
        turned = torch.onnx.operators.reshape_from_tensor_shape(torch.zeros(2, 3), shape.flip(0))
        assert turned.shape == (3, 2)
