"""Render the clips of a plan: one subject's frames in native files, and a file with their ground truth."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from facs_faces import camera, take
from facs_faces.display import ACTION_UNITS
from facs_faces.face import Face
from facs_faces.identity import digest
from facs_faces.performance import DIFFICULTIES, Difficulty, Performance, Performer, perform, vary_performer
from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.seeds import generator
from microexpr.rendering.layout import PlannedClip
from microexpr.rendering.layouts import LONG_NATIVES, NATIVES
from microexpr.rendering.long_videos import PlannedVideo
from microexpr.rendering.recording import recorder

logger = logging.getLogger(__name__)

PICTURE_FPS = 25  # a single picture has no rate, but its performance needs one


def prepare() -> None:
    """Fill the caches that all faces share: the head's mesh and maps, and compiled functions."""
    Face(0).render({})


@dataclass(frozen=True, slots=True)
class Scene:
    """The settings that all clips of a corpus share."""

    difficulty: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A performance before a camera, which becomes the frames of one clip."""

    clip: Clip
    face: Face
    performer: Performer
    performance: Performance
    wall: np.ndarray  # uint8[H, W, 3] behind the head: a wall, or the backdrop of a single picture
    grey: bool


def render_frames(
    face: Face, performer: Performer, performance: Performance, indices: Iterable[int], background: np.ndarray,
    noise: float, rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Yield these frames of the performance, RGB uint8[H, W, 3] each, with their landmarks float32[68, 2] in pixels.
    `background` uint8[H, W, 3] is the image behind the head; it has the size of the frames."""
    size = background.shape[1], background.shape[0]
    for i in indices:
        rendered = face.render(
            performance.action_units[i], performance.pose[i], performance.shift[i], performer.light, size,
            performer.zoom, performance.gaze[i], background,
        )  # fmt: skip
        yield camera.expose(rendered.image, rng, noise, float(performance.exposure[i])), rendered.landmarks


def film(
    shot: Shot, difficulty: Difficulty, seed: int, root: Path, path: Callable[[int], PurePosixPath]
) -> dict[str, Any]:
    """Write the frames of a shot below `root`, each to the path of its number. Return frame numbers, action units,
    landmarks float32[T, 68, 2], pose and gaze for the file of ground truth."""
    clip, performance, landmarks = shot.clip, shot.performance, []
    rng, indices = generator(seed, "generate", clip.id, "camera"), range(len(performance.pose))
    with recorder(path(clip.first).suffix, shot.grey, difficulty.quality, clip.fps) as record:
        frames = render_frames(shot.face, shot.performer, performance, indices, shot.wall, difficulty.noise, rng)
        for number, (image, points) in enumerate(frames, clip.first):
            record(root / path(number), image)
            landmarks.append(points)
    return {
        "frame": np.arange(clip.first, clip.last + 1),
        "action_unit": ACTION_UNITS,
        "au_intensity": with_both_sides(performance.action_units),
        "landmarks": np.stack(landmarks),
        "pose": performance.pose,
        "gaze": performance.gaze,
    }


def write_person(plan: list[PlannedClip], scene: Scene, seed: int, root: str | Path, truth: str | Path) -> None:
    """Write all frames of one subject under their native names below `root`, then the ground truth to `truth`. Raises
    StoreError if the disk is full."""
    face = Face(face_seed := performer_of(plan[0].clip, seed).face_seed)
    native, difficulty = NATIVES[plan[0].clip.dataset], DIFFICULTIES[scene.difficulty]
    size = scene.width, scene.height
    with store.subject_file(truth, "truth", [planned.clip for planned in plan], generate=asdict(scene)) as file:
        file.describe(identity=digest(face_seed, face.traits))
        for planned in plan:
            clip = planned.clip
            performer = performer_of(clip, seed)
            if native.timing == "picture":  # each has a separate background
                background = camera.backdrop(size, generator(seed, "generate", clip.id, "backdrop"))
            else:
                background = _wall(clip.dataset, size, seed)
            shot = Shot(clip, face, performer, play(planned, performer, scene, seed), background, native.grey)
            recorded = film(shot, difficulty, seed, Path(root), planned.path)
            for path, text in native.clip_files(planned).items():
                store.write_text(Path(root) / path, text)
            events = {"onset": planned.onset, "apex": planned.apex, "offset": planned.offset}
            file.group(clip.name).put_all(**recorded, **events)
            logger.info("%s: %d frames", clip.id, clip.frames)


def write_video(planned: PlannedVideo, scene: Scene, seed: int, root: str | Path, truth: str | Path) -> None:
    """Write all frames of one long video under their native names below `root`, then the ground truth to `truth`.
    Raises StoreError if the disk is full."""
    clip = planned.video.clip
    performer = performer_of(clip, seed)
    face, difficulty = Face(performer.face_seed), DIFFICULTIES[scene.difficulty]
    params = take.Params.model_construct(seconds=planned.seconds, fps=clip.fps, difficulty=scene.difficulty)
    performance = take.perform(performer, planned.events, params, generator(seed, "generate", clip.id, "performance"))
    wall = _wall(clip.dataset, (scene.width, scene.height), seed)
    shot = Shot(clip, face, performer, performance, wall, LONG_NATIVES[clip.dataset].grey)
    with store.subject_file(truth, "truth", [clip], generate=asdict(scene)) as file:
        file.describe(identity=digest(performer.face_seed, face.traits))
        recorded = film(shot, difficulty, seed, Path(root), planned.path)
        recorded["event"] = [event.kind for event in planned.events]
        for name in ("onset", "apex", "offset"):
            recorded[f"event_{name}"] = [clip.first + getattr(event, name) for event in planned.events]
        file.group(clip.name).put_all(**recorded)


def performer_of(clip: Clip, seed: int) -> Performer:
    """Return the performer of a planned clip, with the pose, light and size of this clip."""
    performer = Performer.sample(generator(seed, "generate", clip.dataset, clip.subject, "performer"))
    if clip.dataset in LONG_NATIVES or NATIVES[clip.dataset].timing != "picture":
        return performer
    return vary_performer(performer, generator(seed, "generate", clip.id, "snapshot"))


def play(planned: PlannedClip, performer: Performer, scene: Scene, seed: int) -> Performance:
    """Return the performance of one clip, with the expression at its planned frames."""
    clip = planned.clip
    rng = generator(seed, "generate", clip.id, "performance")
    difficulty = DIFFICULTIES[scene.difficulty]
    if NATIVES[clip.dataset].acted and difficulty.high:  # strong at every difficulty except null
        difficulty = replace(difficulty, low=take.STRONG[0], high=take.STRONG[1])
    if clip.frames == 1:  # a single picture is the last frame of a rise
        performance = perform(performer, planned.weights, 0, 1, 1, 2, PICTURE_FPS, difficulty, rng)
        return Performance(*(getattr(performance, name)[1:] for name in Performance.__slots__))
    events = (planned.onset - clip.first, planned.apex - clip.first, planned.offset - clip.first)
    return perform(performer, planned.weights, *events, clip.frames, clip.fps, difficulty, rng)


@cache
def _wall(dataset: str, size: tuple[int, int], seed: int) -> np.ndarray:
    return camera.wall(size, generator(seed, "generate", dataset, "wall"))


def with_both_sides(action_units: np.ndarray) -> np.ndarray:
    """Return [T, A, 3] of [T, A, 2]: left, right and their mean."""
    return np.concatenate([action_units, action_units.mean(-1, keepdims=True)], -1)
