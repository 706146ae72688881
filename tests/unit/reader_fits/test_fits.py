"""Shipped weights are fitted to files of the population: what they say of it, and that interruptions change no byte."""

import json
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from trainings import interrupted

from microexpr.apps.predict import recognition
from microexpr.core import store
from microexpr.core.onnx import read_metadata
from microexpr.signals.aus import ACTION_UNITS, regressor
from microexpr.signals.landmarks import load
from microexpr.training import generator_file
from microexpr.training.engine import silent
from microexpr.training.job import Params as TrainParams
from reader_fits import action_units, landmarks, learning, predict, reenact
from reader_fits.learning import Checkpoint, Execution
from reader_fits.population import Params
from reader_fits.population.scenes import clips_of

PORTRAYED = {"generated/population/p0001/*", "generated/population/p0002/*"}
FITTED_ON = {"generated/population/s0001/*", "generated/population/s0002/*"}
Files = tuple[list[Path], list[Path]]


def test_the_reader_of_action_units(
    subjects: Files, portraits: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action_units, "SCENES", 2)
    first, second = ([tmp_path / f"{name}.{graph}.onnx" for graph in ("alone", "change")] for name in "ab")
    for paths in (first, second):
        action_units.run(portraits, subjects[1], (paths[0], paths[1]), Execution(steps=2))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    model, metadata = regressor.load(*first), read_metadata(first[0])
    assert set(model.fitted_on) == PORTRAYED and metadata["held_out"] == "1 subjects"
    assert len(json.loads(metadata["errors"])) == 4 * (1 + len(ACTION_UNITS))


def test_the_predictor_of_landmarks(portraits: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmarks, "PAIRS", 2)
    paths = [tmp_path / f"{name}.onnx" for name in "ab"]
    for path in paths:
        landmarks.run(portraits, portraits[:1], path, Execution(steps=2))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert set(load(paths[0]).fitted_on) == PORTRAYED
    assert json.loads(read_metadata(paths[0])["errors"])["all"] > 1


def fit_generator(subjects: Files, path: Path, stop: int = 0, checkpoint: Checkpoint | None = None) -> bytes:
    progress = interrupted(stop - 1) if stop else silent
    graph = path.with_suffix(".onnx")
    reenact.run(*subjects, (path, graph), Execution(checkpoint, progress))
    return path.read_bytes() + graph.read_bytes()


def test_the_generator_resumes_to_the_same_bytes(
    subjects: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, value in ((reenact, "STEPS", 3), (reenact, "BATCH", 2), (learning, "EVERY", 1)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(reenact, "SHIPPED", reenact.SHIPPED | {"width": 4, "blocks": 1})
    path, checkpoint = tmp_path / "reenact.safetensors", Checkpoint.of(tmp_path / "state", "code", subjects[0])
    whole = fit_generator(subjects, path)
    path.unlink()
    with pytest.raises(InterruptedError):
        fit_generator(subjects, path, 3, checkpoint)
    assert store.read_metadata(checkpoint.path)["step"] == "2" and not path.exists()
    assert fit_generator(subjects, path, 0, checkpoint) == whole
    loaded = generator_file.load(path)
    assert loaded.fitted_on == FITTED_ON
    rows = json.loads(loaded.metadata["errors"])
    asked = enumerate(product(reenact.SIZES.values(), range(len(ACTION_UNITS))), 1)
    (*_, scene) = reenact.read_scenes(subjects[1][0])  # units that its first face shows already are left out
    risen = sum(scene.added[image, unit].mean() >= size / 2 for image, (size, unit) in asked)
    counts = Counter(row["start"] for row in rows)
    everything = 1 + len(reenact.SIZES) * (1 + len(ACTION_UNITS))
    assert counts == {"rest": everything, "expression": 1 + risen + len(reenact.SIZES)}
    assert all(-1 <= row["read_r"] <= 1 for row in rows if row["action_unit"] == "mean")


def test_the_recogniser(subjects: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "PARAMS", {"members": 2, "width": 4, "epochs": 2})
    params = Params(subjects=2, held_out=1, micro=3, macro=3)
    training, held_out = (clips_of(params, names, {"micro"}) for names in (params.training_subjects(), ["s0003"]))
    sides: Any = (predict.make_job(training, TrainParams(plan="sequential")), subjects[0]), (held_out, subjects[1])
    predict.run(*sides, tmp_path / "predict.onnx", lambda done, total: None)
    loaded = recognition.load(tmp_path / "predict.onnx")
    assert loaded.fitted_on == FITTED_ON and loaded.classes == ("negative", "positive", "surprise")
    assert json.loads(loaded.metadata["pictures"]).keys() == {"normalise", "region"}
    errors = json.loads(loaded.metadata["errors"])
    assert errors["clips"] == 3 and 0 <= errors["uf1"] <= 1
