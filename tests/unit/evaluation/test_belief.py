"""Measures of belief on faces and clips whose differences are known."""

import numpy as np
import pytest
from composites import composite

from microexpr.core.clip import Fold
from microexpr.evaluation import belief
from microexpr.evaluation.faces import Face, Film, SynthesisedFaces, TrueFace, gather
from microexpr.evaluation.rows import FACE_COLUMNS
from microexpr.protocols import GROUPINGS, PROTOCOLS
from microexpr.training import observers

CLIPS = composite(subjects=4, clips=3)
PROTOCOL = PROTOCOLS["megc2019"]
SIDE = 32
MOUTH = np.pad(np.where(np.arange(16) // 2 % 2, 12.0, -12.0)[None].repeat(6, 0), ((24, 2), (8, 8)))  # stripes there


def noisy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(image + rng.normal(0, 1, image.shape), 0, 255).astype(np.uint8)[..., None]


def smooth(rng: np.random.Generator) -> np.ndarray:
    """Return a face float64[SIDE, SIDE] of waves."""
    return 100 + 20 * np.sin(np.arange(SIDE) / 3 + rng.uniform(0, 6))[:, None] * np.cos(np.arange(SIDE) / 4)


def faces() -> tuple[SynthesisedFaces, dict[str, TrueFace]]:
    """True apexes have stripes at the mouth; synthesised faces are unchanged ones with another noise."""
    rng, true, synthesised = np.random.default_rng(0), {}, []
    folds = {name: fold for fold in PROTOCOL.folds(CLIPS) for name in fold.test}
    for clip in CLIPS:
        face = smooth(rng)
        onset, rest, changed = (noisy(face, rng) for _ in range(3))
        true[clip.id] = TrueFace(clip, np.stack([onset, noisy(face + MOUTH, rng)]), rest, {}, SIDE)
        synthesised += [Face(clip, folds[clip.id], label, np.stack([onset, changed])) for label in range(3)]
    return SynthesisedFaces("icegan", PROTOCOL, "generated", synthesised), true


def test_what_differs_is_told_where_it_differs_and_true_faces_are_not_told_from_each_other():
    synthesised, true = faces()
    rows = belief.of_faces(gather(synthesised, true), observers.observe, 50, 1, ("made", "true"))
    assert all(row.keys() == set(FACE_COLUMNS) for row in rows)
    assert {row["scope"] for row in rows} == {"full", *PROTOCOL.datasets}
    values = {(row["metric"], row["faces"]): row for row in rows if row["scope"] == "full"}
    assert {metric for metric, _ in values} == {"belief_auc", *(f"belief_auc_{region}" for region in belief.REGIONS)}
    assert values["belief_auc", "made"]["value"] > 0.95 and values["belief_auc_mouth", "made"]["value"] > 0.95
    assert values["belief_auc_eyes", "made"]["value"] < 0.75
    assert values["belief_auc", "made"]["made"] == values["belief_auc", "made"]["true"] == len(CLIPS)
    row = values["belief_auc", "true"]
    assert 0.25 < row["value"] < 0.75 and row["low"] < row["value"] < row["high"]
    assert row["made"] == row["true"] == len(CLIPS) / 2


def test_the_auc_counts_pairs_of_one_observer_alone():
    true = np.array([True, False, True, False, False])
    group, subjects = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 1])
    wins, pairs = belief.auc(np.array([2.0, 1.0, 0.0, 0.0, 5.0]), true, group, subjects)
    assert pairs.tolist() == [[0, 3], [0, 0]]
    assert wins.tolist() == [[0, 1.5], [0, 0]]  # a win, a draw, a loss


def test_no_observer_scores_a_subject_that_trains_it(monkeypatch):
    subjects, fit, folds = [f"s{number // 3}" for number in range(12)], observers.engine.fit_network, []
    images = np.random.default_rng(0).integers(256, size=(2, 12, SIDE, SIDE, 1), dtype=np.uint8)
    monkeypatch.setattr(observers.engine, "fit_network", lambda *run: folds.append(run[2].fold) or fit(*run))
    observers.observe(subjects, *images, np.arange(12) % 2 == 0, 1)
    sides = [({subjects[i] for i in fold.train}, {subjects[i] for i in fold.test}) for fold in folds]
    assert sides == [(sides[1][1], sides[1][0]), (sides[0][1], sides[0][0])]
    assert all(train and test and not train & test for train, test in sides)


def clips_with(movement: float) -> belief.HeldOutClips:
    """Return clips in which a pattern rises at the mouth and fades: by 1 if recorded, by `movement` if synthesised."""
    rng, synthetic_clips, recorded_clips = np.random.default_rng(0), [], {}
    course = np.sin(np.linspace(0, np.pi, 10))[:, None, None]
    for clip in CLIPS:
        fold, face = Fold("1of2", (), (clip.id,)), smooth(rng)
        recorded, other = (noisy(face + share * course * MOUTH, rng) for share in (1.0, movement))
        recorded_clips[clip.id] = Film(clip, fold, recorded)
        synthetic_clips.append(Film(clip, fold, other))
    return belief.HeldOutClips("famgan", GROUPINGS["all_groups"], "generated", synthetic_clips, recorded_clips)


@pytest.mark.parametrize(("movement", "low", "high"), [(0.0, 0.95, 1.0), (1.0, 0.25, 0.75)])
def test_clips_that_move_otherwise_are_told_and_clips_that_move_alike_are_not(movement, low, high):
    rows = belief.of_clips(clips_with(movement), observers.observe, 20, 1)
    assert all(row.keys() == set(FACE_COLUMNS) for row in rows)
    values = {(row["metric"], row["faces"]): row["value"] for row in rows if row["scope"] == "full"}
    assert {kind for _, kind in values} == {"made", "neutral", "true"}
    assert low <= values["belief_auc", "made"] <= high
    assert values["belief_auc", "neutral"] > 0.95 and 0.25 < values["belief_auc", "true"] < 0.75
