"""The benchmark's charts, one for each stage. Plots rows as they are; computes and reads nothing.

What may not come in: pyplot, whose state is global, and dates, so that the same rows give the same bytes.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, RED, SAVING, STYLE
from microexpr.reporting.signal_benchmark import DIFFICULTIES
from microexpr.reporting.signal_benchmark.pool import ALL, Row
from microexpr.signals import face_regions
from microexpr.signals.aus import ACTION_UNITS

WIDTH, HEIGHT = 9.0, 3.0  # inches
COLOURS: dict[str, str] = dict(zip(DIFFICULTIES, (GREEN, BLUE, RED), strict=True))
PALE = "0.75"
Key = tuple[str, str, str, str]  # data set, difficulty, part, metric


@contextmanager
def _axes(panels: int, unit: str) -> Iterator[tuple[list[Axes], io.BytesIO]]:
    """Yield axes next to each other on one scale that starts at 0, and the buffer that gets the SVG afterwards."""
    svg = io.BytesIO()
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure((WIDTH, HEIGHT), layout="constrained")
        all_axes = list(figure.subplots(1, panels, sharey=True, squeeze=False)[0])
        all_axes[0].set_ylabel(unit)
        for axes in all_axes:
            axes.grid(axis="y", color="0.9")
            axes.set_axisbelow(True)
        yield all_axes, svg
        figure.savefig(svg, format="svg", **SAVING[".svg"])


def landmarks(rows: Sequence[Row]) -> bytes:
    """Return SVG: landmark error by region and difficulty, micro-expression sets pooled."""
    values, parts = _values(rows), (*face_regions.LANDMARKS, ALL)
    with _axes(1, "error, % of the outer-eye distance") as ([axes], svg):
        difficulties = _difficulties(rows)
        for i, difficulty in enumerate(difficulties):
            heights = [values.get((ALL, difficulty, part, "error_percent"), np.nan) for part in parts]
            _bars(axes, heights, i, len(difficulties), COLOURS[difficulty], difficulty)
        _label_groups(axes, parts)
        axes.legend(ncols=len(difficulties), loc="lower right", bbox_to_anchor=(1, 1))
    return svg.getvalue()


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
    values = _values(rows)
    with _axes(1, "ICC(3,1) with the ground truth") as ([axes], svg):
        for metric, color, label in (("icc", PALE, "intensity"), ("relative_icc", BLUE, "change since the onset")):
            heights = [values.get((ALL, ALL, f"{unit}_both", metric), np.nan) for unit in ACTION_UNITS]
            _bars(axes, heights, int(metric != "icc"), 2, color, label)
        axes.axhline(0, color=GREY, linewidth=0.8)
        _label_groups(axes, ACTION_UNITS)
        for i, unit in enumerate(ACTION_UNITS):
            if (ALL, ALL, f"{unit}_both", "relative_icc") not in values:
                axes.text(i, 0.02, "never rendered", rotation=90, ha="center", va="bottom", color=GREY, fontsize=8)
        axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    return svg.getvalue()


def _panels(
    rows: Sequence[Row],
    unit: str,
    groups: Sequence[str],
    bars: Mapping[str, tuple[str, str]],
    key: Callable[[str, str, str], Key],
) -> bytes:
    """Plot a panel for each difficulty, in it the same bars for each group.

    `bars` are colours and kinds by name; `key` returns the key of a value from its difficulty, group and kind.
    """
    values, difficulties = _values(rows), _difficulties(rows)
    with _axes(len(difficulties), unit) as (all_axes, svg):
        for axes, difficulty in zip(all_axes, difficulties, strict=True):
            for i, (name, (color, kind)) in enumerate(bars.items()):
                heights = [values.get(key(difficulty, group, kind), np.nan) for group in groups]
                _bars(axes, heights, i, len(bars), color, name)
            _label_groups(axes, groups)
            for label in axes.get_xticklabels():
                label.set(fontsize=8, rotation=35, rotation_mode="anchor", ha="right")  # there may be many data sets
            axes.set_title(difficulty)
        all_axes[-1].legend(ncols=len(bars), loc="lower right", bbox_to_anchor=(1, 1.08))
    return svg.getvalue()


def _values(rows: Sequence[Row]) -> dict[Key, float]:
    return {(row["dataset"], row["difficulty"], row["part"], row["metric"]): row["value"] for row in rows}


def _difficulties(rows: Sequence[Row]) -> list[str]:
    return [name for name in dict.fromkeys(row["difficulty"] for row in rows) if name != ALL]


def _bars(axes: Axes, heights: Sequence[float], kind_index: int, count: int, color: str, label: str) -> None:
    """Plot the bars of one of `count` kinds, next to each other in each group."""
    width = 0.8 / count
    positions = np.arange(len(heights)) + (kind_index - (count - 1) / 2) * width
    axes.bar(positions, heights, width * 0.94, color=color, label=label)


def _label_groups(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.tick_params(axis="x", length=0)


CHARTS = {"landmarks": landmarks, "apex": apex, "aus": aus, "flow": flow}
