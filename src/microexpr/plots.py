"""Results as pictures: the table, one clip's way through the stages, everyone's face. Draws what it is given.

What may not come in: pyplot, whose state is global, and times, so that the same results give the same bytes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D

from microexpr import store, tables
from microexpr.aus import SIDES
from microexpr.clip import LABELS, Clip
from microexpr.errors import DataError
from microexpr.journey import EVENTS, Journey
from microexpr.sheet import MAGNIFIED, Entry

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "0.5",
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "legend.frameon": False,
}
DPI = 110
WIDTH = 10.0  # inches
BLUE, RED, GREEN, PINK, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#444444"  # also apart for the colour-blind
ACROSS = 6  # people in a row of the contact sheet
SHOWN_UNITS = 4  # action units whose curves are drawn
# Corners of the usual colour wheel of optical flow (Baker et al. 2011), and where they lie on its circle of 55 steps.
CORNERS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]])
CORNERS_AT = np.array([0, 15, 21, 25, 36, 49, 55]) / 55
# The 68 points as lines: jaw, brows, bridge and base of the nose; closed: eyes, outer and inner lips.
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


def table(rows: Sequence[Mapping[str, str]], path: str | Path) -> None:
    """Writes the pooled UF1 of each method as a PNG: last epoch with its interval, oracle hollow, published apart.

    `rows` are those of `tables.megc2019`, drawn from top to bottom. Raises StoreError if it cannot be written.
    """
    with _written(path, 1.55 + 0.5 * len(rows)) as figure:
        draw_table(figure, rows)


def draw_table(figure: Figure, rows: Sequence[Mapping[str, str]]) -> None:
    """`table` on an empty figure."""
    inch = 1 / figure.get_figheight()
    axes = figure.add_axes((0.13, 0.8 * inch, 0.68, 1 - 1.5 * inch))
    for place, row in enumerate(rows):
        _draw_method(axes, place, row)
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), xlabel="UF1 of all clips, pooled over folds")
    axes.set_yticks(range(len(rows)), [f"{row['method']}\n{row['origin']}" for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    caution = f"\n{tables.CAUTION}" if any("generated" in row["origin"] for row in rows) else ""
    figure.suptitle(tables.title_of(rows) + caution, x=0.015, y=1 - 0.1 * inch, ha="left", va="top", linespacing=1.4)
    handles, labels = axes.get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))  # each once
    figure.legend(list(known.values()), list(known), loc="lower left", ncols=3, bbox_to_anchor=(0.12, 0))


def _draw_method(axes: Axes, place: int, row: Mapping[str, str]) -> None:
    value, low, high = (float(row[key]) for key in ("full_uf1", "full_uf1_low", "full_uf1_high"))
    axes.plot([low, high], [place, place], color=BLUE, linewidth=3, alpha=0.45, solid_capstyle="butt")
    _mark(axes, place, value, "o", BLUE, 7, "last epoch, with 95 % interval")
    _mark(axes, place, float(row["oracle_full_uf1"]), "o", RED, 12, "oracle: best epoch on the test subject")
    if row["published_full_uf1"]:
        _mark(axes, place, float(row["published_full_uf1"]), "D", GREY, 6, "published, on licensed data")
    axes.text(1.02, place, f"{value:.3f}  [{low:.3f}, {high:.3f}]", va="center", color=BLUE)


def _mark(axes: Axes, place: int, value: float, marker: str, color: str, size: float, label: str) -> None:
    fill = "none" if label.startswith("oracle") else "full"
    axes.plot(value, place, marker, color=color, markersize=size, fillstyle=fill, linestyle="", label=label)


def journey(walked: Journey, path: str | Path, show_licensed_faces: bool = False) -> None:
    """Writes a PNG of one clip's way: landmarks, apex score, flow and strain, action units, synthetic faces.

    Raises DataError for pictures that are licensed unless `show_licensed_faces`, StoreError if it cannot be written.
    """
    _refuse_licensed([walked.clip], show_licensed_faces)
    with _written(path, 7.6 if walked.synthetic else 5.8) as figure:
        draw_journey(figure, walked)


def _refuse_licensed(clips: Iterable[Clip], show: bool) -> None:
    for clip in clips:
        if clip.origin != "generated" and not show:
            raise DataError(
                f"clip must be generated, not {clip.origin} ({clip.id}): licences restrict where faces may "
                "be shown; if yours allows it, add --show-licensed-faces"
            )


def contact_sheet(entries: Sequence[Entry], path: str | Path, show_licensed_faces: bool = False) -> None:
    """Writes a PNG of people, each with an apex and, below it, what differs from the onset.

    Raises DataError for pictures that are licensed unless `show_licensed_faces`, StoreError if it cannot be written.
    """
    clips = [entry.clip for entry in entries]
    _refuse_licensed(clips, show_licensed_faces)
    rows = -(-len(entries) // ACROSS)
    with _written(path, 0.6 + rows * 3.75) as figure:
        inch = 1 / figure.get_figheight()
        word = "\ngenerated faces, no person is shown" if any(clip.origin == "generated" for clip in clips) else ""
        title = (
            f"A clip of each: the apex, and below {MAGNIFIED} times what differs from the onset (grey: nothing){word}"
        )
        figure.suptitle(title, x=0.015, y=1 - 0.1 * inch, ha="left", va="top", linespacing=1.4)
        grid = figure.add_gridspec(
            rows, ACROSS, left=0.015, right=0.985, top=1 - 0.95 * inch, bottom=0.01, wspace=0.04, hspace=0.15
        )
        for place, entry in enumerate(entries):
            cell = grid[divmod(place, ACROSS)].subgridspec(2, 1, hspace=0.04)
            face, change = (figure.add_subplot(cell[below]) for below in (0, 1))
            shown = ", ".join(filter(None, (entry.clip.emotion, entry.clip.action_units)))
            _picture(face, entry.apex.squeeze(), f"{entry.clip.dataset}/{entry.clip.subject}\n{shown}")
            _picture(change, entry.change, "")
            for axes in (face, change):
                _stamp(axes, entry.clip)


def draw_journey(figure: Figure, walked: Journey) -> None:
    """`journey` on an empty figure."""
    clip, inch = walked.clip, 1 / figure.get_figheight()
    about = ", ".join(part for part in (clip.emotion, clip.action_units and f"AU {clip.action_units}") if part)
    word = "\ngenerated face, no person is shown" if clip.origin == "generated" else ""
    figure.suptitle(f"{clip.id}: {about}{word}", x=0.015, y=1 - 0.1 * inch, ha="left", va="top", linespacing=1.4)
    heights = [1, 1, 0.7] if walked.synthetic else [1, 1]
    grid = figure.add_gridspec(
        len(heights), 4, left=0.015, right=0.985, top=1 - 0.95 * inch, bottom=0.015, hspace=0.17, wspace=0.05,
        height_ratios=heights,
    )  # fmt: skip
    for column, event in enumerate(("onset", "apex")):
        _draw_face(figure.add_subplot(grid[0, column]), walked, event)
    _draw_score(_curves(figure, grid[0, 2:], walked), walked)
    _draw_flow(figure.add_subplot(grid[1, 0]), walked.flow)
    _draw_strain(figure.add_subplot(grid[1, 1]), walked.flow[2])
    _draw_action_units(_curves(figure, grid[1, 2:], walked), walked)
    if walked.synthetic:
        _draw_synthetic([figure.add_subplot(grid[2, column]) for column in range(4)], walked)


def _picture(axes: Axes, pixels: np.ndarray, title: str) -> None:
    """A grey or RGB picture without a frame; `pixels` uint8[H, W] or [H, W, 3]."""
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    axes.set_anchor("W")
    axes.set_title(title)
    axes.set_axis_off()


def _stamp(axes: Axes, clip: Clip) -> None:
    """The word on the picture itself, which stays when somebody cuts it out."""
    if clip.origin == "generated":
        axes.text(0.98, 0.02, "generated", transform=axes.transAxes, ha="right", color="white", fontsize=8)


def _draw_face(axes: Axes, walked: Journey, event: str) -> None:
    """A crop with its 68 landmarks."""
    _picture(axes, walked.crops[event], f"faces: {event}, frame {walked.events[event]}")
    points = walked.landmarks[event]
    for first, last in OPEN_LINES + CLOSED_LINES:
        line = points[first:last] if (first, last) in OPEN_LINES else points[[*range(first, last), first]]
        axes.plot(*line.T, color="white", linewidth=0.6, alpha=0.8)
    axes.plot(*points.T, ".", color="#56b4e9", markersize=4)
    _stamp(axes, walked.clip)


def _curves(figure: Figure, place: SubplotSpec, walked: Journey) -> Axes:
    """Axes over time in two columns of the grid, with room for labels, and the clip's events in them."""
    box = place.get_position(figure)
    axes = figure.add_axes((box.x0 + 0.055, box.y0 + 0.03, box.width - 0.055, box.height - 0.05))
    axes.set_xlim(walked.frame[0], walked.frame[-1])
    axes.axvspan(walked.events["onset"], walked.events["offset"], color="0.94")
    for event in EVENTS:
        axes.axvline(walked.events[event], color=GREY, linewidth=1, linestyle="-" if event == "apex" else ":")
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    axes.locator_params(axis="x", nbins=6, integer=True)
    return axes


def _draw_score(axes: Axes, walked: Journey) -> None:
    axes.plot(walked.frame, walked.score, color=BLUE)
    axes.set_title("apex: spotting score by frame", pad=18)
    for event in EVENTS:
        label = f"apex, {walked.apex_by}" if event == "apex" else event
        axes.text(walked.events[event], 1.02, label, transform=axes.get_xaxis_transform(), ha="center", fontsize=8)


def flow_colours(flow: np.ndarray, largest: float) -> np.ndarray:
    """uint8[H, W, 3] of a flow [2, H, W], u right and v down: hue is direction, white no movement.

    Full colour is reached at length `largest`, in the flow's unit, and kept beyond. Colours of the Middlebury wheel
    (Baker et al. 2011): right red, left cyan to blue, down yellow, up violet.
    """
    turn = np.arctan2(flow[1], flow[0]) / (2 * np.pi) % 1
    hue = np.stack([np.interp(turn, CORNERS_AT, corner) for corner in CORNERS.T], axis=-1)
    length = np.minimum(np.hypot(flow[0], flow[1]) / largest, 1)[..., None]
    return np.rint(255 * (1 - length * (1 - hue))).astype(np.uint8)


def _draw_flow(axes: Axes, flow: np.ndarray) -> None:
    """u and v as colours, and the wheel that explains them."""
    largest = max(float(np.percentile(np.hypot(flow[0], flow[1]), 99)), 1e-6)
    _picture(axes, flow_colours(flow[:2], largest), "flow: from onset to apex")
    wheel = axes.inset_axes((0.02, 0.02, 0.2, 0.2))
    disc = np.stack(np.meshgrid(*[np.linspace(-1, 1, 101)] * 2))
    shown = flow_colours(disc, 1.0)
    shown[np.hypot(*disc) > 1] = 255
    _picture(wheel, shown, "")
    axes.text(0.24, 0.04, f"rim: {largest:.1f} pixels", transform=axes.transAxes, fontsize=8)


def _draw_strain(axes: Axes, strain: np.ndarray) -> None:
    largest = max(float(np.percentile(strain, 99.5)), 1e-6)
    axes.imshow(strain, cmap="magma", vmin=0, vmax=largest)
    axes.set_title(f"flow: optical strain, 0 to {largest:.2g}")
    axes.set_anchor("W")
    axes.set_axis_off()


def largest_units(relative: np.ndarray, frame: np.ndarray, onset: int, offset: int) -> list[int]:
    """Which action units of [T, 17, 3] change most on either side between two frame numbers, the largest first."""
    during = relative[(frame >= onset) & (frame <= offset), :, :2]
    change = np.abs(during).max(axis=(0, 2))
    return [int(unit) for unit in np.argsort(-change, kind="stable")[:SHOWN_UNITS]]


def _draw_action_units(axes: Axes, walked: Journey) -> None:
    """Both sides of the action units that change most."""
    styles = dict(zip(SIDES[:2], ("-", "--"), strict=True))
    units = largest_units(walked.relative, walked.frame, walked.events["onset"], walked.events["offset"])
    handles: list[Line2D] = []
    for unit, color in zip(units, (BLUE, RED, GREEN, PINK), strict=True):
        for number, style in enumerate(styles.values()):
            axes.plot(walked.frame, walked.relative[:, unit, number], style, color=color, linewidth=1.5)
        handles += axes.plot([], [], color=color, label=walked.action_units[unit])
    for side, style in styles.items():
        handles += axes.plot([], [], style, color=GREY, label=side)
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 0.985), ncols=6, fontsize=8, borderpad=0,
                handlelength=1.8, columnspacing=1.3)  # fmt: skip
    axes.set_title("aus: change of intensity since the onset (FACS 0 to 5), by frame", pad=18)


def _draw_synthetic(places: Sequence[Axes], walked: Journey) -> None:
    """The neutral face, and what was made of it for each class."""
    neutral = next(iter(walked.synthetic.values()))[0]
    _picture(places[0], neutral.squeeze(), f"synth: neutral, {neutral.shape[1]} x {neutral.shape[0]} pixels")
    for axes, label in zip(places[1:], LABELS, strict=True):
        _picture(axes, walked.synthetic[label][1].squeeze(), f"synth: made {label}")
    for axes in places:
        _stamp(axes, walked.clip)
