"""The movement that a photograph gets: action units of a shipped sample, a video, or a clip of a run.

Reads video and, through the store, stage files.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.apps.reenact import Components, samples, source
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, StoreError, remedy
from microexpr.signals import aus, spotting
from microexpr.signals.aus import regressor
from microexpr.signals.aus.filters import smooth

LONGEST = 10.0  # seconds of a video
NO_RESTING_AUS = np.zeros((len(aus.ACTION_UNITS), 2), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class DrivingCurves:
    """Action units through K frames, the first of which is at rest."""

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


def read_sample(label: str) -> DrivingCurves:
    """Return the shipped sample of a class, one of `core.clip.LABELS`."""
    changes, fps = samples.read(label)
    description = f"sample {label} (generated: action units that the renderer performs)"
    return DrivingCurves(label, "generated", description, changes, fps)


def read_clip(clip: Clip, results: Path) -> DrivingCurves:
    """Return the movement of a clip of a run, from onset to offset. Raises StoreError if its stages have not run."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in source.STAGES}
    if missing := [str(path) for path in files.values() if not path.is_file()]:
        raise StoreError(f"{missing[0]}: is not there{remedy(missing[0])}")
    driving = source.read(clip, files)
    params = driving.params
    changes = driving.movement.target_aus(NO_RESTING_AUS, 0.0, Components(), params.half_window)
    description = f"{clip.id} ({clip.origin}), action units by {params.backend}"
    return DrivingCurves(clip.id, clip.origin, description, changes, float(clip.fps), clip)


def read_video(path: Path, fps: float | None) -> DrivingCurves:
    """Return the movement of the largest face in a video or folder of frames, since that face's resting state.

    A frame at rest is put before the first. `fps` is as for `footage.open_footage`, whose errors are raised, and
    DataError if the video is longer than `LONGEST`."""
    from microexpr.apps.predict import footage, read_curves, silent, track_face
    from microexpr.datasets import video

    take = footage.open_footage(path, fps)
    if take.frames > LONGEST * take.fps:
        seconds = take.frames / take.fps
        raise DataError(f"{path}: must last at most {LONGEST:g} s, not {seconds:.1f}; cut out the expression")
    curves = read_curves(take, track_face(take, silent, video.Timing()), regressor.load(), silent)
    rate = take.fps / curves.step
    since_rest = spotting.compute_signal(curves.intensity, curves.gaze, rate, spotting.Params()).change
    changes = smooth(since_rest, rate, aus.Params().half_window)
    changes = np.concatenate([np.zeros_like(changes[:1]), np.clip(changes, 0, aus.LARGEST)]).astype(np.float32)
    origin = "generated" if take.generated else "licensed"
    kind = "generated" if take.generated else "not marked as generated"
    return DrivingCurves(path.name, origin, f"{path} ({kind}), action units by the shipped reader", changes, rate)
