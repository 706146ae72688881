"""MTMNet's Figure 1: whose clips are shown, which frames, and that no licensed face is by accident."""

from dataclasses import replace

import numpy as np
from composites import clip

from microexpr.core import store
from microexpr.reporting.plots import mtmnet

CLIPS = [
    replace(clip(dataset, "s01", f"{emotion}{number}", 0), emotion=emotion)
    for dataset in ("ckplus", "casme2", "samm")
    for emotion in ("surprise", "happiness", "fear")
    for number in range(2)
]


def files(root, onset=2, apex=18):
    """Frame k of 21 is k everywhere, numbered from 100."""
    for dataset in ("casme2", "ckplus"):
        clips = [clip for clip in CLIPS if clip.dataset == dataset]
        frame = np.arange(100, 121)
        crop = np.broadcast_to(np.arange(21, dtype=np.uint8)[:, None, None, None], (21, 288, 288, 1))
        with (
            store.subject_file(root / f"faces/{dataset}/s01.h5", "faces", clips) as faces,
            store.subject_file(root / f"apex/{dataset}/s01.h5", "apex", clips) as events,
        ):
            for clip in clips:
                faces.group(clip.name).put_all(frame=frame, crop=crop)
                events.group(clip.name).put_all(onset=100 + onset, apex=100 + apex, offset=120)


def test_the_first_of_each_emotion_faint_ones_above():
    assert [clip.id for clip in mtmnet.choose_clips(CLIPS)] == [
        "casme2/s01/surprise0", "casme2/s01/happiness0", "ckplus/s01/surprise0", "ckplus/s01/happiness0",
    ]  # fmt: skip


def test_nine_frames_from_onset_to_apex(tmp_path):
    files(tmp_path)
    frames, numbers = mtmnet.read_frames(mtmnet.choose_clips(CLIPS)[0], tmp_path)
    assert frames.shape == (9, 288, 288, 1) and frames[:, 0, 0, 0].tolist() == list(range(2, 19, 2))
    assert numbers.tolist() == list(range(102, 119, 2))


def test_drawn_twice_the_same_bytes_and_licensed_faces_are_hidden(tmp_path):
    files(tmp_path)
    paths = [tmp_path / name for name in ("one.png", "two.png", "hidden.png")]
    for path in paths[:2]:
        mtmnet.fig1(path, CLIPS, tmp_path, show_licensed=False)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    mtmnet.fig1(paths[2], [replace(clip, origin="licensed") for clip in CLIPS], tmp_path, show_licensed=False)
    assert paths[2].stat().st_size < paths[0].stat().st_size
