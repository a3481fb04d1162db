"""Options of the speed suite that can't be served are refused before anything is measured."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import main
from benchmarks.report import page


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--peers", "tensorflow"], "no library is called 'tensorflow'"),
        (["--peer-python", "jaxx=/bin/sh"], "no library is called 'jaxx'"),
        (["--peer-python", "jax=/no/such/python"], "'/no/such/python' is no program"),
        (["--peer-python", "jax"], "expected NAME=PATH, got 'jax'"),
        (["--devices", "cpu"], "expected two or more"),
        (["--precision", "high"], "--precision is for --devices"),
        (["--memory", "--html", "memory.html"], "--html shows times"),
        (["--profile", "mlp", "--json", "profile.json"], "--json can't be given with --profile"),
        (["--scaling", "--memory"], "not allowed with argument --scaling"),
        (["--json", "/no/such/folder/a.json"], "'/no/such/folder' is no directory"),
        (["--html", "a.txt"], "'a.txt' is no name of a page: expected FILE.html"),
        (["--json", "."], "'.' can't be written to"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    capsys: pytest.CaptureFixture[str], options: list[str], text: str
) -> None:
    with pytest.raises(SystemExit) as end:
        main(options)
    assert end.value.code == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("options", [["bogus"], ["--profile", "bogus"], ["--memory", "bogus"]])
def test_a_pattern_that_matches_nothing_is_named(
    capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert main(options) == 2
    assert "no workload matches 'bogus'" in capsys.readouterr().err


def test_memory_is_that_of_training_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--memory", "--list"]) == 0
    assert {name.split("/")[0] for name in capsys.readouterr().out.splitlines()} == {"train"}
    assert main(["--memory", "data/"]) == 2
    assert "no workload matches 'data/'" in capsys.readouterr().err


def test_the_report_says_how_it_was_measured() -> None:
    results = {
        "date": "2026-01-02", "machine": "a machine", "threads": 3, "command": "measure <all>",
        "versions": {"ours": "1.0", "theirs": "2.0"}, "peers": [], "rows": [],
    }  # fmt: skip
    text = page(results)
    for part in ("2026-01-02. a machine; 3 threads; ours 1.0, theirs 2.0", "measure &lt;all&gt;"):
        assert part in text
