"""Render a crowd at one difficulty: subjects who show every emotion once, strongly, as in CK+. Judges no figure.

Only onset and apex of each clip are rendered, for networks that read pairs of images.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.seeds import generator
from microexpr.rendering import corpus, plan
from microexpr.rendering.face import Face
from microexpr.rendering.layout import PlannedClip
from microexpr.rendering.performance import DIFFICULTIES
from microexpr.rendering.shot import render_frames
from microexpr.signals import faces

SCENE = corpus.Scene("standard", 640, 480)
EMOTIONS = 7


def render_crowd(root: Path, subjects: int, seed: int) -> list[Clip]:
    """Return the clips of a crowd; write the faces and apex stages' files that are not there yet."""
    params = plan.Params(max_frames=45, ckplus=plan.Corpus(subjects=subjects, clips=EMOTIONS))
    planned = plan.plan_clips("ckplus", params, seed)
    for subject in sorted({item.clip.subject for item in planned}):
        _write_subject(root, [item for item in planned if item.clip.subject == subject], seed)
    return [item.clip for item in planned]


def _write_subject(root: Path, planned: list[PlannedClip], seed: int) -> None:
    faces_path, apex_path = (
        root / f"results/{stage}/ckplus/{planned[0].clip.subject}.h5" for stage in ("faces", "apex")
    )
    clips = [replace(item.clip, frames=2) for item in planned]
    if not apex_path.exists():
        face = Face(corpus.performer_of(planned[0].clip, seed).face_seed)
        with store.subject_file(faces_path, "faces", clips) as file:
            for item in planned:
                track = faces.track(partial(_render_pair, face, item, seed), faces.Params(), item.clip.id)
                file.group(item.clip.name).put_all(frame=np.array([item.onset, item.apex]), **track.arrays())
        with store.subject_file(apex_path, "apex", clips) as file:
            for item in planned:
                file.group(item.clip.name).put_all(onset=item.onset, apex=item.apex, offset=item.offset)


def _render_pair(face: Face, planned: PlannedClip, seed: int) -> list[np.ndarray]:
    """Return onset and apex, grey as in CK+, uint8[480, 640] each."""
    clip = planned.clip
    performer = corpus.performer_of(clip, seed)
    performance = corpus.play(planned, performer, SCENE, seed)
    positions = [planned.onset - clip.first, planned.apex - clip.first]
    wall, noise = corpus.background(clip, SCENE, seed), DIFFICULTIES[SCENE.difficulty].noise
    frames = render_frames(face, performer, performance, positions, wall, noise, generator(seed, "crowd", clip.id))
    return [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image, _ in frames]
