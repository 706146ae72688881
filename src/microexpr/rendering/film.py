"""Write long videos of rendered people and what happens in them: one with a table, or many in the layout of a data set.

`write_own` films people as a laboratory does: a folder for each, its videos, and what two coders who err would mark."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field

from facs_faces import camera
from facs_faces.display import notation
from facs_faces.face import Face
from facs_faces.performance import DIFFICULTIES, Performance, Performer
from facs_faces.take import Event, Params, perform, sample_events
from microexpr.coding import elan
from microexpr.core import store
from microexpr.core.clip import LongVideo
from microexpr.core.errors import ParamsError
from microexpr.core.files import visible
from microexpr.core.seeds import generator
from microexpr.rendering.coder import noticed
from microexpr.rendering.corpus import Scene, render_frames, write_video
from microexpr.rendering.layouts import LONG_NATIVES
from microexpr.rendering.long_videos import LongCorpus, plan_videos
from microexpr.rendering.recording import recorder

Progress = Callable[[int, int], None]  # done and in all
SUFFIXES = (".avi", ".mp4")
COLUMNS = ("kind", "emotion", "action_units", "onset", "apex", "offset", "fps", "origin")  # frames from 0
CODERS = "_coders"  # folder of what they mark, which is no part of the data set
SIMILAR = {  # emotions that coders confuse
    "happiness": "contempt", "disgust": "anger", "repression": "others", "surprise": "fear", "sadness": "disgust",
    "fear": "surprise", "anger": "disgust", "contempt": "happiness",
}  # fmt: skip


class People(BaseModel, frozen=True, extra="forbid"):
    """How many are filmed."""

    subjects: int = Field(ge=1, le=200, description="subjects")
    videos: int = Field(1, ge=1, le=60, description="videos of each subject")


@dataclass(frozen=True, slots=True)
class Habits:
    """How a coder errs."""

    name: str
    late: float  # seconds after the onset, on average, and as much before the offset
    scatter: float  # seconds, standard deviation of each time
    faint: float  # FACS intensity that is missed half of the time
    confused: float  # share of emotions that are taken for a similar one
    missed_units: float  # share of action units, but the strongest
    invented: float  # events a minute that are none


CODERS_HABITS = (Habits("anna", 0.02, 0.015, 0.25, 0.1, 0.15, 0.2), Habits("ben", 0.045, 0.025, 0.4, 0.2, 0.3, 0.5))


def write(path: Path, params: Params, seed: int, progress: Progress = lambda done, total: None) -> Path:
    """Write the video, then the ground truth as a CSV of the same name; return the path of the CSV. Raises ParamsError
    for another suffix than .avi or .mp4 and for events that do not fit, StoreError if the disk is full."""
    if path.suffix.lower() not in SUFFIXES:
        raise ParamsError(f"{path}: must end in {' or '.join(SUFFIXES)}")
    events, _ = film_take(path, params, seed, ("film",), ("film",), progress)
    truth = path.with_suffix(".csv")
    fields = {"fps": params.fps, "origin": "generated"}
    # an event that is no expression has no emotion and no units
    rows = [asdict(e) | fields | {"action_units": notation(e.weights) if e.emotion else ""} for e in events]
    store.write_csv(truth, COLUMNS, [{column: row[column] for column in COLUMNS} for row in rows])
    return truth


def film_take(
    path: Path, params: Params, seed: int, subject: tuple[str, ...], take: tuple[str, ...],
    progress: Progress = lambda done, total: None,
) -> tuple[list[Event], Performance]:  # fmt: skip
    """Sample a take, render it before a wall into a video, and return what happens in it. `subject` and `take` are the
    keys of random streams: takes of one subject share face and wall."""
    performer = Performer.sample(generator(seed, *subject, "performer"))
    events = sample_events(params, generator(seed, *take, "events"))
    performance = perform(performer, events, params, generator(seed, *take, "performance"))
    size, difficulty, count = (params.width, params.height), DIFFICULTIES[params.difficulty], len(performance.pose)
    face, wall = Face(performer.face_seed), camera.wall(size, generator(seed, *subject, "wall"))
    rng = generator(seed, *take, "camera")
    frames = render_frames(face, performer, performance, range(count), wall, difficulty.noise, rng)
    with recorder(path.suffix.lower(), False, difficulty.quality, params.fps) as record:
        for done, (image, _) in enumerate(frames, 1):
            record(path, image)
            progress(done, count)
    return events, performance


def write_data_set(
    root: Path, dataset: str, size: LongCorpus, scene: Scene, seed: int, progress: Progress = lambda done, total: None
) -> list[LongVideo]:
    """Write long videos in a data set's native layout, its workbooks, and truths below `truth`; return them. Raises
    ParamsError for a folder that holds something or events that do not fit, StoreError if the disk is full."""
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


def write_own(
    root: Path, people: People, params: Params, seed: int, progress: Progress = lambda done, total: None
) -> list[Path]:
    """Write s01/take1.mp4 and its .eaf, and those of each coder below `_coders`; return the videos. Raises ParamsError
    for a folder that holds something and for events that do not fit, StoreError if the disk is full."""
    check_new(root)
    paths = list[Path]()
    names = [(f"s{s:02}", f"take{v}") for s in range(1, people.subjects + 1) for v in range(1, people.videos + 1)]
    for done, (subject, name) in enumerate(names, 1):
        key = f"{subject}/{name}"
        paths.append(root / subject / f"{name}.mp4")
        events, performance = film_take(paths[-1], params, seed, ("own", subject), ("own", key))
        store.write_text(paths[-1].with_suffix(".eaf"), _document(events, params.fps, paths[-1].name))
        for habits in CODERS_HABITS:
            marked = coded(events, performance, params.fps, habits, generator(seed, "own", key, habits.name))
            media = f"../../../{subject}/{paths[-1].name}"
            text = _document(marked, params.fps, media, habits.name)
            store.write_text(root / CODERS / habits.name / subject / f"{name}.eaf", text)
        progress(done, len(names))
    return paths


def coded(
    events: Sequence[Event], performance: Performance, fps: float, habits: Habits, rng: np.random.Generator
) -> list[Event]:
    """Return the events as a coder marks them: late, without faint ones, with confused emotions, in order of time."""
    frames, marked = len(performance.pose), list[Event]()
    for event in events:
        shift = habits.scatter * fps * rng.standard_normal(3) + habits.late * fps * np.array([1, 0, -1])
        chance, similar, unit_rng = rng.random(), rng.random() < habits.confused, rng.spawn(1)[0]
        if event.kind not in ("micro", "macro"):
            marked.append(event)
            continue
        strength = float(performance.expression[event.apex].max())
        if event.kind == "micro" and chance < 1 / (1 + max(strength, 1e-3) ** 2 / habits.faint**2):
            continue
        times = event.onset, event.apex, event.offset
        onset, apex, offset = (round(time + by) for time, by in zip(times, shift, strict=True))
        onset, offset = max(0, min(onset, event.apex - 1)), min(frames - 1, max(offset, event.apex + 1))
        emotion = SIMILAR.get(event.emotion, event.emotion) if similar else event.emotion
        weights = noticed(event.weights, habits.missed_units, unit_rng)
        apex = min(max(apex, onset), offset)
        marked.append(replace(event, onset=onset, apex=apex, offset=offset, emotion=emotion, weights=weights))
    for _ in range(rng.poisson(habits.invented * frames / fps / 60)):
        onset, length = int(rng.integers(max(1, frames - round(0.5 * fps)))), round(rng.uniform(0.2, 0.45) * fps)
        invented = Event("micro", "others", {"AU4L": 1.0, "AU4R": 1.0}, onset, onset + length // 2, onset + length)
        if all(e.offset < invented.onset or invented.offset < e.onset for e in marked if e.kind != "blink"):
            marked.append(invented)
    return sorted(marked, key=lambda event: event.onset)


def _document(events: Sequence[Event], fps: float, media: str, annotator: str = "") -> str:
    """Return events as ELAN has them."""

    def milliseconds(frame: int) -> int:
        return round(1000 * frame / fps)

    marks = list[elan.Mark]()
    for event in events:
        mark = elan.Mark(event.kind, milliseconds(event.onset), milliseconds(event.offset + 1))
        if event.emotion:
            apex, units = (milliseconds(event.apex), milliseconds(event.apex + 1)), notation(event.weights)
            mark = mark._replace(apex=apex[0], apex_stop=apex[1], emotion=event.emotion, action_units=units)
        marks.append(mark)
    return elan.text(marks, media, annotator)
