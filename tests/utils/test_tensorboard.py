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
        with pytest.raises(NotImplementedError, match="show_graph"):
            writer.add_graph(torch.nn.Linear(1, 1))
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
    assert [e.value for e in read("run").Scalars("reached")] == [3.0]
