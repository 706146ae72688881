"""Accuracy at which an observer tells synthesised clips from recorded ones, where their differences are known."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from composites import composite
from generator_groups import CLIPS

from microexpr.core import store
from microexpr.core.clip import Fold
from microexpr.core.errors import LeakError, StoreError
from microexpr.evaluation import clip_belief
from microexpr.evaluation.clip_belief import Film
from microexpr.evaluation.rows import FACE_COLUMNS
from microexpr.evaluation.synthesised_faces import Face
from microexpr.protocols import GROUPINGS
from microexpr.training.observers import observe

SIDE, FRAMES = 32, 10


def clips_with(movement: float) -> clip_belief.HeldOutClips:
    """Return clips in which a pattern rises at the mouth and fades: by 1 if recorded, by `movement` if synthesised."""
    rng, synthetic_clips, recorded_clips = np.random.default_rng(0), [], {}
    course = np.sin(np.linspace(0, np.pi, FRAMES))
    for clip in composite(subjects=4, clips=4):
        fold = Fold("1of2", (), (clip.id,))
        face = 100 + 20 * np.sin(np.arange(SIDE) / 3 + rng.uniform(0, 6))[:, None] * np.cos(np.arange(SIDE) / 4)
        pattern = np.zeros((SIDE, SIDE))
        pattern[24:30, 8:24] = np.where(np.arange(16) // 2 % 2, 12, -12)

        def film(share: float, face=face, pattern=pattern) -> np.ndarray:
            frames = face + share * course[:, None, None] * pattern + rng.normal(0, 1, (FRAMES, SIDE, SIDE))
            return np.clip(frames, 0, 255).astype(np.uint8)[..., None]

        recorded, other = film(1.0), film(movement)
        recorded_clips[clip.id] = Film(Face(clip, fold, 0, recorded[[0, 0]]), recorded)
        synthetic_clips.append(Film(Face(clip, fold, 0, other[[0, 0]]), other))
    return clip_belief.HeldOutClips("famgan", GROUPINGS["all_groups"], "generated", synthetic_clips, recorded_clips)


@pytest.mark.parametrize(("movement", "low", "high"), [(0.0, 0.95, 1.0), (1.0, 0.25, 0.75)])
def test_clips_that_move_otherwise_are_told_and_clips_that_move_alike_are_not(movement, low, high):
    rows = clip_belief.evaluate(clips_with(movement), observe, 20, 1)
    assert all(row.keys() == set(FACE_COLUMNS) for row in rows)
    values = {(row["metric"], row["faces"]): row["value"] for row in rows if row["scope"] == "full"}
    assert {kind for _, kind in values} == {"made", "neutral", "true"}
    assert low <= values["belief_auc", "made"] <= high
    assert values["belief_auc", "neutral"] > 0.95 and 0.25 < values["belief_auc", "true"] < 0.75


def faces_and_events(files: list) -> list[str]:
    return [str(path) for path in files if Path(path).parts[-3] in ("faces", "apex")]


def test_clips_of_held_out_subjects_are_read_next_to_recorded_ones(groups):
    _, files, paths = groups
    held = clip_belief.read(paths, CLIPS, faces_and_events(files))
    assert held.generator == "auicgan" and {*held.recorded_clips} == {clip.id for clip in CLIPS}
    for film in held.synthetic_clips:
        frames, recorded = film.frames, held.recorded_clips[film.face.clip.id].frames
        assert frames.shape == recorded.shape == (3, 16, 16, 3)
        assert np.corrcoef(frames[0].ravel(), recorded[0].ravel())[0, 1] > 0.5  # of the source clip's own face
    with store.open_file(paths[0], "synth") as file:
        assert len(held.synthetic_clips) > len(file["held_out"]) > 0


def test_a_clip_of_a_subject_who_trained_its_generator_is_refused(groups, tmp_path):
    """Its provenance is that of the other group's generator."""
    _, files, paths = groups
    path = shutil.copy(paths[0], tmp_path / "1of2.h5")
    with h5py.File(paths[1]) as other, h5py.File(path, "r+") as file:
        del file["fitted_on"]
        other.copy("fitted_on", file)
    with pytest.raises(LeakError, match=r"1of2.* of its held-out "):
        clip_belief.read([path], CLIPS, faces_and_events(files))


def test_an_empty_list_of_files_is_refused():
    with pytest.raises(StoreError, match="of one generator"):
        clip_belief.read([], CLIPS, [])
