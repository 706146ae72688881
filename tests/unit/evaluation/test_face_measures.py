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
    for shows, expected in ((lambda label: (label + 1) % 3, 0), (lambda label: None, 1 / 3)):  # another class, or none
        assert figures(synthesised_faces(shows))["full", "made"]["value"] == pytest.approx(expected)


def test_the_recogniser_learns_from_true_clips_of_its_folds_training_side_alone():
    """Clips of the other subjects decide, not synthesised faces or the test subject's own clips."""
    original, tested = synthesised_faces(lambda label: label), {*FOLDS[0].test}
    single_fold = replace(original, faces=[face for face in original.faces if face.fold == FOLDS[0]])
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


def even(change: int) -> np.ndarray:
    """uint8[2, EVEN_SIDE, EVEN_SIDE, 1]: even grey, and the same with all pixels changed."""
    return np.stack([np.full((EVEN_SIDE, EVEN_SIDE, 1), 100 + level, np.uint8) for level in (0, change)])


@pytest.fixture
def faces() -> SynthesisedFaces:
    """Every class of every clip, class by class 3, 4 and 5 grey levels brighter; one more in data set samm."""
    return every_class(lambda clip, label: even(3 + label + (clip.dataset == "samm")))


@pytest.fixture
def change_figures(monkeypatch):
    """Rows by scope, metric and kind of faces, whose true apexes are 10 grey levels brighter than their onsets, and
    the images that were read: of each unit, how bright a face is."""
    points, calls = {"onset": np.full((68, 2), 1.0), "apex": np.full((68, 2), 2.0)}, []
    true = {clip.id: TrueFace(clip, even(10), even(0)[0], points, CROP) for clip in CLIPS}

    def read(crops, onset, model):
        calls.append(crops)
        return np.broadcast_to(crops.mean((1, 2))[:, None, None] / 10, (len(crops), len(ACTION_UNITS), 3))

    def rows(faces):
        rows = face_measures.changes(gather(faces, true), None, 50, 1)
        assert all(row.keys() == set(FACE_COLUMNS) for row in rows)
        return {(row["scope"], row["metric"], row["faces"]): row for row in rows}, calls

    monkeypatch.setattr(face_measures, "regressor", SimpleNamespace(regress=read))
    return rows


def test_exaggerated_faces_have_twice_the_change_and_grey_change_is_over_the_tenth_of_pixels_that_changes_most():
    neutral, synthesised = np.array([100, 100, 200, 30], np.uint8), np.array([103, 96, 250, 10], np.uint8)
    exaggerated = exaggerate(neutral, synthesised)
    assert (exaggerated.tolist(), exaggerated.dtype) == ([106, 92, 255, 0], np.uint8)
    still = generator(0).integers(40, 200, (20, 20, 1), dtype=np.uint8)
    spot = still.copy()
    spot.reshape(-1)[:30] -= 20  # of 400 pixels; ten more of the tenth are as they were
    assert face_measures.grey_change(np.stack([[still, still], [still, spot]])) == pytest.approx([0, 15])


def test_grey_change_and_error_of_action_units_of_each_kind_and_scope(faces, change_figures):
    """The error is of changes to the true apex, whose change is read as 1 from brightness."""
    rows, read = change_figures(faces)
    kinds = {"grey_change": {"made", "made_twice", "mean_flow", "true"}, "au_error": {"made", "mean_flow", "neutral"}}
    for name in kinds:
        assert {kind for _, metric, kind in rows if metric == name} == kinds[name]
        row = rows["full", name, "made"]
        assert row["low"] < row["value"] < row["high"]
    expected = {
        ("samm", "grey_change", "made"): 5, ("smic", "grey_change", "made"): 4,
        ("full", "grey_change", "made_twice"): 2 * (3 + 1 + 1 / 3), ("full", "grey_change", "true"): 10,
        ("full", "grey_change", "mean_flow"): 0,  # nothing moves on even grey
        ("full", "au_error", "neutral"): 1, ("full", "au_error", "mean_flow"): 1,
        ("full", "au_error", "made"): 1 - (0.3 + 0.1 + 0.1 / 3),  # mean of labels 1, a third samm
        ("samm", "au_error", "made"): 1 - (0.3 + 0.1 + 0.1),
    }  # fmt: skip
    assert {key: rows[key]["value"] for key in expected} == pytest.approx(expected)
    assert (rows["full", "grey_change", "made"]["made"], rows["full", "grey_change", "true"]["made"]) == (54, 18)
    row = rows["full", "au_error", "made"]
    assert (row["made"], row["true"], row["folds"]) == (18, 18, 6)
    assert row["note"] == "32 x 32 pixels enlarged to 64 x 64"
    assert len(read) == 18 and {crops.shape for crops in read} == {(4, CROP, CROP)}  # each image once


def test_displays_are_compared_with_the_true_one_and_with_each_other(faces, change_figures):
    """Three faces of each clip: the first 3, 4 or 5 levels brighter, then 8 and 13; the true one is 10 brighter."""
    displays = {clip.id: np.stack([even(8)[1], even(13)[1]]) for clip in CLIPS}
    rows, read = change_figures(replace(faces, displays=displays))
    first = 3 + 1 + 1 / 3  # levels, on average
    expected = {
        ("full", "au_error_nearest", "made"): 0.2, ("full", "au_error_nearest", "true"): 0,  # all alike
        ("full", "display_distance", "true"): 0,
        ("full", "display_distance", "made"): ((8 - first) + (13 - first) + 5) / 30,
    }  # fmt: skip
    assert {key: rows[key]["value"] for key in expected} == pytest.approx(expected)
    assert {crops.shape[0] for crops in read} == {6}
    values = np.array([3.0, 1.0, 2.0, 7.0])  # the nearest of some true displays is a mean over all choices
    for count in range(1, 5):
        choices = np.mean([min(choice) for choice in combinations(values, count)])
        assert face_measures.expected_least(values, count) == pytest.approx(choices)
    assert face_measures.expected_least(values, 9) == 1
