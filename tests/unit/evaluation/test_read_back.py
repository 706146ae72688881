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


def test_clips_of_those_whom_the_generator_never_saw_and_no_others(groups, tmp_path):
    _, files, paths = groups
    clips = read_back.read(paths[0], CLIPS, files)
    assert {subject_id(clip.source.id) for clip in clips} == {subject_id(name) for name in GROUPED[0].test}
    assert {clip.emotion for clip in clips if clip.source.dataset == "samm"} == {"anger", "others", "surprise"}
    shapes = {(clip.frames.shape, clip.target_aus.shape, clip.crop_size) for clip in clips}
    assert shapes == {((3, 16, 16, 3), (3, 17), 16)}
    path = shutil.copy(paths[0], tmp_path / "1of2.h5")
    with store.h5py.File(path, "a") as file:
        entries = [*store.fitted_on(file), f"generated/{GROUPED[0].test[0]}"]
        del file["fitted_on"]
        file["fitted_on"] = store.text(sorted(entries))
    with pytest.raises(LeakError, match=f"1of2.h5 .* fitted on generated/{GROUPED[0].test[0]}, a clip of its held-out"):
        read_back.read(path, CLIPS, files)
    strangers = [replace(clip, origin="licensed") for clip in CLIPS]
    for among, held, message in (
        (strangers, files, "must be made from a clip of the index, not from generated/"),
        (CLIPS, {}, r"results/faces/.*\.h5 must be among the faces files"),
    ):
        with pytest.raises(StoreError, match=message):
            read_back.read(paths[0], among, held)
