"""How far faces differ from their neutral ones, in grey levels and action units: images whose changes are known."""

from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from composites import composite

from microexpr.core.seeds import generator
from microexpr.evaluation import face_changes, face_kinds
from microexpr.evaluation.rows import FACE_COLUMNS
from microexpr.evaluation.synthesised_faces import Face, SynthesisedFaces
from microexpr.evaluation.true_faces import TrueFace
from microexpr.protocols import PROTOCOLS
from microexpr.signals.aus import ACTION_UNITS

CLIPS = composite(subjects=2, clips=3)
PROTOCOL = PROTOCOLS["megc2019"]
SIDE, CROP = 32, 64
GREY = 100
ONSET, APEX = 1.0, 2.0  # coordinates of all landmarks


def pair(change: int) -> np.ndarray:
    """uint8[2, SIDE, SIDE, 1]: even grey, and the same with all pixels changed."""
    return np.stack([np.full((SIDE, SIDE, 1), GREY + level, np.uint8) for level in (0, change)])


@pytest.fixture
def faces() -> SynthesisedFaces:
    """Every class of every clip, class by class 3, 4 and 5 grey levels brighter; one more in data set samm."""
    return SynthesisedFaces("icegan", PROTOCOL, "generated", [
        Face(clip, fold, label, pair(3 + label + (clip.dataset == "samm")))
        for fold in PROTOCOL.folds(CLIPS) for clip in CLIPS for label in range(3) if clip.id in fold.test
    ])  # fmt: skip


@pytest.fixture
def true() -> dict[str, TrueFace]:
    """Apexes 10 grey levels brighter than their onsets."""
    points = {"onset": np.full((68, 2), ONSET), "apex": np.full((68, 2), APEX)}
    return {clip.id: TrueFace(clip, pair(10), pair(0)[0], points, CROP) for clip in CLIPS}


@pytest.fixture
def regress(monkeypatch):
    """Read of each unit how bright a face is; record the images that are read."""
    calls = []

    def read(crops, onset, model):
        calls.append(crops)
        values = crops.mean((1, 2)) / 10
        return np.broadcast_to(values[:, None, None], (len(crops), len(ACTION_UNITS), 3))

    monkeypatch.setattr(face_changes, "regressor", SimpleNamespace(regress=read))
    return calls


def figures(faces, true):
    rows = face_changes.evaluate(faces, face_kinds.gather(faces, true), true, None, 50, 1)
    assert all(row.keys() == set(FACE_COLUMNS) for row in rows)
    return {(row["scope"], row["metric"], row["faces"]): row for row in rows}


def test_exaggerated_faces_have_twice_the_change_within_the_grey_levels():
    neutral, synthesised = np.array([100, 100, 200, 30], np.uint8), np.array([103, 96, 250, 10], np.uint8)
    assert face_kinds.exaggerate(neutral, synthesised).tolist() == [106, 92, 255, 0]
    assert face_kinds.exaggerate(neutral, synthesised).dtype == np.uint8


def test_grey_change_is_over_the_tenth_of_pixels_that_changes_most():
    still = generator(0).integers(40, 200, (20, 20, 1), dtype=np.uint8)
    spot = still.copy()
    spot.reshape(-1)[:30] -= 20  # of 400 pixels; ten more of the tenth are as they were
    assert face_changes.grey_change(np.stack([[still, still], [still, spot]])) == pytest.approx([0, 15])


def test_grey_change_of_each_kind_and_scope(faces, true, regress):
    rows = figures(faces, true)
    values = {(scope, kind): row["value"] for (scope, metric, kind), row in rows.items() if metric == "grey_change"}
    assert {kind for _, kind in values} == {"made", "made_twice", "mean_flow", "true"}
    assert values["samm", "made"] == 5 and values["smic", "made"] == 4
    assert values["full", "made_twice"] == pytest.approx(2 * values["full", "made"])
    assert values["full", "true"] == 10 and values["full", "mean_flow"] == 0  # nothing moves where all is even
    assert (rows["full", "grey_change", "made"]["made"], rows["full", "grey_change", "true"]["made"]) == (54, 18)
    row = rows["full", "grey_change", "made"]
    assert row["low"] < row["value"] < row["high"]


def test_the_error_of_action_units_is_of_changes_to_the_true_apex(faces, true, regress):
    """The true change is read as 1 from brightness."""
    rows = figures(faces, true)
    values = {(scope, kind): row["value"] for (scope, metric, kind), row in rows.items() if metric == "au_error"}
    expected = {clip.id: 0.3 + clip.label / 10 + (clip.dataset == "samm") / 10 for clip in CLIPS}
    assert {kind for _, kind in values} == {"made", "mean_flow", "neutral"}
    assert values["full", "neutral"] == values["full", "mean_flow"] == pytest.approx(1)
    assert values["full", "made"] == pytest.approx(1 - np.mean([*expected.values()]))
    assert values["samm", "made"] == pytest.approx(
        1 - np.mean([expected[clip.id] for clip in CLIPS if clip.dataset == "samm"])
    )
    row = rows["full", "au_error", "made"]
    assert (row["made"], row["true"], row["folds"]) == (18, 18, 6) and row["low"] < row["value"] < row["high"]
    assert row["note"] == "32 x 32 pixels enlarged to 64 x 64"
    assert len(regress) == 18 and {crops.shape for crops in regress} == {(4, CROP, CROP)}  # each image once


def test_displays_are_compared_with_the_true_one_and_with_each_other(faces, true, regress):
    """Three faces of each clip: the first 3, 4 or 5 levels brighter, then 8 and 13; the true one is 10 brighter."""
    displays = {clip.id: np.stack([pair(8)[1], pair(13)[1]]) for clip in CLIPS}
    rows = figures(replace(faces, displays=displays), true)
    values = {(metric, kind): row["value"] for (scope, metric, kind), row in rows.items() if scope == "full"}
    assert values["au_error_nearest", "made"] == pytest.approx(0.2)
    assert values["au_error_nearest", "true"] == values["display_distance", "true"] == 0  # all true faces are alike
    first = np.array([3 + clip.label + (clip.dataset == "samm") for clip in CLIPS])
    assert values["display_distance", "made"] == pytest.approx(np.mean([(8 - first) + (13 - first) + 5]) / 30)
    assert {crops.shape[0] for crops in regress} == {6}


def test_the_nearest_of_some_true_displays_is_a_mean_over_all_choices():
    values = np.array([3.0, 1.0, 2.0, 7.0])
    for count in range(1, 5):
        expected = np.mean([min(choice) for choice in combinations(values, count)])
        assert face_changes._expected_least(values, count) == pytest.approx(expected)
    assert face_changes._expected_least(values, 9) == 1
