"""MTMNet's Figure 1: whose clips are shown, which frames, and that no licensed face is by accident."""

from dataclasses import replace

import face_files
import numpy as np
from composites import clip

from microexpr.reporting.plots import mtmnet

CLIPS = [
    replace(clip(dataset, "s01", f"{emotion}{number}", 0), emotion=emotion)
    for dataset in ("ckplus", "casme2", "samm")
    for emotion in ("surprise", "happiness", "fear")
    for number in range(2)
]


def files(root, onset=2, apex=18):
    """Frame k of 21 is k everywhere, numbered from 100."""
    crop = np.broadcast_to(np.arange(21, dtype=np.uint8)[:, None, None, None], (21, 288, 288, 1))
    face = {"frame": np.arange(100, 121), "crop": crop}
    face_files.write(root, CLIPS, lambda _: face, onset=100 + onset, apex=100 + apex, offset=120)


def test_the_first_of_each_emotion_faint_ones_above():
    assert [clip.id for clip in mtmnet.choose_clips(CLIPS)] == [
        "casme2/s01/surprise0", "casme2/s01/happiness0", "ckplus/s01/surprise0", "ckplus/s01/happiness0",
    ]  # fmt: skip


def test_nine_frames_from_onset_to_apex(tmp_path):
    files(tmp_path)
    frames, numbers = mtmnet.read_frames(mtmnet.choose_clips(CLIPS)[0], tmp_path)
    assert frames.shape == (9, 288, 288, 1) and frames[:, 0, 0, 0].tolist() == list(range(2, 19, 2))
    assert numbers.tolist() == list(range(102, 119, 2))


def test_licensed_faces_are_hidden(tmp_path):
    files(tmp_path)
    rendered, hidden = tmp_path / "rendered.png", tmp_path / "hidden.png"
    mtmnet.fig1(rendered, CLIPS, tmp_path, show_licensed=False)
    mtmnet.fig1(hidden, [replace(clip, origin="licensed") for clip in CLIPS], tmp_path, show_licensed=False)
    assert hidden.stat().st_size < rendered.stat().st_size
