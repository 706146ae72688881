"""Limits of a prediction, in words: the subjects its models were fitted on, and how a video differs from those.

A video outside of the limits is predicted all the same, with a warning.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from microexpr.apps.predict.footage import Footage
from microexpr.core import store
from microexpr.datasets import video
from microexpr.signals.face_regions import eye_distance
from microexpr.signals.faces import FaceTrack
from microexpr.signals.spotting import Interval

SHORT_NOTICE = "a network's output, not what a person feels"
NOTICE = (
    "What a person feels cannot be read off a face with certainty; scores are a network's output, not findings.",
    "The EU's AI Act (Regulation 2024/1689) forbids inferring emotions at work and in education but for medical or "
    "safety reasons (Art. 5), holds other uses high-risk (Annex III) and asks that people be told (Art. 50); "
    "data protection and other countries' laws apply too.",
)
# A warning is due outside of these: the rates at which spotting was measured (docs/predict.md), and the range of the
# shipped models' training clips.
FPS_RANGE = (25.0, 250.0)
MIN_EYE_DISTANCE = 60.0  # pixels between the outer eye corners, half of the distance in the crop
MAX_HEAD_TURN = 12.0  # degrees, in yaw, pitch and roll
MIN_REST = 0.3  # seconds between two expressions; events of rendered videos are at least 0.5 apart
MIN_DETECTED = 0.98  # share of the frames


def describe_training(path: Path, fitted_on: Iterable[str]) -> str:
    """Describe a model's training in words: "240 generated subjects (population); UF1 0.85 on ... held out".

    `path` is the model's file, `fitted_on` its provenance: "<origin>/<data set>/<subject>/<clip>" of its clips.
    """
    subjects: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in fitted_on:
        origin, dataset, subject, _ = entry.split("/")
        subjects[origin, dataset].add(subject)
    counts = [f"{len(names)} {origin} subjects ({dataset})" for (origin, dataset), names in sorted(subjects.items())]
    metadata = store.read_metadata(path)
    errors = json.loads(metadata.get("errors", "{}"))
    figure = f"UF1 {errors['uf1']:.2f} on {metadata['held_out']} held out" if "uf1" in errors else ""
    calibration = json.loads(metadata.get("calibration_errors", "{}"))
    if calibration:
        figure += f", calibration error {calibration['calibration_error']:.2f} in {calibration['bins']:.0f} bins"
    return "; ".join([", ".join(counts), *filter(None, [figure])])


def differences_from_header(footage: Footage, timing: video.Timing) -> list[str]:
    """Return how a video's frames, once read, differ from its header, a line each; none for a folder."""
    lines = []
    if not footage.files and timing.frames < footage.frames:
        count = f"{timing.frames} of the {footage.frames} frames that the header says decode"
        lines.append(f"{count}; the rest, perhaps cut off, is not searched")
    if timing.unevenness:
        lines.append(f"{timing.unevenness} at {footage.fps:g} a second, so times are approximate")
    return lines


def repetition(interval: Interval, intervals: Iterable[Interval], fps: float) -> tuple[str, ...]:
    """Return in words that another expression is nearly next to one, as in speech; () if the face rests between."""
    others = [other for other in intervals if other != interval and other.kind in ("micro", "macro")]
    rest = min((max(o.onset - interval.offset, interval.onset - o.offset) / fps for o in others), default=MIN_REST)
    return (
        () if rest >= MIN_REST else (f"rest next to another expression {max(rest, 0):.2f} s, not {MIN_REST:g} or more",)
    )


def cut_off(interval: Interval, step: int, frames: int) -> tuple[str, ...]:
    """Return in words that a video of `frames` frames, of which every `step`-th was read, ends before a movement; () if
    it does not."""
    return () if interval.offset + step < frames else ("the video ends before the movement does",)


def warnings(footage: Footage, face: FaceTrack, fitted_on: Iterable[str]) -> list[str]:
    """Return how a video differs from what the models were fitted on, a line each.

    `face` is the video's only or largest face, `fitted_on` the provenance of all models, as in `describe_training`.
    """
    lines = []
    origins = {entry.split("/")[0] for entry in fitted_on}
    origin = "generated" if footage.generated else "licensed"
    if origin not in origins:
        description = "a rendered face" if footage.generated else "not marked as generated, perhaps of a person"
        lines.append(f"the video is {description}; models saw only {' and '.join(sorted(origins))} faces")
    elif not footage.generated and "generated" in origins:
        lines.append("the video is not marked as generated; some of the models saw generated faces only")
    if not FPS_RANGE[0] <= footage.fps <= FPS_RANGE[1]:
        lines.append(f"{footage.fps:g} frames a second; spotting was measured from 25 on, and models saw up to 200")
    detected = face.landmarks[face.detected]
    distance = float(np.median(eye_distance(detected)))
    if distance < MIN_EYE_DISTANCE:
        lines.append(
            f"the face is small: {distance:.0f} pixels between the outer eye corners, fewer than {MIN_EYE_DISTANCE:.0f}"
        )
    pose = np.median(face.pose()[face.detected], axis=0)
    angles = [f"{name} {angle:.0f}" for name, angle in zip(("yaw", "pitch", "roll"), pose, strict=True)]
    if np.abs(pose).max() > MAX_HEAD_TURN:
        lines.append(f"the head is turned ({', '.join(angles)} degrees); models saw it within {MAX_HEAD_TURN:.0f}")
    if footage.grey:
        lines.append("the video is grey; models saw what was filmed in colour")
    if face.detected.mean() < MIN_DETECTED:
        lines.append(f"no face in {1 - face.detected.mean():.0%} of the frames; nothing is spotted there")
    if face.other_faces:
        lines.append(f"{face.other_faces} more faces; only the largest is read")
    return lines
