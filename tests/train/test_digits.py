from __future__ import annotations

import io
import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from minitorch_dl.train import (
    Checkpoint,
    CheckpointError,
    DigitsOptions,
    DigitsRun,
    DivergedError,
)
from minitorch_dl.train.digits import MODELS


def weights(run: DigitsRun) -> list[bytes]:
    return [value.numpy().tobytes() for value in run.model.state_dict().values()]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_going_on_from_a_checkpoint_gives_the_same_bits(
    model: str, optimizer: str, tmp_path: Path
) -> None:
    options = DigitsOptions(model=model, optimizer=optimizer, lr=0.01, batch_size=300, epochs=3)
    straight = DigitsRun(options)
    straight.train(tmp_path, io.StringIO())

    first = DigitsRun(DigitsOptions(**(vars(options) | {"epochs": 1})))
    first.train(tmp_path, io.StringIO())
    second = DigitsRun(options, Checkpoint.load(tmp_path / "checkpoint.zip", "digits"))
    assert weights(second) == weights(first)
    second.train(tmp_path, io.StringIO())

    assert weights(second) == weights(straight)
    assert [row["train_loss"] for row in second.history] == [
        row["train_loss"] for row in straight.history
    ]


def test_the_seed_decides() -> None:
    results = []
    for seed in (0, 0, 1):
        run = DigitsRun(DigitsOptions(model="mlp", batch_size=500, seed=seed))
        run.train_one_epoch()
        results.append(weights(run))
    assert results[0] == results[1]
    assert results[0] != results[2]


def test_a_run_learns(tmp_path: Path) -> None:
    run = DigitsRun(DigitsOptions(model="mlp", epochs=3))
    run.train(tmp_path, io.StringIO())
    assert run.history[-1]["test_accuracy"] > 0.9
    assert run.history[-1]["train_loss"] < run.history[0]["train_loss"]


def test_what_a_run_writes(tmp_path: Path) -> None:
    stream = io.StringIO()
    run = DigitsRun(DigitsOptions(model="mlp", epochs=2, batch_size=400))
    run.train(tmp_path, stream)

    assert sorted(os.listdir(tmp_path)) == ["checkpoint.zip", "curve.svg", "metrics.jsonl"]
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == run.history
    assert [row["epoch"] for row in run.history] == [1, 2]
    assert ET.parse(tmp_path / "curve.svg").getroot().tag.endswith("svg")
    report = stream.getvalue().splitlines()
    assert len(report) == 2
    assert f"test loss {run.history[1]['test_loss']:.4f}" in report[1]

    checkpoint = Checkpoint.load(tmp_path / "checkpoint.zip", "digits")
    assert checkpoint.epoch == 2
    assert checkpoint.options == vars(run.options)
    assert checkpoint.history == run.history


def test_the_accuracy_written_is_that_of_the_weights_written(tmp_path: Path) -> None:
    run = DigitsRun(DigitsOptions(model="mlp", epochs=1))
    run.train(tmp_path, io.StringIO())
    state = Checkpoint.load(tmp_path / "checkpoint.zip", "digits").model
    values = [value.numpy() for value in state.values()]

    data = run.test_loader.dataset
    hidden = data.data.numpy().reshape(360, 64).astype(np.float32) / 16
    for weight, bias in zip(values[0:-2:2], values[1:-2:2]):
        hidden = np.maximum(hidden @ weight.T + bias, 0)
    answers = (hidden @ values[-2].T + values[-1]).argmax(axis=1)
    accuracy = (answers == data.targets.numpy()).mean()
    assert run.history[-1]["test_accuracy"] == pytest.approx(accuracy, abs=1 / 360)


def test_divergence_stops_the_run_and_keeps_the_last_files(tmp_path: Path) -> None:
    run = DigitsRun(DigitsOptions(model="mlp", lr=1e30, optimizer="sgd", batch_size=100))
    with pytest.raises(DivergedError, match=r"epoch 1; use a smaller learning rate than 1e\+30"):
        run.train(tmp_path, io.StringIO())
    assert os.listdir(tmp_path) == []


def test_a_checkpoint_of_something_else(tmp_path: Path) -> None:
    run = DigitsRun(DigitsOptions(model="mlp", batch_size=500))
    run.train_one_epoch()
    run.write(tmp_path)
    with pytest.raises(CheckpointError, match=r"of train faces in .*, but it is one of train dig"):
        Checkpoint.load(tmp_path / "checkpoint.zip", "faces")


def test_a_checkpoint_that_contradicts_itself(tmp_path: Path) -> None:
    run = DigitsRun(DigitsOptions(model="mlp"))
    checkpoint = Checkpoint.capture("digits", vars(run.options), [], run.model, run.optimizer)
    checkpoint.epoch = 3
    checkpoint.save(tmp_path / "x.zip")
    with pytest.raises(CheckpointError, match="contradicts itself: epoch 3"):
        Checkpoint.load(tmp_path / "x.zip", "digits")
