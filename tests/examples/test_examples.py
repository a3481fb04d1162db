"""Every example runs at small size, and learns what it could not know without learning."""

from __future__ import annotations

import importlib
import math
import pkgutil
import re
import runpy
from typing import Any

import pytest

import minitorch_dl
from minitorch_dl import examples

NAMES = sorted(m.name for m in pkgutil.iter_modules(examples.__path__) if m.name != "__main__")
CHANCE = 0.1  # of guessing a digit


def run(name: str, *words: str) -> Any:
    """What the example's ``main`` returns for these words of the command line."""
    return importlib.import_module(f"minitorch_dl.examples.{name}").main(words)


def test_the_package_lists_its_examples(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("minitorch_dl.examples", run_name="__main__")
    listed = [line.split()[0] for line in capsys.readouterr().out.partition("\n\n")[0].splitlines()]
    assert listed == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_help_says_what_it_shows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"minitorch_dl.examples.{name}")
    assert "\nShows: " in module.__doc__
    with pytest.raises(SystemExit) as stop:
        module.main(["--help"])
    assert stop.value.code == 0
    assert " ".join(module.__doc__.split("\n")[0].split()) in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize("name", NAMES)
def test_numbers_that_make_no_sense_are_refused(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(name, "--help")
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    for option in options - {"--help", "--load", "--prompt", "--save", "--seed"}:
        with pytest.raises(SystemExit) as stop:
            run(name, option, "-1")
        assert stop.value.code == 2
        assert f"error: argument {option}: expected a" in capsys.readouterr().err


def test_files_that_cannot_be_loaded_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("nowhere.pt", __file__):
        with pytest.raises(SystemExit):
            run("cnn_classifier", "--load", wrong)
        assert "error: --load: " in capsys.readouterr().err


def test_every_example_is_tested_here() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(NAMES) <= tested


def test_mlp_classifier() -> None:
    assert run("mlp_classifier", "--epochs", "3") > 0.85


def test_cnn_classifier(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "cnn.pt")
    trained = run("cnn_classifier", "--epochs", "1", "--save", file)
    assert trained > 0.85
    capsys.readouterr()
    assert run("cnn_classifier", "--epochs", "0", "--load", file) == trained
    assert f"before    test accuracy {trained:.2%}" in capsys.readouterr().out


def test_resnet() -> None:
    assert run("resnet", "--epochs", "3", "--width", "8") > 5 * CHANCE


def test_lstm_sunspots(capsys: pytest.CaptureFixture[str]) -> None:
    error, naive = run("lstm_sunspots", "--epochs", "25", "--forecast", "3")
    assert error < 0.7 * naive
    years = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()[-3:]]
    assert years == ["2009", "2010", "2011"]  # the series ends with 2008


def test_gru_packed() -> None:
    assert run("gru_packed", "--lines", "800", "--epochs", "3", "--hidden", "24") > 0.75


def test_char_lm() -> None:
    perplexity, written = run("char_lm", "--characters", "20000", "--epochs", "2", "--hidden", "64")
    assert perplexity < 20  # of 90 characters; about 25 for their frequencies alone
    assert len(written) == len("The ") + 200
    assert len(set(written)) > 5


def test_seq2seq_attention() -> None:
    characters, _ = run("seq2seq_attention", "--steps", "70", "--hidden", "48")
    assert characters > 0.75  # the separators and the commonest digits alone make about a half


def test_gpt() -> None:
    size = ["--layers", "1", "--width", "32", "--steps", "120", "--write", "40"]
    loss, text = run("gpt", *size, "--prompt", "If ")
    assert loss < 3.0  # nats; 4.6 for guessing, 3.3 for the characters' frequencies alone
    assert text.startswith("If ")
    assert len(text) == 43
    for wrong in (["--prompt", "\N{SNOWMAN}"], ["--prompt", ""], ["--heads", "7"]):
        with pytest.raises(SystemExit):
            run("gpt", *wrong)


def test_vae() -> None:
    before, after = run("vae", "--epochs", "3", "--hidden", "64")
    assert before > 40
    assert after < 29  # 64 pixels of their mean ink each cost about 30


def test_gan() -> None:
    before, after = run("gan", "--epochs", "3")
    assert after < 0.8 * before


def test_multi_io() -> None:
    result = run("multi_io", "--epochs", "4", "--hidden", "48")
    assert result["digits"] > 0.85
    assert result["larger"] > 0.75
    assert result["sum"] < 3.0  # about 3.4 for always saying 9


def test_lbfgs_fit() -> None:
    fitted, loss, plain = run("lbfgs_fit")
    for name, true in importlib.import_module("minitorch_dl.examples.lbfgs_fit").TRUE.items():
        assert math.isclose(fitted[name], true, abs_tol=0.06)
    assert loss < 0.05**2 * 1.3 < plain


def test_distillation() -> None:
    teacher, alone, taught = run("distillation", "--teacher-epochs", "4", "--epochs", "25")
    assert teacher > taught > alone > 5 * CHANCE


def test_ensemble() -> None:
    singles, together = run("ensemble", "--members", "3", "--epochs", "2")
    assert together > sum(singles) / len(singles) > 5 * CHANCE


def test_feature_maps(capsys: pytest.CaptureFixture[str]) -> None:
    maps = run("feature_maps", "--epochs", "1")
    assert {name: tuple(m.shape) for name, m in maps.items()} == {"0": (8, 8, 8), "3": (16, 4, 4)}
    assert not minitorch_dl.equal(maps["0"][0], maps["0"][1])
    assert "a 0, read as" in capsys.readouterr().out


def test_grad_cam() -> None:
    hottest, coldest = run("grad_cam", "--epochs", "2", "--show", "1")
    assert hottest > coldest + 0.05


def test_grad_norms() -> None:
    ratios = run("grad_norms", "--depth", "6")
    assert ratios["sigmoid"] < 1e-3
    assert 0.1 < ratios["residual"] < 10


def test_dead_neurons() -> None:
    shares = run("dead_neurons", "--epochs", "2")
    assert shares["gentle"] < 0.2 < shares["reckless"]
    assert shares["reckless, normalized"] < 0.05
