"""Made clips of held-out people: intensities read back against those asked, and how steady a film is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_synthesise import CLIPS, GROUPED, made  # noqa: F401  (a fixture)

from microexpr.core import store
from microexpr.core.errors import LeakError, StoreError
from microexpr.core.seeds import generator
from microexpr.evaluation import read_back
from microexpr.protocols.splits import person


def films(obeying: float, count: int = 6, frames: int = 8):
    """Asked: AU1 rises and falls, AU45 does in every other clip; found: so much of it, and noise."""
    rng, rise = np.random.default_rng(0), np.sin(np.linspace(0, np.pi, frames))
    asked, found = [], []
    for number in range(count):
        one = np.zeros((frames, 17), np.float32)
        one[:, 0], one[:, 16] = rise * (1 + number / 3), rise * (number % 2) * 2
        asked.append(one)
        found.append(obeying * one + rng.normal(0, 0.1, one.shape).astype(np.float32) + 3)
    return asked, found


def test_what_is_asked_is_told_from_shuffled_frames():
    lines = {one.unit: one for one in read_back.obeyed(*films(0.5), generator(1), orders=99)}
    assert list(lines) == ["AU1", "AU45", "all"]
    for unit, clips in (("AU1", 6), ("AU45", 3), ("all", 6)):
        one = lines[unit]
        assert one.clips == clips and one.correlation > 0.9 > one.shuffled and one.p == pytest.approx(0.01)
        assert one.slope == pytest.approx(0.5, abs=0.1)
    lines = {one.unit: one for one in read_back.obeyed(*films(0.0), generator(1), orders=99)}
    assert lines["all"].p > 0.05 and abs(lines["all"].correlation) < 0.3


def test_a_film_that_does_not_move_is_obedient_to_nothing():
    asked, _ = films(1.0)
    lines = read_back.obeyed(asked, [np.ones_like(one) for one in asked], generator(1), orders=9)
    assert {(one.correlation, one.slope, one.p) for one in lines} == {(0.0, 0.0, 1.0)}


def test_roughness_by_hand():
    assert read_back.roughness(np.array([[0], [2], [4], [6]], np.uint8)) == 0
    assert read_back.roughness(np.array([[0], [2], [0], [2]], np.uint8)) == 2  # of steps 2, -2, 2
    assert read_back.roughness(np.zeros((3, 4), np.uint8)) == 0
    assert read_back.roughness(np.array([[0], [2]], np.uint8)) == 0 == read_back.roughness(np.zeros((1, 4), np.uint8))


def faces_with_landmarks(root, files):
    """The same files, with the landmarks that the reader needs."""
    points = np.random.default_rng(0).uniform(2, 14, (4, 68, 2))
    for path in (name for name in files if "/faces/" in name):
        with store.h5py.File(path, "a") as file:
            for group in file.values():
                if "landmarks_crop" not in group:
                    group["landmarks_crop"] = points
    return [name for name in files if "/aus/" not in name]


def test_clips_of_those_whom_the_generator_never_saw(made):  # noqa: F811
    root, files, paths = made
    shown = read_back.read(paths[0], CLIPS, faces_with_landmarks(root, files))
    assert {person(one.source.id) for one in shown} == {person(name) for name in GROUPED[0].test}
    assert {one.emotion for one in shown if one.source.dataset == "samm"} == {"anger", "others", "surprise"}
    for one in shown:
        assert one.film.shape == (3, 16, 16, 3) and one.asked.shape == (3, 17)
        assert one.landmarks.shape == (68, 2) and one.side == 16


def test_leak_of_a_generator_that_saw_whom_its_clip_shows(made, tmp_path):  # noqa: F811
    root, files, paths = made
    files = faces_with_landmarks(root, files)
    path = tmp_path / "1of2.h5"
    path.write_bytes(Path(paths[0]).read_bytes())
    with store.h5py.File(path, "a") as file:
        entries = [*store.fitted_on(file), f"generated/{GROUPED[0].test[0]}"]
        del file["fitted_on"]
        file["fitted_on"] = store.text(sorted(entries))
    with pytest.raises(
        LeakError, match=f"1of2.h5 .* was fitted on generated/{GROUPED[0].test[0]}, a clip of its held-out"
    ):
        read_back.read(path, CLIPS, files)
    strangers = [replace(one, origin="licensed") for one in CLIPS]
    with pytest.raises(StoreError, match="must be made from a clip of the index, not from generated/"):
        read_back.read(paths[0], strangers, files)
    with pytest.raises(StoreError, match="results/faces and results/apex must have"):
        read_back.read(paths[0], CLIPS, [])
