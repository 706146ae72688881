"""Whether faces show their class, and how far they differ from neutral ones: images whose answer is known."""

from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from composites import composite

from microexpr.core.seeds import generator
from microexpr.evaluation import face_measures
from microexpr.evaluation.faces import Face, SynthesisedFaces, TrueFace, exaggerate, gather, warp_by_mean_flow
from microexpr.evaluation.rows import FACE_COLUMNS
from microexpr.protocols import PROTOCOLS
from microexpr.signals.aus import ACTION_UNITS

CLIPS = composite(subjects=2, clips=3)
PROTOCOL = PROTOCOLS["megc2019"]
FOLDS = PROTOCOL.folds(CLIPS)
SIDE = 48
PLACE = ((12, 14), (12, 34), (34, 24))  # row and column of what moves, by class


def pair(clip, label: int | None) -> np.ndarray:
    """uint8[2, SIDE, SIDE, 1]: smooth noise, and the same with a spot pushed by two columns and a row (None: not)."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    wave, turn = generator(0, clip.subject).uniform(0.4, 0.6), generator(0, clip.id).uniform(0, 3)
    away = 0.0
    if label is not None:
        away = 2 * np.exp(-((rows - PLACE[label][0]) ** 2 + (columns - PLACE[label][1]) ** 2) / 30)
    grey = [127 + 60 * np.sin(wave * (columns - by) + turn) * np.cos(wave * (rows - by / 2)) for by in (0.0, away)]
    return np.stack(grey).astype(np.uint8)[..., None]


def every_class(image) -> SynthesisedFaces:
    """Return faces of every class from every clip; `image` returns the pair of a clip and class."""
    return SynthesisedFaces("icegan", PROTOCOL, "generated", [
        Face(clip, fold, label, image(clip, label))
        for fold in FOLDS for clip in CLIPS for label in range(3) if clip.id in fold.test
    ])  # fmt: skip


def synthesised_faces(shows) -> SynthesisedFaces:
    """Return faces in which `shows` maps the target class to the class shown, or None."""
    return every_class(lambda clip, label: pair(clip, shows(label)))


def true_faces(shows=lambda clip: clip.label) -> dict[str, TrueFace]:
    return {clip.id: TrueFace(clip, pair(clip, shows(clip)), pair(clip, shows(clip))[0], {}, SIDE) for clip in CLIPS}


def figures(faces: SynthesisedFaces, shows=lambda clip: clip.label) -> dict[tuple[str, str], dict[str, object]]:
    rows = face_measures.class_uar(gather(faces, true_faces(shows)), 50, 1)
    return {(row["scope"], row["faces"]): row for row in rows}


def test_faces_that_show_their_class_are_recognised_and_unchanged_ones_by_chance():
    rows = figures(synthesised_faces(lambda label: label))
    assert {scope for scope, _ in rows} == {"full", "smic", "casme2", "samm"}
    assert rows["full", "made"]["value"] == rows["full", "true"]["value"] == 1
    assert rows["full", "neutral"]["value"] == pytest.approx(1 / 3)
    assert rows["full", "mean_flow"]["value"] > 0.8
    assert rows["full", "made_twice"]["value"] == 1 and rows["full", "made_twice"]["made"] == 54
    assert (rows["full", "made"]["made"], rows["full", "true"]["made"], rows["full", "made"]["folds"]) == (54, 18, 6)
    assert rows["samm", "made"]["made"] == 18 and rows["samm", "made"]["folds"] == 2
    assert 0.5 < rows["full", "made"]["low"] < 1 == rows["full", "made"]["high"]


@pytest.mark.parametrize(("shows", "expected"), [(lambda label: (label + 1) % 3, 0), (lambda label: None, 1 / 3)])
def test_faces_that_show_another_class_or_none(shows, expected):
    assert figures(synthesised_faces(shows))["full", "made"]["value"] == pytest.approx(expected)


def test_the_recogniser_learns_from_true_clips_of_its_folds_training_side_alone():
    """Clips of the other subjects decide, not synthesised faces or the test subject's own clips."""
    original = synthesised_faces(lambda label: label)
    first = FOLDS[0]
    single_fold = replace(original, faces=[face for face in original.faces if face.fold == first])
    tested = set(first.test)
    turned = figures(single_fold, lambda clip: clip.label if clip.id in tested else (clip.label + 1) % 3)
    assert turned["full", "made"]["value"] == 0
    assert figures(single_fold, lambda clip: clip.label if clip.id not in tested else 0)["full", "made"]["value"] == 1


def test_the_mean_flow_is_of_the_training_clips_of_the_target_class():
    """Each face moves as the true clips of its class move, whatever the generator made."""
    unchanged = synthesised_faces(lambda label: None)
    warped = warp_by_mean_flow(unchanged, true_faces())
    moved = np.stack([pair(face.clip, face.label)[1] for face in unchanged.faces]).astype(int)
    neutral = np.stack([face.pair[0] for face in unchanged.faces])
    assert np.abs(warped - moved).mean() < 0.7 * np.abs(neutral - moved).mean()


EVEN_SIDE, CROP = 32, 64
GREY = 100
ONSET, APEX = 1.0, 2.0  # coordinates of all landmarks


def even(change: int) -> np.ndarray:
    """uint8[2, EVEN_SIDE, EVEN_SIDE, 1]: even grey, and the same with all pixels changed."""
    return np.stack([np.full((EVEN_SIDE, EVEN_SIDE, 1), GREY + level, np.uint8) for level in (0, change)])


@pytest.fixture
def faces() -> SynthesisedFaces:
    """Every class of every clip, class by class 3, 4 and 5 grey levels brighter; one more in data set samm."""
    return every_class(lambda clip, label: even(3 + label + (clip.dataset == "samm")))


@pytest.fixture
def true() -> dict[str, TrueFace]:
    """Apexes 10 grey levels brighter than their onsets."""
    points = {"onset": np.full((68, 2), ONSET), "apex": np.full((68, 2), APEX)}
    return {clip.id: TrueFace(clip, even(10), even(0)[0], points, CROP) for clip in CLIPS}


@pytest.fixture
def regress(monkeypatch):
    """Read of each unit how bright a face is; record the images that are read."""
    calls = []

    def read(crops, onset, model):
        calls.append(crops)
        values = crops.mean((1, 2)) / 10
        return np.broadcast_to(values[:, None, None], (len(crops), len(ACTION_UNITS), 3))

    monkeypatch.setattr(face_measures, "regressor", SimpleNamespace(regress=read))
    return calls


def change_figures(faces, true):
    rows = face_measures.changes(gather(faces, true), None, 50, 1)
    assert all(row.keys() == set(FACE_COLUMNS) for row in rows)
    rows = {(row["scope"], row["metric"], row["faces"]): row for row in rows}
    return rows, {key: row["value"] for key, row in rows.items()}


def kinds(values, metric):
    return {kind for _, name, kind in values if name == metric}


def test_exaggerated_faces_have_twice_the_change_and_grey_change_is_over_the_tenth_of_pixels_that_changes_most():
    neutral, synthesised = np.array([100, 100, 200, 30], np.uint8), np.array([103, 96, 250, 10], np.uint8)
    exaggerated = exaggerate(neutral, synthesised)
    assert (exaggerated.tolist(), exaggerated.dtype) == ([106, 92, 255, 0], np.uint8)
    still = generator(0).integers(40, 200, (20, 20, 1), dtype=np.uint8)
    spot = still.copy()
    spot.reshape(-1)[:30] -= 20  # of 400 pixels; ten more of the tenth are as they were
    assert face_measures.grey_change(np.stack([[still, still], [still, spot]])) == pytest.approx([0, 15])


def test_grey_change_and_error_of_action_units_of_each_kind_and_scope(faces, true, regress):
    """The error is of changes to the true apex, whose change is read as 1 from brightness."""
    name, (rows, values) = "grey_change", change_figures(faces, true)
    assert kinds(values, name) == {"made", "made_twice", "mean_flow", "true"}
    assert values["samm", name, "made"] == 5 and values["smic", name, "made"] == 4
    assert values["full", name, "made_twice"] == pytest.approx(2 * values["full", name, "made"])
    assert values["full", name, "true"] == 10 and values["full", name, "mean_flow"] == 0  # nothing moves on even grey
    row = rows["full", name, "made"]
    assert (row["made"], rows["full", name, "true"]["made"]) == (54, 18) and row["low"] < row["value"] < row["high"]
    name = "au_error"
    assert kinds(values, name) == {"made", "mean_flow", "neutral"}
    assert values["full", name, "neutral"] == values["full", name, "mean_flow"] == pytest.approx(1)
    assert values["full", name, "made"] == pytest.approx(1 - (0.3 + 0.1 + 0.1 / 3))  # mean of labels 1, a third samm
    assert values["samm", name, "made"] == pytest.approx(1 - (0.3 + 0.1 + 0.1))
    row = rows["full", name, "made"]
    assert (row["made"], row["true"], row["folds"]) == (18, 18, 6) and row["low"] < row["value"] < row["high"]
    assert row["note"] == "32 x 32 pixels enlarged to 64 x 64"
    assert len(regress) == 18 and {crops.shape for crops in regress} == {(4, CROP, CROP)}  # each image once


def test_displays_are_compared_with_the_true_one_and_with_each_other(faces, true, regress):
    """Three faces of each clip: the first 3, 4 or 5 levels brighter, then 8 and 13; the true one is 10 brighter."""
    displays = {clip.id: np.stack([even(8)[1], even(13)[1]]) for clip in CLIPS}
    _, values = change_figures(replace(faces, displays=displays), true)
    assert values["full", "au_error_nearest", "made"] == pytest.approx(0.2)
    assert values["full", "au_error_nearest", "true"] == values["full", "display_distance", "true"] == 0  # all alike
    first = 3 + 1 + 1 / 3  # levels, on average
    expected = ((8 - first) + (13 - first) + 5) / 30
    assert values["full", "display_distance", "made"] == pytest.approx(expected)
    assert {crops.shape[0] for crops in regress} == {6}


def test_the_nearest_of_some_true_displays_is_a_mean_over_all_choices():
    values = np.array([3.0, 1.0, 2.0, 7.0])
    for count in range(1, 5):
        expected = np.mean([min(choice) for choice in combinations(values, count)])
        assert face_measures.expected_least(values, count) == pytest.approx(expected)
    assert face_measures.expected_least(values, 9) == 1
