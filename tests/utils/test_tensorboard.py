"""``utils.tensorboard``: what TensorBoard's own reader finds in the files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import minitorch_dl as torch


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        from minitorch_dl.utils.tensorboard import SummaryWriter  # noqa: F401


@pytest.mark.filterwarnings("ignore")  # of the package's dependencies
def test_what_is_written_is_found(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from minitorch_dl.utils.tensorboard import SummaryWriter

    def read(folder: str = "") -> Any:
        found = EventAccumulator(str(tmp_path / folder))
        found.Reload()
        return found

    values = torch.arange(8.0) - 3
    with SummaryWriter(tmp_path) as writer:
        assert writer.get_logdir() == str(tmp_path)
        for step in range(3):
            writer.add_scalar("loss", torch.tensor(step / 2, requires_grad=True), step)
        writer.add_scalars("both/of", {"a": 1, "b": 2.0}, 7)
        writer.add_histogram("values", values, 1, bins=4)
        writer.add_histogram("fine", values, 1)
        writer.add_image("picture", torch.rand(3, 4, 5), 2)
        writer.add_image("grey", torch.rand(4, 5), dataformats="HW")
        writer.add_images("row", torch.zeros(2, 1, 4, 5, dtype=torch.uint8))
        writer.add_text("note", "text", 1)
        writer.add_hparams({"lr": 0.1}, {"reached": 3}, run_name="run")
        with pytest.raises(AssertionError, match="scalar should be 0D"):
            writer.add_scalar("loss", values)
        with pytest.raises(ValueError, match="no element"):
            writer.add_histogram("none", [])
        with pytest.raises(ValueError, match="expected an image of dims CHW"):
            writer.add_image("flat", torch.rand(4, 5))
        writer.add_audio("sound", torch.rand(1, 50) * 2 - 1, sample_rate=100)
        writer.add_custom_scalars(
            {"all": {"both": ["Multiline", ["a", "b"]], "m": ["Margin", ["a", "b", "c"]]}}
        )
        writer.add_pr_curve(
            "curve", [0, 1, 1, 0], torch.tensor([0.1, 0.9, 0.4, 0.6]), num_thresholds=3
        )
    found = read()
    assert [(e.step, e.value) for e in found.Scalars("loss")] == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert [e.value for e in read("both_of_b").Scalars("both/of")] == [2.0]
    histogram = found.Histograms("values")[0].histogram_value
    assert (histogram.min, histogram.max, histogram.num, histogram.sum) == (-3.0, 4.0, 8.0, 4.0)
    assert histogram.bucket == [0.0, 2.0, 2.0, 2.0, 2.0]
    assert sum(found.Histograms("fine")[0].histogram_value.bucket) == 8.0
    sizes = {tag: found.Images(tag)[0] for tag in ("picture", "grey", "row")}
    assert {tag: (i.width, i.height) for tag, i in sizes.items()} == {
        "picture": (5, 4), "grey": (5, 4), "row": (10, 4),
    }  # fmt: skip
    assert found.Tensors("note/text_summary")[0].tensor_proto.string_val == [b"text"]
    sound = found.Audio("sound")[0]
    assert (sound.sample_rate, sound.length_frames, sound.content_type) == (100, 50, "audio/wav")
    assert b"Margin" not in found.Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0]
    curve = found.Tensors("curve")[0].tensor_proto.float_val
    assert [list(curve[i : i + 3]) for i in range(0, 12, 3)] == [
        [2, 1, 0], [2, 1, 0], [0, 1, 2], [0, 1, 2],
    ]  # fmt: skip
    assert list(curve[12:]) == [0.5, 0.5, 0, 1, 0.5, 0]
    assert [e.value for e in read("run").Scalars("reached")] == [3.0]


@pytest.mark.filterwarnings("ignore")
def test_a_graph_names_its_ops_by_their_modules(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from minitorch_dl.utils.tensorboard import SummaryWriter

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout())

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return self.layers(x) * y

    model = Net()
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, (torch.rand(4, 3), torch.rand(4, 2)))
    assert model.layers.training
    found = EventAccumulator(str(tmp_path))
    found.Reload()
    nodes = {node.name: (node.op, list(node.input)) for node in found.Graph().node}
    linear = "Net/Sequential[layers]/Linear[0]"
    assert nodes == {
        "input/input.1": ("Input", []),
        "input/input.2": ("Input", []),
        f"{linear}/layers.0.weight": ("Parameter", []),
        f"{linear}/layers.0.bias": ("Parameter", []),
        f"{linear}/linear": (
            "linear",
            ["input/input.1", f"{linear}/layers.0.weight", f"{linear}/layers.0.bias"],
        ),
        "Net/mul": ("mul", [f"{linear}/linear", "input/input.2"]),
        "output/output.1": ("Output", ["Net/mul"]),
    }


def test_points_for_the_projector(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from PIL import Image

    from minitorch_dl.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        pictures = torch.ones(3, 1, 4, 5)
        writer.add_embedding(torch.eye(3), ["a", "b", "c"], pictures, global_step=2, tag="x/y")
        writer.add_embedding(torch.eye(2), [[1, 2], [3, 4]], metadata_header=["n", "m"])
        with pytest.raises(AssertionError, match="metadata: expected one per point"):
            writer.add_embedding(torch.eye(2), ["a"])
        with pytest.raises(AssertionError, match="mat should be 2D"):
            writer.add_embedding(torch.zeros(2))
    folder = tmp_path / "00002" / "x%2Fy"
    assert (folder / "tensors.tsv").read_text().splitlines()[1] == "0.0\t1.0\t0.0"
    assert (folder / "metadata.tsv").read_text() == "a\nb\nc\n"
    with Image.open(folder / "sprite.png") as sprite:
        assert sprite.size == (10, 8)
    assert (tmp_path / "00000/default/metadata.tsv").read_text() == "n\tm\n1\t2\n3\t4\n"
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "00002/x%2Fy/tensors.tsv"' in config
    assert 'tensor_name: "default:00000"' in config
