"""The four sets of acted expressions as they are written: published counts, annotation files, one person rendered."""

import csv
from collections import Counter

import numpy as np
import pytest
from small_corpora import render_person

from facs_faces.display import ACTION_UNITS
from microexpr import datasets
from microexpr.core import store
from microexpr.core.errors import ParamsError
from microexpr.core.seeds import generator
from microexpr.rendering import coder, plan
from microexpr.rendering.layouts import NATIVES

EVERYTHING = plan.Params(max_frames=60)
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "contempt")
PUBLISHED = {  # clips of each of them, people
    "ckplus": ((45, 59, 25, 69, 28, 83, 18), 118), "mmi": ((31, 32, 28, 42, 32, 40), 31), "oulu_casia": ((80,) * 6, 80),
}  # fmt: skip


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_published_census(dataset):
    clips = [item.clip for item in plan.plan_clips(dataset, EVERYTHING, seed=2)]
    (counts, people), published = PUBLISHED[dataset], datasets.layout(dataset).published
    assert Counter(clip.emotion for clip in clips) == dict(zip(EMOTIONS, counts, strict=False))
    assert len({clip.subject for clip in clips}) == people
    assert len({clip.id for clip in clips}) == len({clip.folder for clip in clips}) == sum(counts) == published.clips
    assert published.subjects in (None, people)
    if dataset != "mmi":  # sequences end at the apex
        for clip in clips:
            assert (clip.onset, clip.apex, clip.offset) == (clip.first, clip.last, clip.last)


def test_pictures_are_even_over_eight_emotions_and_nobody_shows_one_twice_in_oulu_casia():
    clips = [item.clip for item in plan.plan_clips("affectnet", EVERYTHING, seed=2)]
    assert len(set(Counter((clip.subject, clip.emotion) for clip in clips).values())) == 1
    assert len({clip.emotion for clip in clips}) == 8
    assert {(clip.frames, clip.fps) for clip in clips} == {(1, 0)}
    params = plan.Params(oulu_casia=plan.Corpus(subjects=1, clips=7))
    with pytest.raises(ParamsError, match=r"oulu_casia\.clips must be at most 6, one an emotion, not 7"):
        plan.plan_clips("oulu_casia", params, seed=1)


def test_coders_of_ckplus_and_mmi_and_annotation_beside_a_sequence():
    rng = generator(0)
    weights = {"AU4L": 0.5, "AU4R": 0.5, "AU12R": 1.0, "AU1L": 0.05}
    # in the order of FACS; 0.9 times 4 of 5 times weight, as a letter
    assert coder.ckplus(weights, 7, rng) == "1A+4B+12D"
    assert coder.mmi(weights, 7, rng) == "1+4+12"
    planned = plan.plan_clips("ckplus", plan.Params(ckplus=plan.Corpus(subjects=1, clips=3)), seed=1)
    (item,) = [item for item in planned if item.clip.emotion == "surprise"]
    files = NATIVES["ckplus"].clip_files(item)
    stem = f"S005/002/S005_002_{item.clip.apex:08d}"
    assert files[f"Emotion/{stem}_emotion.txt"] == "   7.0000000e+00\n"
    lines = files[f"FACS/{stem}_facs.txt"].splitlines()
    numbers = {int(name[2:-1]) for name in item.weights}
    assert {int(float(line.split()[0])) for line in lines} == numbers
    assert all(1 <= float(line.split()[1]) <= 5 for line in lines)


def test_one_person_of_mmi_is_read_back(tmp_path):
    planned = render_person(tmp_path / "mmi", "mmi", clips=3)
    clips, notes = datasets.layout("mmi").read(tmp_path / "mmi", "generated", None)
    assert (clips, notes) == ([item.clip for item in planned], [])
    with store.open_file(tmp_path / "mmi.h5", "truth") as file:
        for item in planned:
            numbers, pictures = datasets.frame_reader(item.clip, tmp_path / "mmi")
            assert numbers == file[item.clip.name]["frame"][()].tolist()
            assert {picture.shape for picture in pictures()} == {(240, 320, 3)}
            unit = max(item.weights, key=lambda name: item.weights[name])
            curve = file[item.clip.name]["au_intensity"][:, ACTION_UNITS.index(unit[:-1]), "LR".index(unit[-1])]
            assert item.clip.onset is item.clip.apex is item.clip.offset is None
            true = [int(file[item.clip.name][event][()]) for event in ("onset", "apex", "offset")]
            assert true == [item.onset, item.apex, item.offset] == sorted(true)
            assert np.argmax(curve) == pytest.approx(item.apex, abs=2)
            assert curve.max() > 3 * curve[0] + 0.1


def test_pictures_of_one_person_have_their_emotions_and_poses_of_their_own(tmp_path):
    root = tmp_path / "affectnet"
    planned = render_person(root, "affectnet", clips=4)
    with (root / "training.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    emotions = {row["subDirectory_filePath"]: int(row["expression"]) for row in rows}
    assert sorted(emotions.values()) == [0, 1, 3, 6]  # neutral, happiness, surprise, anger
    brows = ACTION_UNITS.index("AU4")
    with store.open_file(tmp_path / "affectnet.h5", "truth") as file:
        groups = {item.clip.emotion: file[item.clip.name] for item in planned}
        poses = np.array([group["pose"][0] for group in groups.values()])
        assert np.ptp(poses[:, 0]) > 3  # each picture has its own
        anger, neutral = (groups[name]["au_intensity"][0, brows, 2] for name in ("anger", "neutral"))
        assert anger > neutral + 0.5
        for item in planned:
            (picture,) = datasets.frame_reader(item.clip, root)[1]()
            (points,) = file[item.clip.name]["landmarks"][()]
            assert ((points > 0) & (points < [320, 240])).all()
            assert picture.std() > 10
