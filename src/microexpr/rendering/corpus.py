"""Renders what the plan says: one person's clips as native frames, and the truth about them. Draws no labels."""

import sys
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.seeds import generator
from microexpr.rendering import snapshot, walls
from microexpr.rendering.display import ACTION_UNITS
from microexpr.rendering.face import Face
from microexpr.rendering.layout import Planned
from microexpr.rendering.layouts import NATIVES
from microexpr.rendering.performance import DIALS, Dial, Performance, Performer, perform
from microexpr.rendering.recording import recorder
from microexpr.rendering.shot import shot

PICTURE_FPS = 25  # a rate is needed where none is seen


@dataclass(frozen=True, slots=True)
class Scene:
    """What all clips of a corpus share."""

    difficulty: str
    width: int
    height: int


def write_person(plan: list[Planned], scene: Scene, seed: int, root: str | Path, truth: str | Path) -> None:
    """All frames of one person under their native names below `root`, then the truth file.

    Raises StoreError when the disk is full."""
    face = Face(performer_of(plan[0].clip, seed).face_seed)
    native, dial = NATIVES[plan[0].clip.dataset], DIALS[scene.difficulty]
    with store.subject_file(truth, "truth", [one.clip for one in plan], generate=asdict(scene)) as file:
        for one in plan:
            performer = performer_of(one.clip, seed)
            played = play(one, performer, scene, seed)
            landmarks = []
            suffix = one.path(one.clip.first).suffix
            rng = generator(seed, "generate", one.clip.id, "camera")
            wall, moments = behind(one.clip, scene, seed), range(len(played.pose))
            with recorder(suffix, native.grey, dial.quality, one.clip.fps) as record:
                seen = shot(face, performer, played, moments, wall, dial.noise, rng)
                for number, (picture, points) in enumerate(seen, one.clip.first):
                    record(Path(root) / one.path(number), picture)
                    landmarks.append(points)
            for path, text in native.beside(one).items():
                store.write_text(Path(root) / path, text)
            file.group(one.clip.name).put_all(
                frame=np.arange(one.clip.first, one.clip.last + 1),
                au_names=ACTION_UNITS,
                au_intensity=with_both_sides(played.action_units),
                landmarks=np.stack(landmarks),
                pose=played.pose,
                gaze=played.gaze,
                onset=one.onset,
                apex=one.apex,
                offset=one.offset,
            )
            print(f"{one.clip.id}: {one.clip.frames} frames", file=sys.stderr)


def performer_of(clip: Clip, seed: int) -> Performer:
    """The person of a planned clip, as turned, lit and placed in it."""
    performer = Performer.drawn(generator(seed, "generate", clip.dataset, clip.subject, "performer"))
    if NATIVES[clip.dataset].timing != "picture":
        return performer
    return snapshot.taken(performer, generator(seed, "generate", clip.id, "snapshot"))


def play(one: Planned, performer: Performer, scene: Scene, seed: int) -> Performance:
    """The course of one clip's action units, pose and exposure."""
    clip = one.clip
    rng = generator(seed, "generate", clip.id, "performance")
    dial = dial_of(clip.dataset, scene.difficulty)
    if clip.frames == 1:  # a single picture is the last moment of a rise
        played = perform(performer, one.weights, 0, 1, 1, 2, PICTURE_FPS, dial, rng)
        return Performance(*(getattr(played, name)[1:] for name in Performance.__slots__))
    events = (one.onset - clip.first, one.apex - clip.first, one.offset - clip.first)
    return perform(performer, one.weights, *events, clip.frames, clip.fps, dial, rng)


def dial_of(dataset: str, difficulty: str) -> Dial:
    """How hard a data set is: acted expressions are strong at every difficulty but null."""
    dial, native = DIALS[difficulty], NATIVES[dataset]
    if native.intensity is None or not dial.high:
        return dial
    low, high = native.intensity
    return replace(dial, low=low, high=high)


def behind(clip: Clip, scene: Scene, seed: int) -> np.ndarray:
    """uint8[H, W, 3]: a picture's own surroundings; the wall before which a laboratory films everyone."""
    size = scene.width, scene.height
    if NATIVES[clip.dataset].timing == "picture":
        return snapshot.backdrop(size, generator(seed, "generate", clip.id, "backdrop"))
    return _wall(clip.dataset, size, seed)


@cache
def _wall(dataset: str, size: tuple[int, int], seed: int) -> np.ndarray:
    return walls.wall(size, generator(seed, "generate", dataset, "wall"))


def with_both_sides(action_units: np.ndarray) -> np.ndarray:
    """[T, A, 2] of left and right with their mean as third: [T, A, 3]."""
    return np.concatenate([action_units, action_units.mean(-1, keepdims=True)], -1)
