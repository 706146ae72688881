"""Charts of a page as plotly's figures, in the form of its JSON: `data` and `layout`. Reads and computes nothing.

Out of scope: plotly's Python classes, which take seconds to import; tests check these figures against them.
Colours of background, grid and text are the page's, which knows whether it is light or dark.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from microexpr.core.clip import Clip
from microexpr.reporting.html.results import TRUE, LongVideoView
from microexpr.reporting.method_tests import DIFFERENT
from microexpr.reporting.plots.clips import EVENTS, Journey, largest_units
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, PINK, RED
from microexpr.signals.aus import SIDES

Chart = dict[str, Any]
ORANGE, SKY = "#e69f00", "#56b4e9"
COLOURS = (BLUE, RED, GREEN, PINK, ORANGE, SKY)
DASHES = ("solid", "dash")  # left, right
NAMES_AXIS: Chart = {  # the first name on top
    "autorange": "reversed", "type": "category", "automargin": True, "showgrid": False, "dtick": 1,
}  # fmt: skip
COLUMNS_AXIS: Chart = {"type": "category", "showgrid": False, "dtick": 1, "autotickangles": [0, 90]}  # each name shown
SHARES = [[0, "#f7fbff"], [0.5, "#6baed6"], [1, "#08306b"]]
DIFFERENCES = [[0, "#b35806"], [0.25, "#fdb863"], [0.5, "#f7f7f7"], [0.75, "#92c5de"], [1, "#0571b0"]]


def origin_label(origin: str) -> str:
    """Return the label of faces or figures of this origin; "" if all of them are licensed."""
    return f"{origin} faces" if "generated" in origin else ""


def pairs(names: Sequence[str], compared: Sequence[Mapping[str, Any]], origin: str) -> Chart:
    """Return UF1 of the method of each row less that of each column, of all pairs; a dot where p alone is large.
    Columns have numbers, since upright names of many methods do not fit on a phone; rows have numbers and names."""

    def words(pair: Mapping[str, Any], sign: int) -> str:
        low, high = sorted((sign * pair["low"], sign * pair["high"]))
        return f"{low:+.3f} to {high:+.3f}, p {pair['p']:.2g}, of all pairs {pair['p_holm']:.2g}"

    tests = {(pair["first"], pair["second"]): (pair, 1) for pair in compared}
    tests |= {(second, first): (pair, -1) for (first, second), (pair, _) in tests.items()}
    cells = [[tests.get((row, column)) for column in names] for row in names]
    largest = math.ceil(10 * max((abs(pair["difference"]) for pair in compared), default=1.0)) / 10
    numbers = [str(number) for number in range(1, len(names) + 1)]
    heat = {
        "type": "heatmap", "x": numbers, "y": [f"{name} {number}" for name, number in zip(names, numbers, strict=True)],
        "xgap": 1, "ygap": 1, "zmin": -largest, "zmax": largest, "zmid": 0,
        "z": [[cell and round(cell[1] * cell[0]["difference"], 4) for cell in line] for line in cells],
        "text": [["·" if cell and cell[0]["p"] >= DIFFERENT else "" for cell in line] for line in cells],
        "texttemplate": "%{text}", "textfont": {"size": 16},
        "customdata": [
            [[column, words(*cell) if cell else ""] for column, cell in zip(names, line, strict=True)] for line in cells
        ],
        "colorscale": DIFFERENCES, "colorbar": _scale("row less column", "+.1f", [-largest, 0, largest]),
        "hovertemplate": "%{y} less %{customdata[0]}: %{z:+.4f}<br>%{customdata[1]}<extra></extra>",
    }  # fmt: skip
    axes = {"xaxis": COLUMNS_AXIS, "yaxis": NAMES_AXIS}
    return _chart([heat], axes, 180 + 22 * len(names), origin)


def small_curve(rows: Sequence[Mapping[str, str]]) -> list[tuple[float, float]]:
    """Return UF1 of the test clips by epoch as points of a square of 100, upright; [] with less than two epochs."""
    scored = [(int(row["epoch"]), float(row["uf1"])) for row in rows if row["uf1"]]
    if len(scored) < 2:
        return []
    first, last = scored[0][0], scored[-1][0]
    return [(round(100 * (epoch - first) / (last - first), 2), round(100 * (1 - uf1), 2)) for epoch, uf1 in scored]


def curve(rows: Sequence[Mapping[str, str]], origin: str) -> Chart:
    """Return training loss above, UF1 of the test clips below, by epoch."""
    data = []
    for name, colour, axis in (("loss", RED, "y"), ("uf1", BLUE, "y2")):
        scored = [row for row in rows if row[name]]
        x, y = [int(row["epoch"]) for row in scored], [float(row[name]) for row in scored]
        mode = "lines" if len(scored) > 1 else "markers"
        data.append(_line(name, x, y, {"color": colour}) | {"yaxis": axis, "mode": mode, "showlegend": False})
    whole = {"tick0": 0, "dtick": 1} if len(rows) <= 10 else {}  # plotly's own ticks would be at halves of few
    axes = {
        "xaxis": {"title": {"text": "epoch"}, "anchor": "y2", **whole},
        "yaxis": {"domain": [0.56, 1], "title": {"text": "training loss"}, "rangemode": "tozero"},
        "yaxis2": {"domain": [0, 0.44], "title": {"text": "test UF1"}, "range": [0, 1]},
    }
    return _chart(data, axes, 330, origin)


def subjects(correct: Mapping[str, Mapping[str, tuple[int, int]]], origin: str) -> Chart:
    """Return the share of correct clips by method and subject; `correct` has (correct, clips) by both."""
    names = list(next(iter(correct.values())))
    cells = [[by_subject[name] for name in names] for by_subject in correct.values()]
    heat = {
        "type": "heatmap", "x": names, "y": list(correct), "xgap": 1, "ygap": 1, "zmin": 0, "zmax": 1,
        "z": [[round(count / total, 4) for count, total in line] for line in cells],
        "text": [[f"{count} of {total}" for count, total in line] for line in cells],
        "colorscale": SHARES, "colorbar": _scale("correct", ".0%", [0, 1]),
        "hovertemplate": "%{y}, %{x}: %{text} correct<extra></extra>",
    }  # fmt: skip
    return _chart([heat], {"xaxis": COLUMNS_AXIS, "yaxis": NAMES_AXIS}, 220 + 22 * len(cells), origin)


def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str], origin: str) -> Chart:
    """Return clips by true class, in rows, and predicted class; shaded by their share of the row."""
    totals = [max(sum(line), 1) for line in matrix]
    heat = {
        "type": "heatmap", "x": classes, "y": classes, "xgap": 2, "ygap": 2, "zmin": 0, "zmax": 1, "showscale": False,
        "z": [[round(cell / total, 4) for cell in line] for line, total in zip(matrix, totals, strict=True)],
        "text": matrix, "texttemplate": "%{text}", "textfont": {"size": 14}, "colorscale": SHARES,
        "hovertemplate": "%{y} predicted as %{x}: %{text} clips, %{z:.0%} of the row<extra></extra>",
    }  # fmt: skip
    axes = {"xaxis": {"title": {"text": "predicted"}}, "yaxis": NAMES_AXIS | {"title": {"text": "true"}}}
    return _chart([heat], axes, 330, origin)


def times_of_frames(clip: Clip, onset: int, numbers: Sequence[int]) -> list[float]:
    """Return ms since the onset of frames with these numbers; the numbers where the clip's rate is not known."""
    return [round(1000 * (number - onset) / clip.fps, 1) for number in numbers] if clip.fps else list(numbers)


def score(stages: Journey) -> Chart:
    """Return the apex stage's score over time, with the clip's events."""
    times = times_of_frames(stages.clip, stages.events["onset"], stages.frame.tolist())
    line = _line("score", times, _round(stages.score), {"color": BLUE}) | {"showlegend": False}
    return _over_time([line], stages, "spotting score", 300)


def action_units(stages: Journey) -> Chart:
    """Return both sides of the action units that change most between onset and offset."""
    units = largest_units(stages.relative, stages.frame, stages.events["onset"], stages.events["offset"])
    times = times_of_frames(stages.clip, stages.events["onset"], stages.frame.tolist())
    data = []
    for unit, colour in zip(units, COLOURS, strict=False):
        for side, dash in zip(SIDES[:2], DASHES, strict=False):
            values = _round(stages.relative[:, unit, SIDES.index(side)])
            style = {"color": colour, "dash": dash}
            data.append(_line(f"{stages.action_units[unit]} {side}", times, values, style))
    return _over_time(data, stages, "change of intensity (FACS)", 360)


def spotted(view: LongVideoView) -> Chart:
    """Return how far a long video's most active unit stands out of its noise, and below it a line of bars for its true
    expressions and for those that each method spotted, over time."""
    score = _line("score", _round(view.times), _round(view.score), {"color": GREY, "width": 1})
    data = [score | {"showlegend": False, "hovertemplate": "%{x:.2f} s: %{y:.1f}<extra></extra>"}]
    for kind, colour in (("micro", RED), ("macro", BLUE)):
        bars = [(lane, bar) for lane, of_lane in view.lanes.items() for bar in of_lane if bar.kind == kind]
        at = {
            "y": [lane for lane, _ in bars], "base": [round(bar.start, 3) for _, bar in bars],
            "x": [round(bar.end - bar.start, 3) for _, bar in bars], "marker": {"color": colour},
            "text": [bar.words for _, bar in bars], "textposition": "none",
            "hovertemplate": f"%{{y}}: {kind} %{{text}}<extra></extra>",
        }  # fmt: skip
        data.append({"type": "bar", "orientation": "h", "name": kind, "yaxis": "y2", "width": 0.7} | at)
    names = list(view.lanes)
    true = [
        {"type": "rect", "x0": round(bar.start, 3), "x1": round(bar.end, 3), "yref": "paper", "y0": 0, "y1": 1}
        | {"line": {"width": 0}, "layer": "below", "fillcolor": "rgba(128,128,128,.2)"}
        for bar in view.lanes[TRUE]
    ]
    axes = {
        "xaxis": {"title": {"text": "seconds"}, "anchor": "y2", "range": [0, round(float(view.times[-1]), 2)]},
        "yaxis": {"domain": [0.7, 1], "title": {"text": "deviations"}},
        "yaxis2": NAMES_AXIS | {"domain": [0, 0.64], "categoryorder": "array", "categoryarray": names},
        "barmode": "overlay", "shapes": true,
    }  # fmt: skip
    return _chart(data, axes, 240 + 26 * len(names), view.origin)


def _over_time(data: list[Chart], stages: Journey, unit: str, height: int) -> Chart:
    """Return curves over time; lines at the events, and last a line that moves with the frame shown."""
    events = [stages.events[event] for event in EVENTS]
    onset, apex, offset = times_of_frames(stages.clip, stages.events["onset"], events)
    upright = {"type": "line", "yref": "paper", "y0": 0, "y1": 1}
    lines = [
        upright | {"x0": at, "x1": at, "line": {"width": 1, "color": GREY, "dash": "solid" if at == apex else "dot"}}
        for at in (onset, apex, offset)
    ]
    lines.append(upright | {"x0": onset, "x1": onset, "line": {"width": 2, "color": RED}, "name": "shown"})
    expression = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0}, "layer": "below"}
    expression |= {"x0": onset, "x1": offset, "fillcolor": "rgba(128,128,128,.15)"}
    words = {"onset": onset, f"apex, {stages.apex_by}": apex, "offset": offset}
    labels = [
        {"x": at, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False, "text": word, "font": {"size": 11}}
        for word, at in words.items()
    ]
    title = "ms since the onset" if stages.clip.fps else "frame"
    axes = {"xaxis": {"title": {"text": title}, "tickformat": "d"}, "yaxis": {"title": {"text": unit}}}
    chart = _chart(data, axes | {"shapes": [expression, *lines]}, height, stages.clip.origin, above=16)
    chart["layout"]["annotations"] += labels
    return chart


def _line(name: str, x: Sequence[float], y: Sequence[float], style: Chart) -> Chart:
    return {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": style}


def _round(values: np.ndarray) -> list[float]:
    rounded: list[float] = np.round(values.astype(float), 4).tolist()
    return rounded


def _scale(title: str, form: str, ticks: Sequence[float]) -> Chart:
    """Return the scale of a heat map's colours, above it on the left."""
    above = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "len": 0.4, "thickness": 10}
    return above | {"title": {"text": title, "side": "top"}, "tickformat": form, "tickvals": ticks, "tickangle": 0}


def _chart(data: list[Chart], layout: Chart, height: int, origin: str, above: int = 0) -> Chart:
    """Return a chart; the label of rendered faces is in the chart itself, that many pixels above it."""
    label = {"text": origin_label(origin), "x": 1, "y": 1, "yshift": above, "xref": "paper", "yref": "paper"}
    label |= {"showarrow": False, "xanchor": "right", "yanchor": "bottom", "font": {"size": 11}}
    for name in [name for name in layout if "axis" in name]:
        layout[name] = {"automargin": True} | layout[name]
    legend = {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0}
    return {
        "data": data,
        "layout": {
            "height": height, "margin": {"l": 12, "r": 12, "t": 50 + above, "b": 40}, "hovermode": "closest",
            "legend": legend,
            "annotations": [label] if origin and origin_label(origin) else [], **layout,
        },
    }  # fmt: skip
