from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import minitorch_dl
from minitorch_dl.cli import main
from minitorch_dl.serialization import load, save
from minitorch_dl.train import DigitsRun

QUICK = ["train", "digits", "--model", "mlp", "--batch-size", "500", "--epochs", "1"]


@pytest.fixture(autouse=True)
def in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main([*QUICK, "--out", "done"]) == 0
    capsys.readouterr()
    return Path("done", "checkpoint.zip")


def refusal(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run ``argv``, which must be refused, and return the one line that says why."""
    before = sorted(Path().rglob("*"))
    status = main(argv)
    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("minitorch-dl")
    assert sorted(Path().rglob("*")) == before, "a refused command leaves no file behind"
    return err


def test_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--epochs", "2", "--out", "a/b"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "model mlp, batch size 500" in out
    assert "epoch 2/2  train loss" in out
    assert "test accuracy" in out
    assert sorted(os.listdir("a/b")) == ["checkpoint.zip", "curve.svg", "metrics.jsonl"]


def test_resume(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "digits", "--resume", str(checkpoint), "--epochs", "3"]) == 0
    assert "from epoch 1" in capsys.readouterr().out
    lines = (checkpoint.parent / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["epoch"] for row in rows] == [1, 2, 3]

    assert main([*QUICK, "--epochs", "3", "--out", "straight"]) == 0
    straight, resumed = load("straight/checkpoint.zip"), load(checkpoint)
    for name, weight in straight["model"].items():
        assert weight.numpy().tobytes() == resumed["model"][name].numpy().tobytes()


def test_resume_to_another_directory(checkpoint: Path) -> None:
    before = checkpoint.read_bytes()
    argv = ["train", "digits", "--resume", str(checkpoint), "--epochs", "2", "--out", "more"]
    assert main(argv) == 0
    assert checkpoint.read_bytes() == before
    assert load("more/checkpoint.zip")["epoch"] == 2


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--epochs", "0", "expected a whole number of at least 1, got '0'"),
        ("--epochs", "2.5", "expected a whole number of at least 1, got '2.5'"),
        ("--batch-size", "-3", "expected a whole number of at least 1, got '-3'"),
        ("--lr", "0", "expected a number above 0, got '0'"),
        ("--lr", "nan", "expected a number above 0, got 'nan'"),
        ("--lr", "inf", "expected a number above 0, got 'inf'"),
        ("--lr", "fast", "expected a number above 0, got 'fast'"),
        ("--seed", "-1", "expected a whole number from 0 to"),
        ("--seed", str(2**63), "expected a whole number from 0 to"),
        ("--model", "rnn", "invalid choice: 'rnn' (choose from"),
        ("--optimizer", "adm", "invalid choice: 'adm' (choose from"),
        ("--device", "tpu", "invalid choice: 'tpu' (choose from"),
        (
            "--modle",
            "cnn",
            "unrecognized arguments: --modle cnn (see minitorch-dl train digits --help)",
        ),
        ("--mod", "cnn", "unrecognized arguments: --mod cnn"),
    ],
)
def test_a_wrong_option(
    option: str, value: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in refusal(["train", "digits", option, value], capsys)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["tarin"], "invalid choice: 'tarin'"),
        (["train"], "required: TASK (see minitorch-dl train --help)"),
        (["train", "digit"], "invalid choice: 'digit'"),
        (["train", "digits", "--lr"], "--lr: expected one argument"),
        (["train", "digits", "now"], "unrecognized arguments: now"),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_a_wrong_command(
    argv: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in refusal(argv, capsys)


def resume(path: Path | str, *more: str) -> list[str]:
    return ["train", "digits", "--resume", str(path), "--out", "new", *more]


def test_a_missing_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(resume("nowhere.zip"), capsys)
    assert "No such file or directory: 'nowhere.zip'" in message


def test_a_directory_for_a_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Is a directory" in refusal(resume("."), capsys)


def test_a_truncated_checkpoint(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = checkpoint.read_bytes()
    for length in (5, len(whole) // 2, len(whole) - 1):
        checkpoint.write_bytes(whole[:length])
        assert "truncated or damaged" in refusal(resume(checkpoint), capsys)


def test_foreign_checkpoints(capsys: pytest.CaptureFixture[str]) -> None:
    Path("text").write_text("weights: 1 2 3")
    assert "starts with the bytes b'weig'" in refusal(resume("text"), capsys)
    Path("empty").touch()
    assert "is empty" in refusal(resume("empty"), capsys)
    with zipfile.ZipFile("notes.zip", "w") as archive:
        archive.writestr("notes.txt", b"1 2 3")
    assert "another kind of zip file" in refusal(resume("notes.zip"), capsys)
    with zipfile.ZipFile("model.pt", "w") as archive:
        archive.writestr("model/data.pkl", b"")
    assert "damaged" in refusal(resume("model.pt"), capsys)
    save({"weights": [1, 2, 3]}, "other.zip")
    assert "holds something else" in refusal(resume("other.zip"), capsys)


def test_a_checkpoint_of_another_network(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = load(checkpoint)
    content["options"]["model"] = "cnn"
    save(content, "x.zip")
    assert "does not fit the network" in refusal(resume("x.zip", "--epochs", "2"), capsys)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c["history"][0].pop("test_loss"), "each row of metrics must hold epoch"),
        (lambda c: c["generators"].clear(), "lacks the state of the random generator"),
        (lambda c: c["optimizer"].clear(), "it lacks, or names an unknown, 'param_groups'"),
        (lambda c: c["options"].update(model="huge"), "it lacks, or names an unknown, 'huge'"),
        (lambda c: c["model"].popitem(), "Missing key"),
    ],
)
def test_a_checkpoint_with_a_part_missing(
    damage: Any, message: str, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = load(checkpoint)
    damage(content)
    save(content, "x.zip")
    assert message in refusal(resume("x.zip", "--epochs", "2"), capsys)


def test_options_that_do_not_fit_the_checkpoint(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(resume(checkpoint, "--epochs", "2", "--model", "cnn"), capsys)
    assert "--model cnn does not fit the checkpoint, which was trained with --model mlp" in message
    message = refusal(resume(checkpoint, "--epochs", "2", "--batch-size", "64"), capsys)
    assert "leave --batch-size out, or train anew without --resume" in message


def test_nothing_left_to_do(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "already has 1 epochs" in refusal(resume(checkpoint), capsys)


def test_an_output_that_is_no_directory(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    assert "got 'file' (" in refusal([*QUICK, "--out", "file"], capsys)
    assert "got 'file/in/it' (" in refusal([*QUICK, "--out", "file/in/it"], capsys)


def test_a_gpu_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert "--device cuda: " in refusal([*QUICK, "--device", "cuda"], capsys)


def test_divergence(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["train", "digits", "--model", "mlp", "--batch-size", "64", "--lr", "1e30"]
    assert main([*argv, "--out", "new"]) == 1
    assert "use a smaller learning rate than 1e+30" in capsys.readouterr().err
    assert os.listdir("new") == []


def test_interruption_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train_one_epoch = DigitsRun.train_one_epoch

    def two_epochs_and_ctrl_c(self: DigitsRun, *arguments: Any) -> dict[str, float]:
        if len(self.history) == 2:
            raise KeyboardInterrupt
        return train_one_epoch(self, *arguments)

    monkeypatch.setattr(DigitsRun, "train_one_epoch", two_epochs_and_ctrl_c)
    assert main([*QUICK, "--epochs", "9", "--out", "new"]) == 130
    assert "2 epochs done; go on with --resume new/checkpoint.zip" in capsys.readouterr().err
    assert load("new/checkpoint.zip")["epoch"] == 2


def test_a_reader_that_leaves() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "minitorch_dl", *QUICK],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(minitorch_dl.__file__).parents[1]), *sys.path])
    return os.environ | {"PYTHONPATH": path}


def python(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv], env=environment(), capture_output=True, text=True, check=True
    )


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from minitorch_dl.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "assert 'minitorch_dl.cli.train' not in sys.modules\n"
    )
    result = python("-c", code)
    assert "train a network on real data" in result.stdout


@pytest.mark.parametrize("argv", [[], ["--version"]])
def test_as_a_module(argv: list[str]) -> None:
    result = python("-m", "minitorch_dl", *argv)
    assert result.stdout.startswith("minitorch-dl " if argv else "usage: minitorch-dl")
    assert result.stderr == ""
