"""The benchmark's page, which needs no network: the meaning of each figure, a chart of each stage, tables.

Computes no figure. Imports no pyplot, which has global state, and writes no dates, so that the same rows give the same
bytes.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from microexpr.reporting.html import data_url, render
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, RED, SAVING, STYLE
from microexpr.reporting.signal_benchmark import DIFFICULTIES
from microexpr.reporting.signal_benchmark.pool import ALL, ANGLES, POOLED, Measured, Row
from microexpr.signals import face_regions
from microexpr.signals.aus import ACTION_UNITS

TITLE = "Signal benchmark: errors of the signal stages on rendered faces"
TEMPLATE = "benchmark.jinja"
WIDTH, HEIGHT = 9.0, 3.0  # inches
COLOURS: dict[str, str] = dict(zip(DIFFICULTIES, (GREEN, BLUE, RED), strict=True))
PALE = "0.75"
Key = tuple[str, str, str, str]  # data set, difficulty, part, metric


class Section(NamedTuple):
    """Texts and columns of the page's section on one stage."""

    heading: str
    meaning: str
    caption: str  # of its plot
    columns: tuple[tuple[str, str, str], ...]  # part, metric, head of the column


SECTIONS = {
    "landmarks": Section(
        "Faces: landmarks and head pose",
        "The mean distance of the detected landmarks from the projected points of the mesh, in percent of the true "
        "distance between the outer corners of the eyes, over the frames in which a face was detected; and the mean "
        "error of how far the head has turned since the onset, in degrees. Part of a landmark’s error is the same in "
        "every frame, as the mesh and the predictor’s markup place some points differently; it does not move. Noise "
        "is what does change within a clip; movement kept is how much of the true movement from onset to apex is "
        "detected, of brows and mouth and of all but the jaw, where a blink at onset or apex outweighs the rest.",
        "Landmark error by region. n in the CSV counts frames.",
        (
            *((part, "error_percent", f"{part}, %") for part in (*face_regions.LANDMARKS, ALL)),
            (ALL, "noise_percent", "noise, %"),
            *((part, "movement_kept_percent", f"movement kept, {part}, %") for part in ("brows", "mouth", ALL)),
            (ALL, "detected_percent", "face detected, %"),
            *((angle, "error_degrees", f"{angle}, °") for angle in ANGLES),
        ),
    ),
    "apex": Section(
        "Apex: spotting",
        "How far the spotted apex is from the first frame in which the face was rendered at its largest intensity, on "
        "every clip, annotated or not: by how far regions have moved (flow), by differences of grey in them (regions), "
        "and by always choosing the frame halfway between onset and offset (middle), whatever the clip shows. The "
        "middle is near, since the rise takes about half of an expression, as in recorded clips: spotting is useful "
        "only if it is nearer. Percentages are of the time from onset to offset. "
        "Onset and offset were spotted by flow without any annotation.",
        "Mean absolute error of the apex. n in the CSV counts clips; those that end at their apex are left out.",
        (
            *((part, "median_error_percent", f"{part}, median %") for part in ("flow", "regions", "middle")),
            *((part, "error_percent", f"{part}, mean %") for part in ("flow", "regions", "middle")),
            *((part, "error_ms", f"{part}, ms") for part in ("flow", "regions", "middle", "onset", "offset")),
        ),
    ),
    "aus": Section(
        "Action units",
        "How the intensities that are read agree with those rendered (FACS, 0 to 5), over all frames: the intraclass "
        "correlation ICC(3,1) and Pearson’s r, which are 1 where both agree and 0 where readings carry no "
        "information, and the mean absolute error. “Change” is since the onset, which removes the intensities of the "
        "resting face. Noise kept and apex kept are the shares that smoothing over time leaves: of the change from "
        "frame to frame before the onset, and of the size at the apex. The table has the mean over units and sides; a "
        "unit that is never rendered has neither ICC nor r.",
        "ICC by unit, both sides together, micro-expression sets and difficulties pooled. n in the CSV counts frames.",
        (
            (ALL, "icc", "ICC"),
            (ALL, "relative_icc", "ICC of change"),
            (ALL, "r", "r"),
            (ALL, "relative_r", "r of change"),
            (ALL, "mae", "error"),
            (ALL, "relative_mae", "error of change"),
            (ALL, "rest_noise_kept_percent", "noise kept, %"),
            (ALL, "apex_kept_percent", "apex kept, %"),
        ),
    ),
    "flow": Section(
        "Flow",
        "The distance between the estimated flow from onset to apex and the displacement of the skin by the "
        "expression alone, in pixels of the aligned crop, over visible skin; the table has it in percent of the true "
        "length. An estimate of zero everywhere scores 100 %; above that, the estimate has more noise than there is "
        "movement. The ground truth has no head motion, since the stage is to remove it; head motion that remains "
        "counts as error.",
        "End-point error by region, next to the mean true length, which is the error of estimating zero. n counts "
        "clips.",
        (
            *((part, "error_percent", f"{part}, %") for part in (*face_regions.FLOW_REGIONS, ALL)),
            (ALL, "endpoint_error_px", "error, px"),
            (ALL, "true_length_px", "true length, px"),
        ),
    ),
}


def html(tables: Mapping[str, Sequence[Row]], clips: Sequence[Measured]) -> str:
    """Return the page of these clips; `tables` are the rows that `pool.tables` makes of them."""
    return render(
        (f"signal_benchmark/{TEMPLATE}",),
        title=TITLE,
        subjects=len({(clip.dataset, clip.subject) for clip in clips}),
        clips=len({(clip.dataset, clip.name) for clip in clips}),
        sections=SECTIONS,
        lines={name: lines(section, tables[name]) for name, section in SECTIONS.items()},
        plots={name: data_url("image/svg+xml", CHARTS[name](tables[name])) for name in SECTIONS},
    )


def lines(section: Section, rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Return each line of a section's table: its CSS classes, "pooled" or "first" of a data set, and its cells."""
    values = _values(rows)
    scopes = list(dict.fromkeys((row["dataset"], row["difficulty"]) for row in rows))
    table = []
    for previous, (dataset, difficulty) in zip([("", ""), *scopes], scopes, strict=False):
        kinds = ["pooled"] * (dataset in POOLED or difficulty == ALL) + ["first"] * (previous[0] != dataset)
        figures = (values.get((dataset, difficulty, part, metric)) for part, metric, _ in section.columns)
        cells = ("–" if value is None else f"{value:.2f}" for value in figures)
        table.append((" ".join(kinds), [dataset, difficulty, *cells]))
    return table


def landmarks(rows: Sequence[Row]) -> bytes:
    """Return SVG: landmark error by region and difficulty, micro-expression sets pooled."""
    parts, unit = (*face_regions.LANDMARKS, ALL), "error, % of the outer-eye distance"
    bars = {difficulty: (COLOURS[difficulty], difficulty) for difficulty in _difficulties(rows)}
    return _panels(rows, unit, parts, bars, lambda _, part, difficulty: (ALL, difficulty, part, "error_percent"), [ALL])


def apex(rows: Sequence[Row]) -> bytes:
    """Return SVG: apex error by data set of both spotters and of the middle frame, a panel for each difficulty."""
    bars = {"flow": (BLUE, "flow"), "regions": (GREEN, "regions"), "middle of the clip": (PALE, "middle")}
    datasets = list(dict.fromkeys(row["dataset"] for row in rows))
    return _panels(rows, "error, ms", datasets, bars, lambda level, group, part: (group, level, part, "error_ms"))


def flow(rows: Sequence[Row]) -> bytes:
    """Return SVG: flow error by region, next to the error of estimating zero, a panel for each difficulty."""
    parts = (*face_regions.FLOW_REGIONS, ALL)
    bars = {"flow stage": (BLUE, "endpoint_error_px"), "estimating zero": (PALE, "true_length_px")}
    unit = "end-point error, pixels of the crop"
    return _panels(rows, unit, parts, bars, lambda level, part, metric: (ALL, level, part, metric))


def aus(rows: Sequence[Row]) -> bytes:
    """Return SVG: ICC by AU, both sides together, of intensities and of changes, data sets and difficulties pooled."""
    bars = {"intensity": (PALE, "icc"), "change since the onset": (BLUE, "relative_icc")}
    unit = "ICC(3,1) with the ground truth"
    return _panels(rows, unit, ACTION_UNITS, bars, lambda _, name, metric: (ALL, ALL, f"{name}_both", metric), [ALL])


def _panels(
    rows: Sequence[Row], unit: str, groups: Sequence[str], bars: Mapping[str, tuple[str, str]],
    value_key: Callable[[str, str, str], Key], panels: Sequence[str] = (),
) -> bytes:  # fmt: skip
    """Plot a panel for each difficulty, or one of `ALL`, on one scale: in it the same bars for each group. `bars` are
    colours and kinds by name; `value_key` returns the key of a value from its panel, group and kind."""
    values, panels, svg = _values(rows), panels or _difficulties(rows), io.BytesIO()
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure((WIDTH, HEIGHT), layout="constrained")
        all_axes = list(figure.subplots(1, len(panels), sharey=True, squeeze=False)[0])
        all_axes[0].set_ylabel(unit)
        for axes, panel in zip(all_axes, panels, strict=True):
            axes.grid(axis="y", color="0.9")
            axes.set_axisbelow(True)
            for i, (name, (color, kind)) in enumerate(bars.items()):
                heights = [values.get(value_key(panel, group, kind), np.nan) for group in groups]
                width = 0.8 / len(bars)
                positions = np.arange(len(heights)) + (i - (len(bars) - 1) / 2) * width
                axes.bar(positions, heights, width * 0.94, color=color, label=name)
            axes.set_xticks(range(len(groups)), groups)
            axes.set_xlim(-0.6, len(groups) - 0.4)
            axes.tick_params(axis="x", length=0)
            if panel != ALL:
                for label in axes.get_xticklabels():  # there may be many data sets
                    label.set(fontsize=8, rotation=35, rotation_mode="anchor", ha="right")
                axes.set_title(panel)
        if groups == ACTION_UNITS:  # agreement may be negative, or not exist
            all_axes[0].axhline(0, color=GREY, linewidth=0.8)
            never = {"rotation": 90, "ha": "center", "va": "bottom", "color": GREY, "fontsize": 8}
            for i, group in enumerate(groups):
                if value_key(ALL, group, "relative_icc") not in values:
                    all_axes[0].text(i, 0.02, "never rendered", **never)
        top = 1 if panels[-1] == ALL else 1.08
        all_axes[-1].legend(ncols=len(bars), loc="lower right", bbox_to_anchor=(1, top))
        figure.savefig(svg, format="svg", **SAVING[".svg"])
    return svg.getvalue()


def _values(rows: Sequence[Row]) -> dict[Key, float]:
    return {(row["dataset"], row["difficulty"], row["part"], row["metric"]): row["value"] for row in rows}


def _difficulties(rows: Sequence[Row]) -> list[str]:
    return [name for name in dict.fromkeys(row["difficulty"] for row in rows) if name != ALL]


CHARTS = {"landmarks": landmarks, "apex": apex, "aus": aus, "flow": flow}
