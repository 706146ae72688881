"""The movement that a photograph gets: a display of the renderer, a video, or a clip of a run.

No person moved like a display. Reads video and, through the store, stage files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facs_faces import display
from facs_faces.performance import DIFFICULTIES, envelope
from microexpr.apps import driving_name
from microexpr.apps.reenact import source
from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import DataError, ParamsError, StoreError, nearest, remedy
from microexpr.datasets import index
from microexpr.signals import aus
from microexpr.signals.aus import coded, regressor

LONGEST = 3.0  # seconds of a video that is taken as a whole
EXPRESSIONS = ("micro", "macro")  # kinds of spotted intervals
NO_RESTING_AUS = np.zeros((len(aus.ACTION_UNITS), 2), np.float32)
EMOTIONS = dict(zip(LABELS, ("disgust", "happiness", "surprise"), strict=True))
FPS, SAMPLE_APEX, SAMPLE_OFFSET = 100, 20, 40  # frames a second; positions of the apex and the offset, the onset's is 0
STRENGTH = DIFFICULTIES["standard"].high  # of the expression, as a share of a full display
DECIMALS = 3  # of a sample's intensities


@dataclass(frozen=True, slots=True, eq=False)
class DrivingCurves:
    """Action units through K frames; the first frame is at rest."""

    name: str
    origin: str  # generated or licensed
    description: str
    changes: np.ndarray  # float32[K, 17, 2] in 0..5: since the face at rest, left and right; 0 in the first frame
    fps: float
    clip: Clip | None = None  # of a run

    @property
    def apex(self) -> int:
        """The frame with the largest change."""
        return int(np.abs(self.changes).sum((1, 2)).argmax())

    def target_aus(self, strength: float) -> np.ndarray:
        """Return float32[K, 17, 2]: the changes times `strength`, at most 5."""
        return np.clip(strength * self.changes, 0, aus.LARGEST).astype(np.float32)


def read(name: str, fps: float | None, results: Path) -> DrivingCurves:
    """Return the movement that a name stands for; see `driving_name.kind`. Raises the errors of those below."""
    kind = driving_name.kind(name)
    if kind == "sample":
        return read_sample(name)
    if kind == "emotion":
        emotion, _, style = name.partition(":")
        return read_emotion(emotion, int(style))
    return read_video(Path(name), fps) if kind == "video" else read_clip(index.find(name, results), results)


def read_sample(label: str) -> DrivingCurves:
    """Return the sample of a class, one of `core.clip.LABELS`: the most frequent display of its emotion, equal on both
    sides."""
    (chosen, *_) = _displays(EMOTIONS[label])
    description = f"sample {label} (generated: action units that the renderer performs)"
    changes = _changes(chosen.action_units, [0, 1], DECIMALS)
    return DrivingCurves(label, "generated", description, changes, float(FPS))


def read_emotion(emotion: str, style: int) -> DrivingCurves:
    """Return a display of an emotion as the renderer performs it.

    `style` counts the renderer's displays of it from 1, the most frequent first; a one-sided display is of the left.
    Raises ParamsError if there are fewer, or for another emotion."""
    if emotion not in display.EXPRESSIVE:
        names = display.EXPRESSIVE
        raise ParamsError(f"--emotion must be one of {', '.join(names)}, not {emotion}{nearest(emotion, names)}")
    displays = _displays(emotion)
    if not 1 <= style <= len(displays):
        raise ParamsError(f"--style of {emotion} must be 1 to {len(displays)}, not {style}")
    chosen = displays[style - 1]
    units = ", ".join(chosen.action_units) + " of the left side" * chosen.unilateral
    changes = _changes(chosen.action_units, [0] if chosen.unilateral else [0, 1])
    description = f"{emotion}, style {style} (generated: {units}, as the renderer performs them)"
    return DrivingCurves(f"{emotion}_{style}", "generated", description, changes, float(FPS))


def read_clip(clip: Clip, results: Path) -> DrivingCurves:
    """Return the movement of a clip of a run, from onset to offset. Raises StoreError if its stages have not run."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in source.STAGES}
    if missing := [str(path) for path in files.values() if not path.is_file()]:
        raise StoreError(f"{missing[0]}: is not there{remedy(missing[0])}")
    driving = source.read(clip, files)
    changes = driving.target_aus(NO_RESTING_AUS, 0.0)
    description = f"{clip.id} ({clip.origin}), action units by {driving.params.backend}"
    return DrivingCurves(clip.id, clip.origin, description, changes, float(clip.fps), clip)


def read_video(path: Path, fps: float | None) -> DrivingCurves:
    """Return the most distinct expression of the largest face in a video or folder of frames, since its resting state.

    Units that do not exceed their noise in it stay at rest, and a frame at rest is put before its onset. Where nothing
    is spotted, a short video is taken as a whole. `fps` is as for `videos.Scan`. Raises the errors of `Scan`, and
    DataError if nothing is spotted in a longer one."""
    from microexpr.apps.predict import spot
    from microexpr.videos import Scan

    spotted = spot(Scan(path, fps), regressor.load())
    video, signal, curves = spotted.video, spotted.signal, spotted.curves
    expressions = [interval for interval in spotted.intervals if interval.kind in EXPRESSIONS]
    if expressions:
        interval = max(expressions, key=lambda interval: max(interval.action_units.values(), default=0))
        is_moving = np.array([[f"{unit}{side}" in interval.action_units for side in "LR"] for unit in aus.ACTION_UNITS])
        first, last = np.searchsorted(curves.numbers, (interval.onset, interval.offset)).tolist()
        part = f"{interval.kind}-expression"
    elif video.end <= LONGEST:
        is_moving, first, last, part = np.ones((len(aus.ACTION_UNITS), 2), bool), 0, len(signal.change) - 1, "all"
    else:
        nor = f"none is likely, nor is it short enough ({LONGEST:g} s) to be taken as a whole"
        raise DataError(f"{path}: must show an expression; {nor}")
    changes = np.clip(is_moving * signal.change[first : last + 1], 0, aus.LARGEST)
    changes = np.concatenate([np.zeros_like(changes[:1]), changes]).astype(np.float32)
    times = video.seconds[curves.numbers[[first, last]]]
    kind = "generated" if video.generated else "not marked as generated"
    description = f"{path} ({kind}), {part} from {times[0]:.2f} to {times[1]:.2f} s, action units by the shipped reader"
    return DrivingCurves(path.name, "generated" if video.generated else "licensed", description, changes, curves.fps)


def _displays(emotion: str) -> list[display.Display]:
    """Return the renderer's displays of an emotion, the most frequent first."""
    return [each for _, each in sorted(display.DISPLAYS[emotion], key=lambda item: -item[0])]


def _changes(units: Mapping[str, float], sides: list[int], decimals: int | None = None) -> np.ndarray:
    """Return the changes float32[K, 17, 2] since the onset, frame by frame to the offset, in FACS intensity. `units`
    are weights of 0..1; the course and the gain of each unit are those of a performer of mean gains."""
    heights = np.zeros((len(display.ACTION_UNITS), len(display.SIDES)))
    for unit, weight in units.items():
        heights[display.ACTION_UNITS.index(unit), sides] = display.FULL * STRENGTH * weight * display.GAIN[unit]
    changes = envelope(0, SAMPLE_APEX, SAMPLE_OFFSET, SAMPLE_OFFSET + 1, FPS)[:, None, None] * heights
    if decimals is not None:
        changes = np.vectorize(round)(changes, decimals)  # ties as Python breaks them
    return coded(changes.astype(np.float32), display.ACTION_UNITS)
