"""Whether made faces show their class, told by a recogniser of true clips: drawn faces, whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from composites import composite

from microexpr.core.seeds import generator
from microexpr.evaluation import face_kinds, shown
from microexpr.evaluation.synthesised_faces import Face, SynthesisedFaces
from microexpr.evaluation.true_faces import TrueFace
from microexpr.protocols import PROTOCOLS

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


def synthesised_faces(shows) -> SynthesisedFaces:
    """Return faces of every class from every clip; `shows` maps the target class to the class shown, or None."""
    faces = [
        Face(clip, fold, label, pair(clip, shows(label)))
        for fold in FOLDS
        for clip in CLIPS
        for label in range(3)
        if clip.id in fold.test
    ]
    return SynthesisedFaces("icegan", PROTOCOL, "generated", faces)


def true_faces(shows=lambda clip: clip.label) -> dict[str, TrueFace]:
    return {clip.id: TrueFace(clip, pair(clip, shows(clip)), pair(clip, shows(clip))[0], {}, SIDE) for clip in CLIPS}


def figures(faces: SynthesisedFaces, shows=lambda clip: clip.label) -> dict[tuple[str, str], dict[str, object]]:
    true = true_faces(shows)
    rows = shown.evaluate(faces, face_kinds.gather(faces, true), true, 50, 1)
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
    warped = face_kinds.warp_by_mean_flow(unchanged, true_faces())
    moved = np.stack([pair(face.clip, face.label)[1] for face in unchanged.faces]).astype(int)
    neutral = np.stack([face.pair[0] for face in unchanged.faces])
    assert np.abs(warped - moved).mean() < 0.7 * np.abs(neutral - moved).mean()
