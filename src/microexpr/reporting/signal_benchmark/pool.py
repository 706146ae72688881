"""Errors of the signal stages, pooled over subjects: from measured files to rows of figures. Renders nothing.

A figure is computed on all frames or clips of its data set and difficulty together, never averaged over those.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from microexpr.core import csv_file, store
from microexpr.core.errors import StoreError
from microexpr.datasets import MACRO, MICRO
from microexpr.reporting.signal_benchmark import DIFFICULTIES
from microexpr.signals import face_regions
from microexpr.signals.aus import ACTION_UNITS, SIDES, agreement
from microexpr.signals.faces.alignment import RIGID

Row = dict[str, Any]
Figure = tuple[str, str, float, int]  # part, metric, value, n
ALL = "all"  # pooled over micro sets, difficulties or parts
ACTED = "all_acted"  # pooled over macro sets, separately: macro-expressions would hide the errors of micro-expressions
POOLED = {ALL: MICRO, ACTED: MACRO}
COLUMNS = ("dataset", "difficulty", "part", "metric", "value", "n", "origin")
ANGLES = ("yaw", "pitch", "roll")
STILL = 0.01  # FACS: smaller changes are no movement


class Measured(SimpleNamespace):
    """One clip of a measured file: `dataset`, `subject`, `difficulty`, `name`, and its arrays, which the schema has."""

    @property
    def onset_position(self) -> int:
        """The onset's index in `frame`."""
        return int(np.searchsorted(self.frame, self.onset))


def read(paths: Iterable[str | Path]) -> list[Measured]:
    """Read all clips of measured files. Raises StoreError for other files, and for files of recorded faces."""
    clips = []
    for path in paths:
        with store.open_file(path, "measured") as file:
            about = {key: file.attrs[key].decode() for key in ("dataset", "subject", "difficulty", "origin")}
            if (origin := about.pop("origin")) != "generated":
                reason = "only rendered faces have ground truth"
                raise StoreError(f"{path}: origin must be generated, not {origin}: {reason}")
            for clip, group in file.items():
                clips.append(Measured(name=clip, **about, **{name: values[()] for name, values in group.items()}))
    return clips


def tables(clips: Sequence[Measured]) -> dict[str, list[Row]]:
    """Return the rows of each stage's CSV by its name, with `COLUMNS`; data sets sorted, pooled ones last."""
    return {name: list(_rows(clips, figures)) for name, figures in FIGURES.items()}


def to_csv(rows: Sequence[Row]) -> str:
    """Return rows as CSV text with "\\n" line ends and values of four decimals."""
    return store.csv_text(COLUMNS, ({**row, "value": f"{row['value']:.4f}"} for row in rows))


def read_csv(path: str | Path) -> list[Row]:
    """Read the rows of such a CSV. Raises StoreError when it is missing or has other columns."""
    return store.read_csv(path, COLUMNS, {"value": csv_file.number, "n": csv_file.whole})


def _rows(clips: Sequence[Measured], figures: Callable[[list[Measured]], Iterator[Figure]]) -> Iterator[Row]:
    difficulties = [difficulty for difficulty in DIFFICULTIES if any(clip.difficulty == difficulty for clip in clips)]
    for dataset in (*sorted({clip.dataset for clip in clips}), *POOLED):
        inside = POOLED.get(dataset, (dataset,))
        for difficulty in (*difficulties, ALL):
            selected = [c for c in clips if c.dataset in inside and difficulty in (ALL, c.difficulty)]
            for figure in figures(selected) if selected else ():
                yield dict(zip(COLUMNS, (dataset, difficulty, *figure, "generated"), strict=True))


def landmarks(clips: list[Measured]) -> Iterator[Figure]:
    """Yield errors of landmarks in frames with a face, in percent of the true outer-eye distance; pose since the onset.

    Noise is the part of the inner landmarks' error that changes within a clip. Movement kept is the share of their true
    movement from onset to apex, with eye corners and nose held still, that is detected (least squares). A
    blink at onset or apex outweighs the rest in that of all inner landmarks."""
    detected = np.concatenate([clip.detected for clip in clips])
    percent = [
        100 * np.linalg.norm(clip.landmarks_found - clip.landmarks_true, axis=-1)
        / face_regions.eye_distance(clip.landmarks_true)[:, None]
        for clip in clips
    ]  # fmt: skip
    errors = np.concatenate(percent)[detected]  # [frames, 68]
    for part, points in (*face_regions.LANDMARKS.items(), (ALL, slice(None))):
        yield part, "error_percent", float(errors[:, points].mean()), len(errors)
    yield ALL, "detected_percent", float(100 * detected.mean()), len(detected)
    noise, movements = [], []  # root mean squares over the inner landmarks [T]; onset to apex, true and detected
    for clip in clips:
        error = (clip.landmarks_found - clip.landmarks_true)[:, 17:]
        eyes = face_regions.eye_distance(clip.landmarks_true)
        changing = 100 * (error - error.mean(axis=0)) / eyes[:, None, None]
        noise.append(np.sqrt((changing**2).sum(axis=-1).mean(axis=-1)))
        apex = int(np.searchsorted(clip.frame, clip.apex_true))
        changes = [points[apex] - points[clip.onset_position] for points in (clip.landmarks_true, clip.landmarks_found)]
        held = np.stack([change - change[list(RIGID)].mean(axis=0) for change in changes])
        movements.append(held / float(face_regions.eye_distance(clip.landmarks_true[apex])))
    noises, both = np.concatenate(noise), np.stack(movements)  # [clips, 2, 68, 2] in outer-eye distances
    yield ALL, "noise_percent", float(np.sqrt((noises**2).mean())), len(noises)
    for part, points in (*face_regions.LANDMARKS.items(), (ALL, slice(17, None))):
        true, detected_movement = both[:, 0, points], both[:, 1, points]
        if (size := float((true**2).sum())) > 0:
            yield part, "movement_kept_percent", float(100 * (true * detected_movement).sum() / size), len(clips)
    # since the onset: absolute angles differ by a constant of each subject, since the stage fits a mean head
    turns = ((clip.pose_found - clip.pose_true, clip.onset_position) for clip in clips)
    turn_errors = np.concatenate([np.abs(error - error[onset]) for error, onset in turns])
    for angle, values in zip(ANGLES, turn_errors.T, strict=True):
        yield angle, "error_degrees", float(values.mean()), len(values)


def apex(clips: list[Measured]) -> Iterator[Figure]:
    """Yield errors of spotted events, and of the middle frame as a baseline that ignores the clip.

    Apexes are spotted between the true onset and offset, those two without any annotation. Clips that end at their apex
    have no apex to spot and no offset, and are left out."""
    clips = [clip for clip in clips if clip.apex_true < clip.offset]
    errors: dict[str, Callable[[Measured], int]] = {
        "flow": lambda clip: int(clip.apex_flow - clip.apex_true),
        "regions": lambda clip: int(clip.apex_regions - clip.apex_true),
        "middle": lambda clip: int(clip.onset + clip.offset) // 2 - int(clip.apex_true),
        "onset": lambda clip: int(clip.onset_spotted - clip.onset),
        "offset": lambda clip: int(clip.offset_spotted - clip.offset),
    }
    for part, error in errors.items() if clips else ():
        distance = np.array([abs(error(clip)) for clip in clips])
        share = 100 * distance / np.array([float(clip.offset - clip.onset) for clip in clips])
        yield part, "error_frames", float(distance.mean()), len(clips)
        yield part, "error_ms", float((1000 * distance / [float(clip.fps) for clip in clips]).mean()), len(clips)
        yield part, "error_percent", float(share.mean()), len(clips)
        yield part, "median_error_percent", float(np.median(share)), len(clips)


def aus(clips: list[Measured]) -> Iterator[Figure]:
    """Yield agreement by AU and side over all frames: of intensities, and of their change since the onset.

    An AU that is never rendered, or never read, has no r; only one that is rendered has an ICC. `all` is the mean over
    the AUs, and over the sides, that have the figure. Effects of the filter in time follow, see `_filter_effects`."""
    absolute = [np.concatenate([getattr(clip, name) for clip in clips]) for name in ("au_true", "au_smoothed")]
    change = np.concatenate([clip.au_true - clip.au_true[clip.onset_position] for clip in clips])
    forms = {"": absolute, "relative_": [change, np.concatenate([clip.au_relative for clip in clips])]}
    n = len(change)
    values_by_unit: dict[tuple[str, str], dict[str, float]] = {}  # side, metric -> by unit
    for unit_index, unit in enumerate(ACTION_UNITS):
        for side_index, side in enumerate(SIDES):
            rendered = np.ptp(change[:, unit_index, side_index]) > 0
            for form, both in forms.items():
                true, read = (values[:, unit_index, side_index] for values in both)
                for metric, value in agreement(true, read).items():
                    if (metric == "mae" or rendered) and np.isfinite(value):
                        values_by_unit.setdefault((side, form + metric), {})[unit] = value
                        yield f"{unit}_{side}", form + metric, value, n
    for (side, metric), units in values_by_unit.items():
        yield f"{ALL}_{side}", metric, float(np.mean(list(units.values()))), n
    for metric in dict.fromkeys(metric for _, metric in values_by_unit):
        values = [value for (_, name), units in values_by_unit.items() if name == metric for value in units.values()]
        yield ALL, metric, float(np.mean(values)), n
    yield from _filter_effects(clips)


def _filter_effects(clips: list[Measured]) -> Iterator[Figure]:
    """Yield the noise at rest (FACS), and the shares of noise and apex that the filter in time keeps.

    Noise is the deviation of readings in frames before the onset, from differences of successive frames, so that a head
    that turns slowly adds none. Clips with a blink there are left out. The apex is the change there, summed over the
    rendered AUs."""
    differences, apex_changes = [], []
    for clip in clips:
        onset, apex = clip.onset_position, int(np.searchsorted(clip.frame, clip.apex_true))
        readings, true_change = np.stack([clip.au_change, clip.au_relative]), clip.au_true - clip.au_true[onset]
        if onset > 1 and np.abs(true_change[:onset]).max() < STILL:
            differences.append(np.diff(readings[:, :onset], axis=1).reshape(2, -1))
        apex_changes.append(readings[:, apex, true_change[apex] > 0].sum(axis=1))
    pooled = np.concatenate(differences, axis=1) if differences else np.zeros((2, 1))
    noise = [float(np.sqrt((side**2).mean() / 2)) for side in pooled]
    if noise[0] > 0:
        yield ALL, "rest_noise", noise[0], len(differences)
        yield ALL, "rest_noise_kept_percent", 100 * noise[1] / noise[0], len(differences)
    raw, filtered = np.sum(apex_changes, axis=0)
    if raw > 0:
        yield ALL, "apex_kept_percent", float(100 * filtered / raw), len(clips)


def flow(clips: list[Measured]) -> Iterator[Figure]:
    """Yield end-point error by region, and the length of the true flow, which is the error of estimating zero."""
    names = ("flow_pixels", "flow_error", "flow_length")
    pixels, error, length = (np.sum([getattr(clip, name) for clip in clips], axis=0) for name in names)
    for part, columns in (*((part, [i]) for i, part in enumerate(face_regions.FLOW_REGIONS)), (ALL, slice(None))):
        count, error_sum, length_sum = (float(sums[columns].sum()) for sums in (pixels, error, length))
        if count:
            yield part, "endpoint_error_px", error_sum / count, len(clips)
            yield part, "true_length_px", length_sum / count, len(clips)
        if length_sum:
            yield part, "error_percent", 100 * error_sum / length_sum, len(clips)


FIGURES = {"landmarks": landmarks, "apex": apex, "aus": aus, "flow": flow}
