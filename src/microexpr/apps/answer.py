"""Answer questions on clips and long videos by measurement: the class, the emotion and the action units.

The most probable micro-expression of the video counts; where none is spotted, the frame in which action units stand
out most of their noise. The emotion is the one, of the class, with the display nearest to the units that moved. No clip
of a challenge is learnt from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facs_faces.display import DISPLAYS
from microexpr import datasets
from microexpr.apps import predict, spot
from microexpr.apps.predict import Models, pair, written
from microexpr.apps.read.take import Progress, silent
from microexpr.core import store
from microexpr.core.clip import KINDS, LABELS, Clip
from microexpr.core.errors import DataError
from microexpr.core.facs import NAMES, Side
from microexpr.core.recordings import Recordings
from microexpr.datasets.layout import label_of
from microexpr.evaluation.questions import Facts
from microexpr.evaluation.questions.lines import Line
from microexpr.evaluation.questions.long_videos import Event
from microexpr.protocols import provenance
from microexpr.protocols.splits import subject_id
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.faces import detection
from microexpr.signals.spotting import network
from microexpr.videos import Scan, Video, search

PRESENT = 0.4  # of the largest change, from which a unit counts as shown: most like the truth in rendered clips
BLINK = "AU45"  # of no answer: faces blink in any clip
NOT_BLINKS = [unit for unit, name in enumerate(ACTION_UNITS) if name != BLINK]
LISTED = 8  # units in a line of evidence
ONE_SIDED = 0.5  # of the stronger side's change, below which the weaker side shows nothing
GUESS = Facts("negative", "disgust", {4: "both"})  # where no face is found: the most frequent of CASME II


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements in a clip, and the facts that they give."""

    facts: Facts
    prediction: predict.Prediction
    frames: tuple[int, int, int]  # onset, apex, offset; those of a clip without a spotted expression are its own
    spotted: bool
    probabilities: Mapping[str, float]  # by class
    changes: Mapping[str, float]  # by sided unit, the largest first: FACS intensity since rest

    @property
    def seconds(self) -> tuple[float, float, float]:
        """Times of these frames."""
        onset, apex, offset = (float(self.prediction.video.seconds[frame]) for frame in self.frames)
        return onset, apex, offset

    def errors(self, models: Models) -> Mapping[str, float]:
        """Return by sided unit the standard deviation to expect of its change; none where a frame shows no face."""
        video = self.prediction.video
        onset, apex = video.read([*self.frames[:2]])
        try:
            return pair.predict(onset, apex, models, str(video.path)).errors
        except DataError:
            return {}

    def describe(self, errors: Mapping[str, float]) -> str:
        """Return the evidence in one line, with the errors of action units."""
        onset, apex, offset = self.seconds
        units = ", ".join(
            f"{unit} {NAMES[int(unit[2:-1])]} +{amount:.1f}{f' ({errors[unit]:.1f})' if unit in errors else ''}"
            for unit, amount in [*self.changes.items()][:LISTED]
        )
        classes = ", ".join(f"{name} {share:.2f}" for name, share in self.probabilities.items())
        what = "micro-expression" if self.spotted else "no micro-expression spotted; the whole clip"
        return f"{what} {onset:.2f} to {offset:.2f} s, apex {apex:.2f} s; {classes}; {units or 'no unit moves clearly'}"


def measure(source: Scan | Video, models: Models, progress: Progress = silent) -> Measured:
    """Return what a clip shows. Raises DataError if no face is found."""
    result = predict.predict(source, models, progress)
    micro = [expression for expression in result.expressions if expression.classes.probabilities]
    if micro:
        best = max(micro, key=lambda expression: expression.interval.score)
        interval, probabilities = best.interval, best.classes.probabilities
        numbers, changes = (interval.onset, interval.apex, interval.offset), interval.action_units
    else:
        frames, moved = result.curves.numbers, result.signal.sustained.clip(0)[:, NOT_BLINKS]
        position = max(1, int(moved.max(2).sum(1).argmax()))
        numbers = (frames[0], frames[position], frames[-1])
        onset_frame, apex_frame = result.video.read([*numbers[:2]])
        probabilities = pair.predict(onset_frame, apex_frame, models, str(result.video.path)).classes.probabilities
        changes = {
            f"{ACTION_UNITS[unit]}{side}": float(result.signal.change[position, unit, i])
            for unit in NOT_BLINKS
            for i, side in enumerate("LR")
        }
        changes = {name: amount for name, amount in sorted(changes.items(), key=lambda item: -item[1]) if amount > 0}
    onset, apex, offset = map(int, numbers)
    times, spotted = result.video.seconds, [e for e in result.expressions if e.interval.kind in KINDS]
    events = [
        Event(i.kind, float(times[i.onset]), float(times[i.offset]), classes.predicted_class) for i, classes in spotted
    ]
    of_clip = replace(facts(probabilities, changes), events=events)
    return Measured(of_clip, result, (onset, apex, offset), bool(micro), probabilities, changes)


def write(path: str | Path, clips: Sequence[Clip], models: Models) -> list[str]:
    """Measure one subject's clips and write their file; return a line on each that is left out: without a face."""
    seen = {*models.reader.fitted_on, *models.recogniser.fitted_on, *network.load().fitted_on}
    notes = list[str]()
    with store.subject_file(path, "answers", clips) as file:
        file.put("fitted_on", sorted(seen.union(detection.fitted_on("network"))))
        for clip in clips:
            _, video = spot.open_clip(clip, datasets.frames(clip))
            try:
                measured = measure(video, models)
            except DataError as error:
                notes.append(str(error))
                continue
            file.group(clip.name, evidence=measured.describe({})).put_all(
                seconds=measured.seconds, spotted=measured.spotted,
                **{"class": [*measured.probabilities]}, probability=[*measured.probabilities.values()],
                action_unit=[*measured.changes], change=[*measured.changes.values()],
            )  # fmt: skip
    return notes


def read(path: str | Path, clips: Sequence[Clip]) -> dict[str, Facts]:
    """Return by id the facts measured in those of the clips that are of the file's subject; guesses without a face.
    Raises LeakError where a model was fitted on the subject."""
    by_clip = {}
    with store.open_file(path, "answers") as file:
        subject = f"{store.attribute_text(file.attrs['dataset'])}/{store.attribute_text(file.attrs['subject'])}"
        chosen = [clip for clip in clips if subject_id(clip.id) == subject]
        provenance.check(str(path), subject, "subject", chosen, store.fitted_on(file))
        groups = store.clip_groups(file)
        for clip in chosen:
            if clip.name not in groups:
                by_clip[clip.id] = GUESS
                continue
            group = groups[clip.name]
            probabilities = dict(zip(store.strings(group["class"]), group["probability"][()].tolist(), strict=True))
            changes = dict(zip(store.strings(group["action_unit"]), group["change"][()].tolist(), strict=True))
            by_clip[clip.id] = facts(probabilities, changes)
    return by_clip


def answers(
    lines: Sequence[Line], folder: Path, models: Models, fps: float | None = None, progress: Progress = silent
) -> tuple[list[Facts], list[str]]:
    """Return the facts for each question on a clip in a folder, and a line on each clip that was not measured. Raises
    DataError, before any is measured, for a clip that is not there, or there several times."""
    paths = clips(lines, folder, fps)
    of_clip, notes = dict[Path, Facts](), list[str]()
    different = dict.fromkeys(paths)
    for number, path in enumerate(different, 1):
        try:
            of_clip[path] = measure(Scan(path, fps), models).facts
        except DataError as error:
            of_clip[path] = GUESS
            notes.append(f"{error}; its answers are guesses: {GUESS.coarse}, {GUESS.fine}, {NAMES[4]}")
        progress("measuring clips", number, len(different))
    return [of_clip[path] for path in paths], notes


def clips(lines: Sequence[Line], folder: Path, fps: float | None = None) -> list[Path]:
    """Return the recording of each question: a file called like it, or a folder of frames, below its subject's.

    Without a folder of the subject, one in the folder of no other counts. Raises DataError for none and for several."""
    items = [item for item in search.find([folder], "videos", fps) if not item.reason]
    recordings, paths = Recordings({item.path: (item.name,) for item in items}), list[Path]()
    for line in lines:
        hint = "" if recordings.find(line.clip) else "; --fps reads folders of pictures"
        where, what = f"question {line.id}{hint}", f"{folder}: a recording"
        paths.append(recordings.find_one(line.clip, line.subject, where, what))
    return paths


def facts(probabilities: Mapping[str, float], changes: Mapping[str, float]) -> Facts:
    """Return the facts for classes with these probabilities and sided units that changed so much."""
    coarse = max(probabilities, key=lambda name: probabilities[name])
    amounts = written.stronger_sides({name: amount for name, amount in changes.items() if name[:-1] != BLINK})
    largest = max(amounts.values(), default=0.0)
    sides = {int(unit[2:]): _side(unit, changes) for unit in amounts}
    count = sum(amount >= PRESENT * largest for amount in amounts.values())
    units, likely = (dict([*sides.items()][part]) for part in (slice(count), slice(count, None)))
    return Facts(coarse, emotion(coarse, amounts), units, likely, probabilities[coarse])


def _side(unit: str, changes: Mapping[str, float]) -> Side:
    left, right = (changes.get(f"{unit}{side}", 0.0) for side in "LR")
    if min(left, right) >= ONE_SIDED * max(left, right):
        return "both"
    return "left" if left > right else "right"


def emotion(coarse: str, amounts: Mapping[str, float]) -> str:
    """Return the emotion of a class with the display nearest to units that changed by these amounts."""

    def cosine(weights: Mapping[str, float]) -> float:
        product = sum(amounts.get(unit, 0.0) * weight for unit, weight in weights.items())
        lengths = np.linalg.norm([*weights.values()]) * np.linalg.norm([*amounts.values()])
        return float(product / lengths) if lengths else 0.0

    of_class = [name for name in DISPLAYS if (label := label_of(name)) is not None and LABELS[label] == coarse]
    similarity = {name: max(cosine(display.action_units) for _, display in DISPLAYS[name]) for name in of_class}
    return max(similarity, key=lambda name: similarity[name])
