"""Timers, tables of what they measured, and random inputs; on a clock that only tests turn."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.utils import benchmark
from minitorch_dl.utils.benchmark import FuzzedParameter, FuzzedTensor, Measurement, TaskSpec


class Clock:
    """Stands still but for what the timed code adds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float) -> None:
        self.now += seconds


def timer(stmt: str = "clock.work(0.002)", **options) -> benchmark.Timer:
    clock = Clock()
    return benchmark.Timer(stmt, timer=clock, globals={"clock": clock}, **options)


def test_a_timer_measures_runs() -> None:
    found = timer(label="work", sub_label="a bit").timeit(50)
    assert found.number_per_run == 50
    assert found.median == found.mean == pytest.approx(0.002)
    assert found.title == "work: a bit"
    assert str(found).splitlines()[1:] == [
        "work: a bit", "  2.00 ms", "  1 measurement, 50 runs, 1 thread",
    ]  # fmt: skip


def test_the_code_sees_the_package() -> None:
    assert benchmark.Timer("x + 1", "x = torch.ones(2)").timeit(1).number_per_run == 1


def test_blocks_of_runs_take_the_time_that_they_are_given() -> None:
    seen = []
    found = timer().blocked_autorange(lambda n, t: seen.append((n, t)), min_run_time=0.01)
    assert sum(found.raw_times) >= 0.01
    assert found.times == pytest.approx([0.002] * len(seen))
    assert [t for _, t in seen] == found.raw_times
    assert "measurements, 1 runs per measurement" in str(found)


def test_adaptive_blocks_stop_when_the_times_agree() -> None:
    found = timer().adaptive_autorange(min_run_time=0.001)
    assert len(found.times) == 4
    wild = timer("clock.work(0.001 if int(clock.now * 1000) % 3 else 0.004)")
    assert sum(wild.adaptive_autorange(0.01, max_run_time=0.1).raw_times) >= 0.1


def test_threads_are_set_meanwhile() -> None:
    before = torch.get_num_threads()
    seen: list[int] = []
    timed = benchmark.Timer(
        "seen.append(threads())",
        globals={"seen": seen, "threads": torch.get_num_threads},
        num_threads=before + 1,
    )
    assert timed.timeit(1).num_threads == before + 1
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before


def test_what_is_not_supported_says_so() -> None:
    with pytest.raises(NotImplementedError, match="blocked_autorange"):
        timer().collect_callgrind()
    with pytest.raises(NotImplementedError, match="Python code"):
        benchmark.Timer("1;", language="c++")


def measured(times, description="f", threads=1, **spec) -> Measurement:
    task = TaskSpec("f(x)", "", description=description, num_threads=threads, **spec)
    return Measurement(10, [10 * t for t in times], task)


def test_statistics_of_a_measurement() -> None:
    found = measured([1.0, 2.0, 3.0, 4.0, 5.0], label="L")
    assert (found.median, found.mean, found.iqr) == pytest.approx((3.0, 3.0, 2.0))
    assert found.has_warnings
    assert found.meets_confidence(0.7)
    assert found.significant_figures == 1
    assert "IQR:    2.00 s (2.00 to 4.00)" in str(found)
    assert "WARNING" in str(found)
    assert pickle.loads(pickle.dumps(found)).times == found.times
    assert measured([1.0]).significant_figures == 4
    one, other = measured([1.0]), measured([1.0], "g")
    merged = Measurement.merge([one, other, one])
    assert [len(m.times) for m in merged] == [2, 1]


def test_units() -> None:
    assert benchmark.select_unit(3e-5) == ("us", 1e-6)
    assert benchmark.select_unit(1e-12)[0] == "ns"
    assert benchmark.unit_to_english("ms") == "millisecond"


def table():
    options = {"label": "dot", "sub_label": "[8, 8]"}
    results = [
        measured([2e-6], "mul", **options), measured([5.25e-6], "bmm", **options),
        measured([1e-6], "mul", 2, **options),
        measured([1e-5, 3e-5, 9e-5], "mul", label="dot", sub_label="[9]"),
    ]  # fmt: skip
    return benchmark.Compare(results)


def test_a_table() -> None:
    assert str(table()).splitlines() == [
        "[----------- dot ------------]",
        "              |  mul   |  bmm",
        "1 threads: -------------------",
        "      [8, 8]  |   2.0  |  5.2",
        "      [9]     |  30.0  |",
        "2 threads: -------------------",
        "      [8, 8]  |   1.0  |",
        "",
        "Times are in microseconds (us).",
    ]


def test_a_table_with_colors_and_warnings() -> None:
    shown = table()
    shown.trim_significant_figures()
    shown.highlight_warnings()
    shown.colorize()
    text = str(shown)
    assert "30.0(!)" in text
    assert "\033[92m" in text
    assert "\033[91m" in text
    with pytest.raises(ValueError, match="instance of `Measurement`"):
        shown.extend_results([1])


def test_environments_are_told_apart() -> None:
    results = [measured([1.0], env="main"), measured([2.0], env="branch")]
    text = str(benchmark.Compare(results))
    assert "(main) f(x)" in text
    assert "(branch) f(x)" in text


def test_random_inputs() -> None:
    fuzzer = benchmark.Fuzzer(
        parameters=[
            [FuzzedParameter(f"k{i}", 1, 64, "loguniform") for i in range(2)],
            FuzzedParameter("step", distribution={1: 0.5, 2: 0.5}),
            FuzzedParameter("p", 0.0, 1.0),
            FuzzedParameter("same", distribution={benchmark.ParameterAlias("k0"): 1.0}),
        ],
        tensors=[
            FuzzedTensor("x", ("k0", "k1"), ("step", 1), 0.3, min_elements=8, max_elements=500),
            FuzzedTensor("i", ("k0",), dtype=torch.int64),
        ],
        constraints=[lambda k0, k1, **_: k0 != k1],
        seed=0,
    )
    drawn = list(fuzzer.take(20))
    for tensors, known, params in drawn:
        x = tensors["x"]
        assert x.shape == (params["k0"], params["k1"])
        assert 8 <= x.numel() <= 500
        assert known["x"]["is_contiguous"] == x.is_contiguous()
        assert params["same"] == params["k0"] != params["k1"]
        assert 0 <= params["p"] <= 1
        assert tensors["i"].dtype is torch.int64
    assert 0 < fuzzer.rejection_rate < 1
    again = next(iter(fuzzer.take(1)))
    np.testing.assert_array_equal(again[0]["x"].numpy(), drawn[0][0]["x"].numpy())
    assert not all(known["x"]["is_contiguous"] for _, known, _ in drawn)


def test_inputs_that_cannot_be() -> None:
    n = FuzzedParameter("n", 1, 2)
    with pytest.raises(ValueError, match="Duplicate name"):
        benchmark.Fuzzer([n], [FuzzedTensor("n", ("n",))])
    with pytest.raises(ValueError, match="Failed to generate"):
        next(benchmark.Fuzzer([n], [FuzzedTensor("x", ("n",), min_elements=3)]).take(1))
    with pytest.raises(ValueError, match="unknown distribution"):
        FuzzedParameter("n", 1, 2, "normal")
    with pytest.raises(ValueError, match="must be given"):
        FuzzedParameter("n")


def test_names_inside_the_package() -> None:
    with torch.as_torch():
        from torch.utils.benchmark.utils.timer import Timer
    assert Timer is benchmark.Timer
