"""A journey gathers the results of one clip from stage files made by hand. `results` serves test_plots too."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from composites import clip

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.datasets import index
from microexpr.reporting import journey
from microexpr.signals.aus import ACTION_UNITS

FRAME = np.arange(1, 46)
SIDE = 48  # of the crops


def results(
    root: Path, origin: str = "generated", names: Sequence[str] = ("a", "b"), emotion: str = "happiness"
) -> list[Clip]:
    """Two clips of casme2/sub01 as all stages and a generator would have written them below root/results."""
    clips = [replace(clip(origin=origin, name=name), emotion=emotion, action_units="L12") for name in names]
    index.write(root / "results/index/casme2.csv", clips)
    for stage in journey.STAGES:
        with store.subject_file(root / f"results/{stage}/casme2/sub01.h5", stage, clips, **{stage: {}}) as file:
            if stage == "aus":
                file.put("fitted_on", ["generated/au_model/p001/c01"])
            for number, target in enumerate(clips):
                attributes = {"method": "annotated"} if stage == "apex" else {}
                file.group(target.name, **attributes).put_all(**contents(stage, number, target))
    with store.create(root / "results/synthesise/icegan/megc2019/1of1.h5", "synth", {}, origin=origin) as file:
        for side, source in (("held_out", clips[0]), ("held_out", clips[1]), ("train", clips[0])):
            for label in range(3):
                level = 100 * (side == "train") + 10 * (source is clips[1]) + label
                group = file.group(f"casme2/sub01/{side}/{source.name}_{label}")
                group.put_all(crop=np.full((2, 32, 32, 1), level), onset=0, apex=1)
                group.put_all(label=label, source=source.provenance)
    return clips


def contents(stage: str, number: int, target: Clip) -> dict[str, object]:
    """Datasets of a clip; crops are as grey as their frame's number, and landmark x, too."""
    ramp = FRAME[:, None, None]
    if stage == "faces":
        points = np.broadcast_to(ramp, (45, 68, 2))
        return {"frame": FRAME, "crop": np.broadcast_to(ramp[..., None], (45, SIDE, SIDE, 1)), "landmarks_crop": points}
    if stage == "apex":
        return {
            "frame": FRAME,
            "onset": target.onset,
            "apex": target.apex,
            "offset": target.offset,
            "score": FRAME / 10,
        }
    if stage == "flow":
        return {"onset_apex": np.full((3, 16, 16), number)}
    relative = np.zeros((45, 17, 3))
    relative[19, ACTION_UNITS.index("AU12")] = [2, 0.5, 1]
    relative[19, ACTION_UNITS.index("AU4")] = [0, -1, -0.5]
    return {"frame": FRAME, "relative": relative, "au_names": ACTION_UNITS}


def gathered(root: Path, target: Clip, **replaced: str) -> journey.Journey:
    files = {stage: root / f"results/{stage}/casme2/sub01.h5" for stage in journey.STAGES} | replaced
    return journey.read(target, files, sorted(root.glob("results/synthesise/icegan/megc2019/*.h5")))


def test_every_stage_is_read_at_the_clips_own_frames(tmp_path):
    _, target = results(tmp_path)
    walked = gathered(tmp_path, target)
    assert walked.events == {"onset": 5, "apex": 20, "offset": 40}
    assert {event: int(crop[0, 0]) for event, crop in walked.crops.items()} == walked.events
    assert {event: int(points[67, 1]) for event, points in walked.landmarks.items()} == walked.events
    assert walked.crops["apex"].shape == (SIDE, SIDE)
    assert (walked.flow == 1).all() and walked.apex_by == "annotated"
    assert walked.relative[19, walked.action_units.index("AU12"), 0] == 2


def test_only_held_out_faces_of_this_clip_are_taken(tmp_path):
    first, second = results(tmp_path)
    for target, expected in ((first, [0, 1, 2]), (second, [10, 11, 12])):
        faces = gathered(tmp_path, target).synthetic
        assert list(faces) == ["negative", "positive", "surprise"]
        assert [int(pair[1, 0, 0, 0]) for pair in faces.values()] == expected


def test_without_a_generator_there_are_no_faces(tmp_path):
    target, _ = results(tmp_path)
    (tmp_path / "results/synthesise/icegan/megc2019/1of1.h5").unlink()
    assert gathered(tmp_path, target).synthetic == {}


def test_files_of_another_origin_are_refused(tmp_path):
    target, _ = results(tmp_path / "generated")
    results(tmp_path / "licensed", "licensed")
    other = str(tmp_path / "licensed/results/faces/casme2/sub01.h5")
    with pytest.raises(DataError, match=r"must all be generated, not \['generated', 'licensed'\] \(casme2/sub01/a\)"):
        gathered(tmp_path / "generated", target, faces=other)


def test_a_clip_that_a_file_lacks_is_named(tmp_path):
    target, _ = results(tmp_path)
    with pytest.raises(DataError, match=r"clip must be one of a, b, not c \(.*sub01.h5\)"):
        gathered(tmp_path, replace(target, name="c"))
