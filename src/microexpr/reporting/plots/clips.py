"""One clip's way through the stages, gathered for plots and the report, and a contact sheet of all subjects.

Reads through the store only.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import DataError
from microexpr.evaluation.faces import HELD_OUT
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.drawing import BLUE, GREEN, PINK, RED
from microexpr.signals import inputs
from microexpr.signals.apex import Params, stored_score
from microexpr.signals.flow import magnitude

STAGES = ("faces", "apex", "flow", "aus")  # stages with results in a journey
EVENTS = ("onset", "apex", "offset")
SHOWN_UNITS = 4  # action units with plotted curves
MAGNIFIED = 8  # factor of the difference
AROUND = 1  # frames averaged with an event on each side of it, since noise is magnified too
BLUR = 1.5  # pixels, standard deviation
ACROSS = 6  # subjects in a row


@dataclass(frozen=True, slots=True, eq=False)
class Journey:
    """The results of all stages for one clip. T frames; sides are left, right, both."""

    clip: Clip
    events: dict[str, int]  # onset, apex, offset: frame numbers
    apex_by: str  # annotated, or the spotter
    frame: np.ndarray  # int64[T]
    score: np.ndarray  # float32[T]
    crops: dict[str, np.ndarray]  # uint8[288, 288] by event
    landmarks: dict[str, np.ndarray]  # float32[68, 2] by event, pixels of the crop
    flow: np.ndarray  # float32[3, H, W]: u, v, strain
    action_units: list[str]
    relative: np.ndarray  # float32[T, 17, 3], FACS
    synthetic: dict[str, np.ndarray]  # uint8[2, h, w, C] by class: neutral and synthesised face; {} without a generator


def read(clip: Clip, results: Path, synth: Sequence[str | Path]) -> Journey:
    """Return the journey of a clip, from its subject's files of `STAGES` and all shards of a generator.

    The synthesised faces are those that the generator made from this clip with weights that never saw its subject.
    Raises DataError for a clip that is not in a file or has another origin there, StoreError for a file that cannot
    be read."""
    faces_by_class = synthetic(clip, synth)
    with drawing.clip_groups(clip, results, *STAGES) as groups:
        _check_origins({group.file.attrs["origin"].decode() for group in groups}, clip)
        faces, apex, flow, aus = groups
        positions = {event: inputs.position(faces, apex, event) for event in EVENTS}
        return Journey(
            clip=clip,
            events={event: int(apex[event][()]) for event in EVENTS},
            apex_by=apex.attrs["method"].decode(),
            frame=apex["frame"][()],
            score=stored_score(faces, apex, Params(**json.loads(apex.file.attrs["params"])["apex"])),
            crops={event: luma(faces["crop"][position]) for event, position in positions.items()},
            landmarks={event: faces["landmarks_crop"][position] for event, position in positions.items()},
            flow=flow["onset_apex"][()],
            action_units=store.strings(aus["action_unit"]),
            relative=aus["relative"][()],
            synthetic=faces_by_class,
        )


def synthetic(clip: Clip, synth: Sequence[str | Path]) -> dict[str, np.ndarray]:
    """Return `Journey.synthetic` alone. Raises DataError for faces of another origin, StoreError for a file that cannot
    be read."""
    faces: dict[str, np.ndarray] = {}
    for path in synth:
        prefix = clip.id.replace("/", "_")
        with store.open_file(path, "synth") as file:
            for group in (side[name] for side in _sides(file) for name in side if name.startswith(prefix)):
                if store.strings(group["source"]) == [clip.provenance]:
                    _check_origins({file.attrs["origin"].decode()}, clip)
                    faces[LABELS[int(group["label"][()])]] = group["crop"][()]
    return faces


def _check_origins(origins: set[str], clip: Clip) -> None:
    if origins - {clip.origin}:
        reason = f"stage files must all be {clip.origin}, not {sorted(origins)} ({clip.id})"
        raise DataError(f"{reason}; `make table` makes them again")


def _sides(group: Any) -> Iterator[Any]:
    """Yield the held-out faces of a file's folds, which are named after groups of subjects, or data set and subject."""
    for fold in store.clip_groups(group).values():
        if HELD_OUT in fold:
            yield fold[HELD_OUT]
        elif "fitted_on" not in fold:
            yield from _sides(fold)


def draw_journey(figure: Figure, journey: Journey) -> None:
    """Plot one clip's way: landmarks, apex score, flow and strain, action units, synthesised faces."""
    clip, height = journey.clip, 9.9 if journey.synthetic else 5.5
    description = ", ".join(part for part in (clip.emotion, clip.action_units and f"AU {clip.action_units}") if part)
    drawing.add_heading(figure, height, f"{clip.id}: {description}", clip.origin == "generated")
    heights = [1, 1, 1.72] if journey.synthetic else [1, 1]
    grid = figure.add_gridspec(
        len(heights), 30, left=0.015, right=0.985, top=1 - 0.95 / height, bottom=0.01, hspace=0.17, wspace=0.3,
        height_ratios=heights,
    )  # fmt: skip
    faces, fields = ([figure.add_subplot(grid[row, column : column + 6]) for column in (0, 6, 12)] for row in (0, 1))
    for axes, event in zip(faces, ("onset", "apex"), strict=False):
        drawing.show_image(axes, journey.crops[event], f"faces: {event}, frame {journey.events[event]}")
        drawing.draw_landmarks(axes, journey.landmarks[event], 3)
        drawing.stamp(axes, clip.origin)
    change = drawing.amplify_change(journey.crops["apex"], journey.crops["onset"], MAGNIFIED)
    drawing.show_image(faces[2], change, f"apex less onset, x {MAGNIFIED}")
    drawing.stamp(faces[2], clip.origin)
    score = _over_time(figure, grid[0, 18:], journey)
    score.plot(journey.frame, journey.score, color=BLUE)
    score.set_title("apex: spotting score by frame", pad=18)
    for event in EVENTS:
        label = f"apex, {journey.apex_by}" if event == "apex" else event
        score.text(journey.events[event], 1.02, label, transform=score.get_xaxis_transform(), ha="center", fontsize=9)
    longest = drawing.largest(magnitude(journey.flow), 99)
    drawing.show_image(fields[0], drawing.flow_colours(journey.flow[:2], longest), "flow: onset to apex")
    drawing.flow_wheel(fields[0], 0.22, f"rim: {longest:.1f} pixels")
    lengths = (("length", magnitude(journey.flow[:2]), " pixels"), ("strain", journey.flow[2], ""))
    for axes, (name, values, unit) in zip(fields[1:], lengths, strict=True):
        end = drawing.largest(values, 99.5)
        drawing.show_image(axes, values, f"flow: {name}, to {end:.2g}{unit}", cmap="magma", vmax=end)
    units = largest_units(journey.relative, journey.frame, journey.events["onset"], journey.events["offset"])
    curves = [(journey.relative[..., 0], "-", 1.5), (journey.relative[..., 1], "--", 1.5)]
    axes = _over_time(figure, grid[1, 18:], journey)
    drawing.plot_units(axes, journey.frame, curves, units, (BLUE, RED, GREEN, PINK), journey.action_units)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.985), ncols=SHOWN_UNITS, fontsize=9, borderpad=0,
                handlelength=1.5, columnspacing=1.2)  # fmt: skip
    axes.set_title("aus: change (FACS), right side dashed", pad=18)
    if journey.synthetic:
        _synthetic(figure, grid[2, :], journey)


def _over_time(figure: Figure, cell: SubplotSpec, journey: Journey) -> Axes:
    """Return axes over time in two columns of the grid, with room for labels, and the clip's events in them."""
    box = cell.get_position(figure)
    axes = figure.add_axes((box.x0 + 0.055, box.y0 + 0.03, box.width - 0.055, box.height - 0.05))
    axes.axvspan(journey.events["onset"], journey.events["offset"], color="0.94")
    drawing.over_time(axes, journey.frame)
    drawing.mark_events(axes, journey.events)
    return axes


def largest_units(relative: np.ndarray, frame: np.ndarray, onset: int, offset: int) -> list[int]:
    """Return the action units of [T, 17, 3] that change most between two frame numbers, largest first. The larger
    change of left and right counts."""
    during = relative[(frame >= onset) & (frame <= offset), :, :2]
    change = np.abs(during).max(axis=(0, 2))
    return [int(unit) for unit in np.argsort(-change, kind="stable")[:SHOWN_UNITS]]


def _synthetic(figure: Figure, cell: SubplotSpec, journey: Journey) -> None:
    """Plot the neutral face, the face synthesised from it for each class, and the clip's apex at the same size. Below
    each is its difference to the neutral face, or to the onset, magnified."""
    neutral = next(iter(journey.synthetic.values()))[0].squeeze()
    size = neutral.shape[1::-1]
    onset, apex = (cv2.resize(journey.crops[event], size, interpolation=cv2.INTER_AREA) for event in ("onset", "apex"))
    faces = {f"synthesised: {label}": (neutral, journey.synthetic[label][1].squeeze()) for label in LABELS}
    faces |= {"the clip's apex": (onset, apex)}
    grid = cell.subgridspec(2, 1 + len(faces), wspace=0.05, hspace=0.12)
    drawing.show_cell(figure, grid[0, 0], neutral, "neutral", journey.clip)
    for column, (title, (reference, face)) in enumerate(faces.items(), 1):
        change = drawing.amplify_change(face, reference, MAGNIFIED)
        drawing.show_cell(figure, grid[0, column], face, title, journey.clip)
        drawing.show_cell(figure, grid[1, column], change, f"difference x {MAGNIFIED}", journey.clip)
    note = figure.add_subplot(grid[1, 0])
    note.set_axis_off()
    note.text(0, 1, f"Faces of\n{size[0]} x {size[1]} pixels,\nby weights that\nnever saw\nthis subject", va="top")


class Entry(NamedTuple):
    """The row of one subject."""

    clip: Clip
    apex: np.ndarray  # uint8[288, 288, C]
    change: np.ndarray  # uint8[288, 288]: apex minus onset, MAGNIFIED times, about 128


def entries(clips: Iterable[Clip], results: Path) -> list[Entry]:
    """Return one entry for each subject, with the clip of median flow length, in the order of data set and subject.
    Raises DataError if there are no clips or single pictures, StoreError for a stage file that cannot be read."""
    clips_by_subject: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        if clip.frames == 1:
            raise DataError(f"a contact sheet must be of clips, not of single pictures ({clip.id})")
        clips_by_subject.setdefault((clip.dataset, clip.subject), []).append(clip)
    if not clips_by_subject:
        raise DataError("a contact sheet must have at least one clip, not none")
    chosen = []
    for _, of_subject in sorted(clips_by_subject.items()):
        lengths = []
        for clip in of_subject:
            with drawing.clip_groups(clip, results, "flow") as (flow,):
                lengths.append(float(np.hypot(*flow["onset_apex"][:2]).mean()))
        clip = of_subject[int(np.argsort(lengths, kind="stable")[len(lengths) // 2])]
        with drawing.clip_groups(clip, results, "faces", "apex") as (face, events):
            apex = face["crop"][inputs.position(face, events, "apex")]
            chosen.append(Entry(clip, apex, magnified_change(face, events)))
    return chosen


def magnified_change(face: Mapping[str, Any], events: Mapping[str, Any]) -> np.ndarray:
    """Return the apex of a clip less its onset, `MAGNIFIED` times, about 128: uint8[288, 288]. `face` and `events` are
    the clip's groups in a faces and an apex file."""
    means = {}
    for event in ("onset", "apex"):
        position = inputs.position(face, events, event)
        crops = luma(face["crop"][max(0, position - AROUND) : position + AROUND + 1])
        means[event] = crops.astype(np.float32).mean(axis=0)
    change = cv2.GaussianBlur(means["apex"] - means["onset"], (0, 0), BLUR)
    return np.clip(128 + MAGNIFIED * change, 0, 255).astype(np.uint8)


def draw_sheet(figure: Figure, entries: Sequence[Entry]) -> None:
    """Plot subjects, each with an apex and, below it, its difference from the onset."""
    rows = -(-len(entries) // ACROSS)
    height = 0.6 + rows * 3.75
    title = f"A clip of each subject: the apex, and below {MAGNIFIED} times its difference from the onset (grey: none)"
    drawing.add_caption(figure, height, title, [entry.clip for entry in entries])
    shape = {"left": 0.015, "right": 0.985, "top": 1 - 0.95 / height, "bottom": 0.01}
    grid = figure.add_gridspec(rows, ACROSS, **shape, wspace=0.04, hspace=0.15)
    for i, entry in enumerate(entries):
        cell = grid[divmod(i, ACROSS)].subgridspec(2, 1, hspace=0.04)
        description = ", ".join(filter(None, (entry.clip.emotion, entry.clip.action_units)))
        title = f"{entry.clip.dataset}/{entry.clip.subject}\n{description}"
        drawing.show_cell(figure, cell[0], entry.apex.squeeze(), title, entry.clip)
        drawing.show_cell(figure, cell[1], entry.change, "", entry.clip)
