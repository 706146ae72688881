"""Faces of a generator as further training clips: those of each fold, their inputs, and files that are refused."""

import numpy as np
import pytest
import torch
from composites import composite

from microexpr.core import store
from microexpr.core.errors import LeakError, ParamsError, StoreError
from microexpr.models.base import ClipTensors
from microexpr.protocols import PROTOCOLS
from microexpr.signals import inputs
from microexpr.training import synthetic_clips

CLIPS = composite(subjects=2, clips=3)
FOLDS = PROTOCOLS["megc2019"].folds(CLIPS)
ABOUT = {"method": "icegan", "protocol": "megc2019"}
LABELS = {clip.provenance: clip.label for clip in CLIPS if clip.label is not None}
SHAPES = {"onset": (1, 4, 4), "apex": (3, 8, 8)}


@pytest.fixture
def shard(tmp_path):
    """A shard with a face of each class from each fold's first training clip: grey level 10 * fold + class."""
    path = tmp_path / "1of1.h5"
    by_id = {clip.id: clip for clip in CLIPS}
    with store.create(path, "synth", {}, origin="generated", **ABOUT) as file:
        for number, fold in enumerate(FOLDS):
            group = file.group(fold.name)
            group.put("fitted_on", sorted(by_id[name].provenance for name in fold.train))
            for label in range(3):
                pair = np.stack([np.full((4, 4, 1), 200, np.uint8), np.full((4, 4, 1), 10 * number + label, np.uint8)])
                values = {"frame": [0, 1], "onset": 0, "apex": 1, "offset": 1, "crop": pair, "label": label}
                values["source"] = by_id[fold.train[0]].provenance
                group.group(f"train/{label}").put_all(**values)
    return str(path)


def resident() -> ClipTensors:
    count = len(CLIPS)
    targets = {"label": torch.tensor([clip.label for clip in CLIPS])}
    targets |= {"subject": torch.arange(count) // 3, "dataset": torch.arange(count) // 6}
    targets |= {name: torch.zeros(count, dtype=torch.int64) for name in ("macro", "synthetic")}
    targets |= {name: torch.ones((count, size), dtype=torch.int64) for name, size in (("aus", 5), ("reacts", 4))}
    pictures = {name: torch.zeros((count, *shape), dtype=torch.uint8) for name, shape in SHAPES.items()}
    return ClipTensors(pictures, targets)


def test_a_fold_gets_its_own_generators_faces_and_no_others(shard):
    names = [fold.name for fold in FOLDS]
    synthetic = synthetic_clips.load({name: [shard] for name in names}, *ABOUT.values(), LABELS, SHAPES)
    both, positions = synthetic_clips.append(resident(), [clip.provenance for clip in CLIPS], synthetic)
    assert both.micro_count == len(CLIPS) and len(both) == len(CLIPS) + 3 * len(FOLDS)
    for number, fold in enumerate(FOLDS):
        fold_clips = both[torch.from_numpy(positions[fold.name])]
        assert fold_clips.inputs["apex"].shape == (3, 3, 8, 8) and fold_clips.inputs["onset"].unique().tolist() == [200]
        assert fold_clips.inputs["apex"].float().mean((1, 2, 3)).tolist() == [10 * number + label for label in range(3)]
        targets = {name: values.tolist() for name, values in fold_clips.targets.items()}
        assert targets["label"] == [0, 1, 2] and targets["synthetic"] == [1, 1, 1]
        (source,) = [at for at, clip in enumerate(CLIPS) if clip.id == fold.train[0]]
        assert set(targets["subject"]) == {int(both.targets["subject"][source])}
        assert fold_clips.targets["aus"].unique().tolist() == [-1]
        assert not fold_clips.targets["reacts"].any()  # a face follows nobody's movement


def test_leak_of_another_generators_shard_and_a_fold_without_faces_are_refused(shard):
    with pytest.raises(LeakError, match=r"1of1.h5 must be of protocol split70, not megc2019"):
        synthetic_clips.load({FOLDS[0].name: [shard]}, "icegan", "split70", LABELS, SHAPES)
    with pytest.raises(StoreError, match=r"icegan must have synthesised clips to train fold samm/nobody on"):
        synthetic_clips.load({FOLDS[0].name: [shard], "samm/nobody": [shard]}, *ABOUT.values(), LABELS, SHAPES)


@pytest.mark.parametrize("name", ["flow", "face_mask", "region_mouth", "au_intensities", "au_change"])
def test_what_a_pair_of_faces_does_not_give_is_refused(name):
    with pytest.raises(ParamsError, match=f"pictures alone, not the input {name}"):
        synthetic_clips.check_inputs({name: (1, 4, 4)}, clips=False)
    if name != "au_change":  # a clip's is what was asked for
        with pytest.raises(ParamsError, match=f"pictures or au_change, au_changes alone, not the input {name}"):
            synthetic_clips.check_inputs({name: (1, 4, 4)})
    synthetic_clips.check_inputs({"au_change": (17, 2)})


def test_the_change_of_a_synthesised_clip_is_what_was_asked_for():
    intensities = np.zeros((3, 17, 2), np.float32)
    intensities[:, 4] = [[1, 1], [2, 4], [1.5, 3]]
    frames = np.arange(3)
    clip = {"frame": frames, "au_asked": intensities, "onset": np.array(0), "apex": np.array(1), "offset": np.array(2)}
    source = inputs.Source({"faces": clip, "apex": clip, "aus": synthetic_clips._target_changes(clip)})
    change = inputs.INPUTS["au_change"].read(source, (17, 2))
    assert change[4].tolist() == [1, 3] and change.sum() == 4
    assert synthetic_clips._target_changes({"frame": frames}) == {}  # of a pair of faces nothing was asked
