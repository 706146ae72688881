"""Limits of a prediction, as text: the subjects its models were fitted on, how good it is, and how a video differs.

Figures by frame rate are of rendered films (`studies/spotting.py --rates`), those on recorded faces are of the weights
with their digest alone (`studies/real_faces.py --predict`); both are shipped next to the weights. A video outside of
the limits is predicted all the same, with a warning."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.apps.predict.domain import BINS
from microexpr.apps.read.take import Take
from microexpr.core.facs import units_by_class
from microexpr.core.files import file_digest, shipped
from microexpr.signals import spotting
from microexpr.signals.face_regions import eye_distance
from microexpr.signals.spotting import MICRO_RATE, Interval
from microexpr.videos.timeline import GAP

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
AROUND = 0.1  # seconds before and after an expression in which its frames are looked at
CERTAIN = 0.8  # least probability of an expression that is sure
GUESSING = 1 / 3  # UF1, and UAR, of classes sampled as often as they occur
CLASSES = ("right", "sure", "sure_right")  # figures of the weights
RATES, RECORDED = shipped("predict_rates.json"), shipped("predict_recorded.json")

Figures = Mapping[str, Any]  # as `rate_figures` returns them
Recorded = Mapping[str, Any]  # as the file has them


def describe_training(fitted_on: Iterable[str], metadata: Mapping[str, str] | None = None) -> str:
    """Describe a model's training: "240 generated subjects (population); UF1 0.85 on ... held out". `fitted_on` is its
    provenance, "<origin>/<data set>/<subject>/<clip>" of its clips; its file's `metadata` have figures."""
    subjects: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in fitted_on:
        origin, dataset, subject, _ = entry.split("/")
        subjects[origin, dataset].add(subject)
    counts = [f"{len(names)} {origin} subjects ({dataset})" for (origin, dataset), names in sorted(subjects.items())]
    metadata = metadata or {}
    errors, calibration = (json.loads(metadata.get(name, "{}")) for name in ("errors", "calibration_errors"))
    figure = f"UF1 {errors['uf1']:.2f} on {metadata['held_out']} held out" if "uf1" in errors else ""
    if calibration:
        figure += f", calibration error {calibration['calibration_error']:.2f} in {calibration['bins']:.0f} bins"
    return "; ".join([", ".join(counts), *filter(None, [figure])])


def doubts(interval: Interval, intervals: Iterable[Interval], take: Take, fps: float) -> Iterator[str]:
    """Yield reasons to distrust a micro-expression, one of `intervals` in a video that was read `fps` times a second.

    They are another expression that is nearly next to it, or speech; an end of the video, or a cut, before the movement
    ends; frames around it that are damaged, or too far apart; that it may be none."""
    timeline, seconds, frames = take.video.timeline, take.video.seconds, take.at(interval.onset).frames
    first, last = seconds[interval.onset], seconds[interval.offset]
    others = [other for other in intervals if other != interval and other.kind in ("micro", "macro")]
    rest = min((max(seconds[o.onset] - last, first - seconds[o.offset]) for o in others), default=MIN_REST)
    if rest < MIN_REST:
        yield f"rest next to another expression {max(rest, 0):.2f} s, not {MIN_REST:g} or more"
    if any(o.kind == "speech" and o.onset <= interval.offset and interval.onset <= o.offset for o in intervals):
        yield "the face speaks at the same time"
    if interval.offset + max(1, round(take.video.fps / fps)) >= frames.stop:
        is_end = frames.stop == len(take.video)
        yield "the video ends before the movement does" if is_end else "a cut ends the movement"
    near = (seconds >= first - AROUND) & (seconds <= last + AROUND)
    if (near & timeline.damaged).any():
        yield "damaged frames"
    longest = float(np.diff(seconds[near & timeline.new]).max(initial=0))
    new = seconds[near & timeline.clearly_new(take.video.fps)]
    if longest > GAP + 0.5 / take.video.fps:
        yield f"{longest:.2f} s without a new picture"
    elif len(new) > 1 and not spotting.shows_micro(rate := (len(new) - 1) / (new[-1] - new[0])):
        yield f"{rate:.3g} new pictures a second, not {MICRO_RATE:g} or more"
    if interval.score < CERTAIN:
        yield f"perhaps none: probability {interval.score:.2f}, not {CERTAIN:g} or more"


def contradiction(action_units: Iterable[str], predicted: str) -> tuple[str, ...]:
    """Return a warning if the unit that moves most indicates another class than the one predicted; else ().

    `action_units` are by sided name, the largest first. Those in no combination of `units_by_class` speak for none:
    then it is the largest other one, and the warning names those that move more."""
    by_class = units_by_class()
    units = frozenset().union(*by_class.values())
    order = [*dict.fromkeys(int(name[2:-1]) for name in action_units)]
    strongest = next((unit for unit in order if unit in units), None)
    if strongest is None or strongest in by_class.get(predicted, units):
        return ()
    if not (larger := order[: order.index(strongest)]):
        return (f"AU{strongest} moves most, which {predicted} faces do not show",)
    names = " and ".join(f"AU{unit}" for unit in larger)
    more = f"{names} move{'s' * (len(larger) == 1)} more and belong{'s' * (len(larger) == 1)} to no class"
    return (f"AU{strongest} moves, which {predicted} faces do not show ({more})",)


def warnings(take: Take, fitted_on: Iterable[str]) -> list[str]:
    """Return the differences between a video and the models' training data, a line each. `fitted_on` is the provenance
    of all models, as in `describe_training`."""
    lines, video, face = [], take.video, take.face
    origins = {entry.split("/")[0] for entry in fitted_on}
    origin = "generated" if video.generated else "licensed"
    if origin not in origins:
        description = "a rendered face" if video.generated else "not marked as generated, perhaps of a person"
        lines.append(f"the video is {description}; models saw only {' and '.join(sorted(origins))} faces")
    elif not video.generated and "generated" in origins:
        lines.append("the video is not marked as generated; some of the models saw generated faces only")
    if not spotting.shows_micro(video.fps):
        least = f"which need {MICRO_RATE:g}; longer ones are spotted"
        lines.append(f"{video.fps:.4g} frames a second hide micro-expressions, {least}")
    elif not FPS_RANGE[0] <= video.fps <= FPS_RANGE[1]:
        lines.append(f"{video.fps:g} frames a second; spotting was measured from 25 on, and models saw up to 200")
    detected = face.landmarks[face.detected]
    distance = float(np.median(eye_distance(detected)))
    if distance < MIN_EYE_DISTANCE:
        actual = f"{distance:.0f} pixels between the outer eye corners"
        lines.append(f"the face is small: {actual}, fewer than {MIN_EYE_DISTANCE:.0f}")
    pose = np.median(face.pose()[face.detected], axis=0)
    angles = [f"{name} {angle:.0f}" for name, angle in zip(("yaw", "pitch", "roll"), pose, strict=True)]
    if np.abs(pose).max() > MAX_HEAD_TURN:
        lines.append(f"the head is turned ({', '.join(angles)} degrees); models saw it within {MAX_HEAD_TURN:.0f}")
    if video.grey:
        lines.append("the video is grey; models saw what was filmed in colour")
    if face.detected.mean() < MIN_DETECTED:
        lines.append(f"no face in {1 - face.detected.mean():.0%} of the frames; nothing is spotted there")
    if face.other_faces:
        lines.append(f"{face.other_faces} more faces; only the largest is read")
    return lines


def rate_figures(fps: float, weights: str) -> Figures:
    """Return the figures of the measured rate that is nearest to a video's, and their description in one line.
    `weights` is the digest of the recogniser's; those that were not measured have no figures of classes."""
    contents = json.loads(RATES.read_text(encoding="utf-8"))
    nearest = min(contents["rates"], key=lambda rate: abs(np.log(float(rate) / fps)))
    figures = {"fps": float(nearest), **contents["rates"][nearest]}
    if weights != contents["sha256"]:
        for name in CLASSES:
            del figures[name]
    classes = f", {figures['right']} of {figures['hits']} classes right" if "right" in figures else ""
    errors = ", ".join(f"{event} {seconds:.2f}" for event, seconds in figures["errors"].items())
    figures["description"] = (
        f"at {nearest} frames a second, in {figures['films']} rendered films: F1 of spotting {figures['f1']:.2f}"
        f"{classes}; error in seconds (root mean square): {errors}"
    )
    return figures


def recorded_figures(weights: Path, path: Path = RECORDED) -> Recorded | None:
    """Return the figures in a file, or None if they are of other weights than these."""
    figures: Recorded = json.loads(path.read_text(encoding="utf-8"))
    return figures if figures["sha256"] == file_digest(weights) else None


def describe_recorded(figures: Recorded | None, fitted_on: Iterable[str]) -> str:
    """Describe figures, or why there are none, in one line. `fitted_on` is the weights' provenance."""
    if figures is None:
        saw_recorded = any(not entry.startswith("generated/") for entry in fitted_on)
        elsewhere = ", but fitted on some; results/evaluate has the method's figures on subjects left out"
        return f"these weights were not measured on recorded faces{elsewhere * saw_recorded}"
    value, low, high = figures["uf1"]
    return (
        f"on {figures['clips']} recorded micro-expressions of {figures['subjects']} subjects, none seen in training, "
        f"from annotated onset to apex: UF1 {value:.2f} ({low:.2f} to {high:.2f}), by chance {GUESSING:.2f}; "
        f"calibration error {figures['calibration_error']:.2f} in {BINS} bins"
    )
