"""Results as pictures: the table, and one clip's way through the stages. Reads only through the store; no torch.

What may not come in: a figure that no stage has written; pyplot, whose state is global; times, so that the same
results give the same bytes.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr import inputs, store, tables
from microexpr.clip import LABELS, Clip
from microexpr.errors import DataError, StoreError

STYLE = {"font.size": 9, "axes.titlesize": 9, "axes.titlelocation": "left", "axes.spines.top": False,
         "axes.spines.right": False, "axes.edgecolor": "0.5", "legend.frameon": False}  # fmt: skip
DPI = 150
WIDTH = 10.0  # inches
OURS, ORACLE, PAPER = "#0072b2", "#d55e00", "#444444"
CURVES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # colours that colour-blind readers tell apart
STAGES = ("faces", "apex", "flow", "aus")  # whose files a journey needs
EVENTS = ("onset", "apex", "offset")
# Corners of the usual colour wheel of flow (Baker et al. 2011) as RGB, and where they lie on its circle of 55 steps.
CORNERS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]])
CORNERS_AT = np.array([0, 15, 21, 25, 36, 49, 55]) / 55
# The 68 points as lines: jaw, brows, bridge and base of the nose, eyes and lips; the last four are closed.
OPEN_LINES = ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36))
CLOSED_LINES = ((36, 42), (42, 48), (48, 60), (60, 68))


@contextmanager
def _written(path: str | Path, height: float) -> Iterator[Figure]:
    """A figure to draw on, written as a PNG afterwards; no setting of the user's matplotlib changes it."""
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure((WIDTH, height))
        yield figure
        with store.atomic(path) as part:
            figure.savefig(part, format="png", dpi=DPI, metadata={"Software": None}, pil_kwargs={"optimize": True})


def read_table(path: str | Path) -> list[dict[str, str]]:
    """The rows of the table's CSV, as `tables.megc2019` made them.

    Raises StoreError if it is not there or has other columns.
    """
    if not Path(path).is_file():
        raise StoreError(f"{path}: does not exist; `make table` makes it")
    with Path(path).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != tables.COLUMNS:
            raise StoreError(f"{path}: must have the columns of this version's table; rerun stage evaluate")
        return list(reader)


def table(rows: Sequence[Mapping[str, str]], path: str | Path) -> None:
    """Writes the pooled UF1 of each method as a PNG: last epoch with its interval, oracle hollow, published apart.

    `rows` are those of `tables.megc2019`, drawn from top to bottom. Raises StoreError if it cannot be written.
    """
    with _written(path, 1.5 + 0.5 * len(rows)) as figure:
        draw_table(figure, rows)


def draw_table(figure: Figure, rows: Sequence[Mapping[str, str]]) -> None:
    """`table` on an empty figure."""
    generated = any("generated" in row["origin"] for row in rows)
    axes = figure.add_axes((0.15, 0.75 / figure.get_figheight(), 0.68, 1 - 1.45 / figure.get_figheight()))
    for place, row in enumerate(rows):
        _draw_method(axes, place, row)
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), xlabel="UF1 of all clips, pooled over folds")
    axes.set_yticks(range(len(rows)), [f"{row['method']}\n{row['origin']}" for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    figure.text(0.02, 1 - 0.3 / figure.get_figheight(), tables.TITLE, fontsize=12, weight="bold")
    if generated:
        figure.text(0.02, 1 - 0.55 / figure.get_figheight(), tables.CAUTION, fontsize=10.5, color=ORACLE)
    handles, labels = axes.get_legend_handles_labels()
    found = dict(zip(labels, handles, strict=True))
    figure.legend(found.values(), found.keys(), loc="lower left", ncols=3, bbox_to_anchor=(0.14, 0))


def _draw_method(axes: Axes, place: int, row: Mapping[str, str]) -> None:
    value, low, high = (float(row[key]) for key in ("full_uf1", "full_uf1_low", "full_uf1_high"))
    axes.plot([low, high], [place, place], color=OURS, linewidth=2.5, alpha=0.5, solid_capstyle="butt")
    axes.plot(value, place, "o", color=OURS, markersize=8, linestyle="", label="last epoch, 95 % interval")
    oracle = {"color": ORACLE, "fillstyle": "none", "markersize": 11, "linestyle": ""}
    axes.plot(float(row["oracle_full_uf1"]), place, "o", **oracle, label="oracle: best epoch on the test subject")
    if row["published_full_uf1"]:
        label = "published, on licensed data"
        axes.plot(float(row["published_full_uf1"]), place, "D", color=PAPER, markersize=6, linestyle="", label=label)
    axes.text(1.02, place, f"{value:.2f}  [{low:.2f}, {high:.2f}]", va="center", color=OURS)


@dataclass(frozen=True, slots=True, eq=False)
class Journey:
    """One clip as each stage wrote it. T frames; sides are left, right, both."""

    clip: Clip
    origin: str  # of all files it is from
    events: dict[str, int]  # onset, apex, offset: frame numbers
    apex_by: str  # annotated, spotted
    frame: np.ndarray  # int64[T]
    score: np.ndarray  # float32[T]
    crops: dict[str, np.ndarray]  # uint8[288, 288] by event
    landmarks: dict[str, np.ndarray]  # float32[68, 2] by event, pixels of the crop
    flow: np.ndarray  # float32[3, H, W]: u, v, strain
    action_units: list[str]
    relative: np.ndarray  # float32[T, 17, 3], FACS
    synthetic: dict[str, np.ndarray]  # uint8[2, h, w, C] by class: neutral face, made face; empty without a generator


def journey(
    clip: Clip,
    files: Mapping[str, str | Path],
    synth: Sequence[str | Path],
    path: str | Path,
    show_licensed_faces: bool = False,
) -> None:
    """Writes a PNG of one clip's way: landmarks, apex score, flow and strain, action units, synthetic faces.

    `files` are its subject's by stage (`STAGES`), `synth` all shards of a generator, or none.

    Raises DataError for a clip that is not in a file, or whose pictures are licensed unless `show_licensed_faces`;
    StoreError for a file that cannot be read or written.
    """
    walked = read_journey(clip, files, synth)
    if walked.origin != "generated" and not show_licensed_faces:
        raise DataError(
            f"clip must be generated, not {walked.origin}: its licence may forbid showing faces; "
            f"--show-licensed-faces draws them all the same ({clip.id})"
        )
    with _written(path, 8.4 if walked.synthetic else 5.7) as figure:
        draw_journey(figure, walked)


def read_journey(clip: Clip, files: Mapping[str, str | Path], synth: Sequence[str | Path]) -> Journey:
    """What the stage files hold of a clip; arguments and errors as for `journey`, whose licence check it leaves out."""
    origins = {clip.origin}
    with ExitStack() as stack:
        opened = {stage: stack.enter_context(store.opened(files[stage], stage)) for stage in STAGES}
        for stage, file in opened.items():
            origins.add(file.attrs["origin"].decode())
            if clip.name not in file:
                raise DataError(f"clip must be one of {', '.join(file)}, not {clip.name} ({files[stage]})")
        faces, apex, flow, aus = (opened[stage][clip.name] for stage in STAGES)
        at = {event: inputs.position(faces, apex, event) for event in EVENTS}
        made = dict(_synthetic(clip, synth, origins))
        return Journey(
            clip=clip,
            origin="+".join(sorted(origins, reverse=True)),
            events={event: int(apex[event][()]) for event in EVENTS},
            apex_by=apex.attrs["method"].decode(),
            frame=apex["frame"][()],
            score=apex["score"][()],
            crops={event: inputs.grey_frame(faces, apex, event) for event in EVENTS},
            landmarks={event: faces["landmarks_crop"][place] for event, place in at.items()},
            flow=flow["onset_apex"][()],
            action_units=store.strings(aus["au_names"]),
            relative=aus["relative"][()],
            synthetic=made,
        )


def _synthetic(clip: Clip, synth: Sequence[str | Path], origins: set[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Class and pair of pictures made from this clip by weights that never saw its subject."""
    for path in synth:
        with store.opened(path, "synth") as file:
            held_out = f"{clip.dataset}/{clip.subject}/held_out"
            for one in file[held_out].values() if held_out in file else ():
                if store.strings(one["source"]) == [clip.provenance]:
                    origins.add(file.attrs["origin"].decode())
                    yield LABELS[int(one["label"][()])], one["crop"][()]


def draw_journey(figure: Figure, walked: Journey) -> None:
    """`journey` on an empty figure."""
    clip, rows = walked.clip, 3 if walked.synthetic else 2
    grid = figure.add_gridspec(
        rows, 4, left=0.015, right=0.985, top=1 - 0.95 / figure.get_figheight(), bottom=0.02, hspace=0.25, wspace=0.06
    )
    about = ", ".join(part for part in (clip.emotion, clip.action_units and f"AU {clip.action_units}") if part)
    figure.text(0.015, 1 - 0.32 / figure.get_figheight(), f"{clip.id}: {about}", fontsize=13, weight="bold")
    if "generated" in walked.origin:
        figure.text(0.015, 1 - 0.56 / figure.get_figheight(), "generated face; no person is shown", color=ORACLE)
    for column, event in enumerate(("onset", "apex")):
        _draw_face(figure.add_subplot(grid[0, column]), walked, event)
    _draw_score(_curves(figure, grid[0, 2:], walked), walked)
    _draw_flow(figure.add_subplot(grid[1, 0]), walked.flow)
    _draw_strain(figure.add_subplot(grid[1, 1]), walked.flow[2])
    _draw_action_units(_curves(figure, grid[1, 2:], walked), walked)
    if walked.synthetic:
        _draw_synthetic([figure.add_subplot(grid[2, column]) for column in range(4)], walked)
