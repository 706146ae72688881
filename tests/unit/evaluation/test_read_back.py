"""Synthesised clips of held-out subjects, and how steady their frames are."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from generator_groups import CLIPS, GROUPED

from microexpr.core import store
from microexpr.core.errors import LeakError, StoreError
from microexpr.evaluation import read_back
from microexpr.protocols.splits import subject_id


def test_roughness_by_hand():
    assert read_back.roughness(np.array([[0], [2], [4], [6]], np.uint8)) == 0
    assert read_back.roughness(np.array([[0], [2], [0], [2]], np.uint8)) == 2  # of steps 2, -2, 2
    assert read_back.roughness(np.zeros((3, 4), np.uint8)) == 0
    assert read_back.roughness(np.array([[0], [2]], np.uint8)) == 0 == read_back.roughness(np.zeros((1, 4), np.uint8))


def test_clips_of_those_whom_the_generator_never_saw(groups):
    _, files, paths = groups
    clips = read_back.read(paths[0], CLIPS, files)
    assert {subject_id(clip.source.id) for clip in clips} == {subject_id(name) for name in GROUPED[0].test}
    assert {clip.emotion for clip in clips if clip.source.dataset == "samm"} == {"anger", "others", "surprise"}
    for clip in clips:
        assert clip.frames.shape == (3, 16, 16, 3) and clip.target_aus.shape == (3, 17)
        assert clip.crop_size == 16


def test_leak_of_a_generator_that_saw_whom_its_clip_shows(groups, tmp_path):
    _, files, paths = groups
    path = shutil.copy(paths[0], tmp_path / "1of2.h5")
    with store.h5py.File(path, "a") as file:
        entries = [*store.fitted_on(file), f"generated/{GROUPED[0].test[0]}"]
        del file["fitted_on"]
        file["fitted_on"] = store.text(sorted(entries))
    leak = f"1of2.h5 .* was fitted on generated/{GROUPED[0].test[0]}, a clip of its held-out"
    with pytest.raises(LeakError, match=leak):
        read_back.read(path, CLIPS, files)
    strangers = [replace(clip, origin="licensed") for clip in CLIPS]
    with pytest.raises(StoreError, match="must be made from a clip of the index, not from generated/"):
        read_back.read(paths[0], strangers, files)
    with pytest.raises(StoreError, match=r"results/faces/.*\.h5 must be among the faces files"):
        read_back.read(paths[0], CLIPS, {})
