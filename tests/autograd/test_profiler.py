"""The profile of a program."""

from __future__ import annotations

import json

import pytest

import minitorch_dl as torch
from minitorch_dl.autograd.profiler import profile, record_function


def counts(prof) -> dict[str, int]:
    return {row.key: row.count for row in prof.key_averages()}


def test_ops_derivatives_and_named_blocks() -> None:
    x = torch.ones(3, requires_grad=True)
    with profile(record_shapes=True) as prof:
        with record_function("model"):
            y = x.exp() * x
            z = y * 2
        z.sum().backward()
    assert counts(prof) == {
        "exp": 1,
        "mul": 2,
        "model": 1,
        "sum": 1,
        "SumBackward0": 1,
        "MulBackward0": 2,
        "ExpBackward0": 1,
    }
    rows = {row.key: row for row in prof.key_averages()}
    inner = rows["exp"].cpu_time_total + rows["mul"].cpu_time_total
    assert rows["model"].cpu_time_total >= inner
    assert rows["model"].self_cpu_time_total == pytest.approx(rows["model"].cpu_time_total - inner)
    by_shape = {(row.key, row.input_shapes) for row in prof.key_averages(group_by_input_shape=True)}
    assert ("mul", ((3,), (3,))) in by_shape
    assert ("mul", ((3,),)) in by_shape


def test_nothing_is_recorded_outside_or_when_disabled() -> None:
    x = torch.ones(3)
    with profile(enabled=False) as prof:
        x.exp()
    assert prof.events() == []
    with profile() as prof:
        pass
    x.exp()
    with record_function("block"):
        pass
    assert prof.events() == []


def test_an_op_that_fails_leaves_the_profile_in_order() -> None:
    x = torch.ones(3, requires_grad=True)
    with profile() as prof:
        with pytest.raises(RuntimeError):
            x + torch.ones(4)
        with record_function("block"), pytest.raises(RuntimeError):
            x @ torch.ones(4)
        x.exp()
    assert counts(prof)["exp"] == 1
    assert counts(prof)["block"] == 1


def test_the_table_and_the_time_line(tmp_path) -> None:
    x = torch.ones(3)
    with profile() as prof:
        for _ in range(3):
            x.exp()
        x.sin()
    table = prof.key_averages().table(sort_by="count", row_limit=1, header="Ops")
    _, header, rule, names, _, row, _, total = table.splitlines()
    assert header == "Ops"
    assert len(rule) == len(names) == len(row)
    assert [names.split()[0], row.split()[0], row.split()[-1]] == ["Name", "exp", "3"]
    assert total.startswith("Self CPU time total: ")
    prof.export_chrome_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [e["name"] for e in events] == ["exp", "exp", "exp", "sin"]
    with profile(record_shapes=True) as prof:
        x.exp()
    assert prof.events().table(max_shapes_column_width=4).splitlines()[3].endswith("  [...")


@pytest.mark.filterwarnings("ignore:Error detected in SqrtBackward0")
def test_together_with_anomaly_detection() -> None:
    x = torch.tensor([0.0], requires_grad=True)
    with profile() as prof:
        assert not torch.autograd.is_anomaly_enabled()
        with (
            torch.autograd.set_detect_anomaly(True),
            pytest.raises(RuntimeError, match="SqrtBackward0"),
        ):
            (x.sqrt() * 0).sum().backward()
    assert counts(prof)["SqrtBackward0"] == 1


def test_a_decorator() -> None:
    @record_function("f")
    def f(x):
        return x * 2

    with profile() as prof:
        f(torch.ones(2))
    assert counts(prof) == {"f": 1, "mul": 1}
    assert f.__name__ == "f"


def test_metadata_in_the_time_line(tmp_path) -> None:
    with torch.profiler.profile() as prof:
        torch.ones(3).exp()
    prof.add_metadata("run", "first")
    prof.add_metadata_json("sizes", "[1, 2]")
    prof.export_chrome_trace(tmp_path / "trace.json")
    written = json.loads((tmp_path / "trace.json").read_text())
    assert (written["run"], written["sizes"]) == ("first", [1, 2])
    assert "exp" in [event["name"] for event in written["traceEvents"]]


def test_the_memory_of_results() -> None:
    x = torch.ones(1024, requires_grad=True)
    with profile(profile_memory=True) as prof, record_function("block"):
        x.reshape(2, 512).exp().sum().backward()
    rows = {row.key: row for row in prof.key_averages()}
    assert rows["exp"].self_cpu_memory_usage == rows["ExpBackward0"].cpu_memory_usage == 4096
    assert rows["reshape"].cpu_memory_usage == 0
    assert rows["sum"].cpu_memory_usage == 4
    assert rows["block"].cpu_memory_usage >= 8196
    assert rows["block"].self_cpu_memory_usage == 0
    table = prof.key_averages().table(sort_by="self_cpu_memory_usage")
    titles, first = table.splitlines()[1], table.splitlines()[3]
    assert "CPU Mem  Self CPU Mem" in titles
    assert "4.00 KB       4.00 KB" in first
    with profile() as prof:
        x.exp()
    assert "Mem" not in prof.key_averages().table()
