"""Errors of the signal stages, pooled over people: from measured files to rows of figures. Draws and renders nothing.

A figure is computed on all frames or clips of its data set and difficulty together, never averaged over those.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.datasets import MACRO, MICRO
from microexpr.reporting.signal_benchmark import DIFFICULTIES
from microexpr.signals import face_regions
from microexpr.signals.aus import ACTION_UNITS, SIDES
from microexpr.signals.aus.agreement import agreement
from microexpr.signals.faces.alignment import RIGID

Row = dict[str, Any]
Figure = tuple[str, str, float, int]  # part, metric, value, n
ALL = "all"  # pooled over micro sets, difficulties or parts
ACTED = "all_acted"  # pooled over macro sets: strong expressions would drown the faint ones
POOLED = {ALL: MICRO, ACTED: MACRO}
COLUMNS = ("dataset", "difficulty", "part", "metric", "value", "n", "origin")
ANGLES = ("yaw", "pitch", "roll")
STILL = 0.01  # FACS: less than this is no movement


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One clip of a measured file; arrays as its schema says."""

    dataset: str
    subject: str
    difficulty: str
    name: str
    frame: np.ndarray
    fps: np.ndarray
    onset: np.ndarray
    offset: np.ndarray
    apex_true: np.ndarray
    apex_flow: np.ndarray
    apex_regions: np.ndarray
    onset_spotted: np.ndarray
    offset_spotted: np.ndarray
    detected: np.ndarray
    landmarks_true: np.ndarray
    landmarks_found: np.ndarray
    pose_true: np.ndarray
    pose_found: np.ndarray
    au_true: np.ndarray
    au_smoothed: np.ndarray
    au_change: np.ndarray
    au_relative: np.ndarray
    flow_pixels: np.ndarray
    flow_error: np.ndarray
    flow_length: np.ndarray

    @property
    def onset_position(self) -> int:
        return int(np.searchsorted(self.frame, self.onset))


def read(paths: Iterable[str | Path]) -> list[Measured]:
    """Every clip of some measured files. Raises StoreError for a file that is none, or that real faces are in."""
    names = [field.name for field in fields(Measured) if field.type is np.ndarray]
    found = []
    for path in paths:
        with store.opened(path, "measured") as file:
            about = {key: file.attrs[key].decode() for key in ("dataset", "subject", "difficulty", "origin")}
            if (origin := about.pop("origin")) != "generated":
                raise StoreError(f"{path}: origin must be generated, not {origin}: only there is the truth known")
            for clip, group in file.items():
                found.append(Measured(name=clip, **about, **{name: group[name][()] for name in names}))
    return found


def tables(clips: Sequence[Measured]) -> dict[str, list[Row]]:
    """The rows of each stage's CSV by its name, `COLUMNS` in each; data sets sorted, what is pooled last."""
    return {name: list(_rows(clips, figures)) for name, figures in FIGURES.items()}


def to_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV text with "\\n" line ends and values of four decimals."""
    return store.csv_text(COLUMNS, ({**row, "value": f"{row['value']:.4f}"} for row in rows))


def of_csv(path: str | Path) -> list[Row]:
    """The rows of a CSV of these. Raises StoreError when it is missing or has other columns."""
    rows = store.read_csv(path, COLUMNS, "`snakemake --cores all all_truth` makes it")
    return [{**row, "value": float(row["value"]), "n": int(row["n"])} for row in rows]


def _rows(clips: Sequence[Measured], figures: Callable[[list[Measured]], Iterator[Figure]]) -> Iterator[Row]:
    shown = [difficulty for difficulty in DIFFICULTIES if any(clip.difficulty == difficulty for clip in clips)]
    for dataset in (*sorted({clip.dataset for clip in clips}), *POOLED):
        inside = POOLED.get(dataset, (dataset,))
        for difficulty in (*shown, ALL):
            chosen = [c for c in clips if c.dataset in inside and difficulty in (ALL, c.difficulty)]
            for part, metric, value, n in figures(chosen) if chosen else ():
                values = (dataset, difficulty, part, metric, value, n, "generated")
                yield dict(zip(COLUMNS, values, strict=True))


def landmarks(clips: list[Measured]) -> Iterator[Figure]:
    """Distance of landmarks in frames with a face, in percent of the true outer-eye distance; pose since the onset.

    Noise is what of the inner landmarks' error changes within a clip; movement kept is how much of what they truly move
    from onset to apex, eye corners and nose held still, is found (least squares).
    """
    detected = np.concatenate([clip.detected for clip in clips])
    errors = np.concatenate([_landmark_errors(clip) for clip in clips])[detected]
    for part, points in (*face_regions.LANDMARKS.items(), (ALL, slice(None))):
        yield part, "error_percent", float(errors[:, points].mean()), len(errors)
    yield ALL, "detected_percent", float(100 * detected.mean()), len(detected)
    noise = np.concatenate([_landmark_noise(clip) for clip in clips])
    yield ALL, "noise_percent", float(np.sqrt((noise**2).mean())), len(noise)
    shown, seen = (np.concatenate(parts) for parts in zip(*map(_movement, clips), strict=True))
    if (size := float((shown**2).sum())) > 0:
        yield ALL, "movement_kept_percent", float(100 * (shown * seen).sum() / size), len(clips)
    turned = np.concatenate([_turn_errors(clip) for clip in clips])
    for angle, values in zip(ANGLES, turned.T, strict=True):
        yield angle, "error_degrees", float(values.mean()), len(values)


def _landmark_errors(clip: Measured) -> np.ndarray:
    """[T, 68]"""
    away = np.linalg.norm(clip.landmarks_found - clip.landmarks_true, axis=-1)
    return 100 * away / face_regions.eye_distance(clip.landmarks_true)[:, None]


def _landmark_noise(clip: Measured) -> np.ndarray:
    """[T]: root mean square over the inner landmarks, in percent of the true outer-eye distance."""
    error = (clip.landmarks_found - clip.landmarks_true)[:, 17:]
    away = 100 * (error - error.mean(axis=0)) / face_regions.eye_distance(clip.landmarks_true)[:, None, None]
    return np.sqrt((away**2).sum(axis=-1).mean(axis=-1))


def _movement(clip: Measured) -> tuple[np.ndarray, np.ndarray]:
    """True and found movement of the inner landmarks from onset to apex, [51, 2], in true outer-eye distances."""
    top = int(np.searchsorted(clip.frame, clip.apex_true))
    moved = []
    for points in (clip.landmarks_true, clip.landmarks_found):
        change = points[top] - points[clip.onset_position]
        moved.append((change - change[list(RIGID)].mean(axis=0))[17:])
    unit = float(face_regions.eye_distance(clip.landmarks_true[top]))
    return moved[0] / unit, moved[1] / unit


def _turn_errors(clip: Measured) -> np.ndarray:
    """[T, 3]: of the change since the onset. An offset is a person's: the mean head of the stage is nobody's."""
    error = clip.pose_found - clip.pose_true
    return np.abs(error - error[clip.onset_position])


def apex(clips: list[Measured]) -> Iterator[Figure]:
    """How far spotted events are from the true ones; beside the frame in the middle, which needs no look at the clip.

    Apexes lie between the true onset and offset, those two were spotted without knowing anything. A clip that ends at
    its apex has no apex to be spotted, and no offset: it is left out.
    """
    clips = [clip for clip in clips if clip.apex_true < clip.offset]
    answers: dict[str, Callable[[Measured], int]] = {
        "flow": lambda clip: int(clip.apex_flow - clip.apex_true),
        "regions": lambda clip: int(clip.apex_regions - clip.apex_true),
        "middle": lambda clip: int(clip.onset + clip.offset) // 2 - int(clip.apex_true),
        "onset": lambda clip: int(clip.onset_spotted - clip.onset),
        "offset": lambda clip: int(clip.offset_spotted - clip.offset),
    }
    for part, answer in answers.items() if clips else ():
        away = np.array([abs(answer(clip)) for clip in clips])
        share = 100 * away / np.array([float(clip.offset - clip.onset) for clip in clips])
        yield part, "error_frames", float(away.mean()), len(clips)
        yield part, "error_ms", float((1000 * away / [float(clip.fps) for clip in clips]).mean()), len(clips)
        yield part, "error_percent", float(share.mean()), len(clips)
        yield part, "median_error_percent", float(np.median(share)), len(clips)


def aus(clips: list[Measured]) -> Iterator[Figure]:
    """Agreement by unit and side over all frames: of intensities, and of their change since the onset.

    A unit that is never shown, or never read, has no r; only one that is shown has an icc. `all` is the mean over the
    units, and over the sides, that have the figure. Besides, what the filter in time does, see `_filtered`.
    """
    absolute = [np.concatenate([getattr(clip, name) for clip in clips]) for name in ("au_true", "au_smoothed")]
    change = np.concatenate([clip.au_true - clip.au_true[clip.onset_position] for clip in clips])
    forms = {"": absolute, "relative_": [change, np.concatenate([clip.au_relative for clip in clips])]}
    n = len(change)
    found: dict[tuple[str, str], dict[str, float]] = {}  # side, metric -> by unit
    for number, unit in enumerate(ACTION_UNITS):
        for place, side in enumerate(SIDES):
            shown = np.ptp(change[:, number, place]) > 0
            for form, (truth, answer) in forms.items():
                for metric, value in agreement(truth[:, number, place], answer[:, number, place]).items():
                    if (metric == "mae" or shown) and np.isfinite(value):
                        found.setdefault((side, form + metric), {})[unit] = value
                        yield f"{unit}_{side}", form + metric, value, n
    for (side, metric), units in found.items():
        yield f"{ALL}_{side}", metric, float(np.mean(list(units.values()))), n
    for metric in dict.fromkeys(metric for _, metric in found):
        values = [value for (_, name), units in found.items() if name == metric for value in units.values()]
        yield ALL, metric, float(np.mean(values)), n
    yield from _filtered(clips)


def _filtered(clips: list[Measured]) -> Iterator[Figure]:
    """Noise at rest, from frame to frame, as read (FACS) and how much of it the filter keeps; and of the apex.

    Noise is the deviation of what is read in frames before the onset, by differences of successive ones: a head that
    turns slowly is none. Clips in which somebody blinks there are left out. The apex is the change there, summed over
    what is shown.
    """
    jumps, kept = [], []
    for clip in clips:
        onset, top = clip.onset_position, int(np.searchsorted(clip.frame, clip.apex_true))
        read, true = np.stack([clip.au_change, clip.au_relative]), clip.au_true - clip.au_true[onset]
        if onset > 1 and np.abs(true[:onset]).max() < STILL:
            jumps.append(np.diff(read[:, :onset], axis=1).reshape(2, -1))
        kept.append(read[:, top, true[top] > 0].sum(axis=1))
    noise = [float(np.sqrt((side**2).mean() / 2)) for side in np.concatenate(jumps, axis=1)] if jumps else [0.0]
    if noise[0] > 0:
        yield ALL, "rest_noise", noise[0], len(jumps)
        yield ALL, "rest_noise_kept_percent", 100 * noise[1] / noise[0], len(jumps)
    raw, filtered = np.sum(kept, axis=0)
    if raw > 0:
        yield ALL, "apex_kept_percent", float(100 * filtered / raw), len(clips)


def flow(clips: list[Measured]) -> Iterator[Figure]:
    """End-point error by region, beside the length of the true flow: the error of saying that nothing moves."""
    names = ("flow_pixels", "flow_error", "flow_length")
    pixels, error, length = (np.sum([getattr(clip, name) for clip in clips], axis=0) for name in names)
    for part, at in (*((part, [number]) for number, part in enumerate(face_regions.FLOW_REGIONS)), (ALL, slice(None))):
        count, wrong, long = int(pixels[at].sum()), float(error[at].sum()), float(length[at].sum())
        if count:
            yield part, "endpoint_error_px", wrong / count, len(clips)
            yield part, "true_length_px", long / count, len(clips)
        if long:
            yield part, "error_percent", 100 * wrong / long, len(clips)


FIGURES = {"landmarks": landmarks, "apex": apex, "aus": aus, "flow": flow}
