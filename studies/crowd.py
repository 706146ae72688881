"""A crowd at one difficulty: people who show every emotion once, strongly, as CK+ has them. Judges no figure.

Of each clip the onset and the apex are rendered, and no frame between: what networks of pairs of images see.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.rendering import corpus, plan
from microexpr.rendering.face import Face
from microexpr.rendering.layout import PlannedClip
from microexpr.rendering.performance import Performance
from microexpr.signals import faces

SCENE = corpus.Scene("standard", 640, 480)
EMOTIONS = 7


def generated(root: Path, people: int, seed: int) -> list[Clip]:
    """Their clips; writes the faces and apex stages' files of those that are not there yet."""
    params = plan.Params(max_frames=45, ckplus=plan.Corpus(subjects=people, clips=EMOTIONS))
    planned = plan.plan_clips("ckplus", params, seed)
    cv2.setNumThreads(1)
    for subject in sorted({one.clip.subject for one in planned}):
        _person(root, [one for one in planned if one.clip.subject == subject], seed)
    return [one.clip for one in planned]


def _person(root: Path, planned: list[PlannedClip], seed: int) -> None:
    seen, located = (root / f"results/{stage}/ckplus/{planned[0].clip.subject}.h5" for stage in ("faces", "apex"))
    clips = [replace(one.clip, frames=2) for one in planned]
    if not located.exists():
        face = Face(corpus.performer_of(planned[0].clip, seed).face_seed)
        with store.subject_file(seen, "faces", clips) as file:
            for one in planned:
                found = faces.track(partial(_pair, face, one, seed), faces.Params(), one.clip.id)
                file.group(one.clip.name).put_all(frame=np.array([one.onset, one.apex]), **found.arrays())
        with store.subject_file(located, "apex", clips) as file:
            for one in planned:
                file.group(one.clip.name).put_all(onset=one.onset, apex=one.apex, offset=one.offset)


def _pair(face: Face, one: PlannedClip, seed: int) -> list[np.ndarray]:
    """Onset and apex, grey as CK+ is, uint8[480, 640]."""
    performer = corpus.performer_of(one.clip, seed)
    played = corpus.play(one, performer, SCENE, seed)
    at = [one.onset - one.clip.first, one.apex - one.clip.first]
    pair = Performance(*(getattr(played, name)[at] for name in Performance.__slots__))
    shot = corpus.film(face, performer, pair, SCENE, one, seed)
    return [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture, _ in shot]
