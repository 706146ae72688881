"""Synthesised clips of held-out subjects, next to recorded ones, and how steady their frames are."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from generator_groups import CLIPS, GROUPED

from microexpr.core import store
from microexpr.core.errors import LeakError, StoreError
from microexpr.evaluation import belief, read_back
from microexpr.protocols.splits import subject_id


def test_roughness_by_hand():
    for frames, expected in (([0, 2, 4, 6], 0), ([0, 2, 0, 2], 2), ([0, 0, 0], 0), ([0, 2], 0), ([0], 0)):
        assert read_back.roughness(np.array(frames, np.uint8)[:, None]) == expected


def test_clips_of_those_whom_the_generator_never_saw_next_to_recorded_ones_and_no_others(groups, tmp_path):
    _, files, paths = groups
    clips = read_back.read(paths[0], CLIPS, files)
    assert {subject_id(clip.source.id) for clip in clips} == {subject_id(name) for name in GROUPED[0].test}
    assert {clip.emotion for clip in clips if clip.source.dataset == "samm"} == {"anger", "others", "surprise"}
    shapes = {(clip.frames.shape, clip.target_aus.shape, clip.crop_size) for clip in clips}
    assert shapes == {((3, 16, 16, 3), (3, 17), 16)}
    held = belief.read_clips(paths, CLIPS, files)
    assert held.generator == "auicgan" and {*held.recorded_clips} == {clip.id for clip in CLIPS}
    assert len(held.synthetic_clips) == len(clips) + len(read_back.read(paths[1], CLIPS, files)) > len(clips) > 0
    for film in held.synthetic_clips:
        frames, recorded = film.frames, held.recorded_clips[film.clip.id].frames
        assert frames.shape == recorded.shape == (3, 16, 16, 3)
        assert np.corrcoef(frames[0].ravel(), recorded[0].ravel())[0, 1] > 0.5  # of the source clip's own face
    path = shutil.copy(paths[0], tmp_path / "1of2.h5")
    with store.h5py.File(path, "a") as file:
        entries = [*store.fitted_on(file), f"generated/{GROUPED[0].test[0]}"]
        del file["fitted_on"]
        file["fitted_on"] = store.text(sorted(entries))
    message = f"1of2.h5 .* fitted on generated/{GROUPED[0].test[0]}, a clip of its held-out"
    for read, source in ((read_back.read, path), (belief.read_clips, [path])):
        with pytest.raises(LeakError, match=message):
            read(source, CLIPS, files)
    strangers = [replace(clip, origin="licensed") for clip in CLIPS]
    for among, held_files, message in (
        (strangers, files, "must be made from a clip of the index, not from generated/"),
        (CLIPS, {}, r"results/faces/.*\.h5 must be among the faces files"),
    ):
        with pytest.raises(StoreError, match=message):
            read_back.read(paths[0], among, held_files)
    with pytest.raises(StoreError, match="of one generator"):
        belief.read_clips([], CLIPS, {})
