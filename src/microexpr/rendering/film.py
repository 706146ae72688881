"""Write a long video of a rendered person, and a table of the expressions and blinks in it."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import LongVideo
from microexpr.core.errors import ParamsError
from microexpr.core.files import visible
from microexpr.core.seeds import generator
from microexpr.rendering import camera
from microexpr.rendering.corpus import Scene, render_frames, write_video
from microexpr.rendering.display import notation
from microexpr.rendering.face import Face
from microexpr.rendering.layouts import LONG_NATIVES
from microexpr.rendering.long_videos import LongCorpus, plan_videos
from microexpr.rendering.performance import DIFFICULTIES, Performance, Performer
from microexpr.rendering.recording import recorder
from microexpr.rendering.take import Params, perform, sample_events

Progress = Callable[[int, int], None]  # done and in all
SUFFIXES = (".avi", ".mp4")
COLUMNS = ("kind", "emotion", "action_units", "onset", "apex", "offset", "fps", "origin")  # frames from 0


def write(path: Path, params: Params, seed: int, progress: Progress = lambda done, total: None) -> Path:
    """Write the video, then the ground truth as a CSV of the same name; return the path of the CSV.

    Raises ParamsError for another suffix than .avi or .mp4 and for events that do not fit, StoreError if the disk is
    full."""
    if path.suffix.lower() not in SUFFIXES:
        raise ParamsError(f"{path}: must end in {' or '.join(SUFFIXES)}")
    performer = Performer.sample(generator(seed, "film", "performer"))
    events = sample_events(params, generator(seed, "film", "events"))
    performance = perform(performer, events, params, generator(seed, "film", "performance"))
    walls, cameras = generator(seed, "film", "wall"), generator(seed, "film", "camera")
    record_performance(path, performer, performance, params, walls, cameras, progress)
    truth = path.with_suffix(".csv")
    fields = {"fps": params.fps, "origin": "generated"}
    # an event that is no expression has no emotion and no units
    rows = [asdict(e) | fields | {"action_units": notation(e.weights) if e.emotion else ""} for e in events]
    store.write_csv(truth, COLUMNS, [{column: row[column] for column in COLUMNS} for row in rows])
    return truth


def record_performance(
    path: Path,
    performer: Performer,
    performance: Performance,
    params: Params,
    walls: np.random.Generator,
    cameras: np.random.Generator,
    progress: Progress = lambda done, total: None,
) -> None:
    """Render a performance before a wall into a video."""
    size, difficulty, count = (params.width, params.height), DIFFICULTIES[params.difficulty], len(performance.pose)
    face, background = Face(performer.face_seed), camera.wall(size, walls)
    frames = render_frames(face, performer, performance, range(count), background, difficulty.noise, cameras)
    with recorder(path.suffix.lower(), False, difficulty.quality, params.fps) as record:
        for done, (image, _) in enumerate(frames, 1):
            record(path, image)
            progress(done, count)


def write_data_set(
    root: Path, dataset: str, size: LongCorpus, scene: Scene, seed: int, progress: Progress = lambda done, total: None
) -> list[LongVideo]:
    """Write long videos in the native layout of a data set, its workbooks, and truths below `truth`; return them.

    Raises ParamsError for a folder that holds something and for events that do not fit, StoreError if the disk is
    full."""
    check_new(root)
    native = LONG_NATIVES[dataset]
    plan = plan_videos(native, size, size.seconds, scene.difficulty, seed)
    for done, planned in enumerate(plan, 1):
        clip = planned.video.clip
        write_video(planned, scene, seed, root, root / f"truth/{clip.subject}_{clip.name}.h5")
        progress(done, len(plan))
    videos = [planned.video for planned in plan]
    for file, annotate in native.annotations.items():
        annotate(root / file, videos)
    return videos


def check_new(root: Path) -> None:
    """Raise ParamsError for a folder that holds something."""
    if root.exists() and (not root.is_dir() or visible(root)):
        raise ParamsError(f"{root}: must be a new or an empty folder; delete what an interrupted `film` has left")
