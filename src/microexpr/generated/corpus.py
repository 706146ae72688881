"""Renders what the plan says: one person's clips as native frames, and the truth about them. Draws no labels."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from microexpr import store
from microexpr.errors import StoreError
from microexpr.generated.camera import expose
from microexpr.generated.display import ACTION_UNITS
from microexpr.generated.face import Face
from microexpr.generated.performer import DIALS, Performance, Performer, perform
from microexpr.generated.plan import Planned
from microexpr.seeds import generator

GREY = ("samm",)  # corpora filmed in grey
JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class Scene:
    """What all clips of a corpus share."""

    difficulty: str
    width: int
    height: int


def write_person(plan: list[Planned], scene: Scene, seed: int, root: str | Path, truth: str | Path) -> None:
    """All frames of one person under their native names below `root`, then the truth file.

    Raises StoreError when the disk is full."""
    first = plan[0].clip
    performer = Performer.drawn(generator(seed, "generate", first.dataset, first.subject, "performer"))
    face = Face(performer.face_seed)
    with store.subject_file(truth, "truth", [one.clip for one in plan], generate=asdict(scene)) as file:
        for one in plan:
            played = play(one, performer, scene, seed)
            landmarks = []
            for number, (picture, points) in enumerate(film(face, performer, played, scene, one, seed), one.clip.first):
                _write(Path(root) / one.path(number), picture, grey=first.dataset in GREY)
                landmarks.append(points)
            file.group(one.clip.name).put_all(
                frame=np.arange(one.clip.first, one.clip.last + 1),
                au_names=ACTION_UNITS,
                au_intensity=with_both_sides(played.action_units),
                landmarks=np.stack(landmarks),
                pose=played.pose,
                onset=one.clip.onset,
                apex=one.apex,
                offset=one.clip.offset,
            )
            print(f"{one.clip.id}: {one.clip.frames} frames", file=sys.stderr)


def play(one: Planned, performer: Performer, scene: Scene, seed: int) -> Performance:
    """The course of one clip's action units, pose and exposure."""
    clip = one.clip
    events = (clip.onset - clip.first, one.apex - clip.first, clip.offset - clip.first)
    rng = generator(seed, "generate", clip.id, "performance")
    return perform(performer, one.weights, *events, clip.frames, clip.fps, DIALS[scene.difficulty], rng)


def film(
    face: Face, performer: Performer, played: Performance, scene: Scene, one: Planned, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each frame as RGB uint8[H, W, 3] with its 68 landmarks float32[68, 2] in pixels."""
    rng = generator(seed, "generate", one.clip.id, "camera")
    noise = DIALS[scene.difficulty].noise
    for units, pose, shift, gain in zip(played.action_units, played.pose, played.shift, played.exposure, strict=True):
        seen = face.render(
            units, pose=pose, shift=shift, light=performer.light, size=(scene.width, scene.height), zoom=performer.zoom
        )
        yield expose(seen.image, rng, noise, float(gain)), seen.landmarks


def with_both_sides(action_units: np.ndarray) -> np.ndarray:
    """[T, A, 2] of left and right with their mean as third: [T, A, 3]."""
    return np.concatenate([action_units, action_units.mean(-1, keepdims=True)], -1)


def _write(path: Path, picture: np.ndarray, grey: bool) -> None:
    pixels = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY if grey else cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(path.suffix, pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise StoreError(f"{path}: OpenCV cannot write such a picture")
    with store.atomic(path) as part:
        part.write_bytes(data.tobytes())
